"""Routes of bank guarantees."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response

from api.core.errors import Conflict, PreconditionFailed
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.links import BYTES, Part, requested_part
from api.payments.models import Guarantee, GuaranteeAmendment
from api.payments.schemas.guarantees import (
    AmendmentIn,
    DemandIn,
    GuaranteeAmendmentOut,
    GuaranteeId,
    GuaranteeOut,
    GuaranteeReasonIn,
    PaidIn,
    VerificationIn,
)
from api.payments.service import guarantee_amendments as amendments
from api.payments.service import guarantees, papers, security_queries
from api.payments.service import security_problems as problems
from api.procurement.router import documents
from api.rules.guarantees import GuaranteeStatus
from api.rules.permissions import OrgRole

router = access.router("/guarantees", "guarantees")
Read = Annotated[Context, require("guarantees:read")]
Give = Annotated[Context, require("guarantees:write", key=True)]
Verify = Annotated[Context, require("guarantees:verify", if_match=True)]
Call = Annotated[Context, require("guarantees:call", if_match=True)]
Treasury = Annotated[Context, require("guarantees:settle", if_match=True, key=True)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_CHANGED = (Conflict, PreconditionFailed)


@router.get("", response_model=Page[GuaranteeOut])
def list(
    ctx: Read, page: PageDep, status: Annotated[GuaranteeStatus | None, Query()] = None
) -> Page[Any]:
    """Guarantees of yours as applicant or beneficiary, newest first; that of a bid is shown to its
    beneficiary once the bid is opened. The operator sees all of them, and not what they secure."""
    rows, cursor = security_queries.list_guarantees(
        ctx.session, org_id=ctx.org_id, page=page, treasury=_treasury(ctx), status=status
    )
    return Page(items=rows, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{guarantee_id}", response_model=GuaranteeOut)
def get(guarantee_id: GuaranteeId, ctx: Read) -> Guarantee:
    """One guarantee."""
    found = security_queries.get_guarantee(
        ctx.session, org_id=ctx.org_id, guarantee_id=guarantee_id, treasury=_treasury(ctx)
    )
    return _shown(ctx, found)


@router.get(
    "/{guarantee_id}/document",
    response_class=Response,
    responses={
        200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def document(
    guarantee_id: GuaranteeId, ctx: Read, part: Annotated[Part, Depends(requested_part)]
) -> Response:
    """The bytes of a guarantee's paper."""
    found = security_queries.get_guarantee(
        ctx.session, org_id=ctx.org_id, guarantee_id=guarantee_id, treasury=_treasury(ctx)
    )
    return documents.sent(ctx, papers.shown(ctx.session, found.document_id), part)


@router.post("/{guarantee_id}/accept", response_model=GuaranteeOut, responses=documented(*_CHANGED))
def accept(guarantee_id: GuaranteeId, data: VerificationIn, ctx: Verify) -> Guarantee:
    """The guarantor has confirmed it. That of a bid is verified by the operator's treasury, any other
    by its beneficiary."""
    found = _held(ctx, guarantee_id, verifies=True)
    return _shown(ctx, guarantees.accept(ctx.session, found, actor=ctx.actor, data=data))


@router.post("/{guarantee_id}/refuse", response_model=GuaranteeOut, responses=documented(*_CHANGED))
def refuse(guarantee_id: GuaranteeId, data: GuaranteeReasonIn, ctx: Verify) -> Guarantee:
    """The guarantor has not confirmed it, or not so."""
    found = _held(ctx, guarantee_id, verifies=True)
    refused = guarantees.refuse(ctx.session, found, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, refused)


@router.post(
    "/{guarantee_id}/amendments",
    status_code=201,
    response_model=GuaranteeAmendmentOut,
    responses=documented(Conflict, problems.AmendmentOpen, FileWithheld),
)
def submit_amendment(guarantee_id: GuaranteeId, data: AmendmentIn, ctx: Give) -> GuaranteeAmendment:
    """Lay an amendment of the guarantor before the verifying side, as the applicant."""
    found = _held(ctx, guarantee_id, verifies=False)
    return amendments.submit(ctx.session, found, data=data, actor=ctx.actor)


@router.get("/{guarantee_id}/amendments", response_model=Page[GuaranteeAmendmentOut])
def list_amendments(guarantee_id: GuaranteeId, ctx: Read) -> Page[Any]:
    """The amendments of a guarantee, in order."""
    found = security_queries.get_guarantee(
        ctx.session, org_id=ctx.org_id, guarantee_id=guarantee_id, treasury=_treasury(ctx)
    )
    rows = amendments.of(ctx.session, found)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post(
    "/{guarantee_id}/amendments/{number}/accept",
    response_model=GuaranteeAmendmentOut,
    responses=documented(*_CHANGED),
)
def accept_amendment(guarantee_id: GuaranteeId, number: Number, ctx: Verify) -> GuaranteeAmendment:
    """Put an amendment in force, as the verifying side."""
    found = _held(ctx, guarantee_id, verifies=True)
    return amendments.decide(ctx.session, found, number=number, action="accept", actor=ctx.actor)


@router.post(
    "/{guarantee_id}/amendments/{number}/refuse",
    response_model=GuaranteeAmendmentOut,
    responses=documented(*_CHANGED),
)
def refuse_amendment(
    guarantee_id: GuaranteeId, number: Number, data: GuaranteeReasonIn, ctx: Verify
) -> GuaranteeAmendment:
    """Refuse an amendment, as the verifying side: the guarantee stays as it is."""
    found = _held(ctx, guarantee_id, verifies=True)
    return amendments.decide(
        ctx.session,
        found,
        number=number,
        action="refuse",
        actor=ctx.actor,
        reason=data.reason,
    )


@router.post(
    "/{guarantee_id}/call",
    response_model=GuaranteeOut,
    responses=documented(problems.GuaranteeEnds, FileWithheld, *_CHANGED),
)
def call(guarantee_id: GuaranteeId, data: DemandIn, ctx: Call) -> Guarantee:
    """Demand payment again, as the beneficiary, after the guarantor has rejected the demand that the
    decision to keep the security led to."""
    found = security_queries.hold_forfeited(
        ctx.session, org_id=ctx.org_id, guarantee_id=guarantee_id
    )
    ctx.check_version(found)
    called = guarantees.demand(ctx.session, found, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, called)


@router.post(
    "/{guarantee_id}/reject-demand", response_model=GuaranteeOut, responses=documented(*_CHANGED)
)
def reject_demand(guarantee_id: GuaranteeId, data: GuaranteeReasonIn, ctx: Treasury) -> Guarantee:
    """The guarantor has rejected the demand: the guarantee stands as before. For the operator."""
    found = security_queries.hold_called(ctx.session, guarantee_id)
    ctx.check_version(found)
    rejected = guarantees.reject_demand(ctx.session, found, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, rejected)


@router.post("/{guarantee_id}/pay", response_model=GuaranteeOut, responses=documented(*_CHANGED))
def pay(guarantee_id: GuaranteeId, data: PaidIn, ctx: Treasury) -> Guarantee:
    """The guarantor's money has come to the bank account of the platform: it is booked as owed to
    the beneficiary. For the operator."""
    found = security_queries.hold_called(ctx.session, guarantee_id)
    ctx.check_version(found)
    return _shown(ctx, guarantees.pay(ctx.session, found, actor=ctx.actor, amount=data.amount))


def _held(ctx: Context, guarantee_id: GuaranteeId, *, verifies: bool) -> Guarantee:
    found = security_queries.hold_guarantee(
        ctx.session,
        org_id=ctx.org_id,
        guarantee_id=guarantee_id,
        treasury=_treasury(ctx),
        verifies=verifies,
    )
    if verifies:
        ctx.check_version(found)
    return found


def _treasury(ctx: Context) -> bool:
    return ctx.has_role(OrgRole.OPERATOR)


def _shown(ctx: Context, found: Guarantee) -> Guarantee:
    ctx.tag(found)
    return found
