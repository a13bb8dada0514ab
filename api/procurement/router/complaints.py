"""Routes of complaints and of their review."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import Conflict, NotFound, PreconditionFailed, PublicationInvalid
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement import service
from api.procurement.models import Complaint, ComplaintPost, Tender
from api.procurement.schemas import TenderId
from api.procurement.schemas.complaints import (
    ComplaintId,
    ComplaintIn,
    ComplaintOut,
    ComplaintSummary,
    DecisionOut,
    EffectOut,
    PostIn,
    PostOut,
    RationaleIn,
    SatisfyIn,
    SubmitComplaintIn,
)
from api.procurement.service import award_problems as problems
from api.procurement.service import complaints, reviews
from api.reference.calendars import CalendarYearMissing
from api.reference.fx import RateUnknown
from api.rules.complaints import ComplaintStatus

of_tender = access.router("/tenders", "complaints")
router = access.router("/complaints", "complaints")
Read = Annotated[Context, require("tenders:read")]
Complain = Annotated[Context, require("complaints:write")]
Review = Annotated[Context, require("complaints:review")]
Answer = Annotated[Context, require("complaints:answer")]
Resolve = Annotated[Context, require("tenders:write")]
_CHANGED = (Conflict, PreconditionFailed, PublicationInvalid)
_REVIEWED = documented(problems.NotTheReviewer, CalendarYearMissing, *_CHANGED)


@of_tender.post(
    "/{tender_id}/complaints",
    status_code=201,
    response_model=ComplaintOut,
    responses=documented(
        problems.NoStanding,
        problems.ComplaintWindowClosed,
        service.PolicyNotFrozen,
        CalendarYearMissing,
        RateUnknown,
    ),
)
def create(tender_id: TenderId, data: ComplaintIn, ctx: Complain) -> ComplaintOut:
    """Draft a complaint that you alone see, within the window of what it is about."""
    complaint = complaints.draft(
        ctx.session, author_id=ctx.org_id, tender_id=tender_id, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/complaints/{ids.show('complaint', complaint.id)}"
    return _shown(ctx, complaint)


@of_tender.get("/{tender_id}/complaints", response_model=Page[ComplaintSummary])
def list_of_tender(tender_id: TenderId, ctx: Read, page: PageDep) -> Page[Any]:
    """Submitted complaints about a tender, its awards and its cancellation, and your drafts."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    rows, cursor = complaints.list_complaints(
        ctx.session, page, org_id=ctx.org_id, tender_id=tender.id
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("", response_model=Page[ComplaintSummary])
def list(ctx: Read, page: PageDep, status: ComplaintStatus | None = None) -> Page[Any]:
    """Every submitted complaint, and your drafts, newest first."""
    rows, cursor = complaints.list_complaints(ctx.session, page, org_id=ctx.org_id, status=status)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{complaint_id}", response_model=ComplaintOut)
def get(complaint_id: ComplaintId, ctx: Read) -> ComplaintOut:
    """One complaint with what was decided and what followed."""
    return _shown(ctx, complaints.get(ctx.session, org_id=ctx.org_id, complaint_id=complaint_id))


@router.post(
    "/{complaint_id}/submit",
    response_model=ComplaintOut,
    responses=documented(
        problems.ComplaintWindowClosed,
        problems.FeeUnpaid,
        problems.NoStanding,
        CalendarYearMissing,
        *_CHANGED,
    ),
)
def submit(complaint_id: ComplaintId, data: SubmitComplaintIn, ctx: Complain) -> ComplaintOut:
    """Hand a draft in: from now on it is public, and holds up what it is about."""
    _, complaint = _own(ctx, complaint_id)
    complaints.submit(ctx.session, complaint, actor=ctx.actor, fee_reference=data.fee_reference)
    return _shown(ctx, complaint)


@router.post(
    "/{complaint_id}/discard", response_model=ComplaintOut, responses=documented(*_CHANGED)
)
def discard(complaint_id: ComplaintId, ctx: Complain) -> ComplaintOut:
    """Give a draft up."""
    _, complaint = _own(ctx, complaint_id)
    complaints.discard(ctx.session, complaint, actor=ctx.actor)
    return _shown(ctx, complaint)


@router.post("/{complaint_id}/withdraw", response_model=ComplaintOut, responses=_REVIEWED)
def withdraw(complaint_id: ComplaintId, data: RationaleIn, ctx: Complain) -> ComplaintOut:
    """Take an accepted complaint of yours back: its review stops."""
    tender, complaint = _own(ctx, complaint_id)
    reviews.stop(
        ctx.session,
        tender,
        complaint,
        org_id=ctx.org_id,
        actor=ctx.actor,
        rationale=data.rationale,
    )
    return _shown(ctx, complaint)


@router.post("/{complaint_id}/accept", response_model=ComplaintOut, responses=_REVIEWED)
def accept(complaint_id: ComplaintId, data: RationaleIn, ctx: Review) -> ComplaintOut:
    """Take a pending complaint for review; from now on you decide it."""
    _, complaint = _held(ctx, complaint_id)
    reviews.accept(
        ctx.session,
        complaint,
        reviewer_id=ctx.org_id,
        actor=ctx.actor,
        rationale=data.rationale,
    )
    return _shown(ctx, complaint)


@router.post("/{complaint_id}/invalidate", response_model=ComplaintOut, responses=_REVIEWED)
def invalidate(complaint_id: ComplaintId, data: RationaleIn, ctx: Review) -> ComplaintOut:
    """Leave a pending complaint without review."""
    tender, complaint = _held(ctx, complaint_id)
    reviews.invalidate(
        ctx.session,
        tender,
        complaint,
        reviewer_id=ctx.org_id,
        actor=ctx.actor,
        rationale=data.rationale,
    )
    return _shown(ctx, complaint)


@router.post("/{complaint_id}/decline", response_model=ComplaintOut, responses=_REVIEWED)
def decline(complaint_id: ComplaintId, data: RationaleIn, ctx: Review) -> ComplaintOut:
    """Find a complaint unfounded; what it held up goes on."""
    tender, complaint = _held(ctx, complaint_id)
    reviews.decline(
        ctx.session,
        tender,
        complaint,
        reviewer_id=ctx.org_id,
        actor=ctx.actor,
        rationale=data.rationale,
    )
    return _shown(ctx, complaint)


@router.post("/{complaint_id}/satisfy", response_model=ComplaintOut, responses=_REVIEWED)
def satisfy(complaint_id: ComplaintId, data: SatisfyIn, ctx: Review) -> ComplaintOut:
    """Find a complaint right; the effects are carried out at once, all of them or none."""
    tender, complaint = _held(ctx, complaint_id)
    reviews.satisfy(
        ctx.session,
        tender,
        complaint,
        reviewer_id=ctx.org_id,
        actor=ctx.actor,
        rationale=data.rationale,
        effects=data.effects,
    )
    return _shown(ctx, complaint)


@router.post("/{complaint_id}/stop", response_model=ComplaintOut, responses=_REVIEWED)
def stop(complaint_id: ComplaintId, data: RationaleIn, ctx: Review) -> ComplaintOut:
    """End a review without a finding."""
    tender, complaint = _held(ctx, complaint_id)
    reviews.stop(
        ctx.session,
        tender,
        complaint,
        org_id=ctx.org_id,
        actor=ctx.actor,
        rationale=data.rationale,
    )
    return _shown(ctx, complaint)


@router.post(
    "/{complaint_id}/resolve",
    response_model=ComplaintOut,
    responses=documented(problems.EffectOutstanding, *_CHANGED),
)
def resolve(complaint_id: ComplaintId, data: RationaleIn, ctx: Resolve) -> ComplaintOut:
    """Report that what was decided about your tender is done."""
    tender, complaint = _held(ctx, complaint_id)
    if complaint.buyer_id != ctx.org_id:
        raise NotFound
    reviews.resolve(ctx.session, tender, complaint, actor=ctx.actor, rationale=data.rationale)
    return _shown(ctx, complaint)


@router.post(
    "/{complaint_id}/posts",
    status_code=201,
    response_model=PostOut,
    responses=documented(Conflict, PreconditionFailed),
)
def post(complaint_id: ComplaintId, data: PostIn, ctx: Answer) -> ComplaintPost:
    """Write to the reviewer as a side, or to a side as the reviewer."""
    _, complaint = _held(ctx, complaint_id)
    return complaints.post(ctx.session, complaint, author_id=ctx.org_id, actor=ctx.actor, data=data)


@router.get("/{complaint_id}/posts", response_model=Page[PostOut])
def posts(complaint_id: ComplaintId, ctx: Read) -> Page[Any]:
    """The letters about a complaint, for its sides and its reviewer, in order."""
    complaint = complaints.get(ctx.session, org_id=ctx.org_id, complaint_id=complaint_id)
    if ctx.org_id not in (complaint.complainant_id, complaint.buyer_id, complaint.reviewer_id):
        raise NotFound
    rows = complaints.posts(ctx.session, complaint)
    return Page(items=[*rows], has_more=False, next_cursor=None)


def _held(ctx: Context, complaint_id: ComplaintId) -> tuple[Tender, Complaint]:
    tender, complaint = complaints.hold(ctx.session, org_id=ctx.org_id, complaint_id=complaint_id)
    ctx.check_version(complaint)
    return tender, complaint


def _own(ctx: Context, complaint_id: ComplaintId) -> tuple[Tender, Complaint]:
    tender, complaint = _held(ctx, complaint_id)
    if complaint.complainant_id != ctx.org_id:
        raise NotFound
    return tender, complaint


def _shown(ctx: Context, complaint: Complaint) -> ComplaintOut:
    decisions, effects = complaints.outcome(ctx.session, complaint)
    ctx.tag(complaint)
    return ComplaintOut.model_validate(
        {
            **complaint.model_dump(),
            "kg_status": complaint.kg_status,
            "decisions": [DecisionOut.model_validate(row) for row in decisions],
            "effects": [EffectOut.model_validate(row) for row in effects],
        }
    )
