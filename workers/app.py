"""The Celery application, and the two ways to declare a task.

A message carries a job's id; the job's row says what to do. Effects and "done" commit together,
so that a job delivered twice, or killed at any point, has each effect once.
"""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery
from sqlmodel import Session

import api.registry  # noqa: F401  (completes the metadata)
from api.core import db, jobs, settings
from api.core.jobs import Job
from workers.handlers import QUEUES

log = structlog.get_logger(__name__)

app = Celery("kerben", broker=settings.get().broker_url.get_secret_value())
app.conf.update(
    include=["workers.catalog", "workers.matching", "workers.opendata", "workers.procurement"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="default",
    task_create_missing_queues=True,
    task_routes={f"{feature}.*": {"queue": queue} for feature, queue in QUEUES.items()},
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
)
if settings.get().broker_url.get_secret_value().startswith("memory:"):
    app.conf.broker_transport_options = {"polling_interval": 0.02}

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
    with db.worker_unit_of_work() as session:
        job = jobs.claim(session, jobs.job_uuid(job_id))
    if job is None:
        return
    with structlog.contextvars.bound_contextvars(job=job.id.hex, request_id=job.request_id):
        try:
            while not _one_step(job, step):
                pass
        except Exception as error:
            log.exception("job failed", task=job.name, attempt=job.attempts)
            with db.worker_unit_of_work() as session:
                jobs.retry_or_fail(
                    session, job.id, job.attempts, f"{type(error).__name__}: {error}"
                )


def _one_step(claimed: Job, step: Step) -> bool:
    with db.worker_unit_of_work() as session:
        job = jobs.hold(session, claimed.id, claimed.attempts)
        if job is None:
            return True
        finished = step(session, job)
        if finished:
            jobs.finish(session, job, job.result)
        session.add(job)
        return finished
