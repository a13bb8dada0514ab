"""Payers' banks that take back what a card paid for a security. Never commits; for the workers.

While that is open nothing of the security moves: it is neither returned nor paid on, and no decision
to keep it is executed. Won, everything goes on where it was. Lost, the security stands for nothing
any more; when it was kept before, what the beneficiary was owed stays owed, and the payer's debt is
the platform's to collect (stripe_rail/liability).
"""

from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.payments.models import Collection, PaymentOrder, Security, SecurityForfeiture
from api.payments.service import (
    forfeitures,
    orders,
    securities,
    security_moves,
    security_queries,
    sending,
)
from api.rules.rails import SECURITIES, OrderStatus, Purpose
from api.rules.securities import DECIDED, SecurityStatus

DISPUTED = "payment_disputed"
_HERE = (SecurityStatus.HELD, SecurityStatus.RETURNING)


def return_blockers(session: Session, security_id: UUID) -> list[str]:
    """Why a security is not to be sent back now, as codes."""
    return [DISPUTED] if security_queries.is_disputed(session, security_id) else []


def payout_blockers(session: Session, forfeiture_id: UUID) -> list[str]:
    """Why what was kept is not to be paid now, as codes; none for payouts of something else."""
    found = session.get(SecurityForfeiture, forfeiture_id)
    return return_blockers(session, found.security_id) if found else []


def beneficiary(session: Session, collection: Collection) -> list[UUID]:
    """Who hears of a dispute beside the payer: for whom the security stands, once that may know."""
    security = _of(session, collection)
    if security is None or not security_moves.disclosed(session, security):
        return []
    return [security.beneficiary_id]


def lost(session: Session, collection: Collection) -> None:
    """The payer's bank keeps the money: a security that is here stands for nothing any more."""
    security = _of(session, collection)
    if security is None or security.status not in _HERE:
        return
    for each in _unsent(session, security):
        orders.cancel(session, each, actor=securities.SYSTEM)
    security_moves.move(session, security, "charge_back", securities.SYSTEM)


def closed(session: Session, collection: Collection) -> None:
    """The dispute is over: what waited for its end goes on."""
    security = _of(session, collection)
    if security is None:
        return
    securities.arm(session, security)
    for each in forfeitures.of(session, security):
        if each.status in DECIDED and each.contest_until is not None:
            due = max(each.contest_until, db.now(session))
            deadlines.arm(session, forfeitures.CONTEST_ENDED, each.id, due, org_id=None)
    for org_id in (security.payer_id, security.beneficiary_id):
        sending.send_waiting(session, org_id)


def _of(session: Session, collection: Collection) -> Security | None:
    if collection.purpose not in SECURITIES:
        return None
    return security_queries.locked(session, col(Security.collection_id) == collection.id)


def _unsent(session: Session, security: Security) -> list[PaymentOrder]:
    query = select(PaymentOrder).where(
        PaymentOrder.resource_id == security.id,
        PaymentOrder.purpose == Purpose.SECURITY_RETURN,
        PaymentOrder.status == OrderStatus.APPROVED,
        PaymentOrder.attempts == 0,
    )
    return [*session.exec(query)]
