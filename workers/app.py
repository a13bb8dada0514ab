"""The Celery application, and the two ways to declare a task.

A message carries a job's id; the job's row says what to do. Effects and "done" commit together,
so that a job delivered twice, or killed at any point, has each effect once.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery, signals
from celery.exceptions import Reject
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

import api.registry  # noqa: F401  (completes the metadata)
from api.core import db, jobs
from api.core.jobs import Job
from workers import broker, observed

log = structlog.get_logger(__name__)
PATIENCE_SECONDS = 60.0

app = Celery("kerben", broker=broker.url())
app.conf.update(
    broker.configuration(),
    include=[
        "workers.catalog",
        "workers.channels",
        "workers.contracts",
        "workers.delivery",
        "workers.files",
        "workers.mail",
        "workers.identity",
        "workers.intake",
        "workers.matching",
        "workers.onboarding",
        "workers.opendata",
        "workers.payments",
        "workers.procurement",
        "workers.screening",
        "workers.sourcing",
        "workers.translation",
        "workers.webhooks",
    ],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_proc_alive_timeout=60.0,
)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _keep_logs(**_: Any) -> None:
    """Celery sets up no logging of its own where a receiver of this signal exists."""


type Step = Callable[[Session, Job], bool]


def batch_task(name: str) -> Callable[[Step], Step]:
    """A task in steps: each call is a transaction that holds the job's row and moves its cursor.

    The function returns True when there is nothing left. A killed worker resumes at the cursor.
    """

    def declare(step: Step) -> Step:
        def run(job_id: str) -> None:
            run_job(job_id, step)

        app.task(name=name)(run)
        return step

    return declare


def task[**P](name: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """A task is a function of a session and the job's arguments, in one transaction."""

    def declare(function: Callable[P, Any]) -> Callable[P, Any]:
        def step(session: Session, job: Job) -> bool:
            function(session, **job.args)  # type: ignore[arg-type]
            return True

        batch_task(name)(step)
        return function

    return declare


def run_job(job_id: str, step: Step) -> None:
    """Claim the job, run its steps and mark it done; on an error, plan the next attempt."""
    job = _patiently(lambda session: jobs.claim(session, jobs.job_uuid(job_id)))
    if job is None:
        return
    with (
        structlog.contextvars.bound_contextvars(job=job.id.hex, request_id=job.request_id),
        observed.attempt(job) as attempt,
    ):
        try:
            while not _one_step(job, step):
                pass
        except Exception as error:
            attempt.fail(error)
            log.exception("job failed", task=job.name, attempt=job.attempts)
            told = f"{type(error).__name__}: {error}"
            _patiently(lambda session: jobs.retry_or_fail(session, job.id, job.attempts, told))


def _patiently[T](work: Callable[[Session], T]) -> T:
    """`work` in a transaction, tried again while the database does not answer.

    A message is given back to the broker after `PATIENCE_SECONDS`, as a worker that is told to
    stop finishes what it has. What `work` does must be harmless when done twice, because a
    commit may have succeeded whose answer was lost.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    for attempt in itertools.count():
        try:
            with db.worker_unit_of_work() as session:
                return work(session)
        except DBAPIError as error:
            if not (error.connection_invalidated or isinstance(error, OperationalError)):
                raise
            if time.monotonic() > give_up_at:
                raise Reject(str(error), requeue=True) from error
            log.warning("database does not answer", attempt=attempt, error=str(error.orig))
            time.sleep(min(5.0, 0.1 * 2**attempt))
    raise AssertionError("unreachable")


def _one_step(claimed: Job, step: Step) -> bool:
    with db.worker_unit_of_work() as session:
        job = jobs.hold(session, claimed.id, claimed.attempts)
        if job is None:
            return True
        finished = step(session, job)
        if finished:
            jobs.finish(session, job, job.result)
        else:
            jobs.move_on(session, job)
        return finished
