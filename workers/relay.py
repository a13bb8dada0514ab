"""From the outbox to the broker, at least once: events become jobs, due jobs become messages."""

import threading
from collections import defaultdict
from datetime import timedelta

import psycopg
import structlog
from sqlalchemy import or_, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from api.core import db, settings
from api.core.jobs import Job, enqueue
from api.core.outbox import OutboxEvent
from workers.app import app
from workers.handlers import BULK, HANDLERS

log = structlog.get_logger(__name__)
POLL_SECONDS = 1.0
BATCH = 200


def make_jobs(session: Session) -> int:
    """Turn committed events into jobs, one per handler; how many events there were.

    Tasks in BULK get one job for all events of the batch.
    """
    events = session.exec(
        select(OutboxEvent)
        .where(col(OutboxEvent.dispatched_at).is_(None))
        .order_by(col(OutboxEvent.id))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    now, together = db.now(session), defaultdict[str, dict[str, None]](dict)
    origins = defaultdict[str, dict[str, None]](dict)
    for event in events:
        event.dispatched_at = now
        origin = dict.fromkeys([event.traceparent] if event.traceparent else [])
        for name in HANDLERS.get(event.type, ()):
            if name in BULK:
                together[name][event.resource_id.hex] = None
                origins[name] |= origin
                continue
            enqueue(
                session,
                name,
                {"resource_id": event.resource_id.hex},
                event_id=event.id,
                request_id=event.request_id,
                origins=list(origin),
            )
    for name, ids in together.items():
        enqueue(session, name, {"resource_ids": list(ids)}, origins=list(origins[name]))
    return len(events)


def take_due(session: Session) -> list[tuple[str, str]]:
    """(task, job id) of jobs to send now: new, due for a retry, or with a lease that ran out.

    A message that no worker has claimed within `job_redispatch_seconds` is taken for lost.
    """
    wait = timedelta(seconds=settings.get().job_redispatch_seconds)
    now = db.now(session)
    due = session.exec(
        select(Job)
        .where(col(Job.done_at).is_(None), col(Job.failed_at).is_(None), Job.run_at <= now)
        .where(or_(col(Job.dispatched_until).is_(None), col(Job.dispatched_until) < now))
        .where(or_(col(Job.lease_until).is_(None), col(Job.lease_until) < now))
        .order_by(col(Job.run_at))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for job in due:
        job.dispatched_until = now + wait
    return [(job.name, job.id.hex) for job in due]


def relay_once() -> int:
    """Move everything that is ready; how many events and messages that were."""
    with db.worker_unit_of_work() as session:
        events = make_jobs(session)
    with db.worker_unit_of_work() as session:
        messages = take_due(session)
    for name, job_id in messages:
        app.send_task(name, [job_id])
    return events + len(messages)


def forget_messages() -> None:
    """Send every open job again: after a start of the memory broker, no message is left.

    Safe at any time, because a job claimed twice is done once.
    """
    with db.worker_unit_of_work() as session:
        session.connection().execute(
            update(Job)
            .where(col(Job.done_at).is_(None), col(Job.failed_at).is_(None))
            .values(dispatched_until=None)
        )


def run(stop: threading.Event) -> None:
    """Relay until `stop`: woken by NOTIFY, and once a second in case a notice was lost."""
    while not stop.is_set():
        try:
            with psycopg.connect(db.url("worker"), autocommit=True) as listener:
                listener.execute("LISTEN kerben_outbox")
                while not stop.is_set():
                    while relay_once():
                        pass
                    for _ in listener.notifies(timeout=POLL_SECONDS, stop_after=1):
                        pass
        except (psycopg.Error, DBAPIError, OSError) as error:
            log.warning("relay interrupted", error=str(error))
            stop.wait(POLL_SECONDS)
