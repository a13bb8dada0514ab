"""Offers as matching reads them: everything of many offers in a few queries, no live rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select as columns
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
    descriptions: Mapping[str, str]
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


# Columns, not rows of the tables: matching reads hundreds of offers for each item.
_COLUMNS: tuple[Any, ...] = (
    Offer.id,
    Offer.version,
    Offer.updated_at,
    Offer.status,
    Offer.sku,
    col(Organisation.id).label("seller_id"),
    col(Organisation.legal_name).label("seller_names"),
    col(Organisation.roles).label("seller_roles"),
    col(Organisation.country).label("seller_country"),
    col(Organisation.place_code).label("seller_place_code"),
    col(Organisation.status).label("seller_status"),
    col(Organisation.verification_level).label("seller_level"),
    col(Organisation.debarred_until).label("seller_debarred_until"),
    col(Product.id).label("product_id"),
    col(Product.version).label("product_version"),
    Product.names,
    Product.descriptions,
    Product.attributes,
    Product.gtin,
    Product.mpn,
    Product.brand,
    Product.model,
    Product.hs_code,
    Product.cpv_code,
    Product.country_of_origin,
    Offer.markets,
    Offer.unit_code,
    Offer.min_order_quantity,
    Offer.order_multiple,
    Offer.currency,
    Offer.incoterm,
    Offer.incoterm_version,
    Offer.place_code,
    Offer.supply_quantity,
    Offer.supply_period,
    Offer.warranty_months,
    Offer.payment_terms,
    Offer.valid_from,
    Offer.valid_through,
)
_OFFERS = (
    columns(*_COLUMNS)
    .join(Product, col(Product.id) == Offer.product_id)
    .join(Organisation, col(Organisation.id) == Offer.seller_id)
)


def load(session: Session, ids: Collection[UUID]) -> list[OfferRecord]:
    """The offers with these ids that the session may see, ordered by id; four queries."""
    if not ids:
        return []
    session.flush()
    rows = session.connection().execute(
        _OFFERS.where(col(Offer.id).in_(ids)).order_by(col(Offer.id))
    )
    prices, leads, shown = _prices(session, ids), _lead_times(session, ids), _shown(session, ids)
    return [
        OfferRecord(
            **{
                **row,
                "seller_roles": tuple(row["seller_roles"]),
                "markets": tuple(row["markets"]),
            },
            price_tiers=tuple(prices.get(row["id"], ())),
            lead_time_tiers=tuple(leads.get(row["id"], ())),
            certificates=tuple(shown.get(row["id"], ())),
        )
        for row in rows.mappings()
    ]


def _prices(session: Session, ids: Collection[UUID]) -> dict[UUID, list[PriceRecord]]:
    found: dict[UUID, list[PriceRecord]] = {}
    query = select(
        col(PriceTier.offer_id), col(PriceTier.min_quantity), col(PriceTier.unit_price)
    ).where(col(PriceTier.offer_id).in_(ids))
    for offer_id, quantity, price in session.exec(query.order_by(col(PriceTier.min_quantity))):
        found.setdefault(offer_id, []).append(PriceRecord(quantity, price))
    return found


def _lead_times(session: Session, ids: Collection[UUID]) -> dict[UUID, list[LeadTimeRecord]]:
    found: dict[UUID, list[LeadTimeRecord]] = {}
    query = select(
        col(LeadTimeTier.offer_id),
        col(LeadTimeTier.min_quantity),
        col(LeadTimeTier.days),
        col(LeadTimeTier.from_event),
    ).where(col(LeadTimeTier.offer_id).in_(ids))
    for offer_id, quantity, days, start in session.exec(
        query.order_by(col(LeadTimeTier.min_quantity))
    ):
        found.setdefault(offer_id, []).append(LeadTimeRecord(quantity, days, start))
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
