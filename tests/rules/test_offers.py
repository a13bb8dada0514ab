"""Rules of offers: tiers, orderable quantities, validity, GTIN."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.clock import local_date
from api.rules.offers import (
    OFFER,
    OfferStatus,
    SupplyPeriod,
    gtin14,
    is_valid_on,
    lead_days_at,
    nearest_order,
    offer_findings,
    plain,
    price_at,
    validity_end,
)
from api.rules.states import IllegalTransition

TODAY = date(2026, 11, 24)
quantities = st.decimals(min_value="0.001", max_value=10**12, places=3)
prices = st.decimals(min_value="0.000001", max_value=10**9, places=6)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1))


@dataclass(frozen=True)
class Price:
    min_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True)
class Lead:
    min_quantity: Decimal
    days: int


@st.composite
def price_lists(draw: st.DrawFn) -> list[Price]:
    bounds = sorted(draw(st.lists(quantities, min_size=1, max_size=6, unique=True)))
    amounts = sorted(
        draw(st.lists(prices, min_size=len(bounds), max_size=len(bounds))), reverse=True
    )
    return [Price(*pair) for pair in zip(bounds, amounts, strict=True)]


def findings_of(tiers: list[Price], **changed: object) -> set[tuple[str, str]]:
    moq = tiers[0].min_quantity if tiers else Decimal(1)
    fields: dict[str, object] = {
        "moq": moq,
        "multiple": moq,
        "prices": tiers,
        "leads": [Lead(moq, 10)],
        "supply_quantity": None,
        "supply_period": None,
        "valid_from": None,
        "valid_through": None,
        "today": TODAY,
    }
    found = offer_findings(**{**fields, **changed})  # type: ignore[arg-type]
    return {(finding.path, finding.code) for finding in found}


@given(price_lists(), quantities)
def test_every_quantity_has_one_price_from_the_first_tier_on(
    tiers: list[Price], quantity: Decimal
) -> None:
    found = price_at(tiers, quantity)
    holding = [t.unit_price for t in tiers if t.min_quantity <= quantity]
    assert found == (holding[-1] if holding else None)
    assert (found is None) == (quantity < tiers[0].min_quantity)


@given(price_lists(), quantities, quantities)
def test_a_larger_quantity_never_costs_more_a_unit(
    tiers: list[Price], one: Decimal, other: Decimal
) -> None:
    small, large = (price_at(tiers, q) for q in sorted((one, other)))
    assert small is None or large is None or large <= small


@given(price_lists())
def test_a_tier_begins_exactly_at_its_bound(tiers: list[Price]) -> None:
    assert [price_at(tiers, t.min_quantity) for t in tiers] == [t.unit_price for t in tiers]


def test_lead_days_step_up_with_the_quantity() -> None:
    tiers = [Lead(Decimal(1), 10), Lead(Decimal(1000), 25)]
    asked = ["0.5", "1", "999.999", "1000", "5000"]
    assert [lead_days_at(tiers, Decimal(q)) for q in asked] == [None, 10, 10, 25, 25]


@given(quantities, quantities, quantities)
def test_the_nearest_order_covers_the_need_and_is_the_smallest(
    quantity: Decimal, moq: Decimal, multiple: Decimal
) -> None:
    order = nearest_order(quantity, moq, multiple)
    assert order >= quantity
    assert order >= moq
    assert order % multiple == 0
    assert order - multiple < max(quantity, moq)


@given(quantities, quantities, quantities)
def test_what_can_be_ordered_is_its_own_nearest_order(
    quantity: Decimal, moq: Decimal, multiple: Decimal
) -> None:
    order = nearest_order(quantity, moq, multiple)
    assert nearest_order(order, moq, multiple) == order


@given(price_lists())
def test_a_falling_price_list_from_the_minimum_order_has_no_findings(tiers: list[Price]) -> None:
    assert findings_of(tiers) == set()


@given(price_lists().filter(lambda tiers: len(tiers) > 1), st.data())
def test_swapped_tiers_are_found(tiers: list[Price], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(tiers) - 2))
    tiers[i], tiers[i + 1] = tiers[i + 1], tiers[i]
    assert (f"price_tiers/{i + 1}/min_quantity", "not_ascending") in findings_of(tiers)


@given(price_lists(), quantities)
def test_a_gap_below_the_first_tier_is_found(tiers: list[Price], moq: Decimal) -> None:
    found = findings_of(tiers, moq=moq, multiple=moq, leads=[Lead(moq, 1)])
    gap = ("price_tiers/0/min_quantity", "not_the_minimum")
    assert (gap in found) == (moq != tiers[0].min_quantity)


def test_a_rising_price_is_found() -> None:
    tiers = [Price(Decimal(1), Decimal("9.90")), Price(Decimal(100), Decimal("9.91"))]
    assert findings_of(tiers) == {("price_tiers/1/unit_price", "price_rises")}


def test_missing_tiers_are_found() -> None:
    assert findings_of([], leads=[]) == {
        ("price_tiers", "too_short"),
        ("lead_time_tiers", "too_short"),
    }


def test_a_minimum_that_is_no_multiple_is_found() -> None:
    tiers = [Price(Decimal(100), Decimal(1))]
    assert findings_of(tiers, multiple=Decimal(30)) == {("min_order_quantity", "not_a_multiple")}


def test_half_a_supply_ability_is_found() -> None:
    tiers = [Price(Decimal(1), Decimal(1))]
    expected = {("supply_period", "incomplete")}
    assert findings_of(tiers, supply_quantity=Decimal(5)) == expected
    assert findings_of(tiers, supply_period=SupplyPeriod.MONTH) == expected


def test_a_validity_in_the_past_or_the_wrong_way_round_is_found() -> None:
    tiers = [Price(Decimal(1), Decimal(1))]
    yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    assert findings_of(tiers, valid_through=TODAY) == set()
    assert findings_of(tiers, valid_through=yesterday) == {("valid_through", "in_the_past")}
    assert findings_of(tiers, valid_from=tomorrow, valid_through=TODAY) == {
        ("valid_through", "before_start")
    }


@given(days)
def test_an_offer_is_valid_until_the_last_moment_of_its_last_day_in_bishkek(day: date) -> None:
    end = validity_end(day)
    assert local_date(end - timedelta(microseconds=1)) == day
    assert local_date(end) == day + timedelta(days=1)
    assert end.tzinfo is UTC


def test_the_end_of_the_day_is_counted_in_bishkek() -> None:
    assert validity_end(date(2026, 12, 31)) == datetime(2026, 12, 31, 18, tzinfo=UTC)


@given(days, st.none() | days, st.none() | days)
def test_validity_includes_both_of_its_ends(
    day: date, start: date | None, end: date | None
) -> None:
    expected = (start or date.min) <= day <= (end or date.max)
    assert is_valid_on(day, start, end) is expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("4006381333931", "04006381333931"),
        ("73513537", "00000073513537"),
        ("036000291452", "00036000291452"),
        ("10614141000415", "10614141000415"),
        ("4006381333932", None),
        ("400638133393", None),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", None),
        ("", None),
    ],
)
def test_a_gtin_is_known_by_its_length_and_check_digit(number: str, expected: str | None) -> None:
    assert gtin14(number) == expected


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_of_a_gtin_is_always_seen(body: int, place: int, shift: int) -> None:
    digits = f"{body:012d}"
    number = next(n for n in (f"{digits}{d}" for d in range(10)) if gtin14(n))
    wrong = f"{number[:place]}{(int(number[place]) + shift) % 10}{number[place + 1 :]}"
    assert gtin14(wrong) is None


@given(prices)
def test_plain_decimals_keep_their_value_without_trailing_zeros(value: Decimal) -> None:
    shown = plain(value)
    assert Decimal(shown) == value
    assert "E" not in shown
    assert "." not in shown or not shown.endswith(("0", "."))


@pytest.mark.parametrize(
    ("action", "left", "entered"),
    [
        ("activate", {"draft", "expired"}, "active"),
        ("suspend", {"active"}, "suspended"),
        ("resume", {"suspended"}, "active"),
        ("expire", {"active", "suspended"}, "expired"),
    ],
)
def test_an_offer_moves_only_along_its_machine(action: str, left: set[str], entered: str) -> None:
    for status in OfferStatus:
        if status in left:
            assert OFFER.apply(action, status) == entered
        else:
            with pytest.raises(IllegalTransition):
                OFFER.apply(action, status)
