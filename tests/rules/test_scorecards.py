"""Figures say how much they rest on, and nothing where they rest on too little."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import scorecards as rules
from api.rules.schedules import PerformanceEvent
from api.rules.scorecards import (
    AnnotationStatus,
    DueRow,
    Fact,
    Metric,
    Parameters,
    Told,
    Verdict,
)

D = Decimal
TODAY = date(2027, 3, 1)
PARAMETERS = Parameters(
    min_count=3,
    prior_good=D(2),
    prior_bad=D(2),
    half_life_days=180,
    window_days=365,
    response_days=5,
    acknowledgement_days=5,
    weights={Metric.ON_TIME_DELIVERY: 3, Metric.ACCEPTANCE: 1},
)
SHIPPED, ARRIVED = PerformanceEvent.HANDED_OVER, PerformanceEvent.ARRIVED
RECEIVED = PerformanceEvent.RECEIVED
shares = st.decimals(0, 1, places=4)
fact_lists = st.lists(
    st.builds(
        lambda n, age, good: Fact(
            Metric.ACCEPTANCE, f"acceptance_{n}", TODAY - timedelta(days=age), good
        ),
        st.integers(0, 10**6),
        st.integers(0, 364),
        shares,
    ),
    max_size=12,
)


def day(n: int) -> date:
    return TODAY + timedelta(days=n)


def told(quantity: str, on: int, event: PerformanceEvent = ARRIVED, id: str = "") -> Told:
    return Told(id or f"performance_{on}_{quantity}_{event}", event, D(quantity), day(on))


def row(*facts: Told, due: int = -10, event: PerformanceEvent = ARRIVED) -> DueRow:
    return DueRow("schedule_row_1", day(due), event, D(100), facts)


def judged(found: DueRow, until: int = 0) -> tuple[Decimal, Decimal]:
    """On-time share and mean days late."""
    facts = rules.delivery(found, day(until))
    assert facts is not None
    return facts[0].good, facts[1].good


def acceptances(*good: str, age: int = 0) -> list[Fact]:
    return [
        Fact(Metric.ACCEPTANCE, f"acceptance_{n}", day(-age), D(share))
        for n, share in enumerate(good)
    ]


def test_a_new_supplier_is_not_perfect_and_divides_nothing_by_zero() -> None:
    found = rules.figures([], PARAMETERS, TODAY)
    assert [each.metric for each in found] == [*Metric]
    assert {(each.n, each.denominator, each.value, each.enough) for each in found} == {
        (0, D(0), None, False)
    }
    assert rules.overall(found, PARAMETERS) is None


def test_under_the_least_number_of_facts_a_figure_says_nothing_and_shows_what_there_is() -> None:
    few = rules.figure(Metric.ACCEPTANCE, acceptances("1", "1"), PARAMETERS, TODAY)
    assert (few.numerator, few.denominator, few.n, few.value) == (D(2), D(2), 2, None)
    enough = rules.figure(Metric.ACCEPTANCE, acceptances("1", "1", "1"), PARAMETERS, TODAY)
    assert (enough.n, enough.value) == (3, D("0.714286"))  # (3 + 2) / (3 + 4)
    assert enough.facts == ("acceptance_0", "acceptance_1", "acceptance_2")


def test_idle_months_count_nothing_and_old_facts_only_weigh_less() -> None:
    facts = acceptances("1", "1", "1")
    now = rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, TODAY)
    later = rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, day(180))
    assert (later.numerator, later.denominator, later.n) == (
        now.numerator,
        now.denominator,
        now.n,
    )
    assert later.value == D("0.636364")  # (1.5 + 2) / (1.5 + 4): drawn to the prior, never below
    gone = rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, day(365))
    assert (gone.n, gone.value) == (0, None)


def test_a_delivery_in_parts_is_not_late_by_itself() -> None:
    assert judged(row(told("40", -20), told("60", -10))) == (D(1), D(0))
    assert judged(row(told("40", -20), told("60", -6))) == (D("0.4"), D("2.4"))


def test_what_is_missing_after_the_due_day_is_late_by_every_day_since() -> None:
    half = row(told("50", -20))
    assert judged(half) == (D("0.5"), D(5))
    assert judged(half, until=10) == (D("0.5"), D(10))
    facts = rules.delivery(half, day(10))
    assert facts is not None
    assert facts[0].on == day(10)


def test_a_row_that_is_not_due_is_no_fact_until_it_is_complete() -> None:
    assert rules.delivery(row(told("99", -1), due=5), TODAY) is None
    assert judged(row(told("100", -1), due=5)) == (D(1), D(0))
    assert rules.delivery(replace(row(), required=D(0)), TODAY) is None


def test_under_an_f_rule_the_seller_is_on_time_when_it_has_handed_over() -> None:
    assert judged(row(told("100", -11, SHIPPED), told("100", 0), event=SHIPPED)) == (D(1), D(0))


def test_goods_told_of_twice_count_once_and_received_goods_have_arrived() -> None:
    twice = row(told("60", -12, ARRIVED), told("60", -11, RECEIVED), due=-10)
    assert judged(twice) == (D("0.6"), D(4))
    assert judged(row(told("100", -10, RECEIVED))) == (D(1), D(0))
    assert judged(row(told("100", -11, SHIPPED)))[0] == 0


def test_days_that_an_accepted_excuse_covers_are_not_late() -> None:
    late = row(told("100", -6))
    excused = replace(late, excused=((day(-9), day(-7)), (day(-8), day(-7))))
    assert judged(late) == (D(0), D(4))
    assert judged(excused) == (D(0), D(1))
    assert judged(replace(late, excused=((day(-30), day(30)),))) == (D(1), D(0))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(-30, 0))
def test_any_split_of_a_punctual_delivery_is_as_good_as_the_whole(
    parts: list[int], first: int
) -> None:
    facts = [told(str(quantity), first, id=f"performance_{n}") for n, quantity in enumerate(parts)]
    whole = replace(row(*facts, due=0), required=D(sum(parts)))
    assert judged(whole, until=1) == (D(1), D(0))


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(-30, 30)), max_size=6), st.integers(0, 40)
)
def test_the_share_on_time_and_the_days_late_agree(
    parts: list[tuple[int, int]], until: int
) -> None:
    facts = [told(str(q), on, id=f"performance_{n}") for n, (q, on) in enumerate(parts)]
    found = rules.delivery(row(*facts, due=0), day(until))
    if found is None:
        assert until == 0
        return
    on_time, lateness = found
    assert 0 <= on_time.good <= 1
    assert (on_time.good == 1) == (lateness.good == 0)
    assert lateness.good <= until
    assert on_time.on <= day(until)


def test_an_answer_in_time_is_good_a_late_or_missing_one_is_not() -> None:
    metric, at = Metric.INVITATION_RESPONSE, day(-10)
    in_time = rules.answered(metric, "invitation_1", at, day(-5), 5, TODAY)
    late = rules.answered(metric, "invitation_1", at, day(-4), 5, TODAY)
    assert in_time is not None
    assert late is not None
    assert (in_time.good, in_time.on, late.good, late.on) == (D(1), day(-5), D(0), day(-5))
    assert rules.answered(metric, "invitation_1", at, None, 10, TODAY) is None


@given(fact_lists)
def test_a_value_lies_within_its_interval_and_never_is_0_or_1(facts: list[Fact]) -> None:
    found = rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, TODAY)
    assert found == rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, TODAY)
    assert found.enough == (len(facts) >= PARAMETERS.min_count)
    if found.value is not None:
        assert found.ci_low is not None
        assert found.ci_high is not None
        assert 0 < found.value < 1
        assert found.ci_low <= found.value <= found.ci_high
        assert found.value == rules.figure(Metric.ACCEPTANCE, facts[::-1], PARAMETERS, TODAY).value


@given(fact_lists.filter(lambda facts: len(facts) >= 3), shares)
def test_a_better_fact_never_makes_a_worse_figure(facts: list[Fact], share: Decimal) -> None:
    better = [replace(facts[0], good=max(facts[0].good, share)), *facts[1:]]
    first = rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, TODAY).value
    second = rules.figure(Metric.ACCEPTANCE, better, PARAMETERS, TODAY).value
    assert first is not None
    assert second is not None
    assert second >= first


def test_a_fact_weighs_half_after_the_half_life() -> None:
    assert rules.decay(0, 180) == 1
    assert rules.decay(180, 180) == D("0.5")
    assert rules.decay(360, 180) == D("0.25")


def test_a_fact_taken_out_by_an_appeal_does_not_count() -> None:
    facts = acceptances("1", "1", "1", "0")
    whole = rules.figure(Metric.ACCEPTANCE, facts, PARAMETERS, TODAY)
    without = rules.figure(
        Metric.ACCEPTANCE, [*facts[:3], replace(facts[3], excluded=True)], PARAMETERS, TODAY
    )
    assert (whole.n, without.n) == (4, 3)
    assert without.value == D("0.714286")


def test_the_overall_value_leaves_out_what_has_not_enough_data() -> None:
    facts = acceptances("1", "1", "1") + [
        Fact(Metric.ON_TIME_DELIVERY, "schedule_row_1", TODAY, D(0))
    ]
    assert rules.overall(rules.figures(facts, PARAMETERS, TODAY), PARAMETERS) == D("0.714286")
    more = facts + [Fact(Metric.ON_TIME_DELIVERY, f"schedule_row_{n}", TODAY, D(0)) for n in (2, 3)]
    # (3 x 2/7 + 1 x 5/7) / 4
    assert rules.overall(rules.figures(more, PARAMETERS, TODAY), PARAMETERS) == D("0.392857")


def test_a_rule_holds_nothing_against_who_has_not_enough_data() -> None:
    bounds = {"warn_below": D("0.7"), "prevent_below": D("0.4")}
    assert rules.verdict(None, **bounds) is Verdict.CLEAR
    assert rules.verdict(D("0.39"), **bounds) is Verdict.PREVENT
    assert rules.verdict(D("0.4"), **bounds) is Verdict.WARN
    assert rules.verdict(D("0.7"), **bounds) is Verdict.CLEAR


@pytest.mark.parametrize("status", [*AnnotationStatus])
def test_only_an_open_appeal_is_decided(status: AnnotationStatus) -> None:
    allowed = status is AnnotationStatus.APPEALED
    assert rules.APPEAL.allowed(status) == ([*rules.APPEAL.actions] if allowed else [])
