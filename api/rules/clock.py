"""Time as rules see it: aware UTC instants, and days in the buyer's zone."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

BISHKEK = ZoneInfo("Asia/Bishkek")


def utcnow() -> datetime:
    """The application's clock. Deadlines are compared with the database's (core.db.now)."""
    return datetime.now(UTC)


def local_date(instant: datetime, zone: tzinfo = BISHKEK) -> date:
    """The calendar day of an instant in the zone in which the law counts, Bishkek's if left out."""
    return instant.astimezone(zone).date()
