"""Test tenders that do not wait: what their quick modes skip. Pure.

Named after those of Prozorro's sandbox (`quick(mode:no-auction)`, `quick(mode:fast-forward)`).
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from api.rules.schedule import Schedule

FASTEST = 86_400_000_000
"""Divides durations so that a day lasts a microsecond: longer than none, and over at once."""


class QuickMode(StrEnum):
    """`no_auction`: what is announced of auctions is shown, and none is held. `fast_forward`: the
    periods of the procedure are over as soon as they begin, those that its buyer has set the end of
    when it says so."""

    NO_AUCTION = "no_auction"
    FAST_FORWARD = "fast_forward"


def pace(accelerator: int, quick: Collection[str]) -> int:
    """What durations of a tender's procedure are divided by."""
    return FASTEST if QuickMode.FAST_FORWARD in quick else accelerator


def ended(windows: Schedule, now: datetime) -> Schedule:
    """The windows of a period that ends at `now`: none is open any longer."""
    return Schedule(
        *(
            moment and min(moment, now)
            for moment in (
                windows.enquiry_period_end,
                windows.clarification_until,
                windows.complaint_period_end,
            )
        )
    )
