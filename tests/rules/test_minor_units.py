from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.minor_units import exponent, from_minor, to_minor

CURRENCIES = ("KGS", "CNY", "USD", "JPY", "KWD", "KRW", "BHD", "ISK", "UGX")


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("1500.25", "KGS", 150_025),
        ("1500", "JPY", 1500),
        ("1.230", "KWD", 1230),
        ("5", "ISK", 500),
        ("0.01", "CNY", 1),
    ],
)
def test_connect_defect_currency_exponent_an_amount_is_written_in_the_smallest_unit_of_its_currency(
    amount: str, currency: str, units: int
) -> None:
    assert to_minor(Decimal(amount), currency) == units
    assert from_minor(units, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.005", "KGS"), ("10.5", "JPY"), ("1.234", "KWD"), ("0.5", "ISK"), ("NaN", "USD")],
)
def test_what_cannot_be_paid_exactly_is_refused_and_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="exactly"):
        to_minor(Decimal(amount), currency)


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(CURRENCIES))
def test_an_amount_that_can_be_paid_is_the_same_after_both_ways(steps: int, currency: str) -> None:
    units = steps * {"KWD": 10, "BHD": 10, "ISK": 100, "UGX": 100}.get(currency, 1)
    amount = from_minor(units, currency)
    assert to_minor(amount, currency) == units
    assert amount == amount.quantize(Decimal(1).scaleb(-exponent(currency)))
