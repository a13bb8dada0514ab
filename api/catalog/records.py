"""Offers as matching reads them: everything of many offers in a few queries, no live rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.catalog.models import (
    Certificate,
    LeadTimeTier,
    Offer,
    OfferCertificate,
    PriceTier,
    Product,
)
from api.identity.models import Organisation
from api.rules.incoterms import Incoterm
from api.rules.offers import (
    CertificateStatus,
    LeadTimeStart,
    OfferStatus,
    SupplyPeriod,
)
from api.rules.organisations import MAY_ACT, OrganisationStatus


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """The price of one unit from `min_quantity` on, in the offer's currency."""

    min_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class LeadTimeRecord:
    """Days until the goods are ready from `min_quantity` on."""

    min_quantity: Decimal
    days: int
    from_event: LeadTimeStart


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate that is shown for the offer and was not withdrawn; it may have run out."""

    scheme: str
    number: str
    expires_on: date | None
    status: CertificateStatus


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """An offer with its product and seller at one moment; tiers ascend by quantity."""

    id: UUID
    version: int
    updated_at: datetime
    status: OfferStatus
    sku: str
    seller_id: UUID
    seller_names: Mapping[str, str]
    seller_roles: tuple[str, ...]
    seller_country: str
    seller_place_code: str | None
    seller_status: OrganisationStatus
    seller_level: int
    seller_debarred_until: date | None
    product_id: UUID
    product_version: int
    names: Mapping[str, str]
    names_origin: Mapping[str, str]
    descriptions: Mapping[str, str]
    descriptions_origin: Mapping[str, str]
    attributes: Mapping[str, str]
    gtin: str | None
    mpn: str | None
    brand: str | None
    model: str | None
    hs_code: str | None
    cpv_code: str | None
    country_of_origin: str
    markets: tuple[str, ...]
    unit_code: str
    min_order_quantity: Decimal
    order_multiple: Decimal
    currency: str
    price_tiers: tuple[PriceRecord, ...]
    lead_time_tiers: tuple[LeadTimeRecord, ...]
    incoterm: Incoterm
    incoterm_version: str
    place_code: str
    supply_quantity: Decimal | None
    supply_period: SupplyPeriod | None
    warranty_months: int | None
    payment_terms: str | None
    valid_from: date | None
    valid_through: date | None
    certificates: tuple[CertificateRecord, ...]

    @property
    def active(self) -> bool:
        """True when buyers may see it: shown by its seller, who may act. Debarment is apart."""
        return self.status is OfferStatus.ACTIVE and self.seller_status in MAY_ACT


def load(session: Session, ids: Collection[UUID]) -> list[OfferRecord]:
    """The offers with these ids that the session may see, ordered by id; four queries."""
    if not ids:
        return []
    rows = session.exec(
        select(Offer, Product, Organisation)
        .join(Product, col(Product.id) == Offer.product_id)
        .join(Organisation, col(Organisation.id) == Offer.seller_id)
        .where(col(Offer.id).in_(ids))
        .order_by(col(Offer.id))
    ).all()
    prices, leads, shown = _prices(session, ids), _lead_times(session, ids), _shown(session, ids)
    return [
        _record(
            *row,
            tuple(prices.get(row[0].id, ())),
            tuple(leads.get(row[0].id, ())),
            tuple(shown.get(row[0].id, ())),
        )
        for row in rows
    ]


def _prices(session: Session, ids: Collection[UUID]) -> dict[UUID, list[PriceRecord]]:
    found: dict[UUID, list[PriceRecord]] = {}
    query = select(PriceTier).where(col(PriceTier.offer_id).in_(ids))
    for tier in session.exec(query.order_by(col(PriceTier.min_quantity))):
        record = PriceRecord(tier.min_quantity, tier.unit_price)
        found.setdefault(tier.offer_id, []).append(record)
    return found


def _lead_times(session: Session, ids: Collection[UUID]) -> dict[UUID, list[LeadTimeRecord]]:
    found: dict[UUID, list[LeadTimeRecord]] = {}
    query = select(LeadTimeTier).where(col(LeadTimeTier.offer_id).in_(ids))
    for tier in session.exec(query.order_by(col(LeadTimeTier.min_quantity))):
        record = LeadTimeRecord(tier.min_quantity, tier.days, tier.from_event)
        found.setdefault(tier.offer_id, []).append(record)
    return found


def _shown(session: Session, ids: Collection[UUID]) -> dict[UUID, list[CertificateRecord]]:
    found: dict[UUID, list[CertificateRecord]] = {}
    rows = session.exec(
        select(OfferCertificate.offer_id, Certificate)
        .join(Certificate, col(Certificate.id) == OfferCertificate.certificate_id)
        .where(col(OfferCertificate.offer_id).in_(ids))
        .where(Certificate.status != CertificateStatus.WITHDRAWN)
        .order_by(col(Certificate.scheme), col(Certificate.number))
    )
    for offer_id, c in rows:
        record = CertificateRecord(c.scheme, c.number, c.expires_on, c.status)
        found.setdefault(offer_id, []).append(record)
    return found


def _record(
    offer: Offer,
    product: Product,
    seller: Organisation,
    prices: tuple[PriceRecord, ...],
    leads: tuple[LeadTimeRecord, ...],
    certificates: tuple[CertificateRecord, ...],
) -> OfferRecord:
    return OfferRecord(
        id=offer.id,
        version=offer.version,
        updated_at=offer.updated_at,
        status=offer.status,
        sku=offer.sku,
        seller_id=seller.id,
        seller_names=seller.legal_name,
        seller_roles=tuple(seller.roles),
        seller_country=seller.country,
        seller_place_code=seller.place_code,
        seller_status=seller.status,
        seller_level=seller.verification_level,
        seller_debarred_until=seller.debarred_until,
        product_id=product.id,
        product_version=product.version,
        names=product.names,
        names_origin=product.names_origin,
        descriptions=product.descriptions,
        descriptions_origin=product.descriptions_origin,
        attributes=product.attributes,
        gtin=product.gtin,
        mpn=product.mpn,
        brand=product.brand,
        model=product.model,
        hs_code=product.hs_code,
        cpv_code=product.cpv_code,
        country_of_origin=product.country_of_origin,
        markets=tuple(offer.markets),
        unit_code=offer.unit_code,
        min_order_quantity=offer.min_order_quantity,
        order_multiple=offer.order_multiple,
        currency=offer.currency,
        price_tiers=prices,
        lead_time_tiers=leads,
        incoterm=offer.incoterm,
        incoterm_version=offer.incoterm_version,
        place_code=offer.place_code,
        supply_quantity=offer.supply_quantity,
        supply_period=offer.supply_period,
        warranty_months=offer.warranty_months,
        payment_terms=offer.payment_terms,
        valid_from=offer.valid_from,
        valid_through=offer.valid_through,
        certificates=certificates,
    )
