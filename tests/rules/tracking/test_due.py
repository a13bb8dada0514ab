from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.rules.tracking import due
from api.rules.tracking.due import Due, Standing

DAY = date(2026, 3, 10)
LAST = datetime(2026, 3, 10, 17, 59, 59, tzinfo=UTC)
AFTER = datetime(2026, 3, 10, 18, tzinfo=UTC)


def stands(what: Due, now: datetime, warning_days: int = 3) -> Standing:
    return due.standing(what, now=now, warning_days=warning_days)


def test_a_due_day_lasts_until_midnight_in_bishkek() -> None:
    assert due.ends_at(DAY) == AFTER
    assert stands(Due(DAY), LAST) is Standing.AT_RISK
    assert stands(Due(DAY), AFTER) is Standing.LATE
    assert stands(Due(DAY, done_at=LAST), AFTER) is Standing.DONE
    assert stands(Due(DAY, done_at=AFTER), AFTER) is Standing.DONE_LATE


def test_without_an_estimate_only_the_last_days_are_at_risk() -> None:
    assert stands(Due(DAY), LAST - timedelta(days=4)) is Standing.OPEN
    assert stands(Due(DAY), LAST - timedelta(days=3)) is Standing.AT_RISK


def test_an_estimate_decides_instead_of_the_days_that_are_left() -> None:
    assert stands(Due(DAY, expected_p90=LAST), LAST - timedelta(days=1)) is Standing.OPEN
    early = LAST - timedelta(days=30)
    assert stands(Due(DAY, expected_p50=LAST, expected_p90=AFTER), early) is Standing.AT_RISK


@given(st.integers(-100, 1000), st.one_of(st.none(), st.integers(-1000, 1000)))
def test_late_is_exactly_what_has_days_late(hours: int, done: int | None) -> None:
    now = AFTER + timedelta(hours=hours)
    what = Due(DAY, done_at=None if done is None else AFTER + timedelta(hours=done))
    late = due.days_late(what, now=now)
    assert (late > 0) == (stands(what, now) in (Standing.LATE, Standing.DONE_LATE))
    assert late == max(0, -(-((hours if done is None else done) + 1) // 24))
