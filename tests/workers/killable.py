"""A process with embedded workers and one counting task, until all is done or it is killed."""

import sys
import threading

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from api.core import audit, db
from api.core.jobs import Job
from workers import embedded
from workers.app import task


@task("test.append")
def append(session: Session, number: int) -> None:
    """One row per run, so that a repeated effect would show."""
    audit.record(session, f"test:{number}", "append", actor="test")
    session.connection().execute(text("SELECT pg_sleep(0.005)"))
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def left() -> int:
    """Jobs that are not done yet."""
    with db.worker_unit_of_work() as session:
        query = select(func.count()).select_from(Job).where(col(Job.done_at).is_(None))
        return session.exec(query).one()


if __name__ == "__main__":
    with embedded.running():
        while left():
            threading.Event().wait(0.05)
