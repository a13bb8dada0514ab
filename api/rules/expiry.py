"""Notices before something runs out: 90, 30 and 7 days ahead, and at its end; each once. Pure."""

from collections.abc import Collection
from datetime import date, timedelta

NOTICES = (90, 30, 7, 0)
"""Days left; 0 is told on the day after the last one, when it has run out."""


def days_left(last_day: date, today: date) -> int:
    """Days until `last_day`, itself included as 0; -1 on the day after it."""
    return (last_day - today).days


def _reached(last_day: date, today: date) -> list[int]:
    left = days_left(last_day, today)
    return [notice for notice in NOTICES if (left < 0 if notice == 0 else left <= notice)]


def passed_at(last_day: date, today: date) -> list[int]:
    """The notices whose day has come already: what is entered later is not told of them."""
    return _reached(last_day, today)


def due(last_day: date, today: date, told: Collection[int]) -> int | None:
    """The notice to give now: of those whose day has come and that were not given, the most
    urgent; None when there is none."""
    left = [notice for notice in _reached(last_day, today) if notice not in told]
    return min(left, default=None)


def next_day(last_day: date, today: date) -> date | None:
    """The day of the next notice after today; None when all of them have come."""
    days = [last_day - timedelta(days=notice) for notice in NOTICES if notice]
    days.append(last_day + timedelta(days=1))
    return min((day for day in days if day > today), default=None)
