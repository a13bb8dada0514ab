"""Routes of the texts of products: their standing, their review, what a market lacks."""

from typing import Annotated

from fastapi import Query

from api.catalog import products, texts
from api.catalog.models import Product
from api.catalog.text_schemas import (
    LackOut,
    LanguagesOut,
    MarketLanguageOut,
    ReviewIn,
    TextOut,
    TextsOut,
)
from api.catalog.texts import Standing, TextIsSource
from api.catalog.types import Country, ProductId
from api.core import settings
from api.core.errors import PreconditionFailed
from api.core.http import documented
from api.identity import access
from api.identity.access import Context, require
from api.identity.schemas import Language
from api.identity.service import PersonRequired
from api.rules.product_texts import TextField

router = access.router("/products", "products")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]
Market = Annotated[Country, Query(description="Country of ISO 3166-1", examples=["CN"])]


@router.get("/{product_id}/texts", response_model=TextsOut)
def list_texts(product_id: ProductId, ctx: Read) -> TextsOut:
    """The texts of a product, with what each was made from, by what, and who has read it."""
    return _shown(ctx, products.get(ctx.session, product_id))


@router.post(
    "/{product_id}/texts/{field}/{language}/review",
    response_model=TextsOut,
    responses=documented(TextIsSource, PersonRequired, PreconditionFailed),
)
def review_text(
    product_id: ProductId,
    field: TextField,
    language: Language,
    ctx: Write,
    data: ReviewIn | None = None,
) -> TextsOut:
    """Say that a translation was read against its source and is good, or word it better.

    A review is of the wording and of the source as they are: change either, and it is undone. In
    production only a person who has logged in may say so.
    """
    if ctx.caller.visit is None and not settings.get().machines_decide:
        raise PersonRequired
    product = products.locked(ctx.session, ctx.org_id, product_id)
    ctx.check_version(product)
    texts.review(
        ctx.session,
        product,
        ctx.actor,
        field=field,
        language=language,
        text=data.text if data else None,
    )
    ctx.tag(product)
    return _shown(ctx, product)


@router.get("/{product_id}/languages", response_model=LanguagesOut)
def languages(product_id: ProductId, market: Market, ctx: Read) -> LanguagesOut:
    """Which texts a market wants of a product, and which of them lack, are stale or unread."""
    product = products.get(ctx.session, product_id)
    found = texts.for_market(ctx.session, product, market)
    return LanguagesOut(
        product_id=product.id,
        market=market,
        known=bool(found.rows),
        ready=not found.lacks if found.rows else None,
        required=[MarketLanguageOut.model_validate(r, from_attributes=True) for r in found.rows],
        lacks=[LackOut(field=f, language=lang, reason=why) for f, lang, why in found.lacks],
    )


def _shown(ctx: Context, product: Product) -> TextsOut:
    own = product.org_id == ctx.org_id
    found = texts.standings(ctx.session, product)
    return TextsOut(
        product_id=product.id,
        version=product.version,
        items=[_text(standing, own) for standing in found],
    )


def _text(standing: Standing, own: bool) -> TextOut:
    note = standing.note
    return TextOut(
        field=standing.field,
        language=standing.language,
        text=standing.text,
        origin=standing.origin,
        status=standing.status,
        made_from=note.source_language if note else None,
        engine=note.engine if note else None,
        engine_version=note.engine_version if note else None,
        coverage=note.coverage if note else None,
        reviewed_at=note.reviewed_at if note else None,
        reviewed_by=note.reviewed_by if note and own else None,
    )
