"""The span in which a request wants the clock of a sandbox to stand. Pure.

Written as an instant of RFC 3339 with its offset, which means the minute that begins with it, or as
two with a slash between them (ISO 8601-1, time intervals). The end is not included.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

HEADER = "Kerben-Test-Clock"
TOLERANCE = timedelta(minutes=1)


class Unreadable(Exception):
    """Not an instant with its offset, nor two of them in their order; the text says why."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to just before `end`."""

    start: datetime
    end: datetime

    def holds(self, now: datetime) -> bool:
        """True when the clock stands in it."""
        return self.start <= now < self.end


def parse(text: str) -> Span:
    """The span that a header asks for. Raises Unreadable."""
    first, slash, second = text.partition("/")
    start = _instant(first)
    end = _instant(second) if slash else start + TOLERANCE
    if end <= start:
        raise Unreadable("The second instant must be after the first.")
    return Span(start, end)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Unreadable("It is no instant, as in 2026-12-01T10:00:00+06:00.") from error
    if found.tzinfo is None:
        raise Unreadable("An instant needs its offset, as in 2026-12-01T10:00:00+06:00.")
    return found
