"""The calendar of deliveries: which of them are due soon, at risk, or late. Pure.

Days are those of Bishkek. A day by which something must be done includes all of itself.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from api.rules.clock import BISHKEK, local_date


class Standing(StrEnum):
    """How a due day stands: `at_risk` before it, `late` after it while nothing has happened."""

    OPEN = "open"
    AT_RISK = "at_risk"
    LATE = "late"
    DONE = "done"
    DONE_LATE = "done_late"


@dataclass(frozen=True, slots=True)
class Due:
    """A day by which something must have happened, when it did, and when it is expected.

    `expected_p50` and `expected_p90` are instants by which it happens in half, and in nine of ten
    of such cases.
    """

    day: date
    done_at: datetime | None = None
    expected_p50: datetime | None = None
    expected_p90: datetime | None = None


def ends_at(day: date) -> datetime:
    """The instant at which a due day is over in Bishkek."""
    return datetime.combine(day + timedelta(days=1), time(), BISHKEK)


def days_late(due: Due, *, now: datetime) -> int:
    """Whole days after the due day on which it happened, or that have begun without it; >= 0."""
    return max(0, (local_date(due.done_at or now) - due.day).days)


def standing(due: Due, *, now: datetime, warning_days: int) -> Standing:
    """How the due day stands at `now`.

    At risk is what is expected too late in one of ten cases, and what is expected nowhere while
    the day is no more than `warning_days` away.
    """
    late = days_late(due, now=now) > 0
    if due.done_at is not None:
        return Standing.DONE_LATE if late else Standing.DONE
    if late:
        return Standing.LATE
    expected = due.expected_p90 or due.expected_p50
    if expected is not None:
        return Standing.OPEN if local_date(expected) <= due.day else Standing.AT_RISK
    soon = due.day - local_date(now) <= timedelta(days=warning_days)
    return Standing.AT_RISK if soon else Standing.OPEN
