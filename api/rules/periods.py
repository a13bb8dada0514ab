"""Periods of the law: from an instant and a duration to the instant at which it is over. Pure.

Periods are half-open, [start, end): what happens at `end` is outside. Days are those of
the calendar's zone. An instant at midnight is the end of the day before, so that periods which follow one another
neither gain nor lose a day, in working days as in calendar days.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from api.rules.clock import BISHKEK

_DAY = timedelta(days=1)


class DayUnit(StrEnum):
    """Which days count."""

    CALENDAR = "calendar"
    WORKING = "working"


class Rounding(StrEnum):
    """Where in its last day a period ends: at the hour of its start, or with the day (24:00)."""

    NONE = "none"
    DAY_END = "day_end"


@dataclass(frozen=True, slots=True)
class Duration:
    """So many days, as a policy says."""

    days: int
    unit: DayUnit
    rounding: Rounding


class YearMissing(Exception):
    """The calendar does not say which days of a year are working days."""

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(f"The work calendar {calendar} has no year {year}.")
        self.calendar, self.year = calendar, year


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Working days of the years it knows; a day of any other year raises `missing(code, year)`.

    `weekends` are the ISO weekdays (Monday is 1) off in each year that is known; `exceptions` are
    the days that differ: False for a holiday, True for a Saturday that a decree makes a working
    day.
    """

    code: str
    weekends: dict[int, frozenset[int]]
    exceptions: dict[date, bool]
    missing: Callable[[str, int], Exception] = YearMissing
    zone: tzinfo = BISHKEK

    def is_working(self, day: date) -> bool:
        """True on a working day."""
        if day.year not in self.weekends:
            raise self.missing(self.code, day.year)
        usual = day.isoweekday() not in self.weekends[day.year]
        return self.exceptions.get(day, usual)

    def count(self, day: date, days: int) -> date:
        """The n-th working day after `day`; before it for a negative n."""
        step = _DAY if days > 0 else -_DAY
        left = abs(days)
        while left:
            day += step
            left -= self.is_working(day)
        return day


@dataclass(frozen=True, slots=True)
class Timetable:
    """How a tender's durations become instants (UTC).

    In a sandbox every day lasts a day divided by `accelerator`, and neither the calendar nor
    rounding is applied: hours would otherwise turn into days again.
    """

    calendar: WorkCalendar
    accelerator: int = 1

    def after(self, start: datetime, duration: Duration) -> datetime:
        """The end of a period that begins at `start`; never less than `duration` later.

        A period in working days that begins on a day off begins with the next working day.
        """
        if self.accelerator > 1:
            return start + self._shortened(duration)
        local = start.astimezone(self.calendar.zone)
        if duration.unit is DayUnit.WORKING and duration.days:
            local = self._forward(local, duration.days)
        else:
            local += timedelta(days=duration.days)
        if duration.rounding is Rounding.DAY_END and not _at_midnight(local):
            local = self._midnight(local.date() + _DAY)
        return local.astimezone(UTC)

    def before(self, end: datetime, duration: Duration) -> datetime:
        """The latest instant that leaves all of `duration` until `end`; rounded, a day's end."""
        if self.accelerator > 1:
            return end - self._shortened(duration)
        local = end.astimezone(self.calendar.zone)
        if duration.unit is DayUnit.WORKING and duration.days:
            local = self._backward(local, duration.days)
        else:
            local -= timedelta(days=duration.days)
        if duration.rounding is Rounding.DAY_END:
            local = self._midnight(local.date())
        return local.astimezone(UTC)

    def _shortened(self, duration: Duration) -> timedelta:
        return timedelta(days=duration.days) / self.accelerator

    def _forward(self, local: datetime, days: int) -> datetime:
        day = local.date()
        if _at_midnight(local):
            return self._midnight(self.calendar.count(day - _DAY, days) + _DAY)
        if not self.calendar.is_working(day):
            return self._midnight(self.calendar.count(day, days) + _DAY)
        return datetime.combine(self.calendar.count(day, days), local.time(), local.tzinfo)

    def _backward(self, local: datetime, days: int) -> datetime:
        day = local.date()
        found = self.calendar.count(day, -days)
        if _at_midnight(local) or not self.calendar.is_working(day):
            return self._midnight(found)
        return datetime.combine(found, local.time(), local.tzinfo)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.calendar.zone)


def _at_midnight(local: datetime) -> bool:
    return local.time() == time.min
