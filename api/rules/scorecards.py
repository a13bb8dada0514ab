"""Scorecards of suppliers: figures from facts, which anybody can recompute. Pure.

Each figure is (numerator, denominator, n, window) and names the facts behind it. Under `min_count`
facts it says nothing: a new supplier is neither good nor bad, and an idle one has no bad months,
since only what fell due is counted. The value of a share is

    (s + a) / (m + a + b)

where s and m are the sums of what was good and of what was asked, each fact weighed by
2^(-age in days / half-life), and a, b are the prior (Beta); so that few facts move it little.

Goods count by quantity within a row of the schedule, and every row counts as one: quantities of
different units are never added. A delivery in parts is on time in the part that was there in time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from api.rules.schedules import PROVEN_BY, PerformanceEvent
from api.rules.states import Machine

ALGORITHM = "kerben-scorecard/1"
PLACES = Decimal("0.000001")
_ZERO, _ONE, _HALF = Decimal(), Decimal(1), Decimal("0.5")
_Z = Decimal("1.959964")
"""The normal quantile of a two-sided interval of 95 %."""


class Metric(StrEnum):
    """What is measured. `days_late` is a mean of days; all others are shares, and 1 is best."""

    ON_TIME_DELIVERY = "on_time_delivery"
    DAYS_LATE = "days_late"
    ACCEPTANCE = "acceptance"
    INVITATION_RESPONSE = "invitation_response"
    ORDER_ACKNOWLEDGEMENT = "order_acknowledgement"
    DISPUTES_NOT_LOST = "disputes_not_lost"
    DOCUMENTS_COMPLETE = "documents_complete"


SHARES = frozenset(Metric) - {Metric.DAYS_LATE}


class AnnotationKind(StrEnum):
    """What a supplier says about a fact: a remark, or that the fact is wrong."""

    REMARK = "remark"
    APPEAL = "appeal"


class AnnotationStatus(StrEnum):
    """A remark only stands there; an appeal is decided. An upheld one takes the fact out."""

    NOTED = "noted"
    APPEALED = "appealed"
    UPHELD = "upheld"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_S = AnnotationStatus
APPEAL = Machine(
    {
        "uphold": (frozenset({_S.APPEALED}), _S.UPHELD),
        "refuse": (frozenset({_S.APPEALED}), _S.REFUSED),
        "withdraw": (frozenset({_S.APPEALED}), _S.WITHDRAWN),
    }
)


class Act(StrEnum):
    """Where a buyer's rule about scores is asked."""

    INVITATION = "invitation"
    AWARD = "award"


class Verdict(StrEnum):
    """What a buyer's rule says."""

    CLEAR = "clear"
    WARN = "warn"
    PREVENT = "prevent"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers of a policy. Days are calendar days; `weights` are those of the overall value."""

    min_count: int
    prior_good: Decimal
    prior_bad: Decimal
    half_life_days: int
    window_days: int
    response_days: int
    acknowledgement_days: int
    weights: Mapping[Metric, int]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was judged: so much was `good` of what was asked (`weight`).

    `id` is the shown id of what was judged, `evidence` those of the events that say so. `on` is the
    day it is dated by. For days late, `good` is the days. `excluded`: an appeal was upheld.
    """

    metric: Metric
    id: str
    on: date
    good: Decimal
    weight: Decimal = _ONE
    evidence: tuple[str, ...] = ()
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of a supplier. `value` and the bounds are None while there is not enough data."""

    metric: Metric
    numerator: Decimal
    denominator: Decimal
    n: int
    window_from: date
    window_to: date
    value: Decimal | None
    ci_low: Decimal | None
    ci_high: Decimal | None
    facts: tuple[str, ...] = field(default=())

    @property
    def enough(self) -> bool:
        """False: not enough data."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Told:
    """So much of a row was seen at `event` on a day; `id` names the fact."""

    id: str
    event: PerformanceEvent
    quantity: Decimal
    on: date


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row of a schedule: what had to be at `event` by `due`, and what was told of it.

    `excused` are first and last days that an accepted excuse covers.
    """

    id: str
    due: date
    event: PerformanceEvent
    required: Decimal
    told: tuple[Told, ...]
    excused: tuple[tuple[date, date], ...] = ()


def delivery(row: DueRow, until: date) -> tuple[Fact, Fact] | None:
    """How a row was performed up to the end of `until`: on-time share, and mean days late.

    None while it is not due and not complete, or when nothing was required. What is missing after the due day is late by every
    day since, and a row that still misses something is dated by `until`: it does not fade away.
    """
    if row.required <= 0:
        return None
    left, on_time, lateness, last = row.required, _ZERO, _ZERO, row.due
    used = []
    for part in _pieces(row, until):
        taken = min(left, part.quantity)
        if taken <= 0:
            break
        left -= taken
        days = days_late(row, part.on)
        on_time += taken if days == 0 else _ZERO
        lateness += taken * days
        last = max(last, part.on)
        used.append(part.id)
    if left > 0:
        if until <= row.due:
            return None
        days = days_late(row, until)
        on_time += left if days == 0 else _ZERO
        lateness, last = lateness + left * days, until
    elif last > until:
        last = until
    share, mean = on_time / row.required, lateness / row.required
    evidence = tuple(dict.fromkeys(used))
    return (
        Fact(Metric.ON_TIME_DELIVERY, row.id, last, _figure(share), evidence=evidence),
        Fact(Metric.DAYS_LATE, row.id, last, _figure(mean), evidence=evidence),
    )


def days_late(row: DueRow, on: date) -> int:
    """Days after the due day, up to and with `on`, that no accepted excuse covers."""
    if on <= row.due:
        return 0
    late = (on - row.due).days
    excused = {
        day
        for first, last in row.excused
        for day in _days(max(first, row.due + timedelta(days=1)), min(last, on))
    }
    return late - len(excused)


def answered(
    metric: Metric, id: str, asked_on: date, answered_on: date | None, days: int, today: date
) -> Fact | None:
    """Whether an answer came within so many days; None while there is still time."""
    last = asked_on + timedelta(days=days)
    if answered_on is not None and answered_on <= last:
        return Fact(metric, id, answered_on, _ONE)
    return Fact(metric, id, last, _ZERO) if today > last else None


def figure(metric: Metric, facts: Iterable[Fact], parameters: Parameters, today: date) -> Figure:
    """The figure of a metric on a day, from the facts of its window that were not taken out."""
    first = today - timedelta(days=parameters.window_days)
    counted = [
        fact
        for fact in facts
        if fact.metric is metric and first < fact.on <= today and not fact.excluded
    ]
    numerator = sum((fact.good for fact in counted), _ZERO)
    denominator = sum((fact.weight for fact in counted), _ZERO)
    value = low = high = None
    if len(counted) >= parameters.min_count and denominator > 0:
        weights = [decay((today - fact.on).days, parameters.half_life_days) for fact in counted]
        pairs = [*zip(counted, weights, strict=True)]
        good = sum((fact.good * weight for fact, weight in pairs), _ZERO)
        asked = sum((fact.weight * weight for fact, weight in pairs), _ZERO)
        if metric in SHARES:
            value = shrunk(good, asked, parameters)
            whole = asked + parameters.prior_good + parameters.prior_bad
            low, high = interval(value, whole)
        elif asked > 0:
            value = _figure(good / asked)
    return Figure(
        metric=metric,
        numerator=_figure(numerator),
        denominator=_figure(denominator),
        n=len(counted),
        window_from=first + timedelta(days=1),
        window_to=today,
        value=value,
        ci_low=low,
        ci_high=high,
        facts=tuple(fact.id for fact in counted),
    )


def figures(facts: Sequence[Fact], parameters: Parameters, today: date) -> list[Figure]:
    """Every metric, in order."""
    return [figure(metric, facts, parameters, today) for metric in Metric]


def overall(found: Iterable[Figure], parameters: Parameters) -> Decimal | None:
    """The weighted mean of the shares that have enough data; None when none has."""
    known = [
        (each.value, Decimal(parameters.weights.get(each.metric, 0)))
        for each in found
        if each.metric in SHARES and each.value is not None
    ]
    total = sum((weight for _, weight in known), _ZERO)
    if total <= 0:
        return None
    return _figure(sum((value * weight for value, weight in known), _ZERO) / total)


def decay(age_days: int, half_life_days: int) -> Decimal:
    """The weight of a fact of that age: one half after the half-life."""
    return _HALF ** (Decimal(max(0, age_days)) / Decimal(half_life_days))


def shrunk(good: Decimal, asked: Decimal, parameters: Parameters) -> Decimal:
    """The share drawn to the prior's: (s + a) / (m + a + b)."""
    a, b = parameters.prior_good, parameters.prior_bad
    return _figure((good + a) / (asked + a + b))


def interval(share: Decimal, count: Decimal) -> tuple[Decimal, Decimal]:
    """Wilson's 95 % interval of a share of so many."""
    square = _Z * _Z
    middle = share + square / (2 * count)
    spread = _Z * (share * (1 - share) / count + square / (4 * count * count)).sqrt()
    whole = 1 + square / count
    return (
        _figure(max(_ZERO, (middle - spread) / whole)),
        _figure(min(_ONE, (middle + spread) / whole)),
    )


def verdict(
    value: Decimal | None, *, warn_below: Decimal | None, prevent_below: Decimal | None
) -> Verdict:
    """What a rule says of a value. Without enough data nothing is held against anybody."""
    if value is None:
        return Verdict.CLEAR
    if prevent_below is not None and value < prevent_below:
        return Verdict.PREVENT
    if warn_below is not None and value < warn_below:
        return Verdict.WARN
    return Verdict.CLEAR


def worst(verdicts: Collection[Verdict]) -> Verdict:
    """The hardest of some verdicts."""
    return max(verdicts, key=[*Verdict].index, default=Verdict.CLEAR)


def _pieces(row: DueRow, until: date) -> list[Told]:
    """What was at the row's event, piece by piece: goods that were received have also arrived,
    and what two kinds of facts say of the same goods is counted once."""
    proving = PROVEN_BY[row.event]
    sums: dict[PerformanceEvent, Decimal] = {}
    reached, pieces = _ZERO, []
    for fact in sorted(row.told, key=lambda each: (each.on, each.id)):
        if fact.event not in proving or fact.on > until:
            continue
        sums[fact.event] = sums.get(fact.event, _ZERO) + fact.quantity
        level = max(sums.values())
        if level > reached:
            pieces.append(Told(fact.id, row.event, level - reached, fact.on))
            reached = level
    return pieces


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _figure(value: Decimal) -> Decimal:
    return value.quantize(PLACES)
