"""Offers as matching reads them: everything of many offers in one query, no live rows."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from itertools import starmap
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from api.core import db
from api.rules.clock import local_date
from api.rules.offers import OfferStatus
from api.rules.organisations import MAY_ACT


class OfferRecord(NamedTuple):
    """An offer with its product and seller at one moment; tiers ascend by quantity.

    States are their texts, equal to the members of their enumerations. A tier of prices or lead
    times is its least quantity and its price or days, each in a list of its own; `certificate_*`
    are those that were not withdrawn, and may have run out.
    """

    id: UUID
    status: str
    markets: list[str]
    unit_code: str
    min_order_quantity: Decimal
    order_multiple: Decimal
    currency: str
    incoterm: str
    place_code: str
    place_country: str | None
    supply_quantity: Decimal | None
    supply_period: str | None
    valid_through: date | None
    seller_id: UUID
    seller_names: Mapping[str, str]
    seller_country: str
    seller_status: str
    seller_debarred_until: date | None
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    attributes: Mapping[str, str]
    brand: str | None
    mpn: str | None
    gtin: str | None
    model: str | None
    hs_code: str | None
    cpv_code: str | None
    price_quantities: list[Decimal]
    unit_prices: list[Decimal]
    lead_time_quantities: list[Decimal]
    lead_time_days: list[int]
    certificate_schemes: list[str]
    certificate_numbers: list[str]
    certificate_expiries: list[date | None]
    gross_weight_kg: Decimal | None
    volume_m3: Decimal | None
    packages: Decimal | None

    @property
    def active(self) -> bool:
        """True when buyers may see it: shown by its seller, who may act. Debarment is apart."""
        return self.status == OfferStatus.ACTIVE and self.seller_status in MAY_ACT


# In the order of the fields; by the driver, since matching reads hundreds of offers for an item.
_OFFERS = """
    SELECT o.id, o.status, o.markets, o.unit_code, o.min_order_quantity, o.order_multiple,
      o.currency, o.incoterm, o.place_code, place.country,
      o.supply_quantity, o.supply_period, o.valid_through,
      s.id, s.legal_name, s.country, s.status, debarred.until,
      p.names, p.descriptions, p.attributes, p.brand, p.mpn, p.gtin, p.model, p.hs_code, p.cpv_code,
      price.quantities, price.prices, lead.quantities, lead.days,
      held.schemes, held.numbers, held.expiries, o.gross_weight_kg, o.volume_m3, o.packages
    FROM offer AS o
    JOIN product AS p ON p.id = o.product_id
    JOIN organisation AS s ON s.id = o.seller_id
    LEFT JOIN (
      SELECT organisation_id, max(valid_through) AS until FROM debarment_record
      WHERE status IN ('active', 'lifted') AND valid_from <= %(today)s AND valid_through >= %(today)s
        AND (lifted_on IS NULL OR lifted_on > %(today)s)
      GROUP BY organisation_id
    ) AS debarred ON debarred.organisation_id = s.id
    LEFT JOIN place ON place.code = o.place_code
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(min_quantity), '{}') AS quantities,
        coalesce(array_agg(unit_price), '{}') AS prices
      FROM (SELECT * FROM price_tier WHERE offer_id = o.id ORDER BY min_quantity) AS tier
    ) AS price
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(min_quantity), '{}') AS quantities,
        coalesce(array_agg(days), '{}') AS days
      FROM (SELECT * FROM lead_time_tier WHERE offer_id = o.id ORDER BY min_quantity) AS tier
    ) AS lead
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(scheme), '{}') AS schemes,
        coalesce(array_agg(number), '{}') AS numbers,
        coalesce(array_agg(expires_on), '{}') AS expiries
      FROM (
        SELECT c.scheme, c.number, c.expires_on
        FROM offer_certificate AS link JOIN certificate AS c ON c.id = link.certificate_id
        WHERE link.offer_id = o.id AND c.status <> 'withdrawn'
        ORDER BY c.scheme COLLATE "C", c.number COLLATE "C"
      ) AS each
    ) AS held
    WHERE o.id = ANY(%(ids)s)
    ORDER BY o.id
"""


def load(session: Session, ids: Collection[UUID]) -> list[OfferRecord]:
    """The offers with these ids that the session may see, ordered by id."""
    if not ids:
        return []
    today = local_date(db.now(session))
    return list(starmap(OfferRecord, db.rows(session, _OFFERS, ids=list(ids), today=today)))
