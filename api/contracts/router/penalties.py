"""Routes of late delivery: alerts, excuses, the arithmetic of damages, claims."""

from typing import Annotated, Any

from fastapi import Path, Response

from api.contracts import claims, damages, due, execution, terms
from api.contracts import execution_problems as problems
from api.contracts.models import Contract, ContractPenalty, DeliveryExcuse, LdClaim
from api.contracts.schemas import ContractId
from api.contracts.schemas.penalties import (
    AlertOut,
    ClaimReasonIn,
    ExcuseIn,
    ExcuseOut,
    LdClaimOut,
    PenaltyTermsOut,
)
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.reference.calendars import CalendarYearMissing
from api.rules.contracts import Side

router = access.router("/contracts", "penalties")
Read = Annotated[Context, require("contracts:read")]
Claim = Annotated[Context, require("claims:write")]
Demand = Annotated[Context, require("claims:write", key=True)]
Answer = Annotated[Context, require("claims:answer")]
Agree = Annotated[Context, require("claims:answer", key=True)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_CHANGED = (Conflict, PreconditionFailed)
_COMPUTED = (problems.NoPenaltyTerms, problems.PriceUnknown, CalendarYearMissing)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.get(
    "/{contract_id}/penalty-terms",
    response_model=PenaltyTermsOut,
    responses=documented(problems.NoPenaltyTerms),
)
def get_terms(contract_id: ContractId, ctx: Read) -> ContractPenalty:
    """What a contract of yours says of late delivery."""
    return terms.frozen(ctx.session, _party(ctx, contract_id))


@router.get(
    "/{contract_id}/penalty",
    response_class=Response,
    responses={**_FILE, **documented(*_COMPUTED)},
)
def compute(contract_id: ContractId, ctx: Read) -> Response:
    """The arithmetic of the damages as the facts stand now (kerben-penalty/1); recompute it with
    `kerben verify penalty`."""
    return _sent(damages.file(ctx.session, _party(ctx, contract_id)))


@router.get("/{contract_id}/delivery-alerts", response_model=Page[AlertOut])
def list_alerts(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """Which rows of the schedule were at risk or late, in the order in which it was told."""
    return _page(due.alerts(ctx.session, _party(ctx, contract_id)))


@router.post(
    "/{contract_id}/excuses",
    status_code=201,
    response_model=ExcuseOut,
    responses=documented(Conflict),
)
def submit_excuse(contract_id: ContractId, data: ExcuseIn, ctx: Answer) -> DeliveryExcuse:
    """Name days that are not yours as the supplier, with the paper that proves it."""
    contract = _held(ctx, contract_id, Side.SUPPLIER)
    return claims.submit_excuse(
        ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, data=data
    )


@router.get("/{contract_id}/excuses", response_model=Page[ExcuseOut])
def list_excuses(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The excuses of a contract, in order."""
    return _page(claims.excuses(ctx.session, _party(ctx, contract_id)))


@router.post(
    "/{contract_id}/excuses/{number}/accept",
    response_model=ExcuseOut,
    responses=documented(Conflict),
)
def accept_excuse(contract_id: ContractId, number: Number, ctx: Claim) -> DeliveryExcuse:
    """Let an excuse count, as the buyer."""
    contract = _held(ctx, contract_id, Side.BUYER)
    return claims.decide_excuse(
        ctx.session, contract, number=number, actor=ctx.actor, action="accept", reason=None
    )


@router.post(
    "/{contract_id}/excuses/{number}/refuse",
    response_model=ExcuseOut,
    responses=documented(Conflict),
)
def refuse_excuse(
    contract_id: ContractId, number: Number, data: ClaimReasonIn, ctx: Claim
) -> DeliveryExcuse:
    """Refuse an excuse as the buyer, with the reason."""
    contract = _held(ctx, contract_id, Side.BUYER)
    return claims.decide_excuse(
        ctx.session, contract, number=number, actor=ctx.actor, action="refuse", reason=data.reason
    )


@router.post(
    "/{contract_id}/ld-claims",
    status_code=201,
    response_model=LdClaimOut,
    responses=documented(*_COMPUTED, problems.ClaimOpen, problems.NothingDue),
)
def draft(contract_id: ContractId, ctx: Claim) -> LdClaim:
    """Draw a claim for liquidated damages up from the facts, as the buyer."""
    contract = _held(ctx, contract_id, Side.BUYER)
    return _shown(ctx, claims.draft(ctx.session, contract, actor=ctx.actor))


@router.get("/{contract_id}/ld-claims", response_model=Page[LdClaimOut])
def list(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The claims of a contract, in order."""
    return _page(claims.claims(ctx.session, _party(ctx, contract_id)))


@router.get("/{contract_id}/ld-claims/{number}", response_model=LdClaimOut)
def get(contract_id: ContractId, number: Number, ctx: Read) -> LdClaim:
    """One claim."""
    contract = _party(ctx, contract_id)
    return _shown(ctx, claims.claim_of(ctx.session, contract, number))


@router.get(
    "/{contract_id}/ld-claims/{number}/file",
    response_class=Response,
    responses=_FILE,
)
def file(contract_id: ContractId, number: Number, ctx: Read) -> Response:
    """The arithmetic of a claim, as it was drafted; its SHA-256 stands in the claim."""
    contract = _party(ctx, contract_id)
    return _sent(claims.claim_of(ctx.session, contract, number).file)


@router.post(
    "/{contract_id}/ld-claims/{number}/raise",
    response_model=LdClaimOut,
    responses=documented(problems.SameAuthor, problems.FactsChanged, *_COMPUTED, *_CHANGED),
)
def raise_claim(contract_id: ContractId, number: Number, ctx: Demand) -> LdClaim:
    """Put a claim to the supplier, by other credentials than drafted it."""
    contract, claim = _claim(ctx, contract_id, number, Side.BUYER)
    return _shown(ctx, claims.raise_(ctx.session, contract, claim, actor=ctx.actor))


@router.post(
    "/{contract_id}/ld-claims/{number}/contest",
    response_model=LdClaimOut,
    responses=documented(*_CHANGED),
)
def contest(contract_id: ContractId, number: Number, data: ClaimReasonIn, ctx: Answer) -> LdClaim:
    """Say as the supplier why a claim is wrong."""
    contract, claim = _claim(ctx, contract_id, number, Side.SUPPLIER)
    claims.contest(ctx.session, contract, claim, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, claim)


@router.post(
    "/{contract_id}/ld-claims/{number}/agree",
    response_model=LdClaimOut,
    responses=documented(*_CHANGED),
)
def agree(contract_id: ContractId, number: Number, ctx: Agree) -> LdClaim:
    """Accept a claim as the supplier, contested before or not."""
    contract, claim = _claim(ctx, contract_id, number, Side.SUPPLIER)
    return _shown(ctx, claims.agree(ctx.session, contract, claim, actor=ctx.actor))


@router.post(
    "/{contract_id}/ld-claims/{number}/waive",
    response_model=LdClaimOut,
    responses=documented(problems.SameAuthor, *_CHANGED),
)
def waive(contract_id: ContractId, number: Number, data: ClaimReasonIn, ctx: Demand) -> LdClaim:
    """Give a claim up as the buyer, by other credentials than drafted it."""
    contract, claim = _claim(ctx, contract_id, number, Side.BUYER)
    claims.waive(ctx.session, contract, claim, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, claim)


def _party(ctx: Context, contract_id: ContractId) -> Contract:
    return execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)


def _held(ctx: Context, contract_id: ContractId, side: Side) -> Contract:
    """The contract, which may be over: claims follow its end."""
    _, contract = execution.hold(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, side=side, in_force=False
    )
    return contract


def _claim(
    ctx: Context, contract_id: ContractId, number: int, side: Side
) -> tuple[Contract, LdClaim]:
    contract = _held(ctx, contract_id, side)
    claim = claims.claim_of(ctx.session, contract, number)
    ctx.check_version(claim)
    return contract, claim


def _shown(ctx: Context, claim: LdClaim) -> LdClaim:
    ctx.tag(claim)
    return claim


def _sent(text: bytes) -> Response:
    return Response(text, media_type="application/json")


def _page(rows: Any) -> Page[Any]:
    return Page(items=[*rows], has_more=False, next_cursor=None)
