"""Bands that found offers are counted in: prices and days. Pure."""

from decimal import Decimal
from typing import NamedTuple

_STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))
_DAYS = ((0, 0), (1, 7), (8, 14), (15, 30), (31, 60), (61, None))


class Band[N](NamedTuple):
    """From `low` to `high`; None: without an end."""

    low: N
    high: N | None


def price_band(amount: Decimal) -> Band[Decimal]:
    """The band of the series 1, 2, 5, 10, 20, 50 … with `low` <= amount < `high`.

    Renard's coarse series, as coins and notes have it: three bands for each power of ten,
    whatever the currency. Raises ValueError for what is not more than zero.
    """
    if amount <= 0:
        raise ValueError("A price is more than zero.")
    power = Decimal(10) ** amount.adjusted()
    place = max(i for i, step in enumerate(_STEPS[:-1]) if step * power <= amount)
    return Band(_STEPS[place] * power, _STEPS[place + 1] * power)


def lead_band(days: int) -> Band[int]:
    """The band of days until goods are ready, both ends in it: at once, a week, two, a month, two,
    more. Raises ValueError for less than none.
    """
    if days < 0:
        raise ValueError("Days are not negative.")
    return next(Band(low, high) for low, high in reversed(_DAYS) if low <= days)
