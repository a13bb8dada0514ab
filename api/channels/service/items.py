"""What a listing would show: offer, product and the seller's own words for the channel."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from api.catalog.models import Offer, Product
from api.channels.adapters.port import Fault, Item
from api.channels.models import ChannelConnection, ChannelListing
from api.channels.service import readiness, requirements
from api.core import db
from api.rules.clock import local_date
from api.rules.markets import REASONS, Readiness

_LANGUAGES = {"CN": ("zh", "en", "ru", "ky")}
_OTHERWISE = ("en", "ru", "zh", "ky")


def offer_of(session: Session, offer_id: UUID) -> Offer:
    """An offer with its product and tiers."""
    loaded = (
        selectinload(Offer.product),  # type: ignore[arg-type]
        selectinload(Offer.price_tiers),  # type: ignore[arg-type]
        selectinload(Offer.lead_time_tiers),  # type: ignore[arg-type]
    )
    query = select(Offer).where(col(Offer.id) == offer_id).options(*loaded)
    return session.exec(query.execution_options(populate_existing=True)).one()


def of(listing: ChannelListing, connection: ChannelConnection, offer: Offer) -> Item:
    """The item as the adapter is given it."""
    product = offer.product
    language = next(
        (each for each in _LANGUAGES.get(connection.market, _OTHERWISE) if each in product.names),
        next(iter(product.names)),
    )
    return Item(
        reference=listing.reference,
        title=product.names[language],
        language=language,
        description=product.descriptions.get(language),
        images=product.media,
        brand=product.brand,
        category=listing.category,
        keywords=listing.keywords,
        attributes=product.attributes,
        hs_code=product.hs_code,
        country_of_origin=product.country_of_origin,
        unit_code=offer.unit_code,
        moq=offer.min_order_quantity,
        currency=offer.currency,
        tiers=[(tier.min_quantity, tier.unit_price) for tier in offer.price_tiers],
        lead_times=[(tier.min_quantity, tier.days) for tier in offer.lead_time_tiers],
        stock=listing.stock,
        weight_kg=offer.gross_weight_kg or product.net_weight_kg,
        measures_mm=_measures(product),
    )


def may_be_shown(
    session: Session, listing: ChannelListing, connection: ChannelConnection, product: Product
) -> Readiness:
    """Whether the seller may show the product in the market today: asked anew each time."""
    needed = requirements.of_market(session, connection.market)
    today = local_date(db.now(session))
    found = readiness.of_products(
        session, listing.org_id, [product], connection.market, needed, today
    )
    return found[product.id]


def missing(found: Readiness) -> list[Fault]:
    """What the market asks and is missing, as faults of the product."""
    return [
        Fault(
            "#/product",
            "market_not_ready",
            f"{each.requirement.texts['en']}: {REASONS[each.reason]['en']}",
            each.requirement.code,
        )
        for each in found.missing
        if each.requirement.blocking and each.reason is not None
    ]


def _measures(product: Product) -> tuple[Decimal, Decimal, Decimal] | None:
    found = (product.length_mm, product.width_mm, product.height_mm)
    length, width, height = found
    if length is None or width is None or height is None:
        return None
    return length, width, height
