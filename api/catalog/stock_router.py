"""Routes of stock, capacity and availability."""

from typing import Annotated, Any

from fastapi import Query

from api.catalog import capacity, offers, products, search, stock
from api.catalog.capacity import Availability, CapacityExceeded
from api.catalog.stock import StockIsShort
from api.catalog.stock_models import (
    CapacityPromise,
    ProductionCapacity,
    StockLevel,
    StockMovement,
)
from api.catalog.stock_schemas import (
    AvailabilityOut,
    AvailabilityQuery,
    CapacityIn,
    CapacityOut,
    Outcome,
    PromiseClosingIn,
    PromiseId,
    PromiseIn,
    PromiseOut,
    StockLevelOut,
    StockMovementOut,
    StockMovementsIn,
    StockResultsOut,
    StockTermsIn,
)
from api.catalog.types import OfferId, ProductId
from api.core import pages
from api.core.errors import AlreadyExists, Conflict, NotFound, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require

router = access.router("", "stock")
Read = Annotated[Context, require("offers:read")]
Own = Annotated[Context, require("offers:write")]


@router.post("/stock-movements", response_model=StockResultsOut)
def record_stock(data: StockMovementsIn, ctx: Own) -> dict[str, Any]:
    """Tell what happened to your goods, up to a thousand facts at once. Good rows are recorded, bad
    ones are named; a fact that was told before changes nothing, so that all may be sent again."""
    results = stock.record(ctx.session, ctx.org_id, ctx.actor, data.movements)
    counts = {each.value: sum(r.outcome is each for r in results) for each in Outcome}
    return {**counts, "results": results}


@router.get("/offers/{offer_id}/stock", response_model=Page[StockLevelOut])
def list_stock(offer_id: OfferId, ctx: Read) -> Page[Any]:
    """The stock of an offer of yours by place; others are told by its availability alone."""
    offer = offers.own_one(ctx.session, ctx.org_id, offer_id)
    return Page(items=[*stock.levels(ctx.session, offer.id)], has_more=False, next_cursor=None)


@router.put(
    "/offers/{offer_id}/stock",
    response_model=StockLevelOut,
    responses=documented(PreconditionFailed, StockIsShort),
)
def put_stock(offer_id: OfferId, data: StockTermsIn, ctx: Own) -> StockLevel:
    """Say of your goods at a place from when on they may leave, and whether more of them may be
    taken than is there."""
    offer = offers.locked(ctx.session, ctx.org_id, offer_id)
    for each in stock.levels(ctx.session, offer.id):
        if each.place_code == data.place_code:
            ctx.check_version(each)
    level = stock.say(ctx.session, offer, ctx.actor, data)
    ctx.tag(level)
    return level


@router.get("/offers/{offer_id}/stock-movements", response_model=Page[StockMovementOut])
def list_stock_movements(offer_id: OfferId, ctx: Read, page: PageDep) -> Page[Any]:
    """The facts about the stock of an offer of yours, newest first."""
    offer = offers.own_one(ctx.session, ctx.org_id, offer_id)
    places = {each.id: each.place_code for each in stock.levels(ctx.session, offer.id)}
    rows, cursor = pages.newest_first(
        ctx.session,
        stock.movements_of(offer.id),
        StockMovement,
        page,
        scope=f"stock-movements:{ctx.org_id}:{offer.id}",
        filters={},
    )
    items = [{**row.model_dump(), "place_code": places[row.level_id]} for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/offers/{offer_id}/availability", response_model=AvailabilityOut)
def get_availability(
    offer_id: OfferId, ctx: Read, wanted: Annotated[AvailabilityQuery, Query()]
) -> Availability:
    """How many of an offer by what date: of stock that nobody has reserved, and of the capacity that
    nobody was promised."""
    offer = search.get(ctx.session, ctx.org_id, offer_id)
    return capacity.availability(ctx.session, offer, wanted)


@router.put(
    "/products/{product_id}/capacity",
    response_model=CapacityOut,
    responses=documented(PreconditionFailed),
)
def put_capacity(product_id: ProductId, data: CapacityIn, ctx: Own) -> ProductionCapacity:
    """Say how many of a product of yours you make in a period."""
    product = products.locked(ctx.session, ctx.org_id, product_id)
    stated = capacity.of(ctx.session, product.id)
    if stated is not None:
        ctx.check_version(stated)
    found = capacity.state(ctx.session, product, ctx.actor, data)
    ctx.tag(found)
    return found


@router.get("/products/{product_id}/capacity", response_model=CapacityOut)
def get_capacity(product_id: ProductId, ctx: Read) -> ProductionCapacity:
    """How many of a product its maker makes in a period."""
    product = products.get(ctx.session, product_id)
    found = capacity.of(ctx.session, product.id)
    if found is None:
        raise NotFound
    ctx.tag(found)
    return found


@router.post(
    "/products/{product_id}/capacity-promises",
    status_code=201,
    response_model=PromiseOut,
    responses=documented(AlreadyExists, CapacityExceeded),
)
def promise_capacity(product_id: ProductId, data: PromiseIn, ctx: Own) -> CapacityPromise:
    """Note what you have promised somebody of your capacity; no unit is promised twice."""
    product = products.locked(ctx.session, ctx.org_id, product_id)
    made = capacity.promise(ctx.session, product, ctx.actor, data)
    ctx.tag(made)
    return made


@router.get("/products/{product_id}/capacity-promises", response_model=Page[PromiseOut])
def list_capacity_promises(product_id: ProductId, ctx: Read) -> Page[Any]:
    """What you have promised of your capacity and not closed yet; the first due first."""
    product = products.own_one(ctx.session, ctx.org_id, product_id)
    return Page(
        items=[*capacity.promises(ctx.session, product.id)], has_more=False, next_cursor=None
    )


@router.post(
    "/products/{product_id}/capacity-promises/{promise_id}/close",
    response_model=PromiseOut,
    responses=documented(Conflict),
)
def close_capacity_promise(
    product_id: ProductId, promise_id: PromiseId, data: PromiseClosingIn, ctx: Own
) -> CapacityPromise:
    """A promise is fulfilled, its units received into stock, or cancelled: it takes no capacity any
    more."""
    product = products.locked(ctx.session, ctx.org_id, product_id)
    found = capacity.close(ctx.session, product, promise_id, ctx.actor, data.closing)
    ctx.tag(found)
    return found
