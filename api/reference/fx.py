"""Exchange rates by day: looked up, turned round or taken through the som, never invented."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from sqlalchemy import literal, text, tuple_, union
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from api.core import audit, db, pages
from api.core.errors import AlreadyExists, Conflict, refused
from api.core.pages import PageQuery
from api.reference.models import FxRate
from api.reference.schemas import FxRateIn
from api.rules.clock import local_date

PIVOT = "KGS"
PLACES = Decimal("0.000001")
_LATEST = text(
    """
    SELECT asked.base, asked.quote, latest.base <> asked.base, latest.rate, latest.day, latest.source
    FROM unnest(CAST(:bases AS text[]), CAST(:quotes AS text[])) AS asked(base, quote)
    CROSS JOIN LATERAL (
      SELECT base, rate, day, source FROM fx_rate
      WHERE (base, quote) IN ((asked.base, asked.quote), (asked.quote, asked.base))
        AND day <= :day
      ORDER BY day DESC, (base = asked.base) DESC, id DESC LIMIT 1
    ) AS latest
    """
)

type Pair = tuple[str, str]


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
    found = rates(session, [base], quote, on).get(base)
    if found is None:
        raise RateUnknown(f"No rate of {base} to {quote} is known on or before {on}.")
    return found


def rates(session: Session, bases: Iterable[str], quote: str, on: date) -> dict[str, Rate]:
    """What `rate` gives for each of the currencies, those without a rate left out; one query."""
    wanted = {*bases}
    found = {quote: Rate(Decimal(1), on, "same currency")} if quote in wanted else {}
    others = wanted - {quote}
    if not others:
        return found
    pairs = {(base, to) for base in others for to in (quote, PIVOT)} | {(PIVOT, quote)}
    known = _latest(session, sorted(pair for pair in pairs if pair[0] != pair[1]), on)
    through = {base: _through_pivot(known, base, quote) for base in others}
    return found | {base: each for base, each in through.items() if each is not None}


def quoted(session: Session) -> set[str]:
    """The currencies that any rate is of."""
    found = union(sql_select(col(FxRate.base)), sql_select(col(FxRate.quote)))
    return {currency for (currency,) in session.connection().execute(found)}


def _through_pivot(known: Mapping[Pair, Rate], base: str, quote: str) -> Rate | None:
    if (direct := known.get((base, quote))) is not None:
        return direct
    first, second = known.get((base, PIVOT)), known.get((PIVOT, quote))
    if first is None or second is None:
        return None
    sources = dict.fromkeys((first.source, second.source))
    return Rate(first.value * second.value, min(first.day, second.day), "; ".join(sources))


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


def _latest(session: Session, pairs: Sequence[Pair], on: date) -> dict[Pair, Rate]:
    """The latest rate of each pair that has one, turned round where the opposite is later."""
    values = {"bases": [p[0] for p in pairs], "quotes": [p[1] for p in pairs], "day": on}
    rows = session.connection().execute(_LATEST, values)
    return {
        (base, quote): Rate(1 / value if opposite else value, day, source)
        for base, quote, opposite, value, day, source in rows
    }
