"""When the log of audit entries is signed."""

from datetime import datetime


def head_is_due(last: datetime | None, now: datetime, period_seconds: int) -> bool:
    """True if no head was signed yet in the current period; periods begin at whole multiples.

    With a period of 3600 seconds: once in each hour of the clock (UTC).
    """
    if last is None:
        return True
    return int(now.timestamp()) // period_seconds > int(last.timestamp()) // period_seconds
