"""Routes of export permissions."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from api.channels.models import ExportPermission
from api.channels.schemas.markets import (
    ExportPermissionId,
    ExportPermissionIn,
    ExportPermissionOut,
    PermissionRefusalIn,
    PermissionVerificationIn,
)
from api.channels.service import permissions
from api.channels.service.permissions import PermissionLapsed
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.links import BYTES, Part, requested_part
from api.payments.service import papers
from api.procurement.router import documents
from api.rules.markets import PermissionStatus
from api.rules.permissions import OrgRole

router = access.router("/export-permissions", "export-permissions")
Read = Annotated[Context, require("export_permissions:read")]
Write = Annotated[Context, require("export_permissions:write")]
Withdraw = Annotated[Context, require("export_permissions:write", if_match=True)]
Verify = Annotated[Context, require("export_permissions:verify", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed)


@router.get("", response_model=Page[ExportPermissionOut])
def list(
    ctx: Read, page: PageDep, status: Annotated[PermissionStatus | None, Query()] = None
) -> Page[Any]:
    """Your own permissions, newest first; the operator sees those of everybody."""
    rows, cursor = permissions.list_permissions(
        ctx.session, page, org_id=ctx.org_id, operator=_operator(ctx), status=status
    )
    items = [_told(ctx, row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=ExportPermissionOut,
    responses=documented(AlreadyExists, FileWithheld),
)
def create(data: ExportPermissionIn, ctx: Write) -> ExportPermissionOut:
    """Enter what an authority has allowed you; it counts once the operator has verified it."""
    return _shown(ctx, permissions.enter(ctx.session, ctx.org_id, ctx.actor, data))


@router.get("/{permission_id}", response_model=ExportPermissionOut)
def get(permission_id: ExportPermissionId, ctx: Read) -> ExportPermissionOut:
    """One permission, and what it is worth today."""
    return _shown(ctx, _found(ctx, permission_id))


@router.get(
    "/{permission_id}/document",
    response_class=Response,
    responses={
        200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def document(
    permission_id: ExportPermissionId, ctx: Read, part: Annotated[Part, Depends(requested_part)]
) -> Response:
    """The bytes of a permission's paper."""
    found = _found(ctx, permission_id)
    return documents.sent(ctx, papers.shown(ctx.session, found.document_id), part)


@router.post(
    "/{permission_id}/verify",
    response_model=ExportPermissionOut,
    responses=documented(*_CHANGED, PermissionLapsed),
)
def verify(
    permission_id: ExportPermissionId, data: PermissionVerificationIn, ctx: Verify
) -> ExportPermissionOut:
    """Record how the authority has confirmed it (operator, and not who entered it)."""
    found = _held(ctx, permission_id)
    permissions.verify(
        ctx.session, found, org_id=ctx.org_id, actor=ctx.actor, verification=data.verification
    )
    return _shown(ctx, found)


@router.post(
    "/{permission_id}/refuse",
    response_model=ExportPermissionOut,
    responses=documented(*_CHANGED),
)
def refuse(
    permission_id: ExportPermissionId, data: PermissionRefusalIn, ctx: Verify
) -> ExportPermissionOut:
    """The authority does not know it, or knows it no more (operator)."""
    found = _held(ctx, permission_id)
    permissions.refuse(ctx.session, found, org_id=ctx.org_id, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, found)


@router.post(
    "/{permission_id}/withdraw",
    response_model=ExportPermissionOut,
    responses=documented(*_CHANGED),
)
def withdraw(permission_id: ExportPermissionId, ctx: Withdraw) -> ExportPermissionOut:
    """Take a permission of yours back, for good."""
    found = permissions.get(
        ctx.session, permission_id, org_id=ctx.org_id, operator=False, lock=True
    )
    ctx.check_version(found)
    return _shown(ctx, permissions.withdraw(ctx.session, found, actor=ctx.actor))


def _operator(ctx: Context) -> bool:
    return ctx.has_role(OrgRole.OPERATOR)


def _found(ctx: Context, permission_id: ExportPermissionId) -> ExportPermission:
    return permissions.get(ctx.session, permission_id, org_id=ctx.org_id, operator=_operator(ctx))


def _held(ctx: Context, permission_id: ExportPermissionId) -> ExportPermission:
    found = permissions.get(ctx.session, permission_id, org_id=ctx.org_id, operator=True, lock=True)
    ctx.check_version(found)
    return found


def _told(ctx: Context, row: ExportPermission) -> ExportPermissionOut:
    columns = {
        name: getattr(row, name) for name in ExportPermissionOut.model_fields if name != "standing"
    }
    return ExportPermissionOut(**columns, standing=permissions.standing(ctx.session, row))


def _shown(ctx: Context, row: ExportPermission) -> ExportPermissionOut:
    ctx.tag(row)
    return _told(ctx, row)
