"""What the platform asks for its service: the commission of contracts, the totals of invoices. Pure.

A commission is frozen with the contract (`Commission`), so that a later tariff changes nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

WHOLE = 10_000
"""Basis points of one."""


class FeePurpose(StrEnum):
    """What an invoice of the platform is about."""

    COMMISSION = "commission"
    SUBSCRIPTION = "subscription"


class InvoiceKind(StrEnum):
    """UNTDID 1001: an invoice (380), or a credit note (381) that takes one back."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Commission:
    """The terms that were frozen: a share in basis points, its bounds for the whole contract."""

    rate_bp: int
    minimum: Decimal | None = None
    maximum: Decimal | None = None


def rounded(amount: Decimal, places: int) -> Decimal:
    """Half up to the decimals of a currency's smallest coin, as invoices are."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def whole(terms: Commission, value: Decimal, places: int) -> Decimal:
    """The commission of a contract of this value, never more than the value itself.

    >>> whole(Commission(150, minimum=Decimal(20)), Decimal("1000"), 2)
    Decimal('20.00')
    """
    amount = value * terms.rate_bp / WHOLE
    if terms.minimum is not None:
        amount = max(amount, terms.minimum)
    if terms.maximum is not None:
        amount = min(amount, terms.maximum)
    return rounded(min(amount, value), places)


def of_payment(
    terms: Commission, *, value: Decimal, paid: Decimal, taken: Decimal, due: Decimal, places: int
) -> Decimal:
    """What is kept of a payment of `due`, after `paid` was paid of the contract's `value` and
    `taken` kept of that.

    Whatever the parts, they add up to the commission of the whole, and none is more than its part.
    """
    reached = min(paid + due, value)
    total = whole(terms, value, places)
    so_far = rounded(total * reached / value, places)
    return min(max(so_far - taken, Decimal(0)), due)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice: `amount` is without tax."""

    code: str
    about: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """What an invoice comes to."""

    net: Decimal
    tax: Decimal
    gross: Decimal


def totals(lines: Sequence[Line], tax_rate_bp: int, places: int) -> Totals:
    """Net, tax on the net as a whole, and both together."""
    net = sum((line.amount for line in lines), Decimal(0)).quantize(Decimal(1).scaleb(-places))
    tax = rounded(net * tax_rate_bp / WHOLE, places)
    return Totals(net, tax, net + tax)


def taxed(lines: Sequence[Line], tax: Decimal, places: int) -> Totals:
    """Net, a tax that somebody else computed, and both together."""
    net = sum((line.amount for line in lines), Decimal(0)).quantize(Decimal(1).scaleb(-places))
    return Totals(net, tax, net + tax)


def rate_of(sums: Totals) -> int:
    """The tax in basis points of the net, rounded: several rates may be in it.

    >>> rate_of(Totals(Decimal(100), Decimal(12), Decimal(112)))
    1200
    """
    return int(rounded(sums.tax * WHOLE / sums.net, 0)) if sums.net else 0


def within(gross: Decimal, tax_rate_bp: int, places: int) -> Totals:
    """The net and the tax that are in an amount which was kept as a whole."""
    net = rounded(gross * WHOLE / (WHOLE + tax_rate_bp), places)
    return Totals(net, gross - net, gross)


def number(series: str, year: int, sequence: int) -> str:
    """The number of an invoice: without gaps in its series and year.

    >>> number("K", 2026, 17)
    'K-2026-000017'
    """
    return f"{series}-{year}-{sequence:06d}"
