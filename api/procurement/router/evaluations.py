"""Routes of evaluations: terms, drafts, files."""

from typing import Annotated, Any

from fastapi import Response

from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement.models import Evaluation, Tender
from api.procurement.schemas import TenderId, TenderOut
from api.procurement.schemas.evaluations import (
    AwardTermsIn,
    AwardTermsOut,
    EvaluationId,
    EvaluationOut,
    EvaluationSummary,
)
from api.procurement.schemas.ids import LotId
from api.procurement.service import (
    commissions,
    evaluation_terms,
    evaluations,
    queries,
    tenders,
)
from api.procurement.service import evaluation_problems as problems
from api.procurement.service.problems import NotDraft

router = access.router("", "evaluations")
Tenders = Annotated[Context, require("tenders:read")]
Change = Annotated[Context, require("tenders:write", if_match=True)]
Read = Annotated[Context, require("evaluations:read")]
Write = Annotated[Context, require("evaluations:write")]
Evaluate = Annotated[Context, require("evaluations:write", if_match=True)]
_COMMISSION = (problems.ConflictUndeclared, problems.ConflictDeclared, problems.BidsNotOpened)
_CHANGED = (Conflict, PreconditionFailed)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file as `kerben verify evaluation` reads it",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.put(
    "/tenders/{tender_id}/award-terms",
    response_model=AwardTermsOut,
    responses=documented(NotDraft, *_CHANGED),
)
def set_terms(tender_id: TenderId, data: AwardTermsIn, ctx: Change) -> dict[str, Any]:
    """Say how the bids of a draft will be compared: criteria with weights, costs, ties, VAT."""
    tender = own(ctx, tender_id)
    ctx.check_version(tender)
    evaluation_terms.set_terms(ctx.session, tender, actor=ctx.actor, data=data)
    ctx.tag(tender)
    return evaluation_terms.shown(ctx.session, tender)


@router.get("/tenders/{tender_id}/award-terms", response_model=AwardTermsOut)
def get_terms(tender_id: TenderId, ctx: Tenders) -> dict[str, Any]:
    """How the bids of a tender are compared, lot by lot; lots without terms by the lowest price."""
    tender = queries.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    ctx.tag(tender)
    return evaluation_terms.shown(ctx.session, tender)


@router.post(
    "/tenders/{tender_id}/lots/{lot_id}/evaluations",
    status_code=201,
    response_model=EvaluationOut,
    responses=documented(problems.ScoresMissing, problems.NotEvaluable, *_COMMISSION, *_CHANGED),
)
def propose(tender_id: TenderId, lot_id: LotId, ctx: Write) -> dict[str, Any]:
    """Compute the ranking of a lot from what is decided now, as a draft. Another person completes
    it; an earlier draft is superseded."""
    tender = own(ctx, tender_id)
    lot = evaluations.lot_of(tender, lot_id)
    return _answer(ctx, evaluations.propose(ctx.session, tender, lot, caller=ctx.caller))


@router.get(
    "/tenders/{tender_id}/evaluations",
    response_model=Page[EvaluationSummary],
    responses=documented(*_COMMISSION[:2]),
)
def list(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The evaluations of your tender, the oldest first."""
    tender = own(ctx, tender_id)
    commissions.require_cleared(ctx.session, tender, ctx.caller)
    rows = evaluations.of_tender(ctx.session, tender)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get(
    "/evaluations/{evaluation_id}",
    response_model=EvaluationOut,
    responses=documented(*_COMMISSION[:2]),
)
def get(evaluation_id: EvaluationId, ctx: Read) -> dict[str, Any]:
    """An evaluation with every figure of its result."""
    return _answer(ctx, _found(ctx, evaluation_id)[1])


@router.get(
    "/evaluations/{evaluation_id}/file",
    response_class=Response,
    responses=_FILE | documented(*_COMMISSION[:2]),
)
def file(evaluation_id: EvaluationId, ctx: Read) -> Response:
    """The evaluation file, byte for byte, from which anybody recomputes the ranking."""
    _, row = _found(ctx, evaluation_id)
    ctx.headers["ETag"] = f'"{row.sha256}"'
    return Response(row.file, media_type="application/json")


@router.post(
    "/evaluations/{evaluation_id}/complete",
    response_model=EvaluationOut,
    responses=documented(
        problems.FourEyes,
        problems.EvaluationStale,
        problems.JustificationAwaited,
        problems.ScoresMissing,
        problems.NotEvaluable,
        *_COMMISSION,
        *_CHANGED,
    ),
)
def complete(evaluation_id: EvaluationId, ctx: Write) -> dict[str, Any]:
    """Make a draft final: by another person than who proposed it. With the last lot the tender's
    evaluation is complete, and its bids are valid or disqualified."""
    tender, row = _found(ctx, evaluation_id)
    ctx.check_version(row)
    return _answer(ctx, evaluations.complete(ctx.session, tender, row, caller=ctx.caller))


@router.post(
    "/tenders/{tender_id}/evaluate-first-package",
    response_model=TenderOut,
    responses=documented(problems.ScoresMissing, *_COMMISSION, *_CHANGED),
)
def evaluate_first_package(tender_id: TenderId, ctx: Evaluate) -> Tender:
    """End the evaluation of technical envelopes; then the price envelopes can be opened."""
    tender = own(ctx, tender_id)
    ctx.check_version(tender)
    evaluations.evaluate_first_package(ctx.session, tender, caller=ctx.caller)
    ctx.tag(tender)
    return tender


def own(ctx: Context, tender_id: TenderId) -> Tender:
    """The caller's own tender, locked, so that decisions about it come one after the other."""
    return tenders.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)


def _found(ctx: Context, evaluation_id: EvaluationId) -> tuple[Tender, Evaluation]:
    """The evaluation and its tender, locked. The row is read again under the lock."""
    row = evaluations.find(ctx.session, org_id=ctx.org_id, evaluation_id=evaluation_id)
    tender = own(ctx, row.tender_id)
    ctx.session.refresh(row)
    commissions.require_cleared(ctx.session, tender, ctx.caller)
    return tender, row


def _answer(ctx: Context, row: Evaluation) -> dict[str, Any]:
    ctx.tag(row)
    return {**row.model_dump(exclude={"file"}), "result": evaluations.document_of(row)["result"]}
