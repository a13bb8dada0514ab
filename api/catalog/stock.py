"""Stock of offers by place. Never commits: the caller owns the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, tuple_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import checks, states
from api.catalog.checks import Kind, Use
from api.catalog.models import Offer
from api.catalog.stock_models import StockLevel, StockMovement
from api.catalog.stock_schemas import Outcome, StockMovementIn, StockTermsIn
from api.core import bulk, db
from api.core.errors import Conflict
from api.core.trail import Trail
from api.rules import stock
from api.rules.offers import plain
from api.rules.stock import Balance, MovementKind, Refused

_BEGIN = frozenset({MovementKind.COUNTED, MovementKind.RECEIVED})
_TOLD = ("kind", "quantity", "occurred_at")
# Not by the ORM: it would name the columns that only the database writes.
_LEVEL = text("""
    INSERT INTO stock_level (id, created_at, updated_at, seller_id, offer_id, place_code,
      backorders, version)
    VALUES (:id, :created_at, :updated_at, :seller, :offer, :place, false, 1)
    ON CONFLICT (offer_id, place_code) DO NOTHING
""")
type _Key = tuple[UUID, str]


class StockIsShort(Conflict):
    """More was shipped from the place than was there: count or receive what makes up for it."""

    code, title = "stock_is_short", "The stock is short of what was taken"


@dataclass(slots=True)
class Result:
    """What became of a fact."""

    row: int
    reference: str
    outcome: Outcome
    movement_id: UUID | None = None
    on_hand: Decimal | None = None
    reserved: Decimal | None = None
    pointer: str | None = None
    code: str | None = None
    detail: str | None = None


@dataclass(slots=True)
class _Reservation:
    id: UUID
    level_id: UUID
    left: Decimal


@dataclass(slots=True)
class _Ledger:
    """What a batch of facts meets, locked: balances, facts told before, reservations."""

    org_id: UUID
    actor: str
    now: datetime
    offers: Mapping[str, UUID]
    unknown_places: frozenset[str]
    levels: dict[_Key, StockLevel]
    balances: dict[UUID, Balance]
    counted: dict[UUID, datetime]
    told: dict[str, Mapping[str, Any]]
    reservations: dict[str, _Reservation]
    rows: list[dict[str, Any]] = field(default_factory=list)


class _RowRefused(Exception):
    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.code = pointer, code


def record(
    session: Session, org_id: UUID, actor: str, movements: Sequence[StockMovementIn]
) -> list[Result]:
    """Record the seller's facts in their order; each of them, or why it was refused.

    A fact told before, by its reference, changes nothing. Balances are locked, the same ones in the
    same order by everybody, so that facts told at once follow one another.
    """
    ledger = _opened(session, org_id, actor, movements)
    results = [_recorded(ledger, row, each) for row, each in enumerate(movements)]
    bulk.insert(session, StockMovement, ledger.rows)
    trail = Trail(org_id, actor)
    moved = {row["level_id"] for row in ledger.rows}
    for level in ledger.levels.values():
        if level.id in moved:
            count = sum(row["level_id"] == level.id for row in ledger.rows)
            _told(trail, level, ledger.balances[level.id], count)
    trail.write(session)
    session.expire_all()
    return results


def say(session: Session, offer: Offer, actor: str, data: StockTermsIn) -> StockLevel:
    """What the seller of the locked offer says of its goods at a place: Invalid for an unknown one,
    StockIsShort where backorders would end while some are open."""
    uses = [Use(Kind.PLACE, data.place_code, "place_code")]
    checks.raise_if(checks.code_errors(uses, checks.unknown_codes(session, uses)))
    _begin(session, offer.seller_id, [(offer.id, data.place_code)])
    (level,) = _locked(session, [(offer.id, data.place_code)]).values()
    if level.on_hand < 0 and not data.backorders:
        raise StockIsShort
    level.backorders, level.available_from = data.backorders, data.available_from
    level.version += 1
    trail = Trail(offer.seller_id, actor)
    trail.record(f"offer:{offer.id.hex}", "say_stock", **data.model_dump(mode="json"))
    _changed(trail, level, level.balance)
    trail.write(session)
    return level


def levels(session: Session, offer_id: UUID) -> Sequence[StockLevel]:
    """Goods of an offer by place, for its seller."""
    query = select(StockLevel).where(StockLevel.offer_id == offer_id)
    return session.exec(query.order_by(col(StockLevel.place_code))).all()


def movements_of(offer_id: UUID) -> SelectOfScalar[StockMovement]:
    """Query of the facts about an offer, for its seller."""
    within = select(StockLevel.id).where(StockLevel.offer_id == offer_id)
    return select(StockMovement).where(col(StockMovement.level_id).in_(within))


def _opened(
    session: Session, org_id: UUID, actor: str, movements: Sequence[StockMovementIn]
) -> _Ledger:
    own = select(Offer.sku, Offer.id).where(
        Offer.seller_id == org_id, states.among(col(Offer.sku), {m.sku for m in movements})
    )
    offers = {sku: offer_id for sku, offer_id in session.exec(own)}
    uses = [Use(Kind.PLACE, m.place_code, "place_code") for m in movements]
    unknown = frozenset(code for _, code in checks.unknown_codes(session, uses))
    named = [m for m in movements if m.sku in offers and m.place_code not in unknown]
    keys = {(offers[m.sku], m.place_code) for m in named}
    _begin(session, org_id, {(offers[m.sku], m.place_code) for m in named if m.kind in _BEGIN})
    found = _locked(session, keys)
    told = session.exec(
        select(StockMovement).where(
            StockMovement.seller_id == org_id,
            states.among(
                col(StockMovement.reference),
                {m.reference for m in movements} | {m.reservation or "" for m in movements},
            ),
        )
    ).all()
    return _Ledger(
        org_id=org_id,
        actor=actor,
        now=db.now(session),
        offers=offers,
        unknown_places=unknown,
        levels=found,
        balances={level.id: level.balance for level in found.values()},
        counted={each.id: each.counted_at for each in found.values() if each.counted_at},
        told={each.reference: each.model_dump() for each in told},
        reservations=_reservations(session, told),
    )


def _reservations(session: Session, told: Sequence[StockMovement]) -> dict[str, _Reservation]:
    reserved = [each for each in told if each.kind is MovementKind.RESERVED]
    if not reserved:
        return {}
    taken = select(StockMovement.reservation_id, func.sum(StockMovement.reserved_change)).where(
        col(StockMovement.reservation_id).in_([each.id for each in reserved])
    )
    used = {key: total for key, total in session.exec(taken.group_by(StockMovement.reservation_id))}  # type: ignore[arg-type]
    return {
        each.reference: _Reservation(
            each.id, each.level_id, each.quantity + used.get(each.id, stock.ZERO)
        )
        for each in reserved
    }


def _recorded(ledger: _Ledger, row: int, data: StockMovementIn) -> Result:
    try:
        return _taken(ledger, row, data)
    except _RowRefused as refused:
        return Result(
            row,
            data.reference,
            Outcome.REFUSED,
            pointer=f"#/movements/{row}/{refused.pointer}",
            code=refused.code,
            detail=str(refused),
        )


def _taken(ledger: _Ledger, row: int, data: StockMovementIn) -> Result:
    level = _level(ledger, data)
    before = ledger.told.get(data.reference)
    if before is not None:
        same = level is not None and before["level_id"] == level.id
        if not same or any(before[name] != getattr(data, name) for name in _TOLD):
            detail = "You have told another fact by this reference"
            raise _RowRefused("reference", "reference_reused", detail)
        return _result(ledger, row, data, Outcome.UNCHANGED, before["id"], before["level_id"])
    if data.occurred_at > ledger.now:
        raise _RowRefused("occurred_at", "in_the_future", "It has not happened yet")
    if level is None:
        raise _RowRefused("quantity", "insufficient_stock", "Nothing was counted or received there")
    if data.kind is MovementKind.COUNTED and data.occurred_at < ledger.counted.get(
        level.id, data.occurred_at
    ):
        raise _RowRefused("occurred_at", "count_outdated", "It was counted later already")
    reservation = _reservation(ledger, data, level)
    balance = ledger.balances[level.id]
    try:
        left = None if reservation is None else reservation.left
        by = stock.change(balance, data.kind, data.quantity, open_reservation=left)
    except Refused as refused:
        raise _RowRefused("quantity", refused.fault.value, str(refused)) from refused
    made = bulk.new_row(
        seller_id=ledger.org_id,
        level_id=level.id,
        kind=data.kind,
        quantity=data.quantity,
        on_hand_change=by.on_hand,
        reserved_change=by.reserved,
        reservation_id=None if reservation is None else reservation.id,
        reference=data.reference,
        occurred_at=data.occurred_at,
        actor=ledger.actor,
    )
    ledger.rows.append(made)
    ledger.told[data.reference] = made
    ledger.balances[level.id] = stock.moved(balance, by)
    if data.kind is MovementKind.COUNTED:
        ledger.counted[level.id] = data.occurred_at
    elif data.kind is MovementKind.RESERVED:
        ledger.reservations[data.reference] = _Reservation(made["id"], level.id, data.quantity)
    elif reservation is not None:
        reservation.left -= data.quantity
    return _result(ledger, row, data, Outcome.RECORDED, made["id"], level.id)


def _level(ledger: _Ledger, data: StockMovementIn) -> StockLevel | None:
    if data.sku not in ledger.offers:
        raise _RowRefused("sku", "unknown_sku", "You have no offer with this sku")
    if data.place_code in ledger.unknown_places:
        raise _RowRefused("place_code", "unknown_place", "Not a known place")
    return ledger.levels.get((ledger.offers[data.sku], data.place_code))


def _reservation(ledger: _Ledger, data: StockMovementIn, level: StockLevel) -> _Reservation | None:
    if data.reservation is None:
        return None
    found = ledger.reservations.get(data.reservation)
    if found is None or found.level_id != level.id:
        detail = "Nothing was reserved there by this reference"
        raise _RowRefused("reservation", "unknown_reservation", detail)
    return found


def _result(
    ledger: _Ledger,
    row: int,
    data: StockMovementIn,
    outcome: Outcome,
    movement_id: UUID,
    level_id: UUID,
) -> Result:
    balance = ledger.balances[level_id]
    return Result(row, data.reference, outcome, movement_id, balance.on_hand, balance.reserved)


def _begin(session: Session, org_id: UUID, keys: Sequence[_Key] | set[_Key]) -> None:
    """A balance of nothing for each key that has none."""
    if not keys:
        return
    rows = [
        {**bulk.new_row(), "seller": org_id, "offer": offer_id, "place": place}
        for offer_id, place in sorted(keys)
    ]
    session.connection().execute(_LEVEL, rows)


def _locked(session: Session, keys: Sequence[_Key] | set[_Key]) -> dict[_Key, StockLevel]:
    query = (
        select(StockLevel)
        .where(tuple_(col(StockLevel.offer_id), col(StockLevel.place_code)).in_(keys))
        .order_by(col(StockLevel.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(each.offer_id, each.place_code): each for each in session.exec(query)}


def _told(trail: Trail, level: StockLevel, balance: Balance, movements: int) -> None:
    stream = f"offer:{level.offer_id.hex}"
    trail.record(stream, "move_stock", place_code=level.place_code, movements=movements)
    _changed(trail, level, balance)


def _changed(trail: Trail, level: StockLevel, balance: Balance) -> None:
    trail.emit(
        "stock.changed",
        level.offer_id,
        place_code=level.place_code,
        on_hand=plain(balance.on_hand),
        reserved=plain(balance.reserved),
        available=plain(balance.available),
    )
