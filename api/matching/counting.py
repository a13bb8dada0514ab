"""Found offers counted by what they have in common."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, any_, func, literal
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from api.catalog import availabilities
from api.catalog import search as catalog
from api.catalog.models import Certificate, Offer, OfferCertificate, Product
from api.core import db, ids
from api.identity.models import Organisation
from api.matching.search_schemas import BucketOut, Facet, OfferSearch
from api.rules import facets as rules
from api.rules.clock import local_date
from api.rules.facets import Band

# Offers that are counted at most; the ranked ones are fewer (search.py).
MOST = 1000
_BUCKETS = 50
_CPV_DIGITS, _HS_DIGITS = 3, 4


@dataclass(frozen=True, slots=True)
class Row:
    """What an offer is counted by; the price is of its own currency."""

    offer_id: UUID
    seller_id: UUID
    seller_names: Mapping[str, str]
    country: str
    country_of_origin: str
    cpv_code: str | None
    hs_code: str | None
    incoterm: str
    currency: str
    price: Decimal | None
    lead_days: int | None
    availability: str | None
    certificates: Sequence[str]


def among(
    session: Session,
    org_id: UUID,
    offer_ids: Sequence[UUID],
    wanted: OfferSearch,
    *,
    everything: bool,
) -> dict[UUID, Row]:
    """Those of the offers that the caller may see and that fit the filter."""
    if not offer_ids:
        return {}
    query = _columns(wanted, local_date(db.now(session))).where(
        col(Offer.id) == any_(literal(list(offer_ids), ARRAY(Uuid)))
    )
    return _read(session, catalog.narrowed(session, query, org_id, wanted, everything=everything))


def newest(
    session: Session, org_id: UUID, wanted: OfferSearch, *, everything: bool
) -> dict[UUID, Row]:
    """The newest offers that fit, one more than are counted."""
    query = catalog.narrowed(
        session,
        _columns(wanted, local_date(db.now(session))),
        org_id,
        wanted,
        everything=everything,
    )
    return _read(session, query.order_by(col(Offer.id).desc()).limit(MOST + 1))


def count(session: Session, rows: Sequence[Row], wanted: OfferSearch) -> dict[str, list[BucketOut]]:
    """The rows by each facet that is wanted. Raises Invalid for prices without a currency."""
    return {facet: _by(session, rows, wanted, facet) for facet in dict.fromkeys(wanted.facets)}


def _by(
    session: Session, rows: Sequence[Row], wanted: OfferSearch, facet: Facet
) -> list[BucketOut]:
    if facet == "price":
        costs = catalog.rates(session, catalog.currency_of(wanted), local_date(db.now(session)))
        prices = (
            row.price * costs[row.currency]
            for row in rows
            if row.price is not None and row.currency in costs
        )
        return _bands(rules.price_band(price) for price in prices)
    if facet == "lead_days":
        return _bands(rules.lead_band(row.lead_days) for row in rows if row.lead_days is not None)
    names = {ids.show("organisation", row.seller_id): row.seller_names for row in rows}
    counted = Counter(value for row in rows for value in _VALUES[facet](row))
    return [
        BucketOut(
            value=value, count=number, names=dict(names[value]) if facet == "seller" else None
        )
        for value, number in sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    ][:_BUCKETS]


_VALUES: Mapping[Facet, Callable[[Row], Iterable[str]]] = {
    "cpv": lambda row: [row.cpv_code[:_CPV_DIGITS]] if row.cpv_code else [],
    "hs": lambda row: [row.hs_code[:_HS_DIGITS]] if row.hs_code else [],
    "country_of_origin": lambda row: [row.country_of_origin],
    "country": lambda row: [row.country],
    "seller": lambda row: [ids.show("organisation", row.seller_id)],
    "certificate": lambda row: row.certificates,
    "availability": lambda row: [row.availability] if row.availability else [],
    "incoterm": lambda row: [row.incoterm],
}


def _bands(found: Iterable[Band[Any]]) -> list[BucketOut]:
    """In the order of the bands, since that is how they are read."""
    return [
        BucketOut(
            value=f"{_end(band.low)}..{_end(band.high)}",
            count=number,
            minimum=Decimal(band.low),
            maximum=None if band.high is None else Decimal(band.high),
        )
        for band, number in sorted(Counter(found).items(), key=lambda each: each[0].low)
    ]


def _end(value: Decimal | int | None) -> str:
    return "" if value is None else f"{Decimal(value):f}"


def _columns(wanted: OfferSearch, today: date) -> Any:
    told = "availability" in wanted.facets
    schemes = (
        sql_select(func.array_agg(col(Certificate.scheme).distinct()))
        .join(OfferCertificate, col(OfferCertificate.certificate_id) == col(Certificate.id))
        .where(col(OfferCertificate.offer_id) == col(Offer.id), catalog.in_force(today))
        .scalar_subquery()
    )
    return sql_select(
        col(Offer.id),
        col(Offer.seller_id),
        col(Organisation.legal_name),
        col(Organisation.country),
        col(Product.country_of_origin),
        col(Product.cpv_code),
        col(Product.hs_code),
        col(Offer.incoterm),
        col(Offer.currency),
        catalog.FIRST_PRICE,
        catalog.FIRST_LEAD_DAYS,
        availabilities.now(today) if told else literal(None),
        schemes,
    ).select_from(Offer)


def _read(session: Session, query: Select[Any]) -> dict[UUID, Row]:
    return {row[0]: Row(*(*row[:-1], row[-1] or ())) for row in session.connection().execute(query)}
