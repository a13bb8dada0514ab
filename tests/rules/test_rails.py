"""Which rail carries what, and why another does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.rails import (
    CARD_HOLD_DAYS,
    INCOMING,
    SECURITIES,
    STRIPE_CROSS_BORDER,
    STRIPE_PAYOUTS,
    Purpose,
    RailName,
    Route,
    choose,
    refusals,
)

KGS = frozenset({"KGS"})
countries = st.sampled_from(["KG", "CN", "KZ", "US", "GB", "DE", "JP"])
routes = st.builds(
    Route,
    payer_country=countries,
    payee_country=countries,
    currency=st.sampled_from(["KGS", "USD", "CNY"]),
    purpose=st.sampled_from(Purpose),
    valid_days=st.integers(0, 200),
    platform_country=st.none() | countries,
    bank_currencies=st.frozensets(st.sampled_from(["KGS", "USD", "CNY"])),
)


def route(purpose: Purpose = Purpose.RELEASE, payee: str = "KG", **more: object) -> Route:
    values = {"currency": "KGS", "platform_country": "US", **more}
    return Route(payer_country="KG", payee_country=payee, purpose=purpose, **values)  # type: ignore[arg-type]


def codes(rail: RailName, of: Route) -> list[str]:
    return [each.code for each in refusals(rail, of)]


@pytest.mark.parametrize(
    ("payee", "home", "expected"),
    [
        ("US", "US", []),
        ("DE", "US", []),
        ("CN", "US", []),
        ("KZ", "GB", []),
        ("KG", "US", ["payee_country_not_reached"]),
        ("CN", "DE", ["payee_country_not_reached"]),
        ("DE", "JP", ["payee_country_not_reached"]),
        ("JP", "JP", []),
    ],
)
def test_stripe_pays_where_transfers_or_global_payouts_reach(
    payee: str, home: str, expected: list[str]
) -> None:
    assert codes(RailName.STRIPE, route(payee=payee, platform_country=home)) == expected


@pytest.mark.parametrize("purpose", sorted(SECURITIES))
def test_pay_03_a_card_holds_a_security_for_seven_days_and_no_longer(purpose: Purpose) -> None:
    fits = route(purpose, valid_days=CARD_HOLD_DAYS)
    assert codes(RailName.STRIPE, fits) == []
    longer = route(purpose, valid_days=CARD_HOLD_DAYS + 1)
    assert codes(RailName.STRIPE, longer) == ["authorisation_too_short"]
    assert choose(longer) is RailName.GUARANTEE


def test_without_an_account_at_stripe_or_at_a_bank_each_rail_says_so() -> None:
    nothing = route(platform_country=None)
    assert codes(RailName.STRIPE, nothing) == ["stripe_off"]
    assert codes(RailName.BANK_TRANSFER, nothing) == ["no_bank_account"]
    assert codes(RailName.GUARANTEE, nothing) == ["no_money"]
    assert choose(nothing) is None


def test_stripe_comes_before_a_bank_transfer_and_a_bank_reaches_kyrgyzstan() -> None:
    assert choose(route(payee="DE", bank_currencies=KGS)) is RailName.STRIPE
    assert choose(route(payee="KG", bank_currencies=KGS)) is RailName.BANK_TRANSFER


@given(routes)
def test_the_chosen_rail_refuses_nothing_and_every_one_before_it_gives_a_reason(of: Route) -> None:
    found = choose(of)
    for rail in RailName:
        told = refusals(rail, of)
        if rail is found:
            assert told == []
            break
        assert told
        assert all(each.code and each.detail for each in told)
    assert found is not RailName.GUARANTEE or of.purpose in SECURITIES


@given(routes)
def test_money_that_comes_in_is_refused_for_no_country(of: Route) -> None:
    if of.purpose in INCOMING:
        assert "payee_country_not_reached" not in codes(RailName.STRIPE, of)


def test_global_payouts_reach_all_that_transfers_do_but_not_kyrgyzstan() -> None:
    assert STRIPE_CROSS_BORDER < STRIPE_PAYOUTS
    assert "KG" not in STRIPE_PAYOUTS
