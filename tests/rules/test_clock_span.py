"""Where a request expects the clock of a sandbox to stand."""

from datetime import UTC, datetime, timedelta

import pytest

from api.rules import clock_span

START = datetime(2026, 12, 1, 4, tzinfo=UTC)


def test_an_instant_means_its_minute_and_two_what_is_between_them_without_the_last() -> None:
    minute = clock_span.parse("2026-12-01T10:00:00+06:00")
    day = clock_span.parse("2026-12-01T04:00:00Z/2026-12-02T04:00:00Z")

    assert (minute.start, minute.end) == (START, START + timedelta(minutes=1))
    assert (day.start, day.end) == (START, START + timedelta(days=1))
    before = START - timedelta(microseconds=1)
    assert [minute.holds(at) for at in (before, START, minute.end)] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no instant"),
        ("tomorrow", "no instant"),
        ("2026-12-01T10:00:00", "offset"),
        ("2026-12-01", "offset"),
        ("2026-12-01T10:00:00Z/", "no instant"),
        ("2026-12-01T10:00:00Z/2026-12-01T16:00:00+06:00", "after the first"),
    ],
)
def test_what_is_no_span_says_why(text: str, why: str) -> None:
    with pytest.raises(clock_span.Unreadable, match=why):
        clock_span.parse(text)
