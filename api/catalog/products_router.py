"""Routes of products."""

from typing import Annotated, Any

from api.catalog import completeness, products
from api.catalog.models import Product
from api.catalog.product_schemas import CompletenessOut, ProductIn, ProductOut, ProductPatch
from api.catalog.reviews import ChangeNeedsReview
from api.catalog.types import ProductId
from api.core import pages, resource_metadata
from api.core.errors import PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.core.resource_metadata import Metadata
from api.identity import access
from api.identity.access import Context, require
from api.rules.completeness_texts import said

router = access.router("/products", "products")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]


@router.get("", response_model=Page[ProductOut])
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """Your own products, newest first."""
    rows, cursor = pages.newest_first(
        ctx.session,
        products.own(ctx.org_id),
        Product,
        page,
        scope=f"products:{ctx.org_id}",
        filters={},
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post("", status_code=201, response_model=ProductOut)
def create(data: ProductIn, ctx: Write) -> Product:
    """Add a product to your catalogue."""
    product = products.create(ctx.session, ctx.org_id, ctx.actor, data)
    ctx.tag(product)
    return product


@router.get("/{product_id}", response_model=ProductOut)
def get(product_id: ProductId, ctx: Read) -> Product:
    """A product of yours, or one that is actively offered."""
    product = products.get(ctx.session, product_id)
    ctx.tag(product)
    return product


@router.get("/{product_id}/completeness", response_model=CompletenessOut)
def get_completeness(product_id: ProductId, ctx: Read) -> dict[str, Any]:
    """How complete a product of yours is, from 0 to 100, and what to add next."""
    product = products.own_one(ctx.session, ctx.org_id, product_id)
    found = completeness.of(ctx.session, product)
    gaps = [
        {"aspect": g.aspect, "points": g.points, "missing": g.missing, "texts": said(g)}
        for g in found.gaps
    ]
    return {"score": found.score, "gaps": gaps}


@router.get("/{product_id}/metadata", response_model=dict[str, str])
def get_metadata(product_id: ProductId, ctx: Read) -> dict[str, str]:
    """What your own systems have noted on it; nobody else sees that."""
    products.get(ctx.session, product_id)
    return resource_metadata.read(
        ctx.session, org_id=ctx.org_id, resource="product", resource_id=product_id
    )


@router.put("/{product_id}/metadata", response_model=dict[str, str])
def put_metadata(product_id: ProductId, data: Metadata, ctx: Read) -> dict[str, str]:
    """Note something on it in place of all that was: at most 50 keys. It is no part of the
    resource, so whoever may read it may note."""
    products.get(ctx.session, product_id)
    return resource_metadata.replace(
        ctx.session,
        org_id=ctx.org_id,
        resource="product",
        resource_id=product_id,
        values=data.root,
    )


@router.patch(
    "/{product_id}",
    response_model=ProductOut,
    responses=documented(ChangeNeedsReview, PreconditionFailed),
)
def update(product_id: ProductId, data: ProductPatch, ctx: Write) -> Product:
    """Change a product. `null` empties a field; fields that are left out stay. What is reviewed in
    listed goods of its category is refused: propose it."""
    product = products.locked(ctx.session, ctx.org_id, product_id)
    ctx.check_version(product)
    products.update(ctx.session, product, ctx.actor, data)
    ctx.tag(product)
    return product
