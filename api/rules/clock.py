"""Time as rules see it: aware UTC instants, and days in the buyer's zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BISHKEK = ZoneInfo("Asia/Bishkek")


def utcnow() -> datetime:
    """The application's clock. Deadlines are compared with the database's (core.db.now)."""
    return datetime.now(UTC)


def local_date(instant: datetime) -> date:
    """The calendar day of an instant in Bishkek, the zone in which the law counts."""
    return instant.astimezone(BISHKEK).date()
