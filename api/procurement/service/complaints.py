"""Complaints as their authors make them, and what they hold up. Never commits.

What the reviewer does with them stands in `reviews`.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, pages
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.procurement.models import (
    Complaint,
    ComplaintDecision,
    ComplaintEffect,
    ComplaintPost,
    Tender,
)
from api.procurement.schemas.complaints import ComplaintIn, PostIn
from api.procurement.service import complaint_windows as windows
from api.procurement.service import parties, policies, tenders
from api.procurement.service.award_problems import FeeUnpaid
from api.rules.complaints import (
    BEFORE_INVITATION,
    COMPLAINT,
    OPEN,
    PRIVATE,
    TERMS,
    ComplaintStatus,
    ComplaintTarget,
)
from api.rules.states import IllegalTransition
from api.rules.tenders import has_ended

WINDOW_ENDED, REVIEW_DUE = "complaint.window_ended", "complaint.review_due"
_C = ComplaintTarget


def blocks(session: Session, tender_id: UUID) -> bool:
    """True while a complaint about the terms of a tender is open, or was satisfied and the terms
    have not been changed yet: bids are neither closed nor opened.

    Under the tender's lock, which whoever submits or decides a complaint takes first.
    """
    session.flush()
    about_terms = col(Complaint.target).in_(TERMS)
    return _any(session, tender_id, and_(about_terms, or_(_is_open(), _is_outstanding())))


def block_invitation(session: Session, tender_id: UUID) -> bool:
    """True while a complaint about the terms or about a qualification is open, or what was decided
    has not been done: nobody is invited to bid."""
    session.flush()
    about = col(Complaint.target).in_(BEFORE_INVITATION)
    return _any(session, tender_id, and_(about, or_(_is_open(), _is_outstanding())))


def amendment_due(session: Session, tender_id: UUID) -> bool:
    """True when a complaint was satisfied and the buyer has not changed the terms yet."""
    session.flush()
    return _any(session, tender_id, and_(col(Complaint.target).in_(TERMS), _is_outstanding()))


def block_signing(session: Session, tender_id: UUID, award_ids: Collection[UUID]) -> bool:
    """True while a complaint about one of the awards, or about their tender, is open."""
    session.flush()
    about = or_(col(Complaint.award_id).in_(award_ids), col(Complaint.target) != _C.AWARD)
    return _any(session, tender_id, and_(about, or_(_is_open(), _is_outstanding())))


def draft(
    session: Session, *, author_id: UUID, tender_id: UUID, actor: str, data: ComplaintIn
) -> Complaint:
    """A draft that its author alone sees, while what it is about can still be complained about.

    Raises NoStanding, ComplaintWindowClosed, PolicyNotFrozen, NotFound or Invalid.
    """
    tender = parties.hold(session, tender_id)
    if tender.published_at is None:
        raise NotFound
    complaint = Complaint(
        tender_id=tender.id,
        buyer_id=tender.buyer_id,
        complainant_id=author_id,
        target=data.target,
        lot_id=data.lot_id,
        award_id=data.award_id,
        qualification_id=data.qualification_id,
        language=data.language,
        title={str(language): text for language, text in data.title.items()},
        description={str(language): text for language, text in data.description.items()},
        remedy={str(language): text for language, text in data.remedy.items()},
        window_end=db.now(session),
    )
    complaint.window_end = windows.end(session, tender, complaint)
    fee = policies.policy_of(tender).complaint_fee
    if fee is not None:
        complaint.fee_amount = windows.fee(session, tender, complaint, fee)
        complaint.fee_currency = fee.currency
    session.add(complaint)
    session.flush()
    deadlines.arm(session, WINDOW_ENDED, complaint.id, complaint.window_end, org_id=None)
    log(session, complaint, "draft", actor, {"target": complaint.target})
    return complaint


def submit(
    session: Session, complaint: Complaint, *, actor: str, fee_reference: str | None
) -> Complaint:
    """Hand a draft in. From now on it holds up what it is about.

    Raises ComplaintWindowClosed from the end of the window on, FeeUnpaid, NoStanding, Conflict or
    CalendarYearMissing.
    """
    tender = parties.hold(session, complaint.tender_id)
    now = db.now(session)
    complaint.window_end = windows.end(session, tender, complaint)
    if complaint.fee_amount is not None and fee_reference is None:
        raise FeeUnpaid(f"The fee is {complaint.fee_amount:f} {complaint.fee_currency}.")
    complaint.fee_reference = fee_reference
    complaint.submitted_at = now
    review = policies.policy_of(tender).complaint_review_duration
    if review is not None:
        complaint.review_due_at = policies.timetable_of(session, tender).after(now, review)
        deadlines.arm(session, REVIEW_DUE, complaint.id, complaint.review_due_at, org_id=None)
    deadlines.disarm(session, WINDOW_ENDED, complaint.id)
    move(session, complaint, "submit", actor, {"target": complaint.target})
    return complaint


def discard(session: Session, complaint: Complaint, *, actor: str) -> Complaint:
    """Give a draft up."""
    deadlines.disarm(session, WINDOW_ENDED, complaint.id)
    move(session, complaint, "discard", actor, {})
    return complaint


def discard_due(session: Session, complaint_id: UUID) -> bool:
    """Give up a draft whose window is over; for the workers. False when there is none."""
    complaint = _locked(session, Complaint.id == complaint_id)
    if complaint is None or complaint.status is not ComplaintStatus.DRAFT:
        return False
    if not has_ended(complaint.window_end, db.now(session)):
        return False
    move(session, complaint, "discard", tenders.CLOCK, {})
    return True


def mark_overdue(session: Session, complaint_id: UUID) -> bool:
    """Show that a review has not ended in time; it decides nothing. For the workers."""
    complaint, now = _locked(session, Complaint.id == complaint_id), db.now(session)
    if complaint is None or complaint.status not in OPEN or complaint.overdue_at is not None:
        return False
    if complaint.review_due_at is None or not has_ended(complaint.review_due_at, now):
        return False
    complaint.overdue_at = now
    complaint.version += 1
    log(session, complaint, "overdue", tenders.CLOCK, {})
    return True


def post(
    session: Session, complaint: Complaint, *, author_id: UUID, actor: str, data: PostIn
) -> ComplaintPost:
    """A letter between the reviewer and a side, while the complaint is open.

    Raises Conflict when it is not, Invalid for a recipient that is not across the table, NotFound
    for who is neither.
    """
    sides = {complaint.complainant_id, complaint.buyer_id}
    if author_id not in sides | {complaint.reviewer_id}:
        raise NotFound
    if complaint.status is not ComplaintStatus.ACCEPTED:
        raise Conflict(f"The complaint is {complaint.status}: letters follow its acceptance.")
    allowed = {complaint.reviewer_id} if author_id in sides else sides
    if data.recipient_id not in allowed:
        raise refused(
            "#/recipient_id", "not_across", "Letters go to the reviewer, or come from it."
        )
    last = posts(session, complaint)
    found = ComplaintPost(
        complaint_id=complaint.id,
        number=len(last) + 1,
        author_id=author_id,
        recipient_id=data.recipient_id,
        text=data.text,
        posted_at=db.now(session),
    )
    session.add(found)
    log(session, complaint, "post", actor, {"number": found.number})
    return found


def posts(session: Session, complaint: Complaint) -> Sequence[ComplaintPost]:
    """The letters about a complaint that the session may see, in order."""
    return session.exec(
        select(ComplaintPost)
        .where(ComplaintPost.complaint_id == complaint.id)
        .order_by(col(ComplaintPost.number))
    ).all()


def visible(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the complaints that an organisation may see: its own, and every submitted one."""
    return or_(col(Complaint.complainant_id) == org_id, col(Complaint.status).not_in(PRIVATE))


def get(session: Session, *, org_id: UUID, complaint_id: UUID) -> Complaint:
    """A complaint; NotFound for another's draft."""
    query = select(Complaint).where(Complaint.id == complaint_id, visible(org_id))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(session: Session, *, org_id: UUID, complaint_id: UUID) -> tuple[Tender, Complaint]:
    """A complaint that the organisation may see and its tender, locked in this order; NotFound."""
    seen = get(session, org_id=org_id, complaint_id=complaint_id)
    tender = parties.hold(session, seen.tender_id)
    found = _locked(session, and_(col(Complaint.id) == complaint_id, visible(org_id)))
    if found is None:
        raise NotFound
    return tender, found


def list_complaints(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID,
    tender_id: UUID | None = None,
    status: ComplaintStatus | None = None,
) -> tuple[Sequence[Complaint], str | None]:
    """Complaints that the organisation may see, newest first, and the next cursor."""
    query = select(Complaint).where(visible(org_id))
    if tender_id is not None:
        query = query.where(Complaint.tender_id == tender_id)
    if status is not None:
        query = query.where(Complaint.status == status)
    filters = {"tender": tender_id, "status": status}
    scope = f"complaints:{org_id}"
    return pages.newest_first(session, query, Complaint, page, scope=scope, filters=filters)


def outcome(
    session: Session, complaint: Complaint
) -> tuple[Sequence[ComplaintDecision], Sequence[ComplaintEffect]]:
    """What was decided, in order, and what followed from it."""
    session.flush()
    decisions = session.exec(
        select(ComplaintDecision)
        .where(ComplaintDecision.complaint_id == complaint.id)
        .order_by(col(ComplaintDecision.id))
    ).all()
    effects = session.exec(
        select(ComplaintEffect)
        .where(ComplaintEffect.complaint_id == complaint.id)
        .order_by(col(ComplaintEffect.position))
    ).all()
    return decisions, effects


def move(
    session: Session, complaint: Complaint, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The one place that writes `complaint.status`."""
    try:
        complaint.status = COMPLAINT.apply(action, complaint.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    complaint.version += 1
    log(session, complaint, action, actor, change)


def log(
    session: Session, complaint: Complaint, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The audit entry and, for what is public, the event."""
    session.add(complaint)
    session.flush()
    audit.record(
        session,
        f"complaint:{complaint.id.hex}",
        action,
        actor=actor,
        org_id=complaint.complainant_id,
        change={"tender": complaint.tender_id.hex, "status": complaint.status, **change},
    )
    if complaint.status not in PRIVATE:
        emit(
            session,
            f"complaint.{_EVENTS.get(action, action)}",
            complaint.id,
            org_id=complaint.buyer_id,
            also=[complaint.complainant_id],
            public=True,
            tender_id=complaint.tender_id.hex,
            status=complaint.status,
            version=complaint.version,
        )


_EVENTS = {
    "submit": "submitted",
    "accept": "accepted",
    "invalidate": "invalidated",
    "decline": "declined",
    "satisfy": "satisfied",
    "stop": "stopped",
    "resolve": "resolved",
    "post": "posted",
}


def _any(session: Session, tender_id: UUID, condition: ColumnElement[bool]) -> bool:
    query = select(Complaint.id).where(Complaint.tender_id == tender_id, condition).limit(1)
    return session.exec(query).first() is not None


def _is_open() -> ColumnElement[bool]:
    return col(Complaint.status).in_(OPEN)


def _is_outstanding() -> ColumnElement[bool]:
    """Satisfied, and what the buyer was told to do is not done."""
    return and_(
        col(Complaint.status) == ComplaintStatus.SATISFIED,
        exists().where(
            col(ComplaintEffect.complaint_id) == col(Complaint.id),
            col(ComplaintEffect.executed_at).is_(None),
        ),
    )


def _locked(session: Session, condition: Any) -> Complaint | None:
    query = select(Complaint).where(condition).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()
