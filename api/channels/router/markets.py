"""Routes of what markets ask of goods, and of how a product stands to it."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query

from api.catalog.types import Country, HsCode, ProductId
from api.channels.models import MarketStanding, ProductLabel
from api.channels.schemas.markets import (
    MarketFindingOut,
    MarketRequirementOut,
    MarketStandingOut,
    MissingOut,
    ProductLabelIn,
    ProductLabelOut,
    ReadinessOut,
)
from api.channels.service import readiness, requirements, standings
from api.channels.service.feed_items import FIELDS
from api.core import db
from api.core.errors import Conflict
from api.core.files.problems import FileWithheld
from api.core.http import PageDep, documented
from api.core.inputs import IsoDate
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.rules.clock import local_date
from api.rules.markets import REASONS, Finding, MissingReason, RequirementKind

requirements_router = access.router("/market-requirements", "market-requirements")
products_router = access.router("/products", "market-readiness")
standings_router = access.router("/market-standings", "market-readiness")
Reference = Annotated[Context, require("reference:read")]
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]
Market = Annotated[Country, Query(description="Country of the buyers (ISO 3166-1)")]


@requirements_router.get("", response_model=Page[MarketRequirementOut])
def list(
    ctx: Reference,
    page: PageDep,
    market: Market,
    hs_code: Annotated[HsCode | None, Query(description="Only what is about such goods")] = None,
    on: Annotated[IsoDate | None, Query(description="In force on this day; today")] = None,
) -> Page[Any]:
    """What a market asks of goods: each row with where it is from, and whether anybody has compared
    it with that."""
    rows, cursor = requirements.list_requirements(
        ctx.session, page, org_id=ctx.org_id, market=market, hs_code=hs_code, on=on
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@products_router.get("/{product_id}/readiness", response_model=ReadinessOut)
def get(product_id: ProductId, ctx: Read, market: Market) -> ReadinessOut:
    """Whether a product of yours may be shown in a market today, and what is missing."""
    product = readiness.own_product(ctx.session, ctx.org_id, product_id)
    today = local_date(db.now(ctx.session))
    found = readiness.of_product(ctx.session, product, market, today)
    return ReadinessOut(
        product_id=product.id,
        market=market,
        on=today,
        hs_code=product.hs_code,
        ready=found.ready,
        until=found.until,
        missing=[_told(each) for each in found.missing],
        met=[_told(each) for each in found.met],
    )


@products_router.get("/{product_id}/labels", response_model=Page[ProductLabelOut])
def labels(product_id: ProductId, ctx: Read) -> Page[Any]:
    """The labels of a product of yours, the newest first."""
    product = readiness.own_product(ctx.session, ctx.org_id, product_id)
    rows = readiness.labels_of(ctx.session, product)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@products_router.post(
    "/{product_id}/labels",
    status_code=201,
    response_model=ProductLabelOut,
    responses=documented(Conflict, FileWithheld),
)
def add_label(product_id: ProductId, data: ProductLabelIn, ctx: Write) -> ProductLabel:
    """Keep the label of a product for a market in a language: a document of yours."""
    product = readiness.own_product(ctx.session, ctx.org_id, product_id)
    return readiness.add_label(ctx.session, product, ctx.actor, data)


@standings_router.get("", response_model=Page[MarketStandingOut])
def list_standings(
    ctx: Read,
    page: PageDep,
    market: Annotated[Country | None, Query(description="Country of the buyers")] = None,
    ready: Annotated[bool | None, Query(description="False: what buyers there do not see")] = None,
) -> Page[Any]:
    """How your products stand to the markets that ask something of them: what is not ready is
    withheld from their buyers, for the reasons told."""
    rows, cursor = standings.list_standings(
        ctx.session, page, org_id=ctx.org_id, market=market, ready=ready
    )
    today = local_date(db.now(ctx.session))
    items = [_stood(row, today) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


def _stood(row: MarketStanding, today: date) -> MarketStandingOut:
    return MarketStandingOut(
        product_id=row.product_id,
        market=row.market,
        ready=standings.holds(row, today),
        until=row.until,
        missing=[
            MissingOut(
                field=FIELDS[RequirementKind(each["kind"])],
                requirement=each["code"],
                reason=MissingReason(each["reason"]),
                reason_text=REASONS[MissingReason(each["reason"])],
            )
            for each in row.missing
        ],
        assessed_at=row.updated_at,
    )


def _told(found: Finding) -> MarketFindingOut:
    row = found.requirement
    return MarketFindingOut(
        code=row.code,
        kind=row.kind,
        hs_prefix=row.hs_prefix,
        blocking=row.blocking,
        accepted=[*row.accepted],
        text={**row.texts},
        reason=found.reason,
        reason_text=REASONS[found.reason] if found.reason is not None else None,
        until=found.until,
        source=row.source,
        reviewed=row.reviewed,
    )
