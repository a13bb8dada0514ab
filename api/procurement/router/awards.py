"""Routes of awards."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import Conflict, PreconditionFailed, PublicationInvalid
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.debarments import SupplierDebarred
from api.matching import standings
from api.matching.schemas import PerformanceWarningOut
from api.matching.standings import SupplierBelowPolicy
from api.procurement import service
from api.procurement.models import Award, Tender
from api.procurement.schemas import TenderId, TenderOut
from api.procurement.schemas.awards import AwardId, AwardIn, AwardOut, AwardReasonIn
from api.procurement.schemas.ids import LotId
from api.procurement.service import award_problems as problems
from api.procurement.service import award_queries, awards
from api.procurement.service.framework_problems import CallOffRefused, CeilingExceeded
from api.reference.calendars import CalendarYearMissing
from api.rules.scorecards import Act

of_tender = access.router("/tenders", "awards")
router = access.router("/awards", "awards")
Read = Annotated[Context, require("tenders:read")]
Conclude = Annotated[Context, require("awards:write", if_match=True)]
Decide = Annotated[Context, require("awards:write", if_match=True, key=True)]
Propose = Annotated[Context, require("awards:write", key=True)]
_CHANGED = (Conflict, PreconditionFailed, PublicationInvalid)
_DECIDED = documented(
    problems.FourEyes,
    problems.AwardNotProposed,
    problems.AwardPending,
    problems.BetterRanked,
    CallOffRefused,
    SupplierDebarred,
    SupplierBelowPolicy,
    CalendarYearMissing,
    *_CHANGED,
)


@of_tender.post(
    "/{tender_id}/awards",
    status_code=201,
    response_model=AwardOut,
    responses=documented(
        problems.AwardPending,
        problems.NoBidLeft,
        problems.LotNotEvaluated,
        CallOffRefused,
        CeilingExceeded,
        SupplierBelowPolicy,
        Conflict,
    ),
)
def propose_lot(tender_id: TenderId, data: AwardIn, ctx: Propose) -> AwardOut:
    """Propose to award a lot of your tender to its first ranked bid."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    award = awards.propose(
        ctx.session, tender, actor=ctx.actor, lot_id=data.lot_id, reason=data.reason
    )
    ctx.headers["Location"] = f"/v1/awards/{ids.show('award', award.id)}"
    return _warned(ctx, award)


@of_tender.get("/{tender_id}/awards", response_model=Page[AwardOut])
def list(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """Every award of a tender, those that fell too, in the order in which they were made."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    rows = award_queries.list_awards(ctx.session, tender_id=tender.id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@of_tender.post(
    "/{tender_id}/lots/{lot_id}/conclude",
    response_model=TenderOut,
    responses=documented(problems.LotUndecided),
)
def conclude(tender_id: TenderId, lot_id: LotId, ctx: Conclude) -> Tender:
    """End a lot that no bid is left for as unsuccessful, after standstills and complaints."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    awards.require_conclusion(ctx.session, tender, lot_id, actor=ctx.actor)
    ctx.tag(tender)
    return tender


@router.get("/{award_id}", response_model=AwardOut)
def get(award_id: AwardId, ctx: Read) -> Award:
    """One award."""
    award = award_queries.get(ctx.session, award_id)
    ctx.tag(award)
    return award


@router.post(
    "/{award_id}/propose",
    response_model=AwardOut,
    responses=documented(SupplierBelowPolicy, CallOffRefused, CeilingExceeded, *_CHANGED),
)
def propose(award_id: AwardId, data: AwardReasonIn, ctx: Decide) -> AwardOut:
    """Propose an award that the ranking has put forward after another one fell."""
    tender, award = _held(ctx, award_id)
    awards.endorse(ctx.session, tender, award, actor=ctx.actor, reason=data.reason)
    return _warned(ctx, award)


@router.post("/{award_id}/approve", response_model=AwardOut, responses=_DECIDED)
def approve(award_id: AwardId, data: AwardReasonIn, ctx: Decide) -> AwardOut:
    """Award the lot, by other credentials than those that proposed it; the standstill begins."""
    tender, award = _held(ctx, award_id)
    awards.approve(ctx.session, tender, award, actor=ctx.actor, reason=data.reason)
    return _warned(ctx, award)


@router.post("/{award_id}/reject", response_model=AwardOut, responses=_DECIDED)
def reject(award_id: AwardId, data: AwardReasonIn, ctx: Decide) -> Award:
    """Refuse the lot to the bid, by other credentials; the next ranked bid is put forward."""
    tender, award = _held(ctx, award_id)
    awards.reject(ctx.session, tender, award, actor=ctx.actor, reason=data.reason)
    ctx.tag(award)
    return award


def _held(ctx: Context, award_id: AwardId) -> tuple[Tender, Award]:
    tender, award = awards.hold(ctx.session, buyer_id=ctx.org_id, award_id=award_id)
    ctx.check_version(award)
    return tender, award


def _warned(ctx: Context, award: Award) -> AwardOut:
    ctx.tag(award)
    found = standings.findings(
        ctx.session, buyer_id=ctx.org_id, seller_ids=award.suppliers, act=Act.AWARD
    )
    warnings = [PerformanceWarningOut.model_validate(each) for each in found]
    shown = AwardOut.model_validate(award)
    return shown.model_copy(update={"performance_warnings": warnings})
