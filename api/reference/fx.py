"""Exchange rates by day: looked up, turned round or taken through the som, never invented."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from sqlalchemy import and_, literal, or_, tuple_
from sqlmodel import Session, col, select

from api.core import audit, db, pages
from api.core.errors import AlreadyExists, Conflict, refused
from api.core.pages import PageQuery
from api.reference.models import FxRate
from api.reference.schemas import FxRateIn
from api.rules.clock import local_date

PIVOT = "KGS"
PLACES = Decimal("0.000001")


class RateUnknown(Conflict):
    """No rate of the two currencies is known on or before the day."""

    code, title = "rate_unknown", "No exchange rate is known"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of the base costs in the quote; `day` and `source` are of the rates used."""

    value: Decimal
    day: date
    source: str

    def convert(self, amount: Decimal) -> Decimal:
        """`amount` of the base in the quote, to six places, half to even."""
        return (amount * self.value).quantize(PLACES, ROUND_HALF_EVEN)


def rate(session: Session, base: str, quote: str, on: date) -> Rate:
    """The latest rate of a day not after `on`; RateUnknown when there is none.

    The rate itself, or 1 / the opposite one, whichever is of the later day; else the product of
    the two rates through the som, whose day is the earlier of the two. Of several sources on one
    day the one entered last counts.
    """
    if base == quote:
        return Rate(Decimal(1), on, "same currency")
    found = _latest(session, base, quote, on)
    if found is None and PIVOT not in (base, quote):
        first, second = _latest(session, base, PIVOT, on), _latest(session, PIVOT, quote, on)
        if first and second:
            sources = dict.fromkeys((first.source, second.source))
            day = min(first.day, second.day)
            found = Rate(first.value * second.value, day, "; ".join(sources))
    if found is None:
        raise RateUnknown(f"No rate of {base} to {quote} is known on or before {on}.")
    return found


def convert(session: Session, amount: Decimal, base: str, quote: str, on: date) -> Decimal:
    """`amount` of `base` in `quote` at the rate of the day, to six places; RateUnknown."""
    return rate(session, base, quote, on).convert(amount)


def list_rates(
    session: Session, page: PageQuery, *, scope: str, base: str | None, quote: str | None
) -> tuple[Sequence[FxRate], str | None]:
    """Rates, the latest day first, and the next page's cursor."""
    filters = {"base": base, "quote": quote}
    query = select(FxRate)
    if base:
        query = query.where(FxRate.base == base)
    if quote:
        query = query.where(FxRate.quote == quote)
    keys = (col(FxRate.day), col(FxRate.id))
    if page.cursor:
        day, last = pages.unseal(scope, filters, page.cursor)
        position = tuple_(literal(date.fromisoformat(day)), literal(UUID(last)))
        query = query.where(tuple_(*keys) < position)
    query = query.order_by(*(key.desc() for key in keys)).limit(page.limit + 1)
    rows = session.exec(query).all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, pages.seal(scope, filters, [rows[-1].day, rows[-1].id])


def enter_rate(session: Session, *, org_id: UUID, actor: str, data: FxRateIn) -> FxRate:
    """Enter a rate by hand. It is never changed: a correction names another source.

    AlreadyExists for the same day, currencies and source; Invalid for a day after tomorrow (the
    National Bank publishes tomorrow's rates today).
    """
    if data.day > local_date(db.now(session)) + timedelta(days=1):
        raise refused("#/day", "in_future", "A rate can be entered for tomorrow at the latest.")
    same = select(FxRate.id).where(
        FxRate.day == data.day,
        FxRate.base == data.base,
        FxRate.quote == data.quote,
        FxRate.source == data.source,
    )
    if session.exec(same).first():
        raise AlreadyExists(f"{data.source} has a rate of {data.base} for {data.day} already.")
    row = FxRate(**data.model_dump())
    session.add(row)
    audit.record(
        session,
        f"fx_rate:{row.id.hex}",
        "enter",
        actor=actor,
        org_id=org_id,
        change=data.model_dump(mode="json"),
    )
    return row


def _latest(session: Session, base: str, quote: str, on: date) -> Rate | None:
    direct = and_(col(FxRate.base) == base, col(FxRate.quote) == quote)
    opposite = and_(col(FxRate.base) == quote, col(FxRate.quote) == base)
    row = session.exec(
        select(FxRate)
        .where(or_(direct, opposite), FxRate.day <= on)
        .order_by(col(FxRate.day).desc(), direct.desc(), col(FxRate.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Rate(row.rate if row.base == base else 1 / row.rate, row.day, row.source)
