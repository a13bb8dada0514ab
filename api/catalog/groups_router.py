"""Routes of groups of variants."""

from typing import Annotated, Any

from api.catalog import groups
from api.catalog.group_schemas import (
    ProductGroupDetail,
    ProductGroupIn,
    ProductGroupOut,
    VariantsIn,
)
from api.catalog.models import ProductGroup
from api.catalog.types import GroupId
from api.core import pages
from api.core.errors import PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require

router = access.router("/product-groups", "product-groups")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]


@router.get("", response_model=Page[ProductGroupOut])
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """Your own groups, newest first."""
    rows, cursor = pages.newest_first(
        ctx.session,
        groups.own(ctx.org_id),
        ProductGroup,
        page,
        scope=f"product-groups:{ctx.org_id}",
        filters={},
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post("", status_code=201, response_model=ProductGroupDetail)
def create(data: ProductGroupIn, ctx: Write) -> dict[str, Any]:
    """Make a group and a product for each of its variants, which are then offered one by one."""
    group = groups.create(ctx.session, ctx.org_id, ctx.actor, data)
    ctx.tag(group)
    return groups.shown(ctx.session, group)


@router.get("/{group_id}", response_model=ProductGroupDetail)
def get(group_id: GroupId, ctx: Read) -> dict[str, Any]:
    """A group of yours, or one of which something is offered, with what of it you may see."""
    group = groups.get(ctx.session, group_id)
    ctx.tag(group)
    return groups.shown(ctx.session, group)


@router.post(
    "/{group_id}/variants",
    status_code=201,
    response_model=ProductGroupDetail,
    responses=documented(PreconditionFailed),
)
def add(group_id: GroupId, data: VariantsIn, ctx: Write) -> dict[str, Any]:
    """Add variants to a group of yours; all of them, or none."""
    group = groups.locked(ctx.session, ctx.org_id, group_id)
    ctx.check_version(group)
    groups.add(ctx.session, group, ctx.actor, data)
    ctx.tag(group)
    return groups.shown(ctx.session, group)
