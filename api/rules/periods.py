"""Periods of the law: from an instant and a duration to the instant at which it is over. Pure.

Periods are half-open, [start, end): what happens at `end` is outside. Days are those of
the calendar's zone. The first instant of a day is the end of the day before, so that periods which
follow one another neither gain nor lose a day, in working days as in calendar days.

Where a zone changes its clocks, a day has 23 or 25 hours and is a day. An hour of the clock that
comes twice, or not at all, is read so that nobody has less time than the law gives.
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
        """The end of a period that begins at `start`; never less than `duration` later, in days of
        the calendar's zone.

        A period in working days that begins on a day off begins with the next working day.
        """
        if self.accelerator > 1:
            return start + self._shortened(duration)
        local = start.astimezone(self.calendar.zone)
        if duration.unit is DayUnit.WORKING and duration.days:
            local = self._forward(local, duration.days)
        elif duration.days:
            local = self._later(local, local.date() + timedelta(days=duration.days))
        if duration.rounding is Rounding.DAY_END and not self._begins_day(local):
            local = self._midnight(local.date() + _DAY)
        return local.astimezone(UTC)

    def before(self, end: datetime, duration: Duration) -> datetime:
        """The latest instant that leaves all of `duration` until `end`; rounded, a day's end."""
        if self.accelerator > 1:
            return end - self._shortened(duration)
        local = end.astimezone(self.calendar.zone)
        if duration.unit is DayUnit.WORKING and duration.days:
            local = self._backward(local, duration.days)
        elif duration.days:
            local = self._earlier(local, local.date() - timedelta(days=duration.days))
        if duration.rounding is Rounding.DAY_END:
            local = self._midnight(local.date())
        return local.astimezone(UTC)

    def _shortened(self, duration: Duration) -> timedelta:
        return timedelta(days=duration.days) / self.accelerator

    def _forward(self, local: datetime, days: int) -> datetime:
        day = local.date()
        if self._begins_day(local):
            return self._midnight(self.calendar.count(day - _DAY, days) + _DAY)
        if not self.calendar.is_working(day):
            return self._midnight(self.calendar.count(day, days) + _DAY)
        return self._later(local, self.calendar.count(day, days))

    def _backward(self, local: datetime, days: int) -> datetime:
        day = local.date()
        found = self.calendar.count(day, -days)
        if self._begins_day(local) or not self.calendar.is_working(day):
            return self._midnight(found)
        return self._earlier(local, found)

    def _midnight(self, day: date) -> datetime:
        """The first instant of a day, at whatever hour its clocks show then."""
        return self._local(datetime.combine(day, time.min, self.calendar.zone))

    def _begins_day(self, local: datetime) -> bool:
        """Whether no instant of its day is before it."""
        # In UTC: with one zone, Python compares what the clocks show.
        return local.astimezone(UTC) == self._midnight(local.date()).astimezone(UTC)

    def _later(self, local: datetime, day: date) -> datetime:
        """The same hour of another day, read as late as can be."""
        return max(self._readings(local, day), key=datetime.timestamp)

    def _earlier(self, local: datetime, day: date) -> datetime:
        """The same hour of another day, read as early as can be."""
        return min(self._readings(local, day), key=datetime.timestamp)

    def _readings(self, local: datetime, day: date) -> tuple[datetime, datetime]:
        if self._begins_day(local):
            return self._midnight(day), self._midnight(day)
        # A start in the second of two hours is marked as such; what is wanted is either of them.
        shown = datetime.combine(day, local.time().replace(fold=0), self.calendar.zone)
        return self._local(shown), self._local(shown.replace(fold=1))

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(UTC).astimezone(self.calendar.zone)
