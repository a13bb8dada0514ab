"""The security of a bid: asked for by the tender, given by the bidder, secret until the opening.
Never commits."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts.models import Contract
from api.core import db
from api.core.errors import NotFound
from api.payments.models import Security
from api.payments.schemas.securities import SecurityIn
from api.payments.service import securities, security_money, security_rails
from api.payments.service.security_problems import SecurityNotAsked, SecurityTooLate
from api.procurement.models import Award, Bid, Tender
from api.procurement.service import bid_views, policies, submissions
from api.procurement.service import queries as tenders
from api.rules import securities as rules
from api.rules.awards import AwardStatus
from api.rules.bids import OVER
from api.rules.clock import local_date
from api.rules.contracts import ContractStatus
from api.rules.guarantees import GuaranteeKind
from api.rules.policy import LateSecurity
from api.rules.securities import BidFacts, ReturnCause, SecurityStatus
from api.rules.tenders import LotStatus, TenderStatus, has_ended

_SIGNED = (ContractStatus.ACTIVE, ContractStatus.TERMINATED)
_OVER = (TenderStatus.CANCELLED, TenderStatus.UNSUCCESSFUL)


def give(session: Session, *, org_id: UUID, bid_id: UUID, data: SecurityIn, actor: str) -> Security:
    """Give the security that the tender asks of one's own bid, before the bid is opened.

    Raises NotFound, SecurityNotAsked, SecuritiesNotHeld, SecurityTooLate, SecurityExists, RailUnfit,
    FileWithheld or Invalid.
    """
    bid = bid_views.get(session, org_id=org_id, bid_id=bid_id)
    if bid.supplier_id != org_id:
        raise NotFound
    tender = tenders.get(session, org_id=org_id, tender_id=bid.tender_id)
    asked = submissions.find(session, tender.id)
    if asked is None or asked.bid_security is None:
        raise SecurityNotAsked
    terms = securities.terms_of(tender)
    now, due_at = db.now(session), tender.tender_period_end
    assert due_at is not None
    late = has_ended(due_at, now) and terms.late is LateSecurity.REFUSED
    if late or bid.opened_at is not None or bid.status_details in OVER:
        raise SecurityTooLate
    table = policies.timetable_of(session, tender)
    valid_until = table.after(due_at, terms.bid_validity)
    needed_until = table.after(valid_until, terms.return_duration)
    security_rails.require_fit(
        session,
        data.rail,
        purpose=securities.PURPOSES[GuaranteeKind.BID],
        currency=asked.bid_security.currency,
        held_for=needed_until - now,
    )
    security = securities.give(
        session,
        tender,
        kind=GuaranteeKind.BID,
        payer_id=org_id,
        value=asked.bid_security,
        until=local_date(table.after(valid_until, terms.guarantee_margin)),
        data=data,
        actor=actor,
        needed_until=needed_until,
        due_at=due_at,
        bid_id=bid.id,
    )
    reschedule(session, tender, security)
    return security


def counted(session: Session, tender_id: UUID) -> Collection[UUID]:
    """The bids of a tender whose security is here and counts; for the workers, at an opening.

    A guarantee that waits to be verified counts: should it be refused, the commission decides. Money
    counts that is here, all of it.
    """
    awaited = select(Security).where(
        Security.tender_id == tender_id,
        Security.kind == GuaranteeKind.BID,
        Security.status == SecurityStatus.REQUESTED,
    )
    for each in session.exec(awaited.order_by(col(Security.id)).with_for_update()).all():
        security_money.take_in(session, each)
    session.flush()
    query = select(Security.bid_id).where(
        Security.tender_id == tender_id,
        col(Security.counts).is_(True),
        col(Security.status).in_((SecurityStatus.RECEIVED, SecurityStatus.HELD)),
    )
    return {bid_id for bid_id in session.exec(query) if bid_id is not None}


def reschedule(session: Session, tender: Tender, security: Security) -> None:
    """Find out anew why and by when the security of a bid goes back.

    What has once fallen due because of a decision that nobody undoes keeps its day.
    """
    kept = (ReturnCause.LATE, ReturnCause.TENDER_OVER, ReturnCause.RELEASED)
    if security.bid_id is None or security.return_cause in kept:
        return
    bid = session.get_one(Bid, security.bid_id)
    terms, table = securities.terms_of(tender), policies.timetable_of(session, tender)
    assert tender.tender_period_end is not None
    security.due_at = tender.tender_period_end
    others, own = _awards(session, tender, bid)
    facts = BidFacts(
        stage=bid.status_details,
        ended_at=bid.withdrawn_at or tender.tender_period_end,
        tender_over_at=tender.cancelled_at or (db.now(session) if tender.status in _OVER else None),
        others_awarded_at=others,
        signed_at=_signed_at(session, bid) if own else None,
        validity_end=table.after(tender.tender_period_end, terms.bid_validity),
    )
    cause, at = rules.bid_return(facts, table, terms.return_duration)
    securities.schedule(session, security, cause, at, actor=securities.SYSTEM)


def _awards(session: Session, tender: Tender, bid: Bid) -> tuple[datetime | None, bool]:
    """From when the awards of all lots to others stand (None: they do not), and whether the bid has
    an award of its own."""
    session.flush()
    query = select(Award).where(
        Award.tender_id == tender.id,
        col(Award.status).in_((AwardStatus.ACTIVE, AwardStatus.PENDING)),
    )
    rows = session.exec(query).all()
    if any(each.bid_id == bid.id for each in rows):
        return None, True
    active = [each for each in rows if each.status is AwardStatus.ACTIVE]
    open_lots = {
        lot.id for lot in tender.lots if lot.status in (LotStatus.ACTIVE, LotStatus.COMPLETE)
    }
    if bid.opened_at is None or not open_lots or open_lots - {each.lot_id for each in active}:
        return None, False
    ends = [each.standstill_end or each.decided_at for each in active]
    return max(at for at in ends if at is not None), False


def _signed_at(session: Session, bid: Bid) -> datetime | None:
    """When the last contract with the bid's supplier came into force, unless one is unsigned."""
    query = select(Contract).where(
        Contract.tender_id == bid.tender_id,
        col(Contract.suppliers)[1] == bid.supplier_id,
        Contract.status != ContractStatus.CANCELLED,
    )
    rows = session.exec(query).all()
    if not rows or any(each.status not in _SIGNED for each in rows):
        return None
    return max(each.signed_at for each in rows if each.signed_at is not None)
