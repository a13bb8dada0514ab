"""What is done with the books every night: the day that is over is closed, kept balances are compared
with their entries, what has expired is free, and clearing accounts are compared with their providers.
Never commits.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, jobs
from api.payments.models import LedgerDay, LedgerHold, LedgerHoldResolution
from api.payments.problems import DayNotOver
from api.payments.service import balances, posting
from api.rules.clock import BISHKEK, local_date

DUE = "ledger.night_due"
LEDGER = UUID(int=1)
"""Stands in the deadline of the night for a resource, which it has not."""
ACTOR = "clock"
AFTER_MIDNIGHT = timedelta(minutes=30)
EXPIRE = "payments.expire_hold"


class LedgerUnsound(Exception):
    """A balance is not the fold of its entries, or a transaction is not balanced: somebody has written
    past the ledger's own rules. The job that finds it fails until it is mended."""


def close(session: Session, resource_id: str) -> None:
    """Close yesterday, unless somebody has, and wake again after the next midnight."""
    today = local_date(db.now(session))
    yesterday = today - timedelta(days=1)
    last = session.exec(select(LedgerDay).where(LedgerDay.day >= yesterday)).first()
    if last is None:
        close_day(session, yesterday, actor=ACTOR, reason=None)
    midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), BISHKEK)
    deadlines.arm(session, DUE, UUID(hex=resource_id), midnight + AFTER_MIDNIGHT, org_id=None)


def close_day(session: Session, day: date, *, actor: str, reason: str | None) -> LedgerDay:
    """Close a day that is over, and all before it. Raises DayNotOver and DayClosed."""
    if day >= local_date(db.now(session)):
        raise DayNotOver
    closed = posting.close_day(session, day, actor=actor, reason=reason)
    told = {"day": day.isoformat(), "reason": reason}
    audit.record(
        session, f"ledger_day:{closed.id.hex}", "close", actor=actor, org_id=None, change=told
    )
    return closed


def check(session: Session) -> None:
    """Compare what is kept with what was booked. Raises LedgerUnsound, which names accounts."""
    found = balances.faults(session)
    if found:
        raise LedgerUnsound(f"{len(found)} faults: {'; '.join(found[:5])}")


def expire_holds(session: Session) -> int:
    """Have every hold ended whose time is over, each by a job of its own; how many.

    Each hold has a deadline of its own; this finds what was lost.
    """
    over = session.exec(
        select(LedgerHold.id)
        .join(
            LedgerHoldResolution, col(LedgerHoldResolution.hold_id) == LedgerHold.id, isouter=True
        )
        .where(
            col(LedgerHoldResolution.id).is_(None), col(LedgerHold.expires_at) <= db.now(session)
        )
    ).all()
    for hold_id in over:
        jobs.enqueue(session, EXPIRE, {"resource_id": hold_id.hex})
    return len(over)
