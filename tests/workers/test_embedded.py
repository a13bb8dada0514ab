import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from api.core import db, jobs, settings
from api.core.audit import AuditEntry
from api.core.jobs import Job
from api.core.outbox import OutboxEvent, emit
from workers import broker, relay
from workers.app import app as celery
from workers.app import run_job

SCRIPT = Path(__file__).parent / "killable.py"
JOBS = 100


@contextmanager
def worker_process() -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        **{
            f"KERBEN_{name}DATABASE_URL": db.url(role)
            for name, role in (("", "app"), ("WORKER_", "worker"), ("OWNER_", "owner"))
        },
        "KERBEN_JOB_LEASE_SECONDS": "1",
        "PYTHONPATH": str(SCRIPT.parents[2]),
    }
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "embedded"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def open_jobs(session: Session) -> int:
    session.rollback()
    query = select(func.count()).select_from(Job).where(col(Job.done_at).is_(None))
    return session.exec(query).one()


def test_job_02_a_process_killed_amid_100_jobs_loses_none_and_repeats_no_effect(
    session: Session,
) -> None:
    with db.worker_unit_of_work() as unit:
        for number in range(JOBS):
            jobs.enqueue(unit, "test.append", {"number": number})

    with worker_process() as first:
        assert first.stdout is not None
        for _ in range(30):
            assert first.stdout.readline()
        first.kill()
    assert 0 < open_jobs(session) <= JOBS - 25
    with worker_process() as second:
        second.communicate(timeout=180)

    assert open_jobs(session) == 0
    effects = Counter(session.exec(select(AuditEntry.stream)).all())
    assert effects == {f"test:{number}": 1 for number in range(JOBS)}


def test_an_event_of_a_rolled_back_change_is_never_seen(session: Session) -> None:
    class Refused(Exception):
        pass

    try:
        with db.worker_unit_of_work() as unit:
            emit(unit, "tender.published", jobs.Job(name="x", args={}).id, org_id=None)
            unit.flush()
            raise Refused
    except Refused:
        pass

    assert session.exec(select(func.count()).select_from(OutboxEvent)).one() == 0


def test_job_01_an_event_becomes_each_job_once_however_often_the_relay_runs(
    session: Session, as_org: Callable[..., Any]
) -> None:
    as_org(["supplier"])
    with db.worker_unit_of_work() as unit:
        emit(unit, "tender.cancelled", jobs.Job(name="x", args={}).id, org_id=None)

    with db.worker_unit_of_work() as unit:
        assert relay.make_jobs(unit) >= 1
    with db.worker_unit_of_work() as unit:
        assert relay.make_jobs(unit) == 0
    names = session.exec(select(Job.name)).all()
    assert names.count("matching.forget_tender") == 1


def test_job_01_a_message_is_the_id_of_its_job_and_nothing_else(session: Session) -> None:
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.append", {"number": 1, "price": "98765.43"})
    with celery.connection_for_read() as connection:
        queue = connection.SimpleQueue(broker.queue_of("test.append"))
        queue.clear()
        assert relay.relay_once() == 1
        message = queue.get(block=False)
        message.ack()
        arguments, named, _ = message.payload
        assert (arguments, named) == ([job.id.hex], {})
        assert "98765.43" not in str(message.body) + str(message.headers)
        queue.close()
    assert session.get_one(Job, job.id).dispatched_until is not None


def test_job_01_two_workers_cannot_hold_one_job(session: Session) -> None:
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.append", {"number": 1})

    with db.worker_unit_of_work() as first, db.worker_unit_of_work() as second:
        assert jobs.claim(first, job.id) is not None
        assert jobs.claim(second, job.id) is None
    with db.worker_unit_of_work() as third:
        assert jobs.claim(third, job.id) is None, "the lease is not over"


def test_job_07_a_failing_job_is_tried_again_later_and_at_last_given_up(session: Session) -> None:
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.append", {"number": 1})
    last = settings.get().job_max_attempts
    for attempt in range(1, last + 1):
        with db.worker_unit_of_work() as unit:
            row = unit.get_one(Job, job.id)
            row.run_at = db.now(unit)
            unit.add(row)
        with db.worker_unit_of_work() as unit:
            assert jobs.claim(unit, job.id) is not None
        with db.worker_unit_of_work() as unit:
            jobs.retry_or_fail(unit, job.id, attempt, "boom")
            waits = unit.get_one(Job, job.id).run_at - db.now(unit)
        assert attempt == last or waits.total_seconds() <= jobs.retry_delay_seconds(
            attempt, jitter=1
        )

    found = session.get_one(Job, job.id)
    assert (found.status, found.attempts, found.last_error) == ("failed", last, "boom")


def test_job_07_a_job_that_moves_on_outlives_more_interruptions_than_it_has_tries(
    session: Session,
) -> None:
    last = settings.get().job_max_attempts
    begun: list[int] = []

    def one_step_then_interrupted(_: Session, job: Job) -> bool:
        if job.attempts in begun:
            raise RuntimeError("interrupted")
        begun.append(job.attempts)
        job.progress_done += 1
        return job.progress_done > last + 1

    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.append", {"number": 1})
    for _ in range(last + 2):
        with db.worker_unit_of_work() as unit:
            row = unit.get_one(Job, job.id)
            assert row.failed_at is None
            row.run_at = db.now(unit)
            unit.add(row)
        run_job(job.id.hex, one_step_then_interrupted)

    found = session.get_one(Job, job.id)
    assert (found.status, found.attempts, found.progress_done) == ("succeeded", last + 2, last + 2)
