"""Until when something can be complained about, by whom, and for which fee. Never commits.

Instants are stored where they were computed: with the terms, the award, the qualification and the
cancellation.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, select

from api.core import db
from api.core.errors import refused
from api.procurement.models import Award, Cancellation, Complaint, Qualification, Tender
from api.procurement.service import rankings
from api.procurement.service.award_problems import ComplaintWindowClosed, NoStanding
from api.reference import service as reference
from api.rules import complaints as rules
from api.rules.awards import AwardStatus
from api.rules.cancellations import CancellationStatus
from api.rules.clock import local_date
from api.rules.complaints import TERMS, ComplaintTarget
from api.rules.policy import ComplaintFee
from api.rules.prequalification import DECIDED
from api.rules.tenders import ANSWERED_STAGES, TenderStage, Value, has_ended

_C = ComplaintTarget
_TERMS_STAGES = ANSWERED_STAGES | {TenderStage.SUSPENDED}


class _Window(NamedTuple):
    """Half-open; None: it does not exist."""

    start: datetime | None = None
    end: datetime | None = None


def end(session: Session, tender: Tender, complaint: Complaint) -> datetime:
    """The end of the window that is open now for what the complaint is about.

    A complaint about a cancellation is, from then on, about the one that waits now. Raises
    ComplaintWindowClosed, NoStanding, or Invalid for what is not of the tender.
    """
    author, now = complaint.complainant_id, db.now(session)
    if author == tender.buyer_id:
        raise NoStanding("A buyer does not complain about its own tender.")
    if complaint.target in TERMS:
        found = _of_terms(tender, complaint)
    elif complaint.target is _C.AWARD:
        found = _of_award(session, tender, complaint)
    elif complaint.target is _C.QUALIFICATION:
        found = _of_qualification(session, tender, complaint)
    else:
        found = _of_cancellation(session, tender, complaint)
    if found.start is None or found.end is None:
        raise ComplaintWindowClosed
    if now < found.start or has_ended(found.end, now):
        raise ComplaintWindowClosed(f"The window was from {found.start} to {found.end}.")
    return found.end


def fee(session: Session, tender: Tender, complaint: Complaint, terms: ComplaintFee) -> Decimal:
    """The fee of a complaint, in the currency of the terms. Raises RateUnknown."""
    value = _value(session, tender, complaint)
    if value is None:
        return rules.fee(terms, None)
    today = local_date(db.now(session))
    amount = reference.convert(session, value.amount, value.currency, terms.currency, today)
    return rules.fee(terms, amount)


def _of_terms(tender: Tender, complaint: Complaint) -> _Window:
    lots = {lot.id for lot in tender.lots}
    if complaint.lot_id is not None and complaint.lot_id not in lots:
        raise refused("#/lot_id", "unknown_lot", "The tender has no such lot.")
    if tender.status_details not in _TERMS_STAGES:
        return _Window()
    return _Window(tender.published_at, tender.complaint_period_end)


def _of_award(session: Session, tender: Tender, complaint: Complaint) -> _Window:
    award = _award(session, tender, complaint)
    if not rankings.has_bid(session, award.lot_id, complaint.complainant_id):
        raise NoStanding("Only who bid for the lot complains about its award.")
    if award.status not in (AwardStatus.ACTIVE, AwardStatus.UNSUCCESSFUL):
        return _Window()
    return _Window(award.standstill_start, award.standstill_end)


def _of_qualification(session: Session, tender: Tender, complaint: Complaint) -> _Window:
    """Candidates complain, of those decisions that they may see."""
    id = complaint.qualification_id
    found = session.get(Qualification, id, populate_existing=True)
    if found is None or found.tender_id != tender.id:
        raise refused("#/qualification_id", "unknown_qualification", "No such qualification.")
    if not _is_candidate(session, tender.id, complaint.complainant_id):
        raise NoStanding("Only candidates complain about a qualification.")
    if found.status not in DECIDED:
        return _Window()
    return _Window(found.announced_at, found.standstill_end)


def _of_cancellation(session: Session, tender: Tender, complaint: Complaint) -> _Window:
    pending = session.exec(
        select(Cancellation).where(
            Cancellation.tender_id == tender.id,
            Cancellation.status == CancellationStatus.PENDING,
        )
    ).one_or_none()
    if pending is None or complaint.cancellation_id not in (None, pending.id):
        return _Window()
    complaint.cancellation_id = pending.id
    return _Window(pending.requested_at, pending.complaint_period_end)


def _is_candidate(session: Session, tender_id: UUID, org_id: UUID) -> bool:
    query = select(Qualification.id).where(
        Qualification.tender_id == tender_id, Qualification.supplier_id == org_id
    )
    return session.exec(query).first() is not None


def _award(session: Session, tender: Tender, complaint: Complaint) -> Award:
    assert complaint.award_id is not None, "the input names the award"
    award = session.get(Award, complaint.award_id, populate_existing=True)
    if award is None or award.tender_id != tender.id:
        raise refused("#/award_id", "unknown_award", "The tender has no such award.")
    return award


def _value(session: Session, tender: Tender, complaint: Complaint) -> Value | None:
    """What the complaint is about is worth: the award, the lot, or the tender."""
    if complaint.target is _C.AWARD:
        return _award(session, tender, complaint).value
    lot = next((lot for lot in tender.lots if lot.id == complaint.lot_id), None)
    return (lot.value if lot else None) or tender.value
