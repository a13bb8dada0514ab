"""Periods of subscriptions, quotas by the month, what a change of plan costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import subscriptions as rules
from api.rules.subscriptions import GRANTING, LIVING, SUBSCRIPTION, SubscriptionStatus

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FEES = st.decimals("0.01", "100000", places=2)


@given(MOMENTS, st.integers(1, 40))
def test_periods_follow_each_other_on_the_day_on_which_they_began(
    anchor: datetime, count: int
) -> None:
    end = anchor
    for number in range(1, count + 1):
        following = rules.period_after(anchor, end)
        assert following == rules.months_after(anchor, number)
        assert timedelta(days=28) <= following - end <= timedelta(days=31)
        assert following.day == anchor.day or (following + timedelta(days=1)).day == 1
        end = following


@given(MOMENTS)
def test_a_monthly_quota_renews_as_the_next_month_begins_in_bishkek(now: datetime) -> None:
    renews = rules.renews_at(now)
    assert now < renews
    assert rules.month_of(renews) > rules.month_of(now)
    assert rules.month_of(renews - timedelta(microseconds=1)) == rules.month_of(now)


@given(FEES, FEES, st.integers(0, 31 * 86_400))
def test_a_dearer_plan_costs_the_difference_for_what_is_left_and_no_other_costs_anything(
    old: Decimal, new: Decimal, passed: int
) -> None:
    start = datetime(2026, 12, 1, tzinfo=UTC)
    end = rules.months_after(start, 1)
    asked = rules.difference(
        old, new, start=start, end=end, now=start + timedelta(seconds=passed), places=2
    )
    if new <= old:
        assert asked == 0
        return
    share = Decimal(31 * 86_400 - passed) / (31 * 86_400)
    assert 0 <= asked <= new - old
    assert abs(asked - (new - old) * share) <= Decimal("0.005")


def test_stripes_words_are_ours_and_what_it_does_not_count_counts_for_nothing() -> None:
    told = {each: rules.of_stripe(each) for each in ("trialing", "active", "past_due", "canceled")}
    assert [*told] == [each.value for each in told.values()]
    for word in ("incomplete", "unpaid", "paused", "incomplete_expired"):
        assert rules.of_stripe(word) not in GRANTING
    with pytest.raises(ValueError, match="lapsed"):
        rules.of_stripe("lapsed")


def test_what_has_ended_stays_so_and_everything_else_can_end() -> None:
    assert SUBSCRIPTION.allowed(SubscriptionStatus.CANCELED) == []
    assert all("cancel" in SUBSCRIPTION.allowed(each) for each in LIVING)
