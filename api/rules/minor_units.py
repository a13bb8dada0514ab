"""Amounts as Stripe writes them: whole numbers of a currency's smallest unit.

https://docs.stripe.com/currencies: zero-decimal currencies are written as they are, three-decimal
ones in thousandths that end in 0, and ISK and UGX, which have no smaller unit any more, in
hundredths that end in 00 all the same.
"""

from decimal import Decimal

_NONE = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_STEP = {**dict.fromkeys(_THREE, 10), "ISK": 100, "UGX": 100}


def exponent(currency: str) -> int:
    """How many decimals Stripe's smallest unit of a currency (ISO 4217) has."""
    return 0 if currency in _NONE else 3 if currency in _THREE else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount of money in smallest units.

    Raises ValueError for one that is finer than what can be paid: nothing is rounded here, because
    what the ledger says and what is paid must be the same.
    """
    scaled = amount.scaleb(exponent(currency))
    step = _STEP.get(currency, 1)
    if not scaled.is_finite() or scaled % step:
        raise ValueError(f"{amount} {currency} cannot be paid exactly.")
    return int(scaled)


def from_minor(units: int, currency: str) -> Decimal:
    """The amount of money that so many smallest units are."""
    return Decimal(units).scaleb(-exponent(currency))
