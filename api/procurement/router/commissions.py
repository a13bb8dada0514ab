"""Routes of the commission: members, declarations, scores, decisions about bids, minutes."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists, Conflict
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement.models import (
    CommissionMember,
    Disqualification,
    EvaluationMinutes,
    Lot,
    PreferenceDecision,
    PriceJustification,
    Tender,
)
from api.procurement.router.evaluations import own
from api.procurement.schemas import TenderId
from api.procurement.schemas.commissions import (
    CommissionMemberIn,
    CommissionMemberOut,
    ConflictDeclarationIn,
    DisqualificationIn,
    DisqualificationOut,
    JustificationAnswerIn,
    JustificationDecisionIn,
    JustificationId,
    JustificationIn,
    JustificationOut,
    MinutesId,
    MinutesIn,
    MinutesOut,
    PreferenceIn,
    PreferenceOut,
    RevocationIn,
    ScoresIn,
    SheetOut,
)
from api.procurement.schemas.ids import LotId
from api.procurement.service import (
    commissions,
    decisions,
    evaluations,
    minutes,
    queries,
    scores,
)
from api.procurement.service import evaluation_problems as problems

router = access.router("", "commissions")
Read = Annotated[Context, require("evaluations:read")]
Write = Annotated[Context, require("evaluations:write")]
Answer = Annotated[Context, require("justifications:answer")]
_MEMBERS = (problems.ConflictUndeclared, problems.ConflictDeclared)
_JUDGING = (*_MEMBERS, problems.BidsNotOpened)
_LOT = "/tenders/{tender_id}/lots/{lot_id}"


@router.post(
    "/tenders/{tender_id}/commission-members",
    status_code=201,
    response_model=CommissionMemberOut,
    responses=documented(AlreadyExists, problems.BidsNotOpened),
)
def appoint(tender_id: TenderId, data: CommissionMemberIn, ctx: Write) -> CommissionMember:
    """Put a person into the commission of your tender. From then on only members who declared
    no conflict of interest see opened bids and decide about them."""
    return commissions.appoint(ctx.session, own(ctx, tender_id), caller=ctx.caller, data=data)


@router.get("/tenders/{tender_id}/commission-members", response_model=Page[CommissionMemberOut])
def list_members(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The commission of your tender with its declarations."""
    return _page(commissions.members(ctx.session, own(ctx, tender_id).id))


@router.post(
    "/tenders/{tender_id}/conflict-declarations",
    response_model=CommissionMemberOut,
    responses=documented(Conflict),
)
def declare(tender_id: TenderId, data: ConflictDeclarationIn, ctx: Write) -> CommissionMember:
    """Declare, as a member, whether you have a conflict of interest; with one you are excluded."""
    return commissions.declare(ctx.session, own(ctx, tender_id), caller=ctx.caller, data=data)


@router.post(
    f"{_LOT}/scores",
    response_model=list[SheetOut],
    responses=documented(problems.ScoresSubmitted, *_JUDGING),
)
def score(tender_id: TenderId, lot_id: LotId, data: ScoresIn, ctx: Write) -> list[dict[str, Any]]:
    """Give points to bids, as a member. Until you submit them, only you see them."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    scores.enter(ctx.session, tender, lot, caller=ctx.caller, data=data)
    return _sheets(ctx, tender, lot)


@router.post(
    f"{_LOT}/scores/submit",
    response_model=list[SheetOut],
    responses=documented(problems.ScoresSubmitted, problems.ScoresMissing, *_JUDGING),
)
def submit_scores(tender_id: TenderId, lot_id: LotId, ctx: Write) -> list[dict[str, Any]]:
    """Make your points for a lot final."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    scores.submit(ctx.session, tender, lot, caller=ctx.caller)
    return _sheets(ctx, tender, lot)


@router.get(f"{_LOT}/scores", response_model=list[SheetOut], responses=documented(*_MEMBERS))
def list_scores(tender_id: TenderId, lot_id: LotId, ctx: Read) -> list[dict[str, Any]]:
    """Your own points; everybody's once every member has submitted."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    return _sheets(ctx, tender, lot)


@router.post(
    f"{_LOT}/disqualifications",
    status_code=201,
    response_model=DisqualificationOut,
    responses=documented(AlreadyExists, *_JUDGING),
)
def disqualify(
    tender_id: TenderId, lot_id: LotId, data: DisqualificationIn, ctx: Write
) -> Disqualification:
    """Leave a bid unranked in a lot, for reasons that stay in the evaluation file."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    return decisions.disqualify(ctx.session, tender, lot, caller=ctx.caller, data=data)


@router.post(
    f"{_LOT}/disqualifications/revoke",
    response_model=DisqualificationOut,
    responses=documented(*_JUDGING),
)
def revoke(tender_id: TenderId, lot_id: LotId, data: RevocationIn, ctx: Write) -> Disqualification:
    """Take a disqualification back; that there was one stays on record."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    return decisions.revoke(ctx.session, tender, lot, caller=ctx.caller, bid_id=data.bid_id)


@router.get(
    "/tenders/{tender_id}/disqualifications",
    response_model=Page[DisqualificationOut],
    responses=documented(*_MEMBERS),
)
def list_disqualifications(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The disqualifications in your tender, revoked ones too."""
    tender = own(ctx, tender_id)
    commissions.require_cleared(ctx.session, tender, ctx.caller)
    return _page(decisions.disqualifications(ctx.session, tender))


@router.post(
    f"{_LOT}/preference-decisions",
    response_model=PreferenceOut,
    responses=documented(Conflict, *_JUDGING),
)
def decide_preference(
    tender_id: TenderId, lot_id: LotId, data: PreferenceIn, ctx: Write
) -> PreferenceDecision:
    """Accept or refuse a claim of domestic manufacture. It concerns the rank, never the price."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    return decisions.decide_preference(ctx.session, tender, lot, caller=ctx.caller, data=data)


@router.post(
    f"{_LOT}/price-justifications",
    status_code=201,
    response_model=JustificationOut,
    responses=documented(problems.NotAbnormallyLow, AlreadyExists, *_JUDGING),
)
def request_justification(
    tender_id: TenderId, lot_id: LotId, data: JustificationIn, ctx: Write
) -> PriceJustification:
    """Ask a supplier to explain a price that the draft of the evaluation says is abnormally low."""
    tender, lot = _lot(ctx, tender_id, lot_id)
    return decisions.request_justification(ctx.session, tender, lot, caller=ctx.caller, data=data)


@router.get(
    "/tenders/{tender_id}/price-justifications",
    response_model=Page[JustificationOut],
    responses=documented(*_MEMBERS),
)
def list_justifications(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """Questions about low prices: a buyer's own tender's, a supplier's own."""
    tender = queries.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    if tender.buyer_id == ctx.org_id:
        commissions.require_cleared(ctx.session, tender, ctx.caller)
    return _page(decisions.justifications(ctx.session, org_id=ctx.org_id, tender=tender))


@router.post(
    "/price-justifications/{justification_id}/answer",
    response_model=JustificationOut,
    responses=documented(problems.AnswerLate, Conflict),
)
def answer_justification(
    justification_id: JustificationId, data: JustificationAnswerIn, ctx: Answer
) -> PriceJustification:
    """Explain your price, before the time that the question names."""
    return decisions.answer(
        ctx.session, caller=ctx.caller, justification_id=justification_id, data=data
    )


@router.post(
    "/tenders/{tender_id}/price-justifications/{justification_id}/accept",
    response_model=JustificationOut,
    responses=documented(problems.AnswerAwaited, Conflict, *_JUDGING),
)
def accept_justification(
    tender_id: TenderId,
    justification_id: JustificationId,
    data: JustificationDecisionIn,
    ctx: Write,
) -> PriceJustification:
    """Let a low price stand."""
    return _decide(ctx, tender_id, justification_id, "accept", data)


@router.post(
    "/tenders/{tender_id}/price-justifications/{justification_id}/reject",
    response_model=JustificationOut,
    responses=documented(problems.AnswerAwaited, Conflict, *_JUDGING),
)
def reject_justification(
    tender_id: TenderId,
    justification_id: JustificationId,
    data: JustificationDecisionIn,
    ctx: Write,
) -> PriceJustification:
    """Leave a bid unranked, because its price is abnormally low and the explanation does not
    account for it."""
    return _decide(ctx, tender_id, justification_id, "reject", data)


@router.post(
    "/tenders/{tender_id}/minutes",
    status_code=201,
    response_model=MinutesOut,
    responses=documented(*_MEMBERS),
)
def record_minutes(tender_id: TenderId, data: MinutesIn, ctx: Write) -> dict[str, Any]:
    """Record what was decided; it is signed with the evaluations as they stand."""
    tender = own(ctx, tender_id)
    row = minutes.record(ctx.session, tender, caller=ctx.caller, data=data)
    return _minutes(ctx, tender, row)


@router.get(
    "/tenders/{tender_id}/minutes",
    response_model=Page[MinutesOut],
    responses=documented(*_MEMBERS),
)
def list_minutes(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The minutes of your tender with their approvals."""
    tender = own(ctx, tender_id)
    commissions.require_cleared(ctx.session, tender, ctx.caller)
    return _page([_minutes(ctx, tender, row) for row in minutes.of_tender(ctx.session, tender)])


@router.post(
    "/tenders/{tender_id}/minutes/{minutes_id}/approve",
    response_model=MinutesOut,
    responses=documented(AlreadyExists, *_MEMBERS),
)
def approve_minutes(tender_id: TenderId, minutes_id: MinutesId, ctx: Write) -> dict[str, Any]:
    """Stand by minutes, as a member."""
    tender = own(ctx, tender_id)
    row = minutes.approve(ctx.session, tender, caller=ctx.caller, minutes_id=minutes_id)
    return _minutes(ctx, tender, row)


def _lot(ctx: Context, tender_id: TenderId, lot_id: LotId) -> tuple[Tender, Lot]:
    tender = own(ctx, tender_id)
    return tender, evaluations.lot_of(tender, lot_id)


def _decide(
    ctx: Context,
    tender_id: TenderId,
    justification_id: JustificationId,
    action: str,
    data: JustificationDecisionIn,
) -> PriceJustification:
    return decisions.decide_justification(
        ctx.session,
        own(ctx, tender_id),
        caller=ctx.caller,
        justification_id=justification_id,
        action=action,
        data=data,
    )


def _sheets(ctx: Context, tender: Tender, lot: Lot) -> list[dict[str, Any]]:
    return [
        {**sheet.model_dump(), "member": member, "scores": points}
        for sheet, member, points in scores.shown(ctx.session, tender, lot, ctx.caller)
    ]


def _minutes(ctx: Context, tender: Tender, row: EvaluationMinutes) -> dict[str, Any]:
    approvals = minutes.approvals(ctx.session, tender).get(row.id, [])
    return {**row.model_dump(), "approvals": approvals}


def _page(rows: Any) -> Page[Any]:
    return Page(items=[*rows], has_more=False, next_cursor=None)
