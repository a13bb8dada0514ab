"""From the outbox to the broker, at least once: events become jobs, due jobs become messages."""

import threading
from collections import defaultdict
from datetime import timedelta

import psycopg
import structlog
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import or_, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from api.core import db, settings
from api.core.jobs import Job, dispatched, enqueue, job_uuid
from api.core.outbox import OutboxEvent
from api.webhooks.service import fan_out
from workers import broker, pulse
from workers.app import app
from workers.handlers import BULK, HANDLERS

log = structlog.get_logger(__name__)
POLL_SECONDS = 1.0
BUSY_SECONDS = 0.1
"""Nobody says when jobs are done and a full lane has place again: while it moves, it is looked at."""
LONGEST_PAUSE_SECONDS = 5.0
SEND_SECONDS = timedelta(seconds=60)
BATCH = 200


_FREE = (col(Job.done_at).is_(None), col(Job.failed_at).is_(None))
_NEXT = text("""
    WITH RECURSIVE lanes AS (
      SELECT min(lane) AS lane FROM job WHERE done_at IS NULL AND failed_at IS NULL
      UNION ALL
      SELECT (SELECT min(lane) FROM job
        WHERE done_at IS NULL AND failed_at IS NULL AND lane > lanes.lane)
      FROM lanes WHERE lanes.lane IS NOT NULL)
    SELECT w.id FROM lanes CROSS JOIN LATERAL (
      SELECT id, run_at, dispatched_until, lease_until, row_number() OVER (ORDER BY run_at, id) AS turn
      FROM job
      WHERE job.lane = lanes.lane AND done_at IS NULL AND failed_at IS NULL AND run_at <= :now
      ORDER BY run_at, id LIMIT :window) AS w
    WHERE (w.dispatched_until IS NULL OR w.dispatched_until < :now)
      AND (w.lease_until IS NULL OR w.lease_until < :now)
    ORDER BY w.turn, w.run_at LIMIT :batch
""")
"""Steps from lane to lane by the index, and looks at the oldest due jobs of each."""


class BrokerRefused(Exception):
    """Queues with what the broker said, and how many messages wait for it."""

    def __init__(self, queues: dict[str, str], waiting: int) -> None:
        super().__init__(queues, waiting)
        self.queues, self.waiting = queues, waiting


def make_jobs(session: Session) -> int:
    """Turn committed events into jobs, one per handler, and into deliveries; how many events.

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
                account=event.org_id,
                event_id=event.id,
                request_id=event.request_id,
                origins=list(origin),
            )
    fan_out.fan_out(session, [event.id for event in events])
    for name, ids in together.items():
        enqueue(session, name, {"resource_ids": list(ids)}, origins=list(origins[name]))
    return len(events)


def take_due(session: Session) -> list[tuple[str, str]]:
    """(task, job id) of jobs to send now: new, due for a retry, or with a lease that ran out.

    Lanes are served in turn, and of each at most `job_lane_window` jobs are under way, so that
    who asks for very much does not delay the others. They are this relay's to send for
    `SEND_SECONDS`; if it dies meanwhile, another one's.
    """
    now = db.now(session)
    asked = {"now": now, "window": settings.get().job_lane_window, "batch": BATCH}
    wanted = session.connection().scalars(_NEXT, asked).all()
    due = session.exec(
        select(Job)
        .where(col(Job.id).in_(wanted))
        .where(*_FREE, Job.run_at <= now)
        .where(or_(col(Job.dispatched_until).is_(None), col(Job.dispatched_until) < now))
        .where(or_(col(Job.lease_until).is_(None), col(Job.lease_until) < now))
        .with_for_update(skip_locked=True)
    ).all()
    for job in due:
        job.dispatched_until = now + SEND_SECONDS
    place = {job_id: turn for turn, job_id in enumerate(wanted)}
    return [(job.name, job.id.hex) for job in sorted(due, key=lambda job: place[job.id])]


def relay_once() -> int:
    """Move everything that is ready; how many events and messages that were.

    A message that no worker has claimed within `job_redispatch_seconds` is taken for lost.
    Raises BrokerRefused when the broker has not taken every message; the others are due again.
    """
    with db.worker_unit_of_work() as session:
        events = make_jobs(session)
    with db.worker_unit_of_work() as session:
        messages = take_due(session)
    if not messages:
        return events
    refused = send(messages)
    wait = timedelta(seconds=settings.get().job_redispatch_seconds)
    left = [job_id for name, job_id in messages if broker.queue_of(name) in refused]
    sent = [job_id for name, job_id in messages if broker.queue_of(name) not in refused]
    with db.worker_unit_of_work() as session:
        dispatched(session, list(map(job_uuid, sent)), db.now(session) + wait)
        dispatched(session, list(map(job_uuid, left)), None)
    if refused:
        raise BrokerRefused(refused, len(left))
    return events + len(messages)


def send(messages: list[tuple[str, str]]) -> dict[str, str]:
    """Hand messages to the broker; the queues that took them not, and what was said.

    A queue that has refused one message is not tried with the next. RabbitMQ confirms each.
    """
    refused: dict[str, str] = {}
    for name, job_id in messages:
        queue = broker.queue_of(name)
        if queue in refused:
            continue
        try:
            app.send_task(name, [job_id], queue=queue)
        except (BrokerError, OSError) as error:
            refused[queue] = f"{type(error).__name__}: {error}"
    return refused


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
            with psycopg.connect(db.url("worker"), autocommit=True, connect_timeout=5) as listener:
                listener.execute("LISTEN kerben_outbox")
                while not stop.is_set():
                    busy = _relay_all(stop)
                    pulse.beat()
                    wait = BUSY_SECONDS if busy else POLL_SECONDS
                    for _ in listener.notifies(timeout=wait, stop_after=1):
                        pass
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            log.warning("relay interrupted", error=str(error))
            stop.wait(POLL_SECONDS)


def _relay_all(stop: threading.Event) -> bool:
    """Relay until nothing is left, and say whether there was anything.

    While the broker refuses, try again after longer pauses.
    """
    refusals, busy = 0, False
    while not stop.is_set():
        try:
            moved = relay_once()
        except BrokerRefused as error:
            pause = min(LONGEST_PAUSE_SECONDS, 0.25 * 2**refusals)
            log.warning(
                "broker refuses", waiting=error.waiting, queues=error.queues, pause_seconds=pause
            )
            refusals += 1
            stop.wait(pause)
            continue
        if refusals:
            log.warning("broker takes messages again", refusals=refusals)
            refusals = 0
            if not broker.keeps_messages():
                forget_messages()
                continue
        if not moved:
            break
        busy = True
    return busy
