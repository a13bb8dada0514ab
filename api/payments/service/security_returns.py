"""Securities on their way back: when they are due, and how they go. Never commits; for the workers.

What happened (a withdrawal, an award, a contract, a cancellation) only leads here: why and by when a
security goes back is found out anew from the rows, so that events may come twice or out of order.
"""

from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts.models import Contract
from api.core import db
from api.payments.models import Security
from api.payments.service import (
    bid_securities,
    forfeitures,
    guarantees,
    performance_securities,
    security_money,
    security_moves,
    security_queries,
)
from api.payments.service.securities import SYSTEM
from api.procurement.models import Award, Bid
from api.procurement.service import queries as tenders
from api.rules.guarantees import IN_FORCE, GuaranteeStatus
from api.rules.securities import SecurityStatus

_WAITING = (SecurityStatus.REQUESTED, SecurityStatus.RECEIVED, SecurityStatus.HELD)


def reschedule_tender(session: Session, tender_id: UUID) -> int:
    """Find out anew when the securities of a tender's bids and contracts go back; how many there
    are."""
    tender = tenders.hold_published(session, tender_id)
    if tender is None:
        return 0
    query = select(Security).where(
        Security.tender_id == tender_id, col(Security.status).in_(_WAITING)
    )
    rows = session.exec(query.order_by(col(Security.id)).with_for_update()).all()
    for security in rows:
        if security.bid_id is not None:
            bid_securities.reschedule(session, tender, security)
        else:
            performance_securities.reschedule(session, tender, security)
    return len(rows)


def reschedule_bid(session: Session, bid_id: UUID) -> int:
    """The same, of the tender of a bid that was withdrawn or has lapsed."""
    bid = session.get(Bid, bid_id)
    return reschedule_tender(session, bid.tender_id) if bid else 0


def reschedule_contract(session: Session, contract_id: UUID) -> int:
    """The same, of the tender of a contract that was signed or has ended."""
    contract = session.get(Contract, contract_id)
    return reschedule_tender(session, contract.tender_id) if contract and contract.tender_id else 0


def reschedule_award(session: Session, award_id: UUID) -> int:
    """The same, of the tender of an award that was decided or has fallen."""
    award = session.get(Award, award_id)
    return reschedule_tender(session, award.tender_id) if award else 0


def return_due(session: Session, security_id: UUID) -> bool:
    """Send a security back whose day has come. False: it is not due, a decision to keep it stands, or
    its payment is disputed."""
    security = security_queries.locked(session, col(Security.id) == security_id)
    if security is None or security.return_due_at is None:
        return False
    if security_queries.is_disputed(session, security.id):
        return False
    if security.status is SecurityStatus.RETURNING:
        return security_money.send_again(session, security)
    if security.status not in _WAITING:
        return False
    if security.return_due_at > db.now(session) or forfeitures.is_decided(session, security):
        return False
    _release(session, security)
    return True


def _release(session: Session, security: Security) -> None:
    """The guarantee is given back, or the money; of a guarantee that nobody has verified, nothing was
    held."""
    if security.guarantee_id is None:
        security_money.send_back(session, security)
        return
    guarantee = guarantees.locked(session, security.guarantee_id)
    if guarantee is not None and guarantee.status in IN_FORCE | {GuaranteeStatus.SUBMITTED}:
        guarantees.release(session, guarantee, actor=SYSTEM)
    if security.status is SecurityStatus.RECEIVED:
        security_moves.move(session, security, "cancel", SYSTEM)
        return
    security_moves.move(session, security, "begin_return", SYSTEM)
    security_money.returned(session, security)
