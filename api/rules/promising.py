"""Available to promise: how many by what date, so that no unit is promised twice. Pure.

Two pools are kept apart. Stock that nobody has reserved is there from its day on. Capacity makes
units on each working day; what is promised of it for a day must be made by that day. A quantity
may be promised for a day when, on that day and on every later one for which something is promised,
all that is made by then is at least all that is promised by then (cumulative available-to-promise
with look-ahead). So a promise never takes what an earlier one needs, even one for a later day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

from api.rules.periods import WorkCalendar

HORIZON = timedelta(days=366)
"""How far ahead anything is promised."""
_DAY = timedelta(days=1)
_STEP = Decimal("0.000001")


class CapacityPeriod(StrEnum):
    """For which time a capacity is stated; a month has as many working days as weekends leave it."""

    WEEK = "week"
    MONTH = "month"


class Closing(StrEnum):
    """Why a promise takes nothing of the capacity any more."""

    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Capacity:
    """`quantity` units in a period without holidays; an order's first units are ready after
    `lead_days` working days. It holds from `valid_from` to `valid_through`, both included."""

    quantity: Decimal
    period: CapacityPeriod
    lead_days: int = 0
    valid_from: date | None = None
    valid_through: date | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """So many units of the capacity by the end of a day."""

    quantity: Decimal
    due_on: date


@dataclass(frozen=True, slots=True)
class Stock:
    """Units that are there and that nobody has reserved, from a day on (None: now)."""

    quantity: Decimal
    available_from: date | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """What can be promised of goods, seen on `today`. Without a calendar nothing is made."""

    today: date
    stock: Sequence[Stock] = ()
    capacity: Capacity | None = None
    calendar: WorkCalendar | None = None
    promises: Sequence[Promise] = ()

    @property
    def last_day(self) -> date:
        """The last day that anything is promised for: the calendar knows each day until then."""
        end = self.today + HORIZON
        if self.capacity is None or self.calendar is None:
            return end
        year = self.today.year
        while year <= end.year and year in self.calendar.weekends:
            year += 1
        return min(end, date(year, 1, 1) - _DAY)


def in_stock(supply: Supply, by: date) -> Decimal:
    """Units of stock that may leave on a day."""
    there = [
        each.quantity
        for each in supply.stock
        if each.available_from is None or each.available_from <= by
    ]
    return sum(there, Decimal(0))


def made(supply: Supply, by: date) -> Decimal:
    """Units that the capacity makes from today to the end of a day, whoever they are for."""
    return _floor(sum((units for day, units in _output(supply) if day <= by), Fraction(0)))


def of_capacity(supply: Supply, by: date) -> Decimal:
    """Units of the capacity that may still be promised for a day, by the look-ahead above."""
    if by > supply.last_day or by < supply.today:
        return Decimal(0)
    return _floor(_free(supply)[(by - supply.today).days])


def available(supply: Supply, by: date, *, multiple: Decimal = _STEP) -> Decimal:
    """How many may be promised for a day, in whole `multiple`s: stock, and what capacity leaves.

    Never less for a later day; zero for a day that is over, and after the last day.
    """
    if by > supply.last_day or by < supply.today:
        return Decimal(0)
    total = in_stock(supply, by) + of_capacity(supply, by)
    return (total / multiple).to_integral_value(ROUND_FLOOR) * multiple


def earliest(supply: Supply, quantity: Decimal) -> date | None:
    """The first day by which so many may be promised; None when there is none up to the last day."""
    for n, free in enumerate(_free(supply)):
        day = supply.today + n * _DAY
        if in_stock(supply, day) + _floor(free) >= quantity:
            return day
    return None


def _free(supply: Supply) -> list[Fraction]:
    """What capacity leaves on each day from today to the last one: what is made by then less what
    is promised by then, and no more than is left on any later day. A promise for a day after the
    last one is taken to be for the last."""
    days = (supply.last_day - supply.today).days + 1
    left = [Fraction(0)] * max(days, 0)
    for day, units in _output(supply):
        left[(day - supply.today).days] += units
    for each in supply.promises:
        if left:
            due = min(max((each.due_on - supply.today).days, 0), days - 1)
            left[due] -= Fraction(each.quantity)
    left = list(accumulate(left))
    return [max(each, Fraction(0)) for each in reversed(list(accumulate(reversed(left), min)))]


def _output(supply: Supply) -> Iterator[tuple[date, Fraction]]:
    """The working days from today on with what is made on each, until the last day."""
    capacity, calendar = supply.capacity, supply.calendar
    if capacity is None or calendar is None:
        return
    waited, day, last = 0, supply.today, supply.last_day
    month, rate = (0, 0), Fraction(0)
    while day <= last:
        if calendar.is_working(day):
            holds = (capacity.valid_from is None or day >= capacity.valid_from) and (
                capacity.valid_through is None or day <= capacity.valid_through
            )
            if month != (day.year, day.month):
                month = day.year, day.month
                rate = Fraction(capacity.quantity) / _usual_days(calendar, capacity, day)
            if holds and waited >= capacity.lead_days:
                yield day, rate
            waited += 1
        day += _DAY


def _usual_days(calendar: WorkCalendar, capacity: Capacity, day: date) -> int:
    """Working days of a period that has neither holidays nor Saturdays worked by decree."""
    off = calendar.weekends[day.year]
    if capacity.period is CapacityPeriod.WEEK:
        return max(7 - len(off), 1)
    first = day.replace(day=1)
    days = (first + timedelta(days=n) for n in range(31))
    return max(sum(each.month == day.month and each.isoweekday() not in off for each in days), 1)


def _floor(units: Fraction) -> Decimal:
    """Downwards to six decimals: nothing is promised that is not wholly made."""
    return Decimal(units.numerator * 10**6 // units.denominator) * _STEP
