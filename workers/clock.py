"""Deadlines: sleep until the next one is due, then emit its event. Several clocks may run."""

import threading

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.core import db, deadlines

log = structlog.get_logger(__name__)
LONGEST_SLEEP_SECONDS = 30.0


def tick() -> float:
    """Fire what is due; the seconds until the next deadline, at most `LONGEST_SLEEP_SECONDS`."""
    with db.worker_unit_of_work() as session:
        now = db.now(session)
        if deadlines.fire_due(session, now):
            return 0.0
        due = deadlines.next_due(session)
    if due is None:
        return LONGEST_SLEEP_SECONDS
    return max(0.0, min(LONGEST_SLEEP_SECONDS, (due - now).total_seconds()))


def run(stop: threading.Event) -> None:
    """Tick until `stop`; a changed deadline wakes the clock by NOTIFY."""
    while not stop.is_set():
        try:
            with psycopg.connect(db.url("worker"), autocommit=True, connect_timeout=5) as listener:
                listener.execute("LISTEN kerben_deadline")
                while not stop.is_set():
                    pause = tick()
                    for _ in listener.notifies(timeout=min(pause, 1.0), stop_after=1):
                        pass
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            log.warning("clock interrupted", error=str(error))
            stop.wait(1.0)
