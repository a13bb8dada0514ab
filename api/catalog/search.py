"""Which offers a caller may see, and those of them that a filter leaves.

An offer is read without the certificates that have run out: what they claimed is no longer shown.
"""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_
from sqlalchemy import select as sql_select
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import availabilities, market_gate
from api.catalog.models import (
    Certificate,
    LeadTimeTier,
    Offer,
    OfferCertificate,
    PriceTier,
    Product,
)
from api.catalog.offers import WHOLE
from api.catalog.schemas import OfferFilter
from api.core import db
from api.core.errors import NotFound, refused
from api.identity import debarments
from api.identity.models import DebarmentRecord, Organisation
from api.reference import locales
from api.reference import service as reference
from api.rules.classifications import Scheme, level
from api.rules.clock import local_date
from api.rules.offers import OfferStatus
from api.rules.organisations import MAY_ACT

FIRST_PRICE = (
    sql_select(col(PriceTier.unit_price))
    .where(col(PriceTier.offer_id) == col(Offer.id))
    .order_by(col(PriceTier.min_quantity))
    .limit(1)
    .scalar_subquery()
)
"""Of one unit of the smallest order; what was agreed with one buyer is no part of it."""
FIRST_LEAD_DAYS = (
    sql_select(col(LeadTimeTier.days))
    .where(col(LeadTimeTier.offer_id) == col(Offer.id))
    .order_by(col(LeadTimeTier.min_quantity))
    .limit(1)
    .scalar_subquery()
)


def get(session: Session, org_id: UUID, offer_id: UUID, *, everything: bool = False) -> Offer:
    """An offer that the caller may see; `everything` is for the operator."""
    today = local_date(db.now(session))
    query = whole(today).where(Offer.id == offer_id)
    offer = session.exec(_joined(query, org_id, today, everything)).one_or_none()
    if offer is None:
        raise NotFound
    return offer


def query(
    session: Session, org_id: UUID, wanted: OfferFilter, *, everything: bool = False
) -> SelectOfScalar[Offer]:
    """The offers, whole, that the caller may see and that fit the filter."""
    return narrowed(
        session, whole(local_date(db.now(session))), org_id, wanted, everything=everything
    )


def whole(today: date) -> SelectOfScalar[Offer]:
    """Offers with all that is shown of them."""
    shown = Offer.certificates.and_(in_force(today))  # type: ignore[attr-defined]
    return select(Offer).options(*WHOLE, selectinload(shown))


def narrowed[Q: Select[Any]](
    session: Session, found: Q, org_id: UUID, wanted: OfferFilter, *, everything: bool = False
) -> Q:
    """A query of Offer joined with Product and Organisation, of what the caller may see and the
    filter leaves. Raises Invalid for prices without a currency or one without any known rate.
    """
    check(wanted)
    today = local_date(db.now(session))
    found = _joined(found, org_id, today, everything)
    if wanted.cpv:
        prefix = wanted.cpv[: level(Scheme.CPV, wanted.cpv)] if "-" in wanted.cpv else wanted.cpv
        found = found.where(col(Product.cpv_code).startswith(prefix))
    if wanted.hs:
        found = found.where(col(Product.hs_code).startswith(wanted.hs))
    if wanted.seller is not None:
        found = found.where(col(Offer.seller_id) == wanted.seller)
    if wanted.status is not None:
        found = found.where(col(Offer.status) == wanted.status)
    if wanted.country:
        found = found.where(col(Organisation.country) == wanted.country)
    if wanted.max_moq is not None:
        found = found.where(col(Offer.min_order_quantity) <= wanted.max_moq)
    if wanted.market:
        markets = col(Offer.markets)
        found = found.where(or_(func.cardinality(markets) == 0, markets.contains([wanted.market])))
    if wanted.country_of_origin:
        found = found.where(col(Product.country_of_origin) == wanted.country_of_origin)
    if wanted.incoterm:
        found = found.where(col(Offer.incoterm) == wanted.incoterm)
    if wanted.max_lead_days is not None:
        found = found.where(FIRST_LEAD_DAYS <= wanted.max_lead_days)
    if wanted.availability is not None:
        found = found.where(availabilities.now(today) == wanted.availability.value)
    if wanted.certificate:
        found = found.where(_shows(wanted.certificate, today))
    if wanted.min_price is not None or wanted.max_price is not None:
        found = found.where(_priced(session, wanted, today))
    return found


def check(wanted: OfferFilter) -> None:
    """Raises Invalid for prices that are of no currency or leave nothing between them."""
    low, high = wanted.min_price, wanted.max_price
    if low is not None or high is not None:
        currency_of(wanted)
    if low is not None and high is not None and high < low:
        raise refused("#?query/max_price", "below_min_price", "It is below min_price.")


def filters(wanted: OfferFilter) -> dict[str, Any]:
    """What a page's cursor is bound to."""
    return wanted.model_dump(mode="json", exclude_none=True, exclude={"limit", "cursor"})


def in_force(today: date) -> ColumnElement[bool]:
    """A certificate that has not run out."""
    expires = col(Certificate.expires_on)
    return or_(expires.is_(None), expires >= today)


def _joined[Q: Select[Any]](found: Q, org_id: UUID, today: date, everything: bool) -> Q:
    found = found.join(Product, col(Product.id) == col(Offer.product_id)).join(
        Organisation, col(Organisation.id) == col(Offer.seller_id)
    )
    if everything:
        return found
    return found.where(
        or_(
            col(Offer.seller_id) == org_id,
            and_(shown(today), market_gate.shown_to(org_id, today)),
        )
    )


def shown(today: date) -> ColumnElement[bool]:
    """Active, still valid, and of a seller that may act and is not debarred."""
    through = col(Offer.valid_through)
    debarred = exists().where(
        col(DebarmentRecord.organisation_id) == col(Offer.seller_id), debarments.counting(today)
    )
    return and_(
        col(Offer.status) == OfferStatus.ACTIVE,
        or_(through.is_(None), through >= today),
        col(Organisation.status).in_(MAY_ACT),
        ~debarred,
    )


def _shows(scheme: str, today: date) -> ColumnElement[bool]:
    return exists().where(
        col(OfferCertificate.offer_id) == col(Offer.id),
        col(OfferCertificate.certificate_id) == col(Certificate.id),
        col(Certificate.scheme) == scheme,
        in_force(today),
    )


def _priced(session: Session, wanted: OfferFilter, today: date) -> ColumnElement[bool]:
    """The first price lies between the bounds, each of which is turned into every currency."""
    low, high = wanted.min_price, wanted.max_price
    within = []
    for currency, value in rates(session, currency_of(wanted), today).items():
        bounds = [col(Offer.currency) == currency]
        if low is not None:
            bounds.append(FIRST_PRICE * value >= low)
        if high is not None:
            bounds.append(FIRST_PRICE * value <= high)
        within.append(and_(*bounds))
    return or_(false(), *within)


def currency_of(wanted: OfferFilter) -> str:
    """The currency of the filter's prices. Raises Invalid where none, or none there is, is named."""
    if wanted.currency is None:
        raise refused("#?query/currency", "missing", "Name the currency of the prices.")
    if wanted.currency not in locales.currencies():
        raise refused("#?query/currency", "unknown", "There is no such currency.")
    return wanted.currency


def rates(session: Session, currency: str, today: date) -> dict[str, Decimal]:
    """What one unit of each currency that has a rate costs in `currency`, itself among them."""
    found = reference.rates(session, reference.quoted(session) | {currency}, currency, today)
    return {base: rate.value for base, rate in found.items()}
