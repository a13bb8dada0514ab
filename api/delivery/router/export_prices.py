"""Routes of what products come to abroad."""

from decimal import Decimal
from typing import Annotated

from fastapi import Query

from api.catalog.types import MAX_NUMBER, Country, ProductId
from api.core import db
from api.core.inputs import IsoDate
from api.delivery.schemas.export_prices import (
    ExportFaultOut,
    ExportPriceOut,
    ExportPricesOut,
    ExportRouteOut,
)
from api.delivery.service import export_prices
from api.delivery.service.export_prices import ByRoute
from api.identity import access
from api.identity.access import Context, require
from api.rules.clock import local_date

router = access.router("/products", "export-prices")
Read = Annotated[Context, require("offers:read")]


@router.get("/{product_id}/export-prices", response_model=ExportPricesOut)
def list(
    product_id: ProductId,
    ctx: Read,
    market: Annotated[Country, Query(description="Country of the buyers (ISO 3166-1)")],
    quantity: Annotated[
        Decimal | None,
        Query(gt=0, lt=MAX_NUMBER, decimal_places=6, description="The minimum order if left out"),
    ] = None,
    day: Annotated[
        IsoDate | None, Query(description="Whose tariffs and rate cards count; today")
    ] = None,
    fx_day: Annotated[
        IsoDate | None, Query(description="Whose exchange rates count; `day` if left out")
    ] = None,
) -> ExportPricesOut:
    """What your active offers of a product cost delivered in a market, duty paid, by each way that
    leads there; and which price under each rule of Incoterms leaves you what yours does."""
    on = day or local_date(db.now(ctx.session))
    found = export_prices.of_product(
        ctx.session,
        org_id=ctx.org_id,
        product_id=product_id,
        market=market,
        quantity=quantity,
        day=on,
        fx_day=fx_day or on,
    )
    return ExportPricesOut(
        product_id=product_id,
        market=market,
        day=on,
        fx_day=fx_day or on,
        items=[_shown(each) for each in found],
    )


def _shown(each: ByRoute) -> ExportRouteOut:
    result = each.found.result if each.found else None
    return ExportRouteOut(
        offer_id=each.offer.id,
        sku=each.offer.sku,
        route_code=each.route.code,
        destination=each.route.places[-1],
        quantity=each.quantity,
        unit_code=each.offer.unit_code,
        home_currency=result.currency if result else None,
        customs_value=result.customs_value if result else None,
        duty=result.duty if result else None,
        vat=result.vat if result else None,
        delivered=result.total_gross if result else None,
        unreviewed=[*result.unreviewed] if result else [],
        prices=[
            ExportPriceOut(
                incoterm=price.incoterm,
                place_code=price.place_code,
                unit_price=price.unit_price,
                currency=each.offer.currency,
                delivered=price.delivered,
            )
            for price in each.prices
        ],
        faults=[
            ExportFaultOut(pointer=fault.pointer, code=fault.code, detail=fault.detail)
            for fault in each.faults
        ],
    )
