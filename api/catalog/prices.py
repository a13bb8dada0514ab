"""Other prices of offers. Never commits: the caller owns the transaction."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import Session, col, or_, select

from api.catalog import checks
from api.catalog.checks import Kind, Use
from api.catalog.models import Offer
from api.catalog.price_models import PricePoint
from api.catalog.price_schemas import PriceOut, PricePointIn, PriceQuery
from api.core import db
from api.core.errors import AlreadyExists, FieldError, NotFound, refused
from api.core.trail import Trail
from api.identity.models import Organisation
from api.rules import price_points
from api.rules.clock import local_date
from api.rules.offers import OfferStatus, is_valid_on, price_at, price_findings

_MOST = 200


class NoPrice(NotFound):
    """The offer has no price for this quantity, rule and place."""

    code, title = "no_price", "The offer has no such price"


def create(session: Session, offer: Offer, actor: str, data: PricePointIn) -> PricePoint:
    """Add prices to the seller's locked offer.

    Raises Invalid for unknown codes, an unknown buyer and tiers that contradict the offer, and
    AlreadyExists for the same buyer, rule, place and first day.
    """
    today = local_date(db.now(session))
    begins = data.valid_from or today
    _check(session, offer, data, begins <= (data.valid_through or begins))
    point = PricePoint(
        seller_id=offer.seller_id,
        offer_id=offer.id,
        buyer_id=data.buyer_id,
        tiers=[tier.model_dump(mode="json") for tier in data.price_tiers],
        valid_from=begins,
        **data.model_dump(exclude={"buyer_id", "price_tiers", "valid_from"}),
    )
    there = session.exec(select(PricePoint).where(PricePoint.offer_id == offer.id)).all()
    if any(_same(each, point) for each in there):
        raise AlreadyExists("The offer has prices of this rule and place from this day on.")
    if len(there) >= _MOST:
        raise refused("#", "too_many_price_points", f"An offer has {_MOST} price points at most")
    session.add(point)
    session.flush()
    _traced(session, offer, actor, "add_price_point", point)
    return point


def listed(session: Session, org_id: UUID, offer_id: UUID) -> Sequence[PricePoint]:
    """The price points of an offer that are for the caller; its seller sees all of them."""
    query = select(PricePoint).where(
        PricePoint.offer_id == offer_id,
        or_(
            col(PricePoint.seller_id) == org_id,
            col(PricePoint.buyer_id).is_(None),
            col(PricePoint.buyer_id) == org_id,
        ),
    )
    return session.exec(query.order_by(col(PricePoint.id))).all()


def remove(session: Session, offer: Offer, point_id: UUID, actor: str) -> None:
    """Take prices back from the seller's locked offer; NotFound."""
    query = select(PricePoint).where(PricePoint.id == point_id, PricePoint.offer_id == offer.id)
    point = session.exec(query).one_or_none()
    if point is None:
        raise NotFound
    session.delete(point)
    _traced(session, offer, actor, "remove_price_point", point)


def price(session: Session, org_id: UUID, offer: Offer, wanted: PriceQuery) -> PriceOut:
    """What one unit of an offer costs the caller today. A contract price stands before a price for
    all, and this before the terms of the offer. Raises NoPrice."""
    today = local_date(db.now(session))
    asked = (wanted.incoterm, wanted.place_code) if wanted.incoterm else None
    points = price_points.standing(listed(session, org_id, offer.id), org_id, today)
    for point in points:
        named = (point.incoterm, point.place_code) == asked
        found = price_points.unit_price(point, wanted.quantity)
        if found is not None and (named or (asked is None and point.buyer_id is not None)):
            return PriceOut(
                quantity=wanted.quantity,
                unit_price=found,
                amount=found * wanted.quantity,
                currency=point.currency,
                incoterm=point.incoterm,
                place_code=point.place_code,
                contract=point.buyer_id is not None,
                price_point_id=point.id,
                valid_through=point.valid_through,
            )
    found = price_at(offer.price_tiers, wanted.quantity)
    valid = is_valid_on(today, offer.valid_from, offer.valid_through)
    if found is None or not valid or asked not in (None, (offer.incoterm, offer.place_code)):
        raise NoPrice
    return PriceOut(
        quantity=wanted.quantity,
        unit_price=found,
        amount=found * wanted.quantity,
        currency=offer.currency,
        incoterm=offer.incoterm,
        place_code=offer.place_code,
        contract=False,
        price_point_id=None,
        valid_through=offer.valid_through,
    )


def contracts(
    session: Session, buyer_ids: Collection[UUID], offer_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], list[PricePoint]]:
    """The contract prices of buyers in these offers, by offer and buyer."""
    query = select(PricePoint).where(
        col(PricePoint.buyer_id).in_(buyer_ids), col(PricePoint.offer_id).in_(offer_ids)
    )
    found: dict[tuple[UUID, UUID], list[PricePoint]] = {}
    for point in session.exec(query):
        assert point.buyer_id is not None
        found.setdefault((point.offer_id, point.buyer_id), []).append(point)
    return found


def _check(session: Session, offer: Offer, data: PricePointIn, ordered: bool) -> None:
    uses = [
        Use(Kind.PLACE, data.place_code, "place_code"),
        Use(Kind.CURRENCY, data.currency, "currency"),
    ]
    errors = checks.code_errors(uses, checks.unknown_codes(session, uses))
    errors += [
        FieldError(pointer=f"#/{f.path}", code=f.code, detail=f.detail)
        for f in price_findings(data.price_tiers, offer.min_order_quantity)
    ]
    if not ordered:
        detail = "It ends before it begins"
        errors.append(FieldError(pointer="#/valid_through", code="before_start", detail=detail))
    if data.buyer_id is not None and (
        data.buyer_id == offer.seller_id or session.get(Organisation, data.buyer_id) is None
    ):
        detail = "Not another organisation of this market"
        errors.append(FieldError(pointer="#/buyer_id", code="unknown_buyer", detail=detail))
    checks.raise_if(errors)


def _same(one: PricePoint, other: PricePoint) -> bool:
    names = ("buyer_id", "incoterm", "place_code", "valid_from")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _traced(session: Session, offer: Offer, actor: str, action: str, point: PricePoint) -> None:
    trail = Trail(offer.seller_id, actor)
    trail.record(f"offer:{offer.id.hex}", action, price_point=point.id.hex)
    if offer.status is not OfferStatus.DRAFT:
        trail.emit("offer.changed", offer.id, fields=["price_points"])
    trail.write(session)
