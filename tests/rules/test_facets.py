"""Bands of prices and days."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.facets import lead_band, price_band


@given(st.decimals(min_value="0.000001", max_value="999999999999", places=6))
def test_a_price_lies_in_its_band_and_bands_do_not_overlap(amount: Decimal) -> None:
    band = price_band(amount)
    assert band.high is not None
    assert band.low <= amount < band.high
    assert band.high / band.low in (2, Decimal("2.5"))
    assert price_band(band.low) == band
    assert price_band(band.high).low == band.high


@given(st.integers(0, 2000))
def test_days_lie_in_their_band(days: int) -> None:
    band = lead_band(days)
    assert band.low <= days
    assert band.high is None or days <= band.high


def test_what_is_no_price_and_no_time_has_no_band() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        price_band(Decimal(0))
    with pytest.raises(ValueError, match="not negative"):
        lead_band(-1)
