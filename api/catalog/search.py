"""Which offers and certificates a caller may see, and how offers are found.

An offer is read without the certificates that have run out: what they claimed is no longer shown.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import market_gate
from api.catalog.models import Certificate, Offer, Product
from api.catalog.offers import WHOLE
from api.catalog.schemas import OfferFilter
from api.core import db
from api.core.errors import NotFound
from api.identity import debarments
from api.identity.models import DebarmentRecord, Organisation
from api.rules.classifications import Scheme, level
from api.rules.clock import local_date
from api.rules.offers import OfferStatus
from api.rules.organisations import MAY_ACT

_MAX_WORDS = 10


def get(session: Session, org_id: UUID, offer_id: UUID, *, everything: bool = False) -> Offer:
    """An offer that the caller may see; `everything` is for the operator."""
    query = _visible(session, org_id, everything).where(Offer.id == offer_id)
    offer = session.exec(query).one_or_none()
    if offer is None:
        raise NotFound
    return offer


def query(
    session: Session, org_id: UUID, wanted: OfferFilter, *, everything: bool = False
) -> SelectOfScalar[Offer]:
    """The offers that the caller may see and that fit the filter."""
    found = _visible(session, org_id, everything)
    for word in (wanted.q or "").casefold().split()[:_MAX_WORDS]:
        found = found.where(col(Product.search_text).contains(word, autoescape=True))
    if wanted.cpv:
        prefix = wanted.cpv[: level(Scheme.CPV, wanted.cpv)] if "-" in wanted.cpv else wanted.cpv
        found = found.where(col(Product.cpv_code).startswith(prefix))
    if wanted.hs:
        found = found.where(col(Product.hs_code).startswith(wanted.hs))
    if wanted.seller is not None:
        found = found.where(Offer.seller_id == wanted.seller)
    if wanted.status is not None:
        found = found.where(Offer.status == wanted.status)
    if wanted.country:
        found = found.where(Organisation.country == wanted.country)
    if wanted.max_moq is not None:
        found = found.where(col(Offer.min_order_quantity) <= wanted.max_moq)
    return found


def filters(wanted: OfferFilter) -> dict[str, Any]:
    """What a page's cursor is bound to."""
    return wanted.model_dump(mode="json", exclude_none=True, exclude={"limit", "cursor"})


def _visible(session: Session, org_id: UUID, everything: bool) -> SelectOfScalar[Offer]:
    today, expires = local_date(db.now(session)), col(Certificate.expires_on)
    in_force = Offer.certificates.and_(or_(expires.is_(None), expires >= today))  # type: ignore[attr-defined]
    found = (
        select(Offer)
        .join(Product, col(Product.id) == Offer.product_id)
        .join(Organisation, col(Organisation.id) == Offer.seller_id)
        .options(*WHOLE, selectinload(in_force))
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
