"""What makers can make, have promised, and may still promise. Never commits: the caller owns the
transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, exists, or_, select

from api.catalog import checks
from api.catalog.checks import Kind, Use
from api.catalog.models import Offer, Product
from api.catalog.stock_models import CapacityPromise, ProductionCapacity, StockLevel
from api.catalog.stock_schemas import AvailabilityQuery, CapacityIn, PromiseIn
from api.core import db
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.trail import Trail
from api.reference import calendars
from api.rules import promising
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.promising import Capacity, Closing, Promise, Stock, Supply

_FREE = """
    SELECT asked.id, free.quantity, free.available_from
    FROM unnest(%(ids)s::uuid[]) AS asked(id) CROSS JOIN LATERAL kerben_free_stock(asked.id) AS free
    ORDER BY free.available_from NULLS FIRST
"""
_PROMISED = """
    SELECT asked.id, made.quantity, made.due_on
    FROM unnest(%(ids)s::uuid[]) AS asked(id) CROSS JOIN LATERAL kerben_promised(asked.id) AS made
    ORDER BY made.due_on
"""


class CapacityExceeded(Conflict):
    """So many units cannot be made by that day beside what was promised before."""

    code, title = "capacity_exceeded", "The capacity is promised already"


@dataclass(frozen=True, slots=True)
class Availability:
    """How many of an offer by what date."""

    offer_id: UUID
    told: bool
    unit_code: str
    by: date
    available: Decimal
    in_stock: Decimal
    quantity: Decimal
    earliest_on: date | None
    promised_until: date


def state(session: Session, product: Product, actor: str, data: CapacityIn) -> ProductionCapacity:
    """Say how many of the owner's locked product are made, in place of what was said before.

    Raises Invalid for an unknown unit or calendar. What was promised stays promised.
    """
    uses = [Use(Kind.UNIT, data.unit_code, "unit_code")]
    checks.raise_if(checks.code_errors(uses, checks.unknown_codes(session, uses)))
    if not calendars.work_calendar(session, data.calendar).weekends:
        detail = f"No year of a work calendar {data.calendar} is known"
        raise refused("#/calendar", "unknown_calendar", detail)
    found = of(session, product.id)
    if found is None:
        found = ProductionCapacity(
            org_id=product.org_id, product_id=product.id, **data.model_dump()
        )
        session.add(found)
    else:
        for name, value in data.model_dump().items():
            setattr(found, name, value)
        found.version += 1
    trail = Trail(product.org_id, actor)
    trail.record(f"product:{product.id.hex}", "state_capacity", **data.model_dump(mode="json"))
    trail.write(session)
    return found


def of(session: Session, product_id: UUID) -> ProductionCapacity | None:
    """The capacity of a product that the caller sees, if its maker states one."""
    query = select(ProductionCapacity).where(ProductionCapacity.product_id == product_id)
    return session.exec(query).one_or_none()


def promise(session: Session, product: Product, actor: str, data: PromiseIn) -> CapacityPromise:
    """Promise units of the owner's product; the locked product makes promises follow one another.

    Raises AlreadyExists for a reference of the product that was used, and CapacityExceeded, which
    names how many there are by that day.
    """
    known = select(CapacityPromise).where(
        CapacityPromise.product_id == product.id, CapacityPromise.reference == data.reference
    )
    if session.exec(known).one_or_none() is not None:
        raise AlreadyExists("You have promised something by this reference already.")
    supply = _supply(session, product.id, of(session, product.id))
    left = promising.of_capacity(supply, data.due_on)
    if data.quantity > left:
        detail = f"By {data.due_on.isoformat()} no more than {plain(left)} can be promised."
        raise CapacityExceeded(detail)
    made = CapacityPromise(
        org_id=product.org_id, product_id=product.id, actor=actor, **data.model_dump()
    )
    session.add(made)
    trail = Trail(product.org_id, actor)
    shown = data.model_dump(mode="json")
    trail.record(f"product:{product.id.hex}", "promise_capacity", promise=made.id.hex, **shown)
    trail.write(session)
    return made


def close(
    session: Session, product: Product, promise_id: UUID, actor: str, closing: Closing
) -> CapacityPromise:
    """A promise of the locked product takes nothing any more. Raises NotFound and Conflict."""
    query = select(CapacityPromise).where(
        CapacityPromise.id == promise_id, CapacityPromise.product_id == product.id
    )
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    if found.closing is not None:
        raise Conflict(f"The promise is {found.closing} already.")
    found.closing, found.closed_at = closing, db.now(session)
    found.version += 1
    trail = Trail(product.org_id, actor)
    stream = f"product:{product.id.hex}"
    trail.record(stream, "close_promise", promise=found.id.hex, closing=closing.value)
    trail.write(session)
    return found


def promises(session: Session, product_id: UUID) -> Sequence[CapacityPromise]:
    """What was promised of a product and is not closed, for its owner; the first due first."""
    query = select(CapacityPromise).where(
        CapacityPromise.product_id == product_id, col(CapacityPromise.closed_at).is_(None)
    )
    order = (col(CapacityPromise.due_on), col(CapacityPromise.id))
    return session.exec(query.order_by(*order)).all()


def availability(session: Session, offer: Offer, wanted: AvailabilityQuery) -> Availability:
    """What may be promised of an offer that the caller sees."""
    stated = of(session, offer.product_id)
    supply = _supply(
        session,
        offer.product_id,
        stated if stated is not None and stated.unit_code == offer.unit_code else None,
        offer_id=offer.id,
    )
    by = wanted.by or supply.today
    quantity = wanted.quantity or offer.min_order_quantity
    available = promising.available(supply, by, multiple=offer.order_multiple)
    there = promising.in_stock(supply, by)
    return Availability(
        offer_id=offer.id,
        told=bool(supply.stock) or supply.capacity is not None,
        unit_code=offer.unit_code,
        by=by,
        available=available,
        in_stock=min(there, available),
        quantity=quantity,
        earliest_on=promising.earliest(supply, quantity),
        promised_until=supply.last_day,
    )


def told_of(session: Session, offer_ids: Collection[UUID]) -> dict[UUID, Supply]:
    """What may be promised of those of the offers whose maker states, in the offer's unit, how many
    it makes. Stock alone is no limit: who makes to order counts only what is ready."""
    if not offer_ids:
        return {}
    query = (
        select(Offer.id, ProductionCapacity)
        .join(ProductionCapacity, col(ProductionCapacity.product_id) == Offer.product_id)
        .where(
            col(Offer.id).in_(offer_ids),
            col(ProductionCapacity.unit_code) == col(Offer.unit_code),
        )
    )
    found = session.exec(query).all()
    today = local_date(db.now(session))
    free = _of_each(session, _FREE, {offer_id for offer_id, _ in found})
    promised = _of_each(session, _PROMISED, {stated.product_id for _, stated in found})
    known = {
        code: calendars.work_calendar(session, code)
        for code in {each.calendar for _, each in found}
    }
    return {
        offer_id: Supply(
            today,
            [Stock(*row) for row in free[offer_id]],
            _capacity(stated),
            known[stated.calendar],
            [Promise(*row) for row in promised[stated.product_id]],
        )
        for offer_id, stated in found
    }


def is_told(session: Session, product: Product) -> bool:
    """True when the owner says how many there are of a product, or how many it makes."""
    stocked = exists(
        select(StockLevel.id)
        .join(Offer, col(Offer.id) == StockLevel.offer_id)
        .where(Offer.product_id == product.id)
    )
    made = exists(select(ProductionCapacity.id).where(ProductionCapacity.product_id == product.id))
    return bool(session.exec(select(or_(stocked, made))).one())


def _supply(
    session: Session,
    product_id: UUID,
    stated: ProductionCapacity | None,
    *,
    offer_id: UUID | None = None,
) -> Supply:
    today = local_date(db.now(session))
    stock = []
    if offer_id is not None:
        stock = [Stock(*row) for row in _of_each(session, _FREE, [offer_id])[offer_id]]
    if stated is None:
        return Supply(today, stock)
    return Supply(
        today,
        stock,
        _capacity(stated),
        calendars.work_calendar(session, stated.calendar),
        [Promise(*row) for row in _of_each(session, _PROMISED, [product_id])[product_id]],
    )


def _capacity(stated: ProductionCapacity) -> Capacity:
    return Capacity(
        stated.quantity, stated.period, stated.lead_days, stated.valid_from, stated.valid_through
    )


def _of_each(
    session: Session, query: str, ids: Collection[UUID]
) -> Mapping[UUID, list[tuple[Decimal, Any]]]:
    """The rows of each of the ids, in order: how many, and from or by which day."""
    found = defaultdict[UUID, list[tuple[Decimal, Any]]](list)
    for key, quantity, day in db.rows(session, query, ids=[*ids]) if ids else ():
        found[key].append((quantity, day))
    return found
