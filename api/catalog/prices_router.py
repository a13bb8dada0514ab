"""Routes of other prices of offers."""

from typing import Annotated, Any

from fastapi import Query

from api.catalog import offers, prices, search
from api.catalog.price_models import PricePoint
from api.catalog.price_schemas import (
    PriceOut,
    PricePointId,
    PricePointIn,
    PricePointOut,
    PriceQuery,
)
from api.catalog.prices import NoPrice
from api.catalog.types import OfferId
from api.core.errors import AlreadyExists
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require

router = access.router("/offers/{offer_id}", "price-points")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]


@router.get("/price-points", response_model=Page[PricePointOut])
def list(offer_id: OfferId, ctx: Read) -> Page[Any]:
    """Other prices of an offer: those for everybody, and those for you alone."""
    search.get(ctx.session, ctx.org_id, offer_id)
    found = prices.listed(ctx.session, ctx.org_id, offer_id)
    return Page(items=[*found], has_more=False, next_cursor=None)


@router.post(
    "/price-points",
    status_code=201,
    response_model=PricePointOut,
    responses=documented(AlreadyExists),
)
def create(offer_id: OfferId, data: PricePointIn, ctx: Write) -> PricePoint:
    """Add prices to an offer of yours, under another rule, at another place, or for one buyer."""
    offer = offers.locked(ctx.session, ctx.org_id, offer_id)
    point = prices.create(ctx.session, offer, ctx.actor, data)
    ctx.tag(point)
    return point


@router.post("/price-points/{price_point_id}/remove", status_code=204)
def remove(offer_id: OfferId, price_point_id: PricePointId, ctx: Write) -> None:
    """Take prices back from an offer of yours."""
    offer = offers.locked(ctx.session, ctx.org_id, offer_id)
    prices.remove(ctx.session, offer, price_point_id, ctx.actor)


@router.get("/price", response_model=PriceOut, responses=documented(NoPrice))
def get_price(offer_id: OfferId, ctx: Read, wanted: Annotated[PriceQuery, Query()]) -> PriceOut:
    """What a quantity of an offer costs you today: your contract price if there is one."""
    offer = search.get(ctx.session, ctx.org_id, offer_id)
    return prices.price(ctx.session, ctx.org_id, offer, wanted)
