"""Liquidated damages for late delivery, part by part, so that anybody can recompute them. Pure.

LD = min(cap x basis, rate x sum(basis of a late part x its penalty days)), for each row of the
delivery schedule; penalty days = max(0, days late - excusable days - grace). The basis is what was
late, not the contract. Days are those of Bishkek; the day after the due date is the first late one.
Under an E, F or C rule the seller is on time when it has handed the goods over, whenever they
arrive; under a D rule when they are at the destination.

Each figure is rounded once, half up, to six digits after the point, the amount of a row to two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from api.rules.clock import local_date
from api.rules.incoterms import Incoterm
from api.rules.periods import DayUnit
from api.rules.policy import PenaltyBasis, share
from api.rules.schedules import (
    HUNDRED,
    ContractualEvent,
    PerformanceEvent,
    contractual_event,
    decisive_event,
)

FORMULA = "kerben-penalty-formula/1"
MAX_DAYS = 36_600
_FIGURE, _MONEY = Decimal("0.000001"), Decimal("0.01")


class ExcuseKind(StrEnum):
    """What extends the time for delivery. Each is proved by its own paper."""

    BORDER_CLOSURE = "border_closure"
    FORCE_MAJEURE = "force_majeure"


class ExcuseEvidence(StrEnum):
    """The paper: a notice of the authority that closed the border, or the certificate of a chamber
    of commerce."""

    OFFICIAL_NOTICE = "official_notice"
    FORCE_MAJEURE_CERTIFICATE = "force_majeure_certificate"


EVIDENCE: dict[ExcuseKind, ExcuseEvidence] = {
    ExcuseKind.BORDER_CLOSURE: ExcuseEvidence.OFFICIAL_NOTICE,
    ExcuseKind.FORCE_MAJEURE: ExcuseEvidence.FORCE_MAJEURE_CERTIFICATE,
}


@dataclass(frozen=True, slots=True)
class PenaltyTerms:
    """What a contract says of delay. Shares are basis points: 10 a day is 0.1 % a day.

    `reviewed` is False while nobody has read the numbers in their source.
    """

    rate_bp_per_day: int
    cap_bp: int
    grace_days: int
    unit: DayUnit
    basis: PenaltyBasis
    calendar: str
    reviewed: bool
    source: str


@dataclass(frozen=True, slots=True)
class Excuse:
    """Days, first and last included, that are not the seller's, and the paper that proves it.

    `rows` are those of the schedule that it concerns; none: all of them.
    """

    id: str
    kind: ExcuseKind
    first_date: date
    last_date: date
    evidence: ExcuseEvidence
    issuer: str
    number: str
    document_sha256: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Performed:
    """A fact: so much of a row was shipped, or delivered, at this instant."""

    id: str
    quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as it was told: what happened to so much of a row, and when."""

    id: str
    event: PerformanceEvent
    quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row of the delivery schedule, and what was performed of it by its contractual event.

    `due_date` is the last day of that event; `tolerance_pct` percent of the quantity may be missing.
    """

    id: str
    line: str
    incoterm: Incoterm | None
    due_date: date
    quantity: Decimal
    unit_code: str
    unit_price: Decimal
    tolerance_pct: Decimal
    performed: tuple[Performed, ...]


@dataclass(frozen=True, slots=True)
class PenaltyInputs:
    """Everything that damages are computed from, up to and including the day of `as_of`.

    `excusable_from` is the first day that an excuse can reach: that of the contract's signature.
    `days_off` are the days that are no working days, when working days count; else empty.
    """

    contract: str
    ocid: str | None
    currency: str
    as_of: datetime
    excusable_from: date
    terms: PenaltyTerms
    rows: tuple[DueRow, ...]
    excuses: tuple[Excuse, ...]
    days_off: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class LatePart:
    """A quantity that was late by the same number of days; `performed` is None while it is missing."""

    performed: str | None
    quantity: Decimal
    counted_until: date
    days_late: int
    excusable_days: int
    penalty_days: int
    basis: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RowPenalty:
    """The damages of a row, and each figure on the way to them."""

    id: str
    event: ContractualEvent
    required_quantity: Decimal
    on_time_quantity: Decimal
    late_quantity: Decimal
    missing_quantity: Decimal
    parts: tuple[LatePart, ...]
    basis: Decimal
    uncapped: Decimal
    cap: Decimal
    capped: bool
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PenaltyResult:
    """The damages of each row, and their sum."""

    rows: tuple[RowPenalty, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class PenaltyFault:
    """An input that contradicts itself; `pointer` is a JSON Pointer into the inputs."""

    pointer: str
    detail: str


class NotComputable(Exception):
    """The inputs contradict themselves; `faults` says where."""

    def __init__(self, faults: Sequence[PenaltyFault]) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.detail}" for each in faults))
        self.faults = faults


def compute(inputs: PenaltyInputs) -> PenaltyResult:
    """The damages of every row. Raises NotComputable."""
    found = [*faults(inputs)]
    if found:
        raise NotComputable(found)
    rows = tuple(_row(row, inputs) for row in inputs.rows)
    return PenaltyResult(rows, sum((row.amount for row in rows), Decimal()))


def faults(inputs: PenaltyInputs) -> Iterator[PenaltyFault]:
    """What contradicts itself in the inputs."""
    terms = inputs.terms
    for name in ("rate_bp_per_day", "cap_bp", "grace_days"):
        if getattr(terms, name) < 0:
            yield PenaltyFault(f"#/terms/{name}", "is negative")
    if terms.unit is DayUnit.CALENDAR and inputs.days_off:
        yield PenaltyFault("#/days_off", "calendar days have no days off")
    if list(inputs.days_off) != sorted(set(inputs.days_off)):
        yield PenaltyFault("#/days_off", "are not in order, each once")
    if inputs.as_of.tzinfo is None:
        yield PenaltyFault("#/as_of", "has no zone")
    for n, row in enumerate(inputs.rows):
        yield from _row_faults(f"#/rows/{n}", row, inputs.as_of)
    if len({row.id for row in inputs.rows}) != len(inputs.rows):
        yield PenaltyFault("#/rows", "a row stands twice")
    for n, excuse in enumerate(inputs.excuses):
        yield from excuse_faults(f"#/excuses/{n}", excuse)


def excuse_faults(pointer: str, excuse: Excuse) -> Iterator[PenaltyFault]:
    """What keeps an excuse from counting: days that run backward, or a paper that does not prove it."""
    if excuse.last_date < excuse.first_date:
        yield PenaltyFault(f"{pointer}/last_date", "is before first_date")
    if excuse.evidence is not EVIDENCE[excuse.kind]:
        needed = EVIDENCE[excuse.kind].value
        yield PenaltyFault(f"{pointer}/evidence", f"{excuse.kind.value} is proved by {needed}")
    for name in ("issuer", "number", "document_sha256"):
        if not getattr(excuse, name).strip():
            yield PenaltyFault(f"{pointer}/{name}", "is empty: an excuse needs its evidence")


def performances(told: Iterable[Told], incoterm: Incoterm | None) -> tuple[Performed, ...]:
    """When how much of a row was performed, from the facts about it, in the order of their times.

    What decides is told by the event of the rule, or by a later one where nobody told that: goods
    that were received have arrived, and what has arrived was handed over.
    """
    order = [*PerformanceEvent]
    later = order[order.index(decisive_event(incoterm)) :]
    totals = dict.fromkeys(later, Decimal())
    found, reached = [], Decimal()
    for fact in sorted(told, key=lambda each: (each.at, each.id)):
        if fact.event not in totals:
            continue
        totals[fact.event] += fact.quantity
        most = max(totals.values())
        if most > reached:
            found.append(Performed(fact.id, most - reached, fact.at))
            reached = most
    return tuple(found)


def excusable_days(
    excuses: Iterable[Excuse], first: date, last: date, days_off: Sequence[date]
) -> int:
    """Days from `first` to `last`, both included, that an excuse covers; a day counts once."""
    total, reached = 0, first - timedelta(days=1)
    for excuse in sorted(excuses, key=lambda each: each.first_date):
        after = max(reached, excuse.first_date - timedelta(days=1))
        until = min(excuse.last_date, last)
        if until > after:
            total += days_between(after, until, days_off)
            reached = until
    return total


def days_between(after: date, until: date, days_off: Sequence[date]) -> int:
    """Days that follow `after`, up to and including `until`, less those that are off; never negative."""
    if until <= after:
        return 0
    return (until - after).days - sum(after < day <= until for day in days_off)


def required_quantity(quantity: Decimal, tolerance_pct: Decimal) -> Decimal:
    """What must be performed of a row: its quantity less the tolerance, to six digits."""
    return _figure(quantity * (HUNDRED - tolerance_pct) / HUNDRED)


def _row_faults(pointer: str, row: DueRow, as_of: datetime) -> Iterator[PenaltyFault]:
    if row.quantity <= 0:
        yield PenaltyFault(f"{pointer}/quantity", "is not positive")
    if row.unit_price < 0:
        yield PenaltyFault(f"{pointer}/unit_price", "is negative")
    if not 0 <= row.tolerance_pct <= HUNDRED:
        yield PenaltyFault(f"{pointer}/tolerance_pct", "is no percentage")
    if len({each.id for each in row.performed}) != len(row.performed):
        yield PenaltyFault(f"{pointer}/performed", "a fact stands twice")
    for n, each in enumerate(row.performed):
        if each.quantity <= 0:
            yield PenaltyFault(f"{pointer}/performed/{n}/quantity", "is not positive")
        if each.at.tzinfo is None:
            yield PenaltyFault(f"{pointer}/performed/{n}/at", "has no zone")
        elif as_of.tzinfo is not None and each.at > as_of:
            yield PenaltyFault(f"{pointer}/performed/{n}/at", "is after as_of")
    if as_of.tzinfo is not None and (local_date(as_of) - row.due_date).days > MAX_DAYS:
        yield PenaltyFault(f"{pointer}/due_date", "is more than a century ago")


def _row(row: DueRow, inputs: PenaltyInputs) -> RowPenalty:
    terms = inputs.terms
    required = required_quantity(row.quantity, row.tolerance_pct)
    pieces = [*_pieces(row, required, local_date(inputs.as_of))]
    late = [piece for piece in pieces if piece[2] > row.due_date]
    late_quantity = sum((quantity for _, quantity, _ in late), Decimal())
    missing = sum((quantity for name, quantity, _ in late if name is None), Decimal())
    awaited = sum(
        (q for name, q, until in pieces if name is None and until <= row.due_date), Decimal()
    )
    counted = late
    if terms.basis is PenaltyBasis.SCHEDULE_ROW and late:
        name, _, until = late[-1]
        counted = [(name, row.quantity, until)]
    parts = tuple(_part(name, quantity, until, row, inputs) for name, quantity, until in counted)
    basis = sum((part.basis for part in parts), Decimal())
    uncapped = sum((part.amount for part in parts), Decimal())
    cap = _figure(basis * share(terms.cap_bp))
    return RowPenalty(
        id=row.id,
        event=contractual_event(row.incoterm),
        required_quantity=required,
        on_time_quantity=required - late_quantity - awaited,
        late_quantity=late_quantity,
        missing_quantity=missing,
        parts=parts,
        basis=basis,
        uncapped=uncapped,
        cap=cap,
        capped=uncapped > cap,
        amount=min(cap, uncapped).quantize(_MONEY, ROUND_HALF_UP),
    )


def _pieces(
    row: DueRow, required: Decimal, today: date
) -> Iterator[tuple[str | None, Decimal, date]]:
    """The required quantity as it was performed, in order, and what is still missing today."""
    left = required
    for each in sorted(row.performed, key=lambda fact: (fact.at, fact.id)):
        taken = min(left, each.quantity)
        if taken > 0:
            yield each.id, taken, local_date(each.at)
        left -= taken
    if left > 0:
        yield None, left, today


def _part(
    name: str | None, quantity: Decimal, until: date, row: DueRow, inputs: PenaltyInputs
) -> LatePart:
    terms, days_off = inputs.terms, inputs.days_off
    days_late = days_between(row.due_date, until, days_off)
    excuses = [each for each in inputs.excuses if not each.rows or row.id in each.rows]
    excused = min(days_late, excusable_days(excuses, inputs.excusable_from, until, days_off))
    days = max(0, days_late - excused - terms.grace_days)
    basis = _figure(quantity * row.unit_price)
    return LatePart(
        performed=name,
        quantity=quantity,
        counted_until=until,
        days_late=days_late,
        excusable_days=excused,
        penalty_days=days,
        basis=basis,
        amount=_figure(basis * share(terms.rate_bp_per_day) * days),
    )


def _figure(value: Decimal) -> Decimal:
    return value.quantize(_FIGURE, ROUND_HALF_UP)
