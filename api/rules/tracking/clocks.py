"""Moments as carriers write them. A moment without an offset is one of the source's own zone.

"2026-03-08 10:00:00" from a Chinese carrier is ten o'clock in Shanghai, 02:00 UTC; taken for UTC
it would be eight hours late, and the day on which damages begin might be another one. So a moment
without an offset is read in the zone that its source has declared, and refused if there is none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.rules.tracking.milestones import Classifier

YEARS = range(2000, 2200)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})")
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")


class ClockFault(ValueError):
    """A moment that cannot be taken: a stable code, and what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in UTC, and the offset from UTC of the clock that showed it ("+08:00")."""

    at: datetime
    offset: str


def read(text: str, *, zone: str | None, offset: str | None = None) -> Moment:
    """The moment that `text` (ISO 8601 with a time of day) names.

    `offset` ("+08:00") is what the event itself says beside the text; the text's own offset counts
    before it, and the source's `zone` (IANA) behind it. Raises ClockFault `time_unreadable`,
    `timezone_missing`, or `time_out_of_range` (before 2000, from 2200 on), and
    `time_does_not_exist` for an hour that the zone's clocks skip.
    """
    if not _DATED.match(text):
        raise ClockFault("time_unreadable", "Write the moment as 2026-03-08T10:00:00+08:00.")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ClockFault("time_unreadable", f"{error}.") from error
    if found.year not in YEARS:
        raise ClockFault("time_out_of_range", "The moment lies before 2000 or after 2199.")
    shown = _offset(offset) if offset is not None else None
    if found.tzinfo is None:
        found = _placed(found, shown, zone)
    elif shown is not None and found.utcoffset() == timedelta():
        found = found.astimezone(shown)
    return Moment(found.astimezone(UTC), _written(found.utcoffset() or timedelta()))


def known_zone(name: str) -> bool:
    """True for the name of an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def from_future(at: datetime, classifier: Classifier, *, now: datetime, tolerance: int) -> bool:
    """True for something that is said to have happened more than `tolerance` seconds from now."""
    return classifier is Classifier.ACT and at > now + timedelta(seconds=tolerance)


def _placed(naive: datetime, shown: timezone | None, zone: str | None) -> datetime:
    if shown is not None:
        return naive.replace(tzinfo=shown)
    if zone is None:
        detail = "The moment has no offset from UTC, and its source has declared no time zone."
        raise ClockFault("timezone_missing", detail)
    placed = naive.replace(tzinfo=ZoneInfo(zone))
    if placed.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != naive:
        raise ClockFault("time_does_not_exist", f"Clocks of {zone} skip this hour.")
    return placed


def _offset(text: str) -> timezone:
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise ClockFault("time_unreadable", f"{text!r} is no offset such as +08:00.")
    away = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    if away > timedelta(hours=14):
        raise ClockFault("time_unreadable", f"{text!r} is further from UTC than any clock.")
    return timezone(-away if found["sign"] == "-" else away)


def _written(away: timedelta) -> str:
    minutes = int(away.total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
