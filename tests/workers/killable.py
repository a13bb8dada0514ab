"""Processes that a test may kill: embedded workers, a worker, or a relay, with a counting task.

killable.py embedded                      until every job is done
killable.py worker CONCURRENCY [QUEUE…]   as `kerben worker` does
killable.py relay                         as `kerben relay` does
killable.py migrate                       as `kerben migrate` does
"""

import os
import sys
import threading

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from api.core import audit, db, logs, migrations, settings
from api.core.jobs import Job
from workers import broker, embedded, processes
from workers.app import task


@task("test.append")
def append(session: Session, number: int, seconds: float = 0.005) -> None:
    """One row per run, so that a repeated effect would show; `actor` says who did it."""
    audit.record(session, f"test:{number}", "append", actor=os.environ.get("WORKER", "test"))
    session.connection().execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def left() -> int:
    """Jobs that are not done yet."""
    with db.worker_unit_of_work() as session:
        query = select(func.count()).select_from(Job).where(col(Job.done_at).is_(None))
        return session.exec(query).one()


def main(role: str, *arguments: str) -> int:
    """Play a role; the exit code."""
    logs.configure(settings.get().log_level, "json")
    match role:
        case "embedded":
            with embedded.running():
                while left():
                    threading.Event().wait(0.05)
        case "worker":
            return processes.work(int(arguments[0]), arguments[1:] or broker.NAMES)
        case "relay":
            processes.relay_and_tick()
        case "migrate":
            migrations.upgrade()
        case _:
            raise ValueError(role)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
