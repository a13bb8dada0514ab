"""When the daily mail about requests goes out. Pure."""

from datetime import datetime, time, timedelta

from api.rules.clock import BISHKEK

MORNING = time(8)
"""In Bishkek: before the working day."""


def next_morning(now: datetime) -> datetime:
    """The next moment, after `now`, at which digests go out."""
    local = now.astimezone(BISHKEK)
    today = datetime.combine(local.date(), MORNING, BISHKEK)
    return today if today > local else today + timedelta(days=1)
