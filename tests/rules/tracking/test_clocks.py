from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.tracking import clocks
from api.rules.tracking.clocks import ClockFault
from api.rules.tracking.milestones import Classifier

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)


def fault(text: str, zone: str | None = None, offset: str | None = None) -> str:
    with pytest.raises(ClockFault) as refused:
        clocks.read(text, zone=zone, offset=offset)
    return refused.value.code


def test_a_clock_of_china_without_a_zone_is_read_in_the_zone_of_its_source() -> None:
    found = clocks.read("2026-03-08 10:00:00", zone="Asia/Shanghai")
    assert (found.at, found.offset) == (datetime(2026, 3, 8, 2, tzinfo=UTC), "+08:00")
    assert fault("2026-03-08 10:00:00") == "timezone_missing"


def test_an_offset_of_its_own_counts_before_the_zone_of_the_source() -> None:
    found = clocks.read("2026-03-08T10:00:00+06:00", zone="Asia/Shanghai")
    assert (found.at.hour, found.offset) == (4, "+06:00")
    beside = clocks.read("2026-03-08T10:00:00", zone="Asia/Shanghai", offset="+06:00")
    assert beside == found
    assert clocks.read("2026-03-08T04:00:00Z", zone=None, offset="+06:00") == found


@given(
    st.integers(1_000_000_000, 7_000_000_000),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_written_instant_is_read_as_the_same_instant(seconds: int, minutes: int) -> None:
    aware = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes)))
    moment = aware.replace(tzinfo=None)
    found = clocks.read(aware.isoformat(), zone="Asia/Bishkek")
    assert found.at == aware
    again = clocks.read(moment.isoformat(), zone=None, offset=found.offset)
    assert again.at == aware


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T.{0,20}")))
def test_any_text_is_a_moment_or_a_fault(text: str) -> None:
    try:
        code = None
        clocks.read(text, zone="Asia/Shanghai")
    except ClockFault as refused:
        code = refused.code
    assert code in {None, "time_unreadable", "time_out_of_range"}


def test_moments_that_are_none_are_refused() -> None:
    assert fault("2026-02-30T10:00:00Z") == "time_unreadable"
    assert fault("2026-03-08", zone="Asia/Shanghai") == "time_unreadable"
    assert fault("0001-01-01T00:00:00+14:00") == "time_out_of_range"
    assert fault("9999-12-31T23:59:59-14:00") == "time_out_of_range"
    assert fault("2026-03-08T10:00:00", offset="+25:00") == "time_unreadable"
    assert fault("2026-03-29T02:30:00", zone="Europe/Berlin") == "time_does_not_exist"


def test_only_what_is_said_to_have_happened_is_from_the_future() -> None:
    later = NOW + timedelta(seconds=301)
    assert clocks.from_future(later, Classifier.ACT, now=NOW, tolerance=300)
    assert not clocks.from_future(
        NOW + timedelta(seconds=300), Classifier.ACT, now=NOW, tolerance=300
    )
    assert not clocks.from_future(later, Classifier.EST, now=NOW, tolerance=300)


def test_zones_are_known_by_their_iana_names() -> None:
    assert clocks.known_zone("Asia/Urumqi")
    assert not any(map(clocks.known_zone, ("", "Mars/Olympus", "../etc/passwd", "/etc/passwd")))
