"""Which offers a feed is about, and what is told of each. Never commits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, literal, or_
from sqlalchemy.orm import contains_eager, selectinload
from sqlmodel import Session, col, select

from api.catalog import availabilities, search
from api.catalog.models import Offer, Product
from api.channels.models import Feed
from api.channels.service import readiness
from api.core import ids
from api.identity.models import Organisation
from api.rules import feeds
from api.rules.feeds import FeedItem, Omission, Price
from api.rules.markets import REASONS, Readiness, Requirement, RequirementKind
from api.rules.stock import Availability

_K = RequirementKind
FIELDS: Mapping[RequirementKind, str] = {
    _K.PROHIBITED: "hs_code",
    _K.CLASSIFICATION: "hs_code",
    _K.PERMISSION: "export_permissions",
    _K.RESTRICTED: "export_permissions",
    _K.LABEL: "labels",
    _K.CERTIFICATE: "certificates",
    _K.LANGUAGE: "names",
}
"""What of a product or an offer a kind of requirement looks at."""


_AT_HOME = Readiness((), ())
"""How goods of sellers of the market itself stand to it: nothing is asked of them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An offer of a feed: what is told of it, why it is left out, what is shortened."""

    offer: Offer
    item: FeedItem
    missing: Sequence[tuple[Omission, str | None]]
    shortened: Sequence[Omission]


def count(session: Session, feed: Feed, today: date) -> int:
    """How many offers the feed is about, in it or left out."""
    query = (
        select(func.count())
        .select_from(Offer)
        .join(Organisation, col(Organisation.id) == Offer.seller_id)
        .where(*_about(feed, today))
    )
    return session.exec(query).one()


def after(
    session: Session,
    feed: Feed,
    needed: Iterable[Requirement],
    today: date,
    last: UUID | None,
    limit: int,
) -> list[Judged]:
    """The next offers in the order of their ids, with what the market and the format ask of them."""
    query = (
        select(Offer, Organisation.legal_name, Organisation.country, availabilities.now(today))
        .join(Product, col(Product.id) == Offer.product_id)
        .join(Organisation, col(Organisation.id) == Offer.seller_id)
        .options(
            contains_eager(Offer.product),  # type: ignore[arg-type]
            selectinload(Offer.price_tiers),  # type: ignore[arg-type]
            selectinload(Offer.lead_time_tiers),  # type: ignore[arg-type]
        )
        .where(*_about(feed, today))
        .order_by(col(Offer.id))
        .limit(limit)
    )
    rows = session.exec(query.where(col(Offer.id) > last) if last else query).all()
    abroad = [offer for offer, _, country, _ in rows if country != feed.market]
    ready = _ready(session, abroad, feed.market, [*needed], today)
    waited = [offer.id for offer, *_, told in rows if told == Availability.BACKORDER]
    days = availabilities.dates(session, waited, today)
    return [
        _judged(
            feed,
            _item(offer, names, feed.language, told, days.get(offer.id)),
            offer,
            ready.get(offer.id, _AT_HOME),
        )
        for offer, names, _, told in rows
    ]


def _about(feed: Feed, today: date) -> list[ColumnElement[bool]]:
    """Offers that buyers see, for the market or for all of them."""
    markets = col(Offer.markets)
    found = [
        search.shown(today),
        or_(func.cardinality(markets) == 0, literal(feed.market) == any_(markets)),
    ]
    if not feed.everybody:
        found.append(col(Offer.seller_id) == feed.org_id)
    return found


def _ready(
    session: Session,
    offers: Sequence[Offer],
    market: str,
    needed: Sequence[Requirement],
    today: date,
) -> Mapping[UUID, Readiness]:
    """By offer; what an organisation has shown counts for its own products alone."""
    found: dict[UUID, Readiness] = {}
    by_seller = sorted(offers, key=lambda each: each.seller_id)
    for seller_id, own in groupby(by_seller, key=lambda each: each.seller_id):
        theirs = [*own]
        products = [*{each.product_id: each.product for each in theirs}.values()]
        stands = readiness.of_products(session, seller_id, products, market, needed, today)
        found |= {each.id: stands[each.product_id] for each in theirs}
    return found


def _judged(feed: Feed, item: FeedItem, offer: Offer, ready: Readiness) -> Judged:
    missing: list[tuple[Omission, str | None]] = [
        (
            Omission(
                FIELDS[each.requirement.kind],
                each.reason.value,
                f"{each.requirement.texts['en']}: {REASONS[each.reason]['en']}",
            ),
            each.requirement.code,
        )
        for each in ready.missing
        if each.requirement.blocking and each.reason is not None
    ]
    missing += [(each, None) for each in feeds.omissions(item, feed.format)]
    return Judged(offer, item, missing, feeds.shortenings(item, feed.format))


def _item(
    offer: Offer,
    seller: Mapping[str, str],
    language: str,
    availability: str | None,
    available_on: date | None,
) -> FeedItem:
    product = offer.product
    lead = next((each.days for each in offer.lead_time_tiers), None)
    return FeedItem(
        id=ids.show("offer", offer.id),
        sku=offer.sku,
        seller=seller.get(language) or next(iter(seller.values()), ""),
        name=product.names.get(language),
        name_origin=product.names_origin.get(language, "source"),
        description=product.descriptions.get(language),
        description_origin=product.descriptions_origin.get(language, "source"),
        brand=product.brand,
        model=product.model,
        mpn=product.mpn,
        gtin=product.gtin,
        hs_code=product.hs_code,
        country_of_origin=product.country_of_origin,
        images=product.media,
        attributes=product.attributes,
        unit_code=offer.unit_code,
        min_order_quantity=offer.min_order_quantity,
        order_multiple=offer.order_multiple,
        currency=offer.currency,
        prices=[Price(each.min_quantity, each.unit_price) for each in offer.price_tiers],
        incoterm=offer.incoterm.value,
        place_code=offer.place_code,
        valid_through=offer.valid_through.isoformat() if offer.valid_through else None,
        lead_days=lead,
        net_weight_kg=product.net_weight_kg,
        availability=Availability(availability) if availability else None,
        available_on=available_on.isoformat() if available_on else None,
    )
