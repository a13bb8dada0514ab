"""How products stand to markets: found anew when something changes and every night, and asked by
search and matching. Never commits.

A standing counts until the last day on which it surely holds; from then on the goods are withheld
until they are looked at again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, select

from api.catalog.models import Offer, Product
from api.channels.models import ExportPermission, MarketRequirement, MarketStanding
from api.channels.service import readiness, requirements
from api.core import bulk, db, deadlines, jobs, pages
from api.core.jobs import Job
from api.core.outbox import Event, emit_all
from api.core.pages import PageQuery
from api.identity.models import Organisation
from api.rules import markets
from api.rules.clock import local_date
from api.rules.markets import Requirement
from api.rules.offers import OfferStatus, validity_end

REVIEW_DUE = "market_standing.review_due"
REVIEWER = UUID(int=2)
"""Stands in the deadline of the review for a resource, which it has not."""
ASSESS = "channels.assess_products"
BATCH = 500
CHANGED = "market_standings"
"""What `offer.changed` names when an offer is let into a market, or no more."""


class StandingGate:
    """`catalog.market_gate.Gate`, from what is stored."""

    def shown_to(self, org_id: UUID, today: date) -> ColumnElement[bool]:
        """Domestic goods, goods of a market that asks nothing, and what is ready."""
        asker = aliased(Organisation)
        own = select(asker.country).where(asker.id == org_id).scalar_subquery()
        asks = exists().where(col(MarketRequirement.market) == own)
        ready = exists().where(
            col(MarketStanding.product_id) == col(Offer.product_id),
            col(MarketStanding.market) == own,
            _holds(today),
        )
        return or_(col(Organisation.country) == own, ~asks, ready)

    def barred(
        self, session: Session, offer_ids: Collection[UUID], today: date
    ) -> Mapping[UUID, Collection[str]]:
        """Of offers from abroad: the markets with requirements for which nothing ready is known."""
        found: defaultdict[UUID, list[str]] = defaultdict(list)
        asking = select(MarketRequirement.market).distinct().subquery()
        ready = exists().where(
            col(MarketStanding.product_id) == col(Offer.product_id),
            col(MarketStanding.market) == asking.c.market,
            _holds(today),
        )
        query = (
            select(Offer.id, asking.c.market)
            .join(Organisation, col(Organisation.id) == Offer.seller_id)
            .join(asking, asking.c.market != col(Organisation.country))
            .where(col(Offer.id).in_(offer_ids), ~ready)
        )
        for offer_id, market in session.exec(query):
            found[offer_id].append(market)
        return found


GATE = StandingGate()


def assess_offers(session: Session, offer_ids: Collection[UUID]) -> None:
    """Look at the products of offers again."""
    query = select(Product).join(Offer, col(Offer.product_id) == Product.id)
    _assess(session, session.exec(query.where(col(Offer.id).in_(offer_ids)).distinct()).all())


def assess_product(session: Session, product_id: UUID) -> None:
    """Look at a product again."""
    _assess(session, session.exec(select(Product).where(Product.id == product_id)).all())


def assess_permitted(session: Session, permission_id: UUID) -> None:
    """What an exporter may do has changed: have all its products looked at again."""
    permission = session.get_one(ExportPermission, permission_id)
    jobs.enqueue(session, ASSESS, {"org_id": permission.org_id.hex}, account=permission.org_id)


def review(session: Session) -> None:
    """Have the products of everybody looked at again, and so tomorrow."""
    jobs.enqueue(session, ASSESS, {"org_id": None})
    midnight = validity_end(local_date(db.now(session)))
    deadlines.arm(session, REVIEW_DUE, REVIEWER, midnight, org_id=None)


def step(session: Session, job: Job) -> bool:
    """Look at the next products, of an organisation or of everybody; True when none are left."""
    query = select(Product).order_by(col(Product.id)).limit(BATCH)
    if job.args["org_id"]:
        query = query.where(Product.org_id == UUID(hex=job.args["org_id"]))
    if job.cursor:
        query = query.where(Product.id > UUID(hex=job.cursor["last"]))
    products = session.exec(query).all()
    if not products:
        return True
    _assess(session, products)
    job.cursor = {"last": products[-1].id.hex}
    job.progress_done += len(products)
    return False


def list_standings(
    session: Session, page: PageQuery, *, org_id: UUID, market: str | None, ready: bool | None
) -> tuple[Sequence[MarketStanding], str | None]:
    """How the organisation's products stand to markets, newest first, and the next cursor.

    One whose last day is over is not ready.
    """
    query = select(MarketStanding).where(MarketStanding.org_id == org_id)
    if market is not None:
        query = query.where(MarketStanding.market == market)
    if ready is not None:
        holds = _holds(local_date(db.now(session)))
        query = query.where(holds if ready else ~holds)
    filters = {"market": market, "ready": ready}
    scope = f"market-standings:{org_id}"
    return pages.newest_first(session, query, MarketStanding, page, scope=scope, filters=filters)


def holds(standing: MarketStanding, today: date) -> bool:
    """True when the product is shown in the market today."""
    return standing.ready and (standing.until is None or standing.until >= today)


def _holds(today: date) -> ColumnElement[bool]:
    until = col(MarketStanding.until)
    return and_(col(MarketStanding.ready), or_(until.is_(None), until >= today))


def _assess(session: Session, products: Sequence[Product]) -> None:
    """Note how products stand to the markets that ask something and are not their seller's own;
    tell of the offers that are let in, or no more."""
    today = local_date(db.now(session))
    asked = session.exec(select(MarketRequirement.market).distinct()).all()
    sellers = {product.org_id for product in products}
    query = select(Organisation.id, Organisation.country).where(col(Organisation.id).in_(sellers))
    countries = dict(session.exec(query).all())
    for market in asked:
        needed = requirements.of_market(session, market)
        for org_id in sorted(sellers):
            own = [product for product in products if product.org_id == org_id]
            if countries[org_id] != market:
                _note(session, org_id, own, market, needed, today)


def _note(
    session: Session,
    org_id: UUID,
    products: Sequence[Product],
    market: str,
    needed: Sequence[Requirement],
    today: date,
) -> None:
    known = {
        each.product_id: holds(each, today)
        for each in session.exec(
            select(MarketStanding).where(
                col(MarketStanding.product_id).in_([product.id for product in products]),
                MarketStanding.market == market,
            )
        )
    }
    found = readiness.of_products(session, org_id, products, market, needed, today)
    rows = [
        bulk.new_row(
            org_id=org_id,
            product_id=product.id,
            market=market,
            ready=found[product.id].ready,
            until=markets.holds_until(found[product.id], needed, product.hs_code, today),
            missing=[*_missing(found[product.id])],
        )
        for product in products
    ]
    bulk.insert(session, MarketStanding, rows, key=("product_id", "market"))
    turned = [each.id for each in products if known.get(each.id, False) != found[each.id].ready]
    _tell(session, org_id, turned)


def _missing(found: markets.Readiness) -> Iterable[dict[str, Any]]:
    for each in found.missing:
        row = each.requirement
        if row.blocking and each.reason is not None:
            yield {"code": row.code, "kind": row.kind.value, "reason": each.reason.value}


def _tell(session: Session, org_id: UUID, product_ids: Collection[UUID]) -> None:
    query = select(Offer.id).where(
        col(Offer.product_id).in_(product_ids), Offer.status == OfferStatus.ACTIVE
    )
    events = [
        Event("offer.changed", offer_id, {"fields": [CHANGED]}, org_id)
        for offer_id in session.exec(query.order_by(col(Offer.id)))
    ]
    if events:
        emit_all(session, events, org_id=org_id)
