"""Routes of suspensions and the appeals against them."""

from typing import Annotated, Any

from fastapi import Query

from api.core import ids
from api.core.errors import Conflict, NotFound
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.models import SuspensionAppeal
from api.identity.schemas import OrganisationId
from api.identity.schemas.suspensions import (
    AppealId,
    AppealIn,
    AppealOut,
    AppealOutcome,
    SuspensionDecisionIn,
    SuspensionOut,
)
from api.identity.service import suspensions
from api.identity.service.suspensions import AppealOpen, DecidedAlone
from api.rules.permissions import OrgRole
from api.rules.suspensions import AppealStatus

router = access.router("/appeals", "appeals")
of_organisation = access.router("/organisations", "organisations")
Read = Annotated[Context, require("organisation:read")]
Write = Annotated[Context, require("organisation:write")]
Decide = Annotated[Context, require("organisations:admin", if_match=True)]


@of_organisation.get("/{organisation_id}/suspensions", response_model=Page[SuspensionOut])
def list_suspensions(organisation_id: OrganisationId, ctx: Read) -> Page[Any]:
    """When and why an organisation was suspended, newest first: for itself and the operator."""
    if organisation_id != ctx.org_id and not _operates(ctx):
        raise NotFound
    rows = suspensions.list_suspensions(ctx.session, organisation_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post(
    "",
    status_code=201,
    response_model=AppealOut,
    responses=documented(AppealOpen, Conflict),
)
def file(data: AppealIn, ctx: Write) -> SuspensionAppeal:
    """Appeal against the suspension of your organisation."""
    filed = suspensions.appeal(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, statement=data.statement
    )
    ctx.headers["Location"] = f"/v1/appeals/{ids.show('appeal', filed.id)}"
    ctx.tag(filed)
    return filed


@router.get("", response_model=Page[AppealOut])
def list(
    ctx: Read, page: PageDep, status: Annotated[AppealStatus | None, Query()] = None
) -> Page[Any]:
    """Your appeals, newest first; for the operator those of all."""
    rows, cursor = suspensions.list_appeals(
        ctx.session, page, org_id=None if _operates(ctx) else ctx.org_id, status=status
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "/{appeal_id}/decide",
    response_model=AppealOut,
    responses=documented(DecidedAlone, Conflict),
)
def decide(appeal_id: AppealId, data: SuspensionDecisionIn, ctx: Decide) -> SuspensionAppeal:
    """Decide an appeal, as another person of the operator than the one who suspended; upheld, it
    ends the suspension."""
    filed = suspensions.lock(ctx.session, appeal_id)
    ctx.check_version(filed)
    suspensions.decide(
        ctx.session,
        filed,
        upheld=data.outcome is AppealOutcome.UPHELD,
        actor=ctx.actor,
        reason=data.reason,
    )
    ctx.tag(filed)
    return filed


def _operates(ctx: Context) -> bool:
    return ctx.has_role(OrgRole.OPERATOR)
