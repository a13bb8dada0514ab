"""What offers of a product come to in a market abroad, by each way that leads there. Never commits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from api.catalog.models import Offer, Product
from api.core.errors import NotFound, refused
from api.delivery.service import composing, lookups
from api.delivery.service.composing import Asked, Computed, Known, WrittenTerms
from api.identity.models import Organisation
from api.rules.landed_cost import NotComputable
from api.rules.landed_cost.export_prices import ExportPrice, export_prices
from api.rules.landed_cost.inputs import ZERO, Line, PriceTier, Route
from api.rules.offers import OfferStatus
from api.rules.tenders import Fault


@dataclass(frozen=True, slots=True)
class ByRoute:
    """An offer by a route: the landed cost of its own price, and its price under each rule; or what
    is missing."""

    offer: Offer
    quantity: Decimal
    route: Route
    found: Computed | None
    prices: list[ExportPrice]
    faults: list[Fault]


def of_product(
    session: Session,
    *,
    org_id: UUID,
    product_id: UUID,
    market: str,
    quantity: Decimal | None,
    day: date,
    fx_day: date,
) -> list[ByRoute]:
    """By each active offer of a product of the organisation and each route into the market, in the
    order of offers and of the codes of routes.

    `quantity` is the least that can be ordered, if left out. Raises NotFound for a product of
    others, Invalid for a market that landed costs are not known for.
    """
    product = session.exec(
        select(Product).where(Product.id == product_id, Product.org_id == org_id)
    ).one_or_none()
    if product is None:
        raise NotFound
    known = Known(session)
    if known.home(market) is None:
        detail = "Delivered costs are known for no place in this country."
        raise refused("#?query/market", "destination_not_served", detail)
    offers = session.exec(
        select(Offer)
        .where(
            Offer.product_id == product.id,
            Offer.seller_id == org_id,
            Offer.status == OfferStatus.ACTIVE,
        )
        .options(selectinload(Offer.price_tiers))  # type: ignore[arg-type]
        .order_by(col(Offer.id))
    ).all()
    country = session.get_one(Organisation, org_id).country
    routes = [
        route
        for route in lookups.routes_into(session, market, day)
        if known.country(route.places[0]) == country
    ]
    return [
        _by_route(known, product, offer, country, route, quantity, day, fx_day)
        for offer in offers
        for route in routes
    ]


def _by_route(
    known: Known,
    product: Product,
    offer: Offer,
    country: str,
    route: Route,
    quantity: Decimal | None,
    day: date,
    fx_day: date,
) -> ByRoute:
    amount = (quantity or offer.min_order_quantity).normalize()
    asked = replace(
        _asked(product, offer, country, amount, day, fx_day),
        destination=route.places[-1],
        routes=(route.code,),
    )
    found = None
    try:
        found = composing.computed(known, asked)
        prices = export_prices(found.inputs, country)
    except NotComputable as problem:
        return ByRoute(offer, amount, route, found, [], problem.faults)
    return ByRoute(offer, amount, route, found, prices, [])


def _asked(
    product: Product, offer: Offer, country: str, quantity: Decimal, day: date, fx_day: date
) -> Asked:
    line = Line(
        id="1",
        quantity=quantity,
        unit_code=offer.unit_code,
        price_tiers=tuple(_tiers(offer)),
        tnved_code=product.hs_code,
        origin=product.country_of_origin,
        net_weight_kg=_of_units(product.net_weight_kg, quantity),
        gross_weight_kg=_of_units(offer.gross_weight_kg, quantity),
        volume_m3=_of_units(offer.volume_m3, quantity),
        packages=_of_units(offer.packages, quantity),
        min_order_quantity=offer.min_order_quantity.normalize(),
    )
    return Asked(
        subject=f"offer_{offer.id.hex}",
        destination="",
        dispatch_country=country,
        terms=WrittenTerms(
            incoterm=offer.incoterm,
            version=offer.incoterm_version,
            place_code=offer.place_code,
            is_seller_premises=False,
        ),
        currency=offer.currency,
        price_includes_vat=False,
        lines=[line],
        day=day,
        rates_source=None,
        rates_day=fx_day,
    )


def _tiers(offer: Offer) -> Iterator[PriceTier]:
    for each in offer.price_tiers:
        yield PriceTier(each.min_quantity.normalize(), each.unit_price.normalize())


def _of_units(of_one: Decimal | None, quantity: Decimal) -> Decimal:
    return (of_one or ZERO).normalize() * quantity
