"""Available to promise: how many by what date."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from api.rules import promising
from api.rules.periods import WorkCalendar
from api.rules.promising import Capacity, CapacityPeriod, Promise, Stock, Supply

TODAY = date(2026, 11, 30)
"""A Monday."""
WEEKENDS = {2026: frozenset({6, 7}), 2027: frozenset({6, 7})}
CALENDAR = WorkCalendar("cn", WEEKENDS, {date(2026, 12, 3): False})
DAYS = st.dates(TODAY, TODAY + timedelta(days=31))
UNITS = st.integers(1, 40).map(Decimal)
SUPPLIES = st.builds(
    Supply,
    today=st.just(TODAY),
    stock=st.lists(st.builds(Stock, UNITS, st.none() | DAYS), max_size=3),
    capacity=st.none()
    | st.builds(
        Capacity,
        quantity=UNITS,
        period=st.sampled_from(CapacityPeriod),
        lead_days=st.integers(0, 10),
        valid_from=st.none() | DAYS,
        valid_through=st.none() | DAYS,
    ),
    calendar=st.just(WorkCalendar("cn", {2026: WEEKENDS[2026]}, CALENDAR.exceptions)),
)


@settings(max_examples=40, deadline=None)
@given(SUPPLIES, st.lists(st.tuples(UNITS, DAYS), max_size=8), DAYS, DAYS)
def test_what_is_available_never_falls_with_the_day(
    supply: Supply, asked: list[tuple[Decimal, date]], one: date, other: date
) -> None:
    supply = granted(supply, asked)
    early, late = sorted((one, other))

    assert promising.available(supply, early) <= promising.available(supply, late)
    quantity = promising.available(supply, early)
    first = promising.earliest(supply, quantity)
    assert first is not None
    assert first <= early
    assert promising.available(supply, first) >= quantity
    assert first == TODAY or promising.available(supply, first - timedelta(days=1)) < quantity


@settings(max_examples=40, deadline=None)
@given(SUPPLIES, st.lists(st.tuples(UNITS, DAYS), min_size=1, max_size=12))
def test_no_unit_is_promised_twice_in_whatever_order_promises_are_made(
    supply: Supply, asked: list[tuple[Decimal, date]]
) -> None:
    supply = granted(supply, asked)

    for day in {due for _, due in asked}:
        promised = sum((p.quantity for p in supply.promises if p.due_on <= day), Decimal(0))
        assert promised <= promising.made(supply, day)


@settings(max_examples=40, deadline=None)
@given(SUPPLIES, DAYS, DAYS)
def test_a_promise_takes_its_units_from_its_day_and_from_no_other_promise(
    supply: Supply, due: date, day: date
) -> None:
    before = promising.of_capacity(supply, due)
    promised = replace(supply, promises=[Promise(before, due)])

    expected = 0 if day <= due else promising.of_capacity(supply, day) - before
    assert promising.of_capacity(promised, day) == expected
    assert promising.in_stock(promised, day) == promising.in_stock(supply, day)


def granted(supply: Supply, asked: list[tuple[Decimal, date]]) -> Supply:
    """The supply after promises were asked for, each given when there was enough."""
    for quantity, due in asked:
        if promising.of_capacity(supply, due) >= quantity:
            supply = replace(supply, promises=[*supply.promises, Promise(quantity, due)])
    return supply


def test_holidays_lead_time_and_what_is_promised_already_are_respected() -> None:
    capacity = Capacity(Decimal(50), CapacityPeriod.WEEK, lead_days=2)
    supply = Supply(TODAY, [Stock(Decimal(7))], capacity, CALENDAR, ())
    wednesday, thursday, friday = (TODAY + timedelta(days=n) for n in (2, 3, 4))

    assert [promising.available(supply, day) for day in (TODAY, wednesday, thursday, friday)] == [
        7,
        17,
        17,
        27,
    ]
    held = replace(supply, promises=[Promise(Decimal(15), friday)])
    assert promising.of_capacity(held, wednesday) == 5
    assert promising.earliest(held, Decimal(12)) == wednesday
    assert promising.earliest(held, Decimal(13)) == TODAY + timedelta(days=7)
    assert promising.available(held, wednesday, multiple=Decimal(10)) == 10
    assert promising.earliest(held, Decimal(10**6)) is None
    assert promising.available(supply, TODAY - timedelta(days=1)) == 0


def test_a_month_has_the_capacity_that_its_weekends_leave_and_no_year_is_guessed() -> None:
    capacity = Capacity(Decimal(230), CapacityPeriod.MONTH)
    supply = Supply(date(2026, 12, 1), (), capacity, CALENDAR, ())

    assert promising.made(supply, date(2026, 12, 31)) == 220
    assert supply.last_day == date(2027, 12, 2)
    blind = replace(supply, calendar=WorkCalendar("cn", {2026: frozenset({6, 7})}, {}))
    assert blind.last_day == date(2026, 12, 31)
    assert promising.available(blind, date(2027, 1, 1)) == 0
