"""Amounts that people name must be payable: no finer than the coin of their currency."""

from decimal import Decimal

from api.core.errors import refused
from api.reference import locales


def require(amount: Decimal, currency: str) -> None:
    """Raise Invalid for an `amount` of the input that is finer than the coin of `currency` (ISO 4217):
    none of the yen, a hundredth of the som, a thousandth of the Kuwaiti dinar."""
    places = locales.currencies()[currency].minor_units
    if amount.normalize() != amount.quantize(Decimal(1).scaleb(-places)):
        raise refused("#/amount", "finer_than_coin", f"{currency} has {places} decimals.")
