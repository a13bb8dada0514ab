"""Questions about tenders and their answers. Never commits: the caller owns the transaction.

A supplier cannot lock a tender, which is not its own row. The foreign key of the question does:
once the question is inserted, nobody else can lock the tender's row, and what is read of it then
holds until the end of the transaction. So a question is either on time and seen by whoever ends the
period, or refused.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import Select

from api.core import audit, db
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.procurement.models import Enquiry, EnquiryAuthor, Lot, Tender
from api.procurement.schemas import AnswerIn, EnquiryIn
from api.procurement.service import admission, amendments, periods, phases, policies, tenders
from api.procurement.service.bid_problems import OwnTender
from api.procurement.service.problems import EnquiriesClosed
from api.procurement.service.queries import visible
from api.rules import enquiries as rules
from api.rules import schedule as windows
from api.rules.amendments import AmendmentCause
from api.rules.enquiries import ENQUIRY, EnquiryStatus
from api.rules.states import IllegalTransition

ANONYMOUS = "supplier"
"""The actor of a question in the tender's own trail, which is public."""
type Asked = tuple[Enquiry, UUID | None]
"""A question, and who asked it if the reader may know."""


def ask(
    session: Session, *, author_id: UUID, tender_id: UUID, actor: str, data: EnquiryIn
) -> Enquiry:
    """Ask about a published tender until its enquiry window ends.

    Raises NotFound, OwnTender, EnquiriesClosed, NotInvited, or Invalid for a lot of another tender.
    """
    buyer_id = _published_by(session, tender_id)
    if buyer_id == author_id:
        raise OwnTender
    if data.lot_id is not None and not _has_lot(session, tender_id, data.lot_id):
        raise refused("#/lot_id", "unknown_lot", "The tender has no such lot")
    enquiry = Enquiry(
        tender_id=tender_id,
        lot_id=data.lot_id,
        title=dict(data.title.items()),
        description=dict(data.description.items()),
        asked_at=db.now(session),
    )
    session.add(enquiry)
    session.flush()  # from here on the tender's row stays as it is
    tender = session.exec(
        select(Tender).where(Tender.id == tender_id).execution_options(populate_existing=True)
    ).one()
    if not rules.may_ask(tender.status_details, tender.enquiry_period_end, db.now(session)):
        raise EnquiriesClosed
    if tender.prequalification_period_end is not None and not phases.applying(tender):
        admission.require_invited(session, tender.id, author_id)
    session.add(EnquiryAuthor(enquiry_id=enquiry.id, tender_id=tender_id, author_id=author_id))
    session.flush()
    audit.record(session, f"enquiry:{enquiry.id.hex}", "ask", actor=actor, org_id=author_id)
    audit.record(
        session,
        tenders.stream(tender_id),
        "ask",
        actor=ANONYMOUS,
        org_id=buyer_id,
        change={"enquiry": enquiry.id.hex},
    )
    emit(
        session,
        "enquiry.asked",
        enquiry.id,
        org_id=buyer_id,
        tender_id=tender_id.hex,
        version=enquiry.version,
    )
    return enquiry


def hold(session: Session, *, buyer_id: UUID, enquiry_id: UUID) -> tuple[Tender, Enquiry]:
    """The buyer's own tender, locked, and the question about it; NotFound for anybody else."""
    tender_id = session.exec(
        select(Enquiry.tender_id)
        .join(Tender, col(Tender.id) == col(Enquiry.tender_id))
        .where(Enquiry.id == enquiry_id, Tender.buyer_id == buyer_id)
    ).one_or_none()
    if tender_id is None:
        raise NotFound
    tender = tenders.lock(session, buyer_id=buyer_id, tender_id=tender_id)
    enquiry = session.exec(select(Enquiry).where(Enquiry.id == enquiry_id).with_for_update()).one()
    return tender, enquiry


def answer(
    session: Session, tender: Tender, enquiry: Enquiry, *, actor: str, data: AnswerIn
) -> Enquiry:
    """Answer a question for everybody. An answer later than promised gives suppliers more time;
    the last one that was missing ends the suspension of the tender.

    Raises Conflict, PolicyNotFrozen or CalendarYearMissing.
    """
    now = db.now(session)
    if enquiry.status is EnquiryStatus.PENDING:
        periods.suspend_due(session, tender, now=now)
    if tender.status_details not in rules.ANSWERABLE_STAGES:
        raise Conflict(f"Cannot answer while the tender is {tender.status_details}.")
    end = phases.end_of(tender)
    assert end is not None, "a published tender has an end"
    late = rules.is_late(clarification_until=tender.clarification_until, period_end=end, now=now)
    _move(enquiry, "answer")
    enquiry.answer, enquiry.answered_at, enquiry.answered_late = (
        dict(data.answer.items()),
        now,
        late,
    )
    session.add(enquiry)
    audit.record(
        session,
        tenders.stream(tender.id),
        "answer",
        actor=actor,
        org_id=tender.buyer_id,
        change={"enquiry": enquiry.id.hex, "late": late},
    )
    emit(
        session,
        "enquiry.answered",
        enquiry.id,
        org_id=tender.buyer_id,
        public=True,
        tender_id=tender.id.hex,
        version=enquiry.version,
    )
    if periods.waits(tender, now=now):
        periods.resume(session, tender, now=now, actor=actor)
    elif late:
        _make_up(session, tender, actor=actor)
    return enquiry


def find(session: Session, *, org_id: UUID, enquiry_id: UUID) -> Asked:
    """A question that the organisation may read; NotFound otherwise."""
    found = session.exec(_readable(org_id).where(Enquiry.id == enquiry_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_enquiries(session: Session, *, org_id: UUID, tender_id: UUID) -> Sequence[Asked]:
    """Questions about a tender in their order: all for its buyer, for others what is answered
    and what they asked themselves. NotFound for another's draft."""
    if (
        session.exec(select(Tender.id).where(Tender.id == tender_id, visible(org_id))).first()
        is None
    ):
        raise NotFound
    query = _readable(org_id).where(Enquiry.tender_id == tender_id)
    return session.exec(query.order_by(col(Enquiry.id))).all()


def answered(session: Session, tender_id: UUID) -> Sequence[Enquiry]:
    """What everybody may read of the questions about a tender, in the order of asking."""
    return session.exec(
        select(Enquiry)
        .where(Enquiry.tender_id == tender_id, Enquiry.status == EnquiryStatus.ANSWERED)
        .order_by(col(Enquiry.id))
    ).all()


def tender_of(session: Session, enquiry_id: UUID) -> UUID | None:
    """The tender that a question is about."""
    return session.exec(select(Enquiry.tender_id).where(Enquiry.id == enquiry_id)).one_or_none()


def _make_up(session: Session, tender: Tender, *, actor: str) -> None:
    """Move the end of the period so that suppliers can still act on a late answer."""
    now, end = db.now(session), phases.end_of(tender)
    assert end is not None, "a published tender has an end"
    policy, table = policies.policy_of(tender), policies.stages_of(session, tender)
    extended = windows.extended_end(table, policy, end=end, now=now)
    if extended > end:
        amendments.extend(
            session,
            tender,
            "extend",
            cause=AmendmentCause.LATE_ANSWER,
            end=extended,
            now=now,
            actor=actor,
            rationale="A question was answered later than promised.",
        )


def _move(enquiry: Enquiry, action: str) -> None:
    """The one place that writes the status of a question; the answer leaves the audit entry."""
    try:
        enquiry.status = ENQUIRY.apply(action, enquiry.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    enquiry.version += 1


def _readable(org_id: UUID) -> Select[Enquiry, UUID]:
    """Questions with, where the reader may know, their author."""
    known = or_(
        col(EnquiryAuthor.author_id) == org_id,
        col(Tender.status_details).in_(rules.OPENED_STAGES),
    )
    return (
        select(Enquiry, EnquiryAuthor.author_id)
        .join(Tender, col(Tender.id) == col(Enquiry.tender_id))
        .outerjoin(EnquiryAuthor, and_(col(EnquiryAuthor.enquiry_id) == col(Enquiry.id), known))
        .where(
            or_(
                col(Tender.buyer_id) == org_id,
                col(Enquiry.status) == EnquiryStatus.ANSWERED,
                col(EnquiryAuthor.author_id) == org_id,
            )
        )
    )


def _published_by(session: Session, tender_id: UUID) -> UUID:
    buyer_id = session.exec(
        select(Tender.buyer_id).where(Tender.id == tender_id, col(Tender.published_at).is_not(None))
    ).one_or_none()
    if buyer_id is None:
        raise NotFound
    return buyer_id


def _has_lot(session: Session, tender_id: UUID, lot_id: UUID) -> bool:
    return (
        session.exec(select(Lot.id).where(Lot.id == lot_id, Lot.tender_id == tender_id)).first()
        is not None
    )
