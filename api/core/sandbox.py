"""The clock of a sandbox: it can be advanced, so that a procedure is tried out in minutes.

In production the database's clock stands alone: shifts are neither made nor read (core.db.now).
Time moves forward only, for every organisation of the installation.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, Session

from api.core import db, settings
from api.core.errors import Forbidden
from api.core.tables import Table

LONGEST_SHIFT = 366 * 86_400
"""Seconds of one advance."""


class SandboxOnly(Forbidden):
    """This installation is in production: its time is the database's, and its tenders are real."""

    code, title = "sandbox_only", "Only in a sandbox"


class ClockShift(Table, table=True):
    """Once, the sandbox's clock was advanced by so many seconds."""

    __tablename__ = "clock_shift"
    __table_args__ = (
        CheckConstraint(f"seconds BETWEEN 1 AND {LONGEST_SHIFT}", name="seconds_in_bounds"),
    )

    seconds: int
    actor: str = Field(max_length=80)


def require() -> None:
    """Raise SandboxOnly in production."""
    if not settings.get().sandbox:
        raise SandboxOnly


def advance(session: Session, *, actor: str, seconds: int) -> datetime:
    """Advance the clock; what it says then. Deadlines that have come are fired by the workers.

    Raises SandboxOnly in production.
    """
    require()
    session.add(ClockShift(seconds=seconds, actor=actor))
    session.flush()
    return db.now(session)
