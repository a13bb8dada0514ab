from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import webhooks as rules

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
attempts = st.integers(1, len(rules.SCHEDULE_SECONDS))
jitter = st.floats(0, 1, exclude_max=True)


@given(attempts, jitter)
def test_wh_06_a_delay_lies_within_a_fifth_of_the_schedule(number: int, share: float) -> None:
    base = rules.SCHEDULE_SECONDS[number - 1]
    delay = rules.retry_delay(rules.SCHEDULE_SECONDS, number, jitter=share)
    assert delay is not None
    assert 0.8 * base <= delay <= 1.2 * base


@given(attempts, jitter, st.floats(0, 1e7), st.booleans())
def test_wh_06_retry_after_is_followed_between_the_wait_and_its_double(
    number: int, share: float, told: float, throttled: bool
) -> None:
    base = rules.SCHEDULE_SECONDS[number - 1]
    least = max(base, rules.THROTTLED_SECONDS) if throttled else base
    delay = rules.retry_delay(
        rules.SCHEDULE_SECONDS, number, jitter=share, throttled=throttled, retry_after=told
    )
    assert delay == min(max(told, least), 2 * least)


@given(attempts, jitter)
def test_wh_06_who_throttles_or_is_silent_gets_a_minute_at_least(number: int, share: float) -> None:
    delay = rules.retry_delay(rules.SCHEDULE_SECONDS, number, jitter=share, throttled=True)
    assert delay is not None
    assert delay >= 60


def test_wh_06_after_the_last_wait_there_is_no_further_attempt() -> None:
    last = len(rules.SCHEDULE_SECONDS)
    assert rules.retry_delay(rules.SCHEDULE_SECONDS, last, jitter=0.5) == 86400
    assert rules.retry_delay(rules.SCHEDULE_SECONDS, last + 1, jitter=0.5) is None
    assert sum(rules.SCHEDULE_SECONDS) / 3600 == pytest.approx(75.6, abs=0.1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Sat, 28 Nov 2026 09:02:00 GMT", 120.0),
        ("Sat, 28 Nov 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("１２", None),
        (None, None),
    ],
)
def test_wh_06_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert rules.retry_after_seconds(value, NOW) == seconds


def test_wh_08_an_endpoint_is_hopeless_after_120_hours_and_not_after_one_bad_night() -> None:
    hours = {n: timedelta(hours=n) for n in (11, 12, 119, 120)}
    assert rules.is_hopeless(NOW, NOW + hours[12], NOW + hours[120])
    assert not rules.is_hopeless(NOW, NOW + hours[119], NOW + hours[119])
    assert not rules.is_hopeless(NOW, NOW + hours[11], NOW + hours[120])


@given(st.integers(0, 100), jitter)
def test_wh_09_the_circuit_opens_after_five_failures_for_longer_and_longer(
    failures: int, share: float
) -> None:
    seconds = rules.circuit_open_seconds(failures, jitter=share)
    if failures < 5:
        assert seconds is None
        assert rules.may_fly(7, failures) == 7
        return
    assert seconds is not None
    base = min(30 * 2 ** (failures - 5), 900)
    assert 0.8 * base <= seconds <= 1.2 * base
    assert rules.may_fly(7, failures) == 1
