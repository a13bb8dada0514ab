"""The clock of a sandbox: it can be advanced, so that a procedure is tried out in minutes.

In production the database's clock stands alone: shifts are neither made nor read (core.db.now).
Time moves forward only, for every organisation of the installation.

There is one clock. A request is never judged by a time of its own: what it wrote would lie before
or after what others have written meanwhile, and periods, standstills and the log would contradict
each other. It may say where it expects the clock to stand, and keeps it from being advanced.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, text
from sqlmodel import Field, Session

from api.core import db, settings
from api.core.errors import BadRequest, Conflict, Forbidden
from api.core.tables import Table
from api.rules import clock_span
from api.rules.clock_span import Span

LONGEST_SHIFT = 366 * 86_400
"""Seconds of one advance."""
_KEY = "hashtextextended('kerben.test_clock', 19)"
_HOLD = text(f"SELECT pg_advisory_xact_lock_shared({_KEY})")
_MOVE = text(f"SELECT pg_advisory_xact_lock({_KEY})")


class SandboxOnly(Forbidden):
    """This installation is in production: its time is the database's, and its tenders are real."""

    code, title = "sandbox_only", "Only in a sandbox"


class ClockUnreadable(BadRequest):
    """Kerben-Test-Clock is not an instant with its offset, nor two with a slash between them."""

    code, title = "test_clock_unreadable", "Kerben-Test-Clock cannot be read"


class ClockMoved(Conflict):
    """The clock of the sandbox does not stand where Kerben-Test-Clock expects it; nothing was done."""

    code, title = "clock_moved", "The clock of the sandbox stands elsewhere"


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


def expected(header: str | None) -> Span | None:
    """Where a request expects the clock to stand. Raises SandboxOnly in production, whatever the
    header says, and ClockUnreadable."""
    if header is None:
        return None
    require()
    try:
        return clock_span.parse(header)
    except clock_span.Unreadable as error:
        raise ClockUnreadable(str(error)) from error


def hold(session: Session, span: Span) -> datetime:
    """What the clock says, which nobody advances until this transaction ends. Raises ClockMoved."""
    session.connection().execute(_HOLD)
    now = db.now(session)
    if not span.holds(now):
        raise ClockMoved("The clock stands at {now}.", values={"now": now.isoformat()})
    return now


def advance(session: Session, *, actor: str, seconds: int) -> datetime:
    """Advance the clock; what it says then. Deadlines that have come are fired by the workers.

    Waits for the requests that hold it.
    Raises SandboxOnly in production.
    """
    require()
    session.connection().execute(_MOVE)
    session.add(ClockShift(seconds=seconds, actor=actor))
    session.flush()
    return db.now(session)
