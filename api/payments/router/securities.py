"""Routes of securities of bids and contracts, and of decisions to keep them."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response

from api.contracts.schemas import ContractId
from api.core import ids
from api.core.errors import Conflict, PreconditionFailed
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.links import BYTES, Part, requested_part
from api.payments.models import Security, SecurityForfeiture
from api.payments.problems import PayeeUnfit
from api.payments.schemas.securities import (
    ContractSecurityIn,
    ForfeitureIn,
    ForfeitureOut,
    ForfeiturePayoutIn,
    HeldSecurityOut,
    ReturnAccountIn,
    SecurityId,
    SecurityIn,
    SecurityReasonIn,
)
from api.payments.service import (
    bid_securities,
    forfeiture_payouts,
    forfeitures,
    papers,
    performance_securities,
    securities,
    security_queries,
)
from api.payments.service import security_problems as problems
from api.procurement.router import documents
from api.procurement.schemas.ids import BidId, TenderId
from api.rules.permissions import OrgRole

of_bid = access.router("/bids", "securities")
of_contract = access.router("/contracts", "securities")
router = access.router("/securities", "securities")
Read = Annotated[Context, require("securities:read")]
Give = Annotated[Context, require("securities:write", key=True)]
Back = Annotated[Context, require("securities:return", if_match=True)]
Decide = Annotated[Context, require("securities:forfeit", if_match=True)]
Contest = Annotated[Context, require("securities:write", if_match=True)]
Review = Annotated[Context, require("securities:review", if_match=True)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_CHANGED = (Conflict, PreconditionFailed)
_GIVEN = (
    problems.SecurityNotAsked,
    problems.SecuritiesNotHeld,
    problems.SecurityExists,
    problems.RailUnfit,
    PayeeUnfit,
    FileWithheld,
)


@of_bid.post(
    "/{bid_id}/security",
    status_code=201,
    response_model=HeldSecurityOut,
    responses=documented(*_GIVEN, problems.SecurityTooLate),
)
def give_for_bid(bid_id: BidId, data: SecurityIn, ctx: Give) -> Security:
    """Give the security that the tender asks of your bid. Nobody but you sees it until the bid is
    opened."""
    given = bid_securities.give(
        ctx.session, org_id=ctx.org_id, bid_id=bid_id, data=data, actor=ctx.actor
    )
    return _given(ctx, given)


@of_contract.post(
    "/{contract_id}/securities",
    status_code=201,
    response_model=HeldSecurityOut,
    responses=documented(*_GIVEN),
)
def give_for_contract(contract_id: ContractId, data: ContractSecurityIn, ctx: Give) -> Security:
    """Give a security for a contract of yours, as its supplier."""
    given = performance_securities.give(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, data=data, actor=ctx.actor
    )
    return _given(ctx, given)


@router.get("", response_model=Page[HeldSecurityOut])
def list(
    ctx: Read,
    page: PageDep,
    tender_id: Annotated[TenderId | None, Query()] = None,
    bid_id: Annotated[BidId | None, Query()] = None,
    contract_id: Annotated[ContractId | None, Query()] = None,
) -> Page[Any]:
    """Securities that you gave, or that stand for your tenders and contracts: those of bids once the
    bids are opened. Newest first."""
    rows, cursor = security_queries.list_securities(
        ctx.session,
        org_id=ctx.org_id,
        page=page,
        reviews=_reviews(ctx),
        tender_id=tender_id,
        bid_id=bid_id,
        contract_id=contract_id,
    )
    return Page(items=rows, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{security_id}", response_model=HeldSecurityOut)
def get(security_id: SecurityId, ctx: Read) -> Security:
    """One security."""
    return _shown(ctx, _seen(ctx, security_id))


@router.post(
    "/{security_id}/return", response_model=HeldSecurityOut, responses=documented(*_CHANGED)
)
def give_back(security_id: SecurityId, ctx: Back) -> Security:
    """Let a security go back now: as the payer, while it is not held; as the beneficiary, when it
    is held. It is on its way once the workers have seen to it."""
    held = security_queries.hold(ctx.session, org_id=ctx.org_id, security_id=security_id)
    ctx.check_version(held)
    return _shown(ctx, securities.let_go(ctx.session, held, org_id=ctx.org_id, actor=ctx.actor))


@router.put(
    "/{security_id}/payee-account",
    response_model=HeldSecurityOut,
    responses=documented(PayeeUnfit, *_CHANGED),
)
def name_account(security_id: SecurityId, data: ReturnAccountIn, ctx: Contest) -> Security:
    """Say to which other account of yours the money goes back. A return that failed is tried again."""
    held = _held(ctx, security_id, payer=True)
    named = securities.rename_account(ctx.session, held, data.payee_account_id, actor=ctx.actor)
    return _shown(ctx, named)


@router.post(
    "/{security_id}/forfeitures",
    status_code=201,
    response_model=ForfeitureOut,
    responses=documented(problems.ForfeiturePending, PayeeUnfit, FileWithheld, *_CHANGED),
)
def propose_forfeiture(
    security_id: SecurityId, data: ForfeitureIn, ctx: Decide
) -> SecurityForfeiture:
    """Propose to keep a security, with the ground, the reason and the decision's document. Nothing is
    kept before another person approves it and the time to contest it is over."""
    held = _held(ctx, security_id, beneficiary=True)
    return forfeitures.propose(ctx.session, held, org_id=ctx.org_id, data=data, actor=ctx.actor)


@router.get("/{security_id}/forfeitures", response_model=Page[ForfeitureOut])
def list_forfeitures(security_id: SecurityId, ctx: Read) -> Page[Any]:
    """The decisions to keep a security, in order."""
    rows = forfeitures.of(ctx.session, _seen(ctx, security_id))
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get(
    "/{security_id}/forfeitures/{number}/document",
    response_class=Response,
    responses={
        200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def forfeiture_document(
    security_id: SecurityId,
    number: Number,
    ctx: Read,
    part: Annotated[Part, Depends(requested_part)],
) -> Response:
    """The bytes of the document that says why a security is kept."""
    found = forfeitures.numbered(ctx.session, _seen(ctx, security_id), number)
    return documents.sent(ctx, papers.shown(ctx.session, found.document_id), part)


@router.post(
    "/{security_id}/forfeitures/{number}/approve",
    response_model=ForfeitureOut,
    responses=documented(problems.SameDecider, problems.GuaranteeEnds, *_CHANGED),
)
def approve_forfeiture(security_id: SecurityId, number: Number, ctx: Decide) -> SecurityForfeiture:
    """Decide to keep a security, as another person than proposed it; it can be contested now."""
    held = _held(ctx, security_id, beneficiary=True)
    return forfeitures.approve(ctx.session, held, number=number, actor=ctx.actor)


@router.post(
    "/{security_id}/forfeitures/{number}/withdraw",
    response_model=ForfeitureOut,
    responses=documented(*_CHANGED),
)
def withdraw_forfeiture(
    security_id: SecurityId, number: Number, data: SecurityReasonIn, ctx: Decide
) -> SecurityForfeiture:
    """Give up a decision that is not executed."""
    held = _held(ctx, security_id, beneficiary=True)
    return forfeitures.withdraw(
        ctx.session, held, number=number, actor=ctx.actor, reason=data.reason
    )


@router.post(
    "/{security_id}/forfeitures/{number}/contest",
    response_model=ForfeitureOut,
    responses=documented(problems.ContestOver, *_CHANGED),
)
def contest_forfeiture(
    security_id: SecurityId, number: Number, data: SecurityReasonIn, ctx: Contest
) -> SecurityForfeiture:
    """Say in time, as the payer, why your security must not be kept: the reviewers decide."""
    held = _held(ctx, security_id, payer=True)
    return forfeitures.contest(
        ctx.session, held, number=number, actor=ctx.actor, reason=data.reason
    )


@router.post(
    "/{security_id}/forfeitures/{number}/uphold",
    response_model=ForfeitureOut,
    responses=documented(*_CHANGED),
)
def uphold_forfeiture(
    security_id: SecurityId, number: Number, data: SecurityReasonIn, ctx: Review
) -> SecurityForfeiture:
    """Decide, as the reviewers, that a security is kept."""
    held = _held(ctx, security_id, reviews=True)
    return forfeitures.review(
        ctx.session, held, number=number, action="uphold", actor=ctx.actor, reason=data.reason
    )


@router.post(
    "/{security_id}/forfeitures/{number}/annul",
    response_model=ForfeitureOut,
    responses=documented(*_CHANGED),
)
def annul_forfeiture(
    security_id: SecurityId, number: Number, data: SecurityReasonIn, ctx: Review
) -> SecurityForfeiture:
    """Decide, as the reviewers, that a security is not kept."""
    held = _held(ctx, security_id, reviews=True)
    return forfeitures.review(
        ctx.session, held, number=number, action="annul", actor=ctx.actor, reason=data.reason
    )


@router.post(
    "/{security_id}/forfeitures/{number}/payout",
    response_model=ForfeitureOut,
    responses=documented(PayeeUnfit, *_CHANGED),
)
def pay_forfeiture(
    security_id: SecurityId, number: Number, data: ForfeiturePayoutIn, ctx: Decide
) -> SecurityForfeiture:
    """Have what you kept paid to this account: where none was named, or a payment has failed."""
    held = _held(ctx, security_id, beneficiary=True)
    forfeiture = forfeitures.numbered(ctx.session, held, number)
    forfeiture_payouts.request(ctx.session, held, forfeiture, data.payee_account_id)
    return forfeiture


def _seen(ctx: Context, security_id: SecurityId) -> Security:
    return security_queries.get(
        ctx.session, org_id=ctx.org_id, security_id=security_id, reviews=_reviews(ctx)
    )


def _held(
    ctx: Context,
    security_id: SecurityId,
    *,
    payer: bool = False,
    beneficiary: bool = False,
    reviews: bool = False,
) -> Security:
    held = security_queries.hold(
        ctx.session,
        org_id=ctx.org_id,
        security_id=security_id,
        payer=payer,
        beneficiary=beneficiary,
        reviews=reviews,
    )
    ctx.check_version(held)
    return held


def _reviews(ctx: Context) -> bool:
    return ctx.has_role(OrgRole.REVIEWER)


def _given(ctx: Context, security: Security) -> Security:
    ctx.headers["Location"] = f"/v1/securities/{ids.show('security', security.id)}"
    return _shown(ctx, security)


def _shown(ctx: Context, security: Security) -> Security:
    ctx.tag(security)
    return security
