"""Routes of the register of unreliable suppliers."""

from typing import Annotated, Any

from fastapi import Query

from api.core import db, ids
from api.core.errors import Conflict, InvalidCursor, PreconditionFailed
from api.core.http import PageDep, documented, public_router
from api.core.inputs import IsoDate
from api.core.pages import Page
from api.identity import access, debarments
from api.identity.access import Context, require
from api.identity.debarment_schemas import (
    ConfirmDebarmentIn,
    DebarmentId,
    DebarmentIn,
    DebarmentOut,
    DebarmentReasonIn,
)
from api.identity.models import DebarmentRecord
from api.identity.schemas import OrganisationId
from api.rules import permissions
from api.rules.debarments import DebarmentStatus

router = access.router("/debarments", "debarments")
public = public_router("/public/debarments", "debarments")
Read = Annotated[Context, require("organisation:read")]
Decide = Annotated[Context, require("debarments:decide")]
OnDay = Annotated[IsoDate | None, Query(description="Those that debar on this day")]
_DECIDED = documented(Conflict, PreconditionFailed)


@public.get("", response_model=Page[DebarmentOut], responses=documented(InvalidCursor))
def list_public(
    page: PageDep, organisation: OrganisationId | None = None, on: OnDay = None
) -> Page[DebarmentOut]:
    """The register: who is or was debarred, by which act, and when; newest first."""
    with db.unit_of_work() as session:
        rows, cursor = debarments.list_records(
            session, page, org_id=None, organisation=organisation, on=on
        )
        items = [DebarmentOut.model_validate(row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("", response_model=Page[DebarmentOut])
def list(
    ctx: Read,
    page: PageDep,
    organisation: OrganisationId | None = None,
    status: DebarmentStatus | None = None,
    on: OnDay = None,
) -> Page[Any]:
    """The register, with the proposals that concern you or that you may decide; newest first."""
    rows, cursor = debarments.list_records(
        ctx.session,
        page,
        org_id=ctx.org_id,
        decides=_decides(ctx),
        organisation=organisation,
        status=status,
        on=on,
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post("", status_code=201, response_model=DebarmentOut)
def enter(data: DebarmentIn, ctx: Decide) -> DebarmentRecord:
    """Enter an organisation by an act."""
    record = debarments.enter(ctx.session, decider=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/debarments/{ids.show('debarment', record.id)}"
    ctx.tag(record)
    return record


@router.get("/{debarment_id}", response_model=DebarmentOut)
def get(debarment_id: DebarmentId, ctx: Read) -> DebarmentRecord:
    """One entry."""
    record = debarments.get(ctx.session, debarment_id, org_id=ctx.org_id, decides=_decides(ctx))
    ctx.tag(record)
    return record


@router.post("/{debarment_id}/confirm", response_model=DebarmentOut, responses=_DECIDED)
def confirm(debarment_id: DebarmentId, data: ConfirmDebarmentIn, ctx: Decide) -> DebarmentRecord:
    """Make a proposed entry, by an act."""
    record = _held(ctx, debarment_id)
    debarments.confirm(ctx.session, record, decider=ctx.org_id, actor=ctx.actor, data=data)
    ctx.tag(record)
    return record


@router.post("/{debarment_id}/reject", response_model=DebarmentOut, responses=_DECIDED)
def reject(debarment_id: DebarmentId, data: DebarmentReasonIn, ctx: Decide) -> DebarmentRecord:
    """Decide that a proposed entry is not made."""
    record = _held(ctx, debarment_id)
    debarments.reject(ctx.session, record, decider=ctx.org_id, actor=ctx.actor, reason=data.reason)
    ctx.tag(record)
    return record


@router.post("/{debarment_id}/lift", response_model=DebarmentOut, responses=_DECIDED)
def lift(debarment_id: DebarmentId, data: DebarmentReasonIn, ctx: Decide) -> DebarmentRecord:
    """End an entry early: from today on it debars nobody."""
    record = _held(ctx, debarment_id)
    debarments.lift(ctx.session, record, actor=ctx.actor, reason=data.reason)
    ctx.tag(record)
    return record


def _held(ctx: Context, debarment_id: DebarmentId) -> DebarmentRecord:
    record = debarments.lock(ctx.session, debarment_id)
    ctx.check_version(record)
    return record


def _decides(ctx: Context) -> bool:
    return permissions.allowed(
        "debarments:decide", granted=ctx.caller.scopes, org_roles=ctx.caller.org_roles
    )
