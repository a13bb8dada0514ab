"""Routes of proposed changes of products."""

from typing import Annotated, Any

from fastapi import Query

from api.catalog import changes, products
from api.catalog.change_models import ProductChange
from api.catalog.change_schemas import (
    ChangeId,
    ChangeQuery,
    ChangeReviewIn,
    ProductChangeIn,
    ProductChangeOut,
)
from api.catalog.changes import ChangeReviewedAlone, ChangeStale, OtherGoods
from api.catalog.types import ProductId
from api.core import pages
from api.core.errors import AlreadyExists, Conflict, InvalidCursor, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require

router = access.router("", "product-changes")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]


@router.post(
    "/products/{product_id}/changes",
    status_code=201,
    response_model=ProductChangeOut,
    responses=documented(AlreadyExists, OtherGoods),
)
def propose(product_id: ProductId, data: ProductChangeIn, ctx: Write) -> Any:
    """Propose a change of a product, yours or the same goods as you sell, by GTIN; a colleague of
    its owner decides."""
    product = products.get(ctx.session, product_id)
    return _shown(ctx, changes.propose(ctx.session, ctx.org_id, ctx.actor, product, data))


@router.get(
    "/product-changes",
    response_model=Page[ProductChangeOut],
    responses=documented(InvalidCursor),
)
def list(ctx: Read, wanted: Annotated[ChangeQuery, Query()]) -> Page[Any]:
    """Changes of your products, and those that you proposed; newest first."""
    query = changes.own(ctx.org_id)
    if wanted.status is not None:
        query = query.where(ProductChange.status == wanted.status)
    rows, cursor = pages.newest_first(
        ctx.session,
        query,
        ProductChange,
        wanted,
        scope=f"product-changes:{ctx.org_id}",
        filters={"status": wanted.status},
    )
    items = changes.shown(ctx.session, [*rows])
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/product-changes/{product_change_id}", response_model=ProductChangeOut)
def get(product_change_id: ChangeId, ctx: Read) -> Any:
    """A change of a product of yours, or one that you proposed."""
    return _shown(ctx, changes.get(ctx.session, ctx.org_id, product_change_id))


@router.post(
    "/product-changes/{product_change_id}/approve",
    response_model=ProductChangeOut,
    responses=documented(Conflict, ChangeReviewedAlone, ChangeStale, PreconditionFailed),
)
def approve(product_change_id: ChangeId, data: ChangeReviewIn, ctx: Write) -> Any:
    """Make a change of a product of yours that somebody else has proposed."""
    change, product = _to_decide(ctx, product_change_id)
    return _shown(ctx, changes.approve(ctx.session, change, product, ctx.actor, data.reason))


@router.post(
    "/product-changes/{product_change_id}/reject",
    response_model=ProductChangeOut,
    responses=documented(Conflict, ChangeReviewedAlone, PreconditionFailed),
)
def reject(product_change_id: ChangeId, data: ChangeReviewIn, ctx: Write) -> Any:
    """Leave a product of yours as it is, for a reason."""
    change, product = _to_decide(ctx, product_change_id)
    return _shown(ctx, changes.reject(ctx.session, change, product, ctx.actor, data.reason))


@router.post(
    "/product-changes/{product_change_id}/withdraw",
    response_model=ProductChangeOut,
    responses=documented(Conflict, PreconditionFailed),
)
def withdraw(product_change_id: ChangeId, ctx: Write) -> Any:
    """Take back a change that you proposed."""
    change = changes.locked(ctx.session, product_change_id, proposer_id=ctx.org_id)
    ctx.check_version(change)
    return _shown(ctx, changes.withdraw(ctx.session, change, ctx.actor))


def _to_decide(ctx: Context, product_change_id: ChangeId) -> tuple[ProductChange, Any]:
    """A change with its product, both locked, the product first: as whoever changes it does."""
    found = changes.get(ctx.session, ctx.org_id, product_change_id)
    product = products.locked(ctx.session, ctx.org_id, found.product_id)
    ctx.session.refresh(product)
    change = changes.locked(ctx.session, product_change_id, org_id=ctx.org_id)
    ctx.session.refresh(change)
    ctx.check_version(change)
    return change, product


def _shown(ctx: Context, change: ProductChange) -> dict[str, Any]:
    ctx.tag(change)
    (found,) = changes.shown(ctx.session, [change])
    return found
