"""The least that can be paid in a currency: no amount of the ledger is finer."""

from decimal import Decimal
from functools import cache

from api.core.errors import refused
from api.reference import locales
from api.rules.minor_units import exponent


@cache
def places(currency: str) -> int:
    """The decimals of a currency: those of its coins (CLDR), or of Stripe's units if they are finer."""
    known = locales.currencies().get(currency)
    return max(exponent(currency), known.minor_units if known else 0)


def require(amount: Decimal, currency: str, pointer: str = "#/amount") -> None:
    """Raise Invalid for an amount that nobody can pay exactly."""
    if amount.scaleb(places(currency)) % 1:
        detail = f"{currency} has {places(currency)} digits after the point."
        raise refused(pointer, "finer_than_coin", detail)
