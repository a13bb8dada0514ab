"""Liquidated damages of a contract, computed from facts. Never commits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import execution, ordered_items, performance, queries, terms
from api.contracts.execution_problems import PriceUnknown
from api.contracts.models import Contract, DeliveryExcuse, DeliveryScheduleRow, Performance
from api.contracts.penalty import files
from api.core import db, ids
from api.procurement.models import BidItem, Item
from api.reference import calendars
from api.rules.claims import ExcuseStatus
from api.rules.clock import local_date
from api.rules.penalties import (
    DueRow,
    Excuse,
    PenaltyInputs,
    PenaltyTerms,
    Performed,
    Told,
    performances,
)
from api.rules.periods import DayUnit

_PRICE = Decimal("0.000001")
_DAY = timedelta(days=1)


def file(session: Session, contract: Contract, *, as_of: datetime | None = None) -> bytes:
    """The arithmetic of a contract's damages up to `as_of`, now by default, as both sides see it.

    Raises NoPenaltyTerms, PriceUnknown or CalendarYearMissing.
    """
    return files.write(inputs(session, contract, as_of=as_of or db.now(session)))


def inputs(session: Session, contract: Contract, *, as_of: datetime) -> PenaltyInputs:
    """What damages up to `as_of` are computed from; after the end of a contract none accrue."""
    kept = terms.frozen(session, contract)
    until = min(as_of, contract.terminated_at or as_of)
    agreed = PenaltyTerms(
        kept.rate_bp_per_day,
        kept.cap_bp,
        kept.grace_days,
        kept.unit,
        kept.basis,
        kept.calendar,
        kept.reviewed,
        kept.source,
    )
    assert contract.signed_at is not None
    start = local_date(contract.signed_at)
    rows = _rows(session, contract, until)
    excuses = _excuses(session, contract)
    first = min([start, *(row.due_date for row in rows)])
    return PenaltyInputs(
        contract=ids.show("contract", contract.id),
        ocid=contract.ocid,
        currency=contract.value_currency,
        as_of=until,
        excusable_from=start,
        terms=agreed,
        rows=rows,
        excuses=excuses,
        days_off=_days_off(session, agreed, first, local_date(until)),
    )


def unit_prices(session: Session, contract: Contract) -> dict[UUID, Decimal]:
    """The price of a unit of each item of a contract, to six digits.

    Prices of the bid, in proportion to what was awarded (an auction lowers all of a lot alike); of a
    lot with one item and no unit price, its value by the quantity. Items without either are left out.
    Those of an order have the order's.
    """
    session.flush()
    if contract.order_id is not None:
        return ordered_items.prices_of_order(session, contract.order_id)
    prices: dict[UUID, Decimal] = {}
    for award in queries.awards_of(session, contract):
        items = session.exec(select(Item).where(Item.lot_id == award.lot_id)).all()
        asked = session.exec(
            select(BidItem).where(BidItem.bid_id == award.bid_id, BidItem.lot_id == award.lot_id)
        ).all()
        sums = sum((each.quantity * each.unit_price_amount for each in asked), Decimal())
        if sums:
            scale = award.value_amount / sums
            prices |= {each.item_id: each.unit_price_amount * scale for each in asked}
        elif len(items) == 1:
            prices[items[0].id] = award.value_amount / items[0].quantity
    return {item: price.quantize(_PRICE, ROUND_HALF_UP) for item, price in prices.items()}


def require_prices(session: Session, contract: Contract) -> None:
    """Raise PriceUnknown when an item of the contract has no price of its own."""
    prices = unit_prices(session, contract)
    lots = [award.lot_id for award in queries.awards_of(session, contract)]
    items = session.exec(select(Item.id).where(col(Item.lot_id).in_(lots))).all()
    if any(item not in prices for item in items):
        raise PriceUnknown


def told(
    session: Session, row_ids: Collection[UUID], *, until: datetime
) -> Mapping[UUID, list[Told]]:
    """What is held true of rows up to an instant, by the row."""
    return by_row(performance.facts(session, [*row_ids]), until=until)


def by_row(facts: Iterable[Performance], *, until: datetime) -> Mapping[UUID, list[Told]]:
    """Facts up to an instant as the rules take them, by the row."""
    found = defaultdict(list)
    for fact in facts:
        if fact.occurred_at <= until:
            shown = ids.show("performance", fact.id)
            each = Told(shown, fact.event, fact.quantity, fact.occurred_at)
            found[fact.schedule_row_id].append(each)
    return found


def _rows(session: Session, contract: Contract, until: datetime) -> tuple[DueRow, ...]:
    rows = execution.rows_of(session, contract)
    prices = unit_prices(session, contract)
    facts = told(session, rows.keys(), until=until)
    found = []
    for row in rows.values():
        if row.due is None:
            continue
        if row.item_id not in prices:
            raise PriceUnknown(f"Row {row.number} is of an item without a price of its own.")
        performed = performances(facts[row.id], row.incoterm)
        found.append(_due(row, row.due, prices[row.item_id], performed))
    return tuple(found)


def _due(
    row: DeliveryScheduleRow, due: date, price: Decimal, performed: tuple[Performed, ...]
) -> DueRow:
    return DueRow(
        id=ids.show("schedule_row", row.id),
        line=str(row.number),
        incoterm=row.incoterm,
        due_date=due,
        quantity=row.quantity,
        unit_code=row.unit_code,
        unit_price=price,
        tolerance_pct=row.tolerance_pct,
        performed=performed,
    )


def _excuses(session: Session, contract: Contract) -> tuple[Excuse, ...]:
    rows = session.exec(
        select(DeliveryExcuse)
        .where(
            DeliveryExcuse.contract_id == contract.id,
            DeliveryExcuse.status == ExcuseStatus.ACCEPTED,
        )
        .order_by(col(DeliveryExcuse.id))
    ).all()
    return tuple(
        Excuse(
            id=ids.show("excuse", row.id),
            kind=row.kind,
            first_date=row.first_date,
            last_date=row.last_date,
            evidence=row.evidence,
            issuer=row.issuer,
            number=row.reference,
            document_sha256=row.document_sha256,
            rows=tuple(ids.show("schedule_row", each) for each in row.schedule_row_ids),
        )
        for row in rows
    )


def _days_off(session: Session, agreed: PenaltyTerms, first: date, last: date) -> tuple[date, ...]:
    """The days that are no working days, where working days count. Raises CalendarYearMissing."""
    if agreed.unit is DayUnit.CALENDAR:
        return ()
    calendar = calendars.work_calendar(session, agreed.calendar)
    days = (first + n * _DAY for n in range((last - first).days + 1))
    return tuple(day for day in days if not calendar.is_working(day))
