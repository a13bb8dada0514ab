"""Routes of likely duplicates."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from api.catalog import products
from api.catalog.types import ProductId
from api.core import pages
from api.core.errors import AlreadyExists, Conflict, InvalidCursor, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.core.rate_limits import limited
from api.identity import access
from api.identity.access import Context, require
from api.matching import duplicates
from api.matching.duplicate_models import ProductDuplicate
from api.matching.duplicate_schemas import (
    DuplicateId,
    DuplicateQuery,
    ProductDuplicateOut,
    ProductJoinIn,
    ProductJoinOut,
)
from api.matching.duplicates import JoinedElsewhere
from api.rules.duplicates import DuplicateStatus
from api.rules.permissions import OrgRole

router = access.router("", "product-duplicates")
Read = Annotated[Context, require("offers:read")]
Judge = Annotated[Context, require("duplicates:judge")]
Join = Annotated[Context, require("duplicates:join")]


@router.post("/products/{product_id}/find-duplicates", response_model=Sequence[ProductDuplicateOut])
@limited("search")
def find(product_id: ProductId, ctx: Annotated[Context, require("offers:write")]) -> Any:
    """Look at once for products of yours that a product of yours, new or still a draft, is likely
    the same as; the likeliest first."""
    product = products.own_one(ctx.session, ctx.org_id, product_id)
    duplicates.find(ctx.session, [product.id], within=ctx.org_id)
    query = duplicates.of_product(duplicates.visible(ctx.org_id, operator=False), product.id)
    found = ctx.session.exec(query.where(ProductDuplicate.status == DuplicateStatus.FOUND)).all()
    likeliest = sorted(found, key=lambda each: (-each.score, each.id))
    return duplicates.shown(ctx.session, likeliest)


@router.get(
    "/product-duplicates",
    response_model=Page[ProductDuplicateOut],
    responses=documented(InvalidCursor),
)
def list(ctx: Read, wanted: Annotated[DuplicateQuery, Query()]) -> Page[Any]:
    """Products of yours that are likely the same, newest first; for the operator, also products of
    different sellers."""
    query = duplicates.visible(ctx.org_id, operator=_operator(ctx))
    if wanted.status is not None:
        query = query.where(ProductDuplicate.status == wanted.status)
    if wanted.product_id is not None:
        query = duplicates.of_product(query, wanted.product_id)
    rows, cursor = pages.newest_first(
        ctx.session,
        query,
        ProductDuplicate,
        wanted,
        scope=f"product-duplicates:{ctx.org_id}",
        filters={"status": wanted.status, "product_id": wanted.product_id},
    )
    items = duplicates.shown(ctx.session, rows)
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/product-duplicates/{product_duplicate_id}", response_model=ProductDuplicateOut)
def get(product_duplicate_id: DuplicateId, ctx: Read) -> Any:
    """Two products that are likely the same, and why."""
    pair = duplicates.get(ctx.session, ctx.org_id, product_duplicate_id, operator=_operator(ctx))
    return _shown(ctx, pair)


@router.post(
    "/product-duplicates/{product_duplicate_id}/dismiss",
    response_model=ProductDuplicateOut,
    responses=documented(Conflict, PreconditionFailed),
)
def dismiss(product_duplicate_id: DuplicateId, ctx: Judge) -> Any:
    """Say that the two are not the same; they are not shown as `found` again."""
    pair = _locked(ctx, product_duplicate_id)
    return _shown(ctx, duplicates.dismiss(ctx.session, ctx.org_id, ctx.actor, pair))


@router.post(
    "/product-duplicates/{product_duplicate_id}/restore",
    response_model=ProductDuplicateOut,
    responses=documented(Conflict, PreconditionFailed),
)
def restore(product_duplicate_id: DuplicateId, ctx: Judge) -> Any:
    """Take back that the two are not the same, or that they were proposed to be joined; changes that
    nobody has decided are withdrawn."""
    pair = _locked(ctx, product_duplicate_id)
    return _shown(ctx, duplicates.restore(ctx.session, ctx.org_id, ctx.actor, pair))


@router.post(
    "/product-duplicates/{product_duplicate_id}/propose",
    response_model=ProductJoinOut,
    responses=documented(Conflict, AlreadyExists, JoinedElsewhere, PreconditionFailed),
)
def propose(product_duplicate_id: DuplicateId, data: ProductJoinIn, ctx: Join) -> Any:
    """Propose to the owners of the two to join them to one master product; each decides of its own."""
    pair = _locked(ctx, product_duplicate_id)
    proposed = duplicates.propose(ctx.session, ctx.org_id, ctx.actor, pair, data.cause)
    ctx.tag(pair)
    return {
        "id": pair.id,
        "status": pair.status,
        "product_change_ids": [each.id for each in proposed],
    }


def _operator(ctx: Context) -> bool:
    return ctx.has_role(OrgRole.OPERATOR)


def _locked(ctx: Context, pair_id: DuplicateId) -> ProductDuplicate:
    pair = duplicates.locked(ctx.session, ctx.org_id, pair_id, operator=_operator(ctx))
    ctx.check_version(pair)
    return pair


def _shown(ctx: Context, pair: ProductDuplicate) -> dict[str, Any]:
    ctx.tag(pair)
    (found,) = duplicates.shown(ctx.session, [pair])
    return found
