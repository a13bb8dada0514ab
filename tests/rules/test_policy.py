"""Parameters of a policy as typed values, and the windows they give a tender; without I/O."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reference import parameters
from api.rules.contradictions import contradictions
from api.rules.periods import DayUnit, Duration, Rounding, Timetable, WorkCalendar
from api.rules.policy import Amount, Policy, SealingMode, parse, share
from api.rules.schedule import (
    Schedule,
    direct_cap,
    earliest_end,
    enquiry_faults,
    extended_end,
    moved,
    procedure_faults,
    schedule,
)
from api.rules.tenders import Value

DURATION = {"days": 3, "unit": "calendar", "rounding": "none"}
LEAST = {"calendar": "KG", "min_tendering_duration": DURATION, "min_extension": DURATION}
CALENDAR = WorkCalendar("KG", dict.fromkeys(range(2025, 2032), frozenset({6, 7})), {})
TABLE = Timetable(CALENDAR)
NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=700)).map(lambda since: NOW + since)
DURATIONS = st.builds(
    Duration,
    days=st.integers(0, 40),
    unit=st.sampled_from(DayUnit),
    rounding=st.sampled_from(Rounding),
)


def policy(**changed: Any) -> Policy:
    """The neutral policy with three calendar days, changed as a test needs."""
    return replace(parse(parameters.completed(LEAST)), **changed)


def days(number: int, unit: str = "calendar", rounding: str = "none") -> Duration:
    return Duration(number, DayUnit(unit), Rounding(rounding))


POLICIES = st.builds(
    policy,
    min_tendering_duration=DURATIONS,
    min_extension=DURATIONS,
    enquiry_closes_before=st.none() | DURATIONS,
    clarification_duration=st.none() | DURATIONS,
    tender_complaint_closes_before=st.none() | DURATIONS,
)


def test_the_schema_and_the_rules_know_the_same_parameters() -> None:
    described = parameters.schema()["properties"]

    assert described.keys() == {field.name for field in fields(Policy)}
    assert {name for name, of in described.items() if "default" not in of} == LEAST.keys()


def test_what_is_left_out_asks_for_nothing() -> None:
    neutral = policy()

    assert neutral.min_tendering_duration == days(3)
    assert neutral.standstill_duration is None
    assert neutral.max_value is None
    assert (neutral.domestic_preference_bp, neutral.min_bids) == (0, 1)
    assert neutral.sealing_modes == {*SealingMode}
    assert (neutral.openers.threshold, neutral.openers.count) == (2, 3)
    assert neutral.hide_bidder_count
    assert neutral.abnormally_low.below_mean_bp is None


def test_every_kind_of_parameter_is_read() -> None:
    amount = {"amount": 1_000_000, "currency": "KGS"}
    read = parse(
        parameters.completed(
            {
                **LEAST,
                "standstill_duration": {"days": 5, "unit": "working", "rounding": "day_end"},
                "complaint_fee": {
                    "rate_bp": 30,
                    "minimum": 2000,
                    "maximum": 85000,
                    "currency": "KGS",
                },
                "auto_prolongation": {"times": 1, "duration": DURATION},
                "max_value": amount,
                "annual_direct_cap_grounds": ["art"],
                "single_source_grounds": ["urgentNeed", "art"],
                "abnormally_low": {"below_mean_bp": 4000, "below_next_bp": 3000},
                "auction": {"minimum_bp": 50, "maximum_bp": 300, "pause_minutes": 15},
                "framework": {
                    "minimum_days": 365,
                    "maximum_days": 1461,
                    "enquiry_duration": DURATION,
                    "submission_standstill": DURATION,
                },
                "openers": {"threshold": 3, "count": 5},
                "sealing_modes": ["client"],
            }
        )
    )

    assert read.standstill_duration == days(5, "working", "day_end")
    assert read.complaint_fee is not None
    assert share(read.complaint_fee.rate_bp) == Decimal("0.003")
    assert read.auto_prolongation is not None
    assert read.auto_prolongation.duration == days(3)
    assert read.max_value == Amount(1_000_000, "KGS")
    assert read.annual_direct_cap_grounds == ("art",)
    assert read.single_source_grounds == ("urgentNeed", "art")
    assert (read.abnormally_low.below_mean_bp, read.abnormally_low.alert_spread_bp) == (4000, None)
    assert read.auction is not None
    assert read.auction.pause_minutes == 15
    assert read.framework is not None
    assert read.framework.submission_standstill == days(3)
    assert (read.openers.threshold, read.openers.count) == (3, 5)
    assert read.sealing_modes == {SealingMode.CLIENT}


def test_bounds_that_contradict_each_other_are_named() -> None:
    twisted = policy(
        min_value=Amount(2, "KGS"),
        max_value=Amount(1, "KGS"),
        openers=replace(policy().openers, threshold=4),
    )

    assert [name for name, _ in contradictions(twisted)] == ["openers", "min_value"]
    assert contradictions(policy()) == []


@given(POLICIES, INSTANTS)
def test_suppliers_always_get_at_least_the_minimum(of: Policy, published: datetime) -> None:
    end = earliest_end(TABLE, of, published_at=published)

    assert end >= published + timedelta(days=of.min_tendering_duration.days)


@given(POLICIES, INSTANTS, st.timedeltas(timedelta(seconds=1), timedelta(days=90)))
def test_windows_lie_inside_the_tender_period_and_leave_time_before_its_end(
    of: Policy, since: datetime, length: timedelta
) -> None:
    end = since + length
    found = schedule(TABLE, of, since=since, end=end)

    for window, before in (
        (found.enquiry_period_end, of.enquiry_closes_before),
        (found.complaint_period_end, of.tender_complaint_closes_before),
    ):
        if window is not None:
            assert before is not None
            assert since < window <= end - timedelta(days=before.days)
    if found.clarification_until is not None:
        assert found.enquiry_period_end is not None
        assert found.enquiry_period_end <= found.clarification_until <= end
    assert enquiry_faults(TABLE, of, end=end, enquiry_period_end=found.enquiry_period_end) == []


@given(POLICIES, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_an_extension_leaves_enough_time_takes_none_away_and_is_reached_once(
    of: Policy, now: datetime, left: timedelta
) -> None:
    end = extended_end(TABLE, of, end=now + left, now=now)

    assert end >= now + left
    assert end >= now + timedelta(days=of.min_extension.days)
    assert extended_end(TABLE, of, end=end, now=now) == end


def test_a_window_that_would_close_before_it_opens_does_not_exist() -> None:
    short = policy(enquiry_closes_before=days(5), clarification_duration=days(1))

    at_once = schedule(TABLE, short, since=NOW, end=NOW + timedelta(days=5))
    later = schedule(TABLE, short, since=NOW, end=NOW + timedelta(days=5, milliseconds=1))

    assert at_once == Schedule(None, None, None)
    assert later.enquiry_period_end == NOW + timedelta(milliseconds=1)


def test_a_buyer_may_close_the_enquiry_window_earlier_but_not_a_millisecond_later() -> None:
    of, end = policy(enquiry_closes_before=days(5)), NOW + timedelta(days=20)
    latest = NOW + timedelta(days=15)

    def faults(moment: datetime) -> list[str]:
        found = enquiry_faults(TABLE, of, end=end, enquiry_period_end=moment)
        return [fault.code for fault in found]

    assert faults(latest) == []
    assert faults(latest - timedelta(days=3)) == []
    assert faults(latest + timedelta(milliseconds=1)) == ["enquiry_ends_too_late"]


def test_an_extension_moves_no_window_to_an_earlier_time() -> None:
    early, late = NOW, NOW + timedelta(days=1)

    assert moved(Schedule(late, None, early), Schedule(early, late, None)) == Schedule(
        late, late, early
    )
    assert moved(Schedule(None, None, None), Schedule(None, None, None)) == Schedule(
        None, None, None
    )


@pytest.mark.parametrize(
    ("amount", "codes"),
    [
        ("999.99", ["below_threshold"]),
        ("1000", []),
        ("5000", []),
        ("5000.000001", ["above_threshold"]),
        (None, ["missing"]),
    ],
)
def test_thresholds_are_inclusive(amount: str | None, codes: list[str]) -> None:
    of = policy(min_value=Amount(1000, "KGS"), max_value=Amount(5000, "KGS"))
    value = Value(Decimal(amount), "KGS") if amount else None

    assert [f.code for f in procedure_faults(of, value=value, ground=None)] == codes


@pytest.mark.parametrize(
    ("grounds", "ground", "codes"),
    [
        ((), None, []),
        ((), "art", ["unknown_ground"]),
        (("art",), "art", []),
        (("art",), None, ["missing"]),
        (("art",), "science", ["unknown_ground"]),
    ],
)
def test_a_ground_is_one_of_the_law(
    grounds: tuple[str, ...], ground: str | None, codes: list[str]
) -> None:
    found = procedure_faults(policy(single_source_grounds=grounds), value=None, ground=ground)

    assert [fault.code for fault in found] == codes


@pytest.mark.parametrize(
    ("cap", "grounds", "ground", "found"),
    [
        (None, (), "art", None),
        (300, (), None, 300),
        (300, (), "art", 300),
        (300, ("art",), "art", 300),
        (300, ("art",), "science", None),
    ],
)
def test_the_annual_cap_limits_purchases_on_its_grounds(
    cap: int | None, grounds: tuple[str, ...], ground: str | None, found: int | None
) -> None:
    rules = policy(annual_direct_cap_bp=cap, annual_direct_cap_grounds=grounds)

    assert direct_cap(rules, ground) == found


def test_the_least_year_of_work_days_is_enough_for_a_window() -> None:
    one_year = Timetable(WorkCalendar("KG", {2027: frozenset({6, 7})}, {date(2027, 3, 8): False}))
    of = policy(enquiry_closes_before=days(2, "working"))

    found = schedule(one_year, of, since=NOW, end=datetime(2027, 3, 10, 6, tzinfo=UTC))

    assert found.enquiry_period_end == datetime(2027, 3, 5, 6, tzinfo=UTC)
