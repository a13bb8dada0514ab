"""Double entry: which accounts there are, and when a set of entries is a transaction.

An entry's amount is positive for a debit and negative for a credit, so a transaction is balanced
when its amounts add up to nothing in each currency. An account is shown on its normal side:
what it is expected to hold is positive.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from uuid import UUID

from api.rules.minor_units import exponent


class Side(StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountKind(StrEnum):
    """The chart of accounts. The comment says whose id tells one account of a kind from another."""

    BUYER_RECEIVABLE = "buyer_receivable"  # buyer
    SUPPLIER_RECEIVABLE = "supplier_receivable"  # supplier
    STRIPE_CLEARING = "stripe_clearing"
    BANK_CLEARING = "bank_clearing"
    DISPUTE_RESERVE = "dispute_reserve"
    PROVIDER_FEES = "provider_fees"
    WRITE_OFFS = "write_offs"
    ESCROW_LIABILITY = "escrow_liability"  # contract
    BID_SECURITY_LIABILITY = "bid_security_liability"  # security: whose bid it is stays secret
    PERFORMANCE_SECURITY_LIABILITY = "performance_security_liability"  # security
    SUPPLIER_PAYABLE = "supplier_payable"  # supplier
    BUYER_PAYABLE = "buyer_payable"  # buyer
    SUSPENSE = "suspense"
    PLATFORM_FEE_REVENUE = "platform_fee_revenue"
    TAX_PAYABLE = "tax_payable"
    FX = "fx"


@dataclass(frozen=True, slots=True)
class Nature:
    """How accounts of a kind behave."""

    normal: Side
    no_overdraft: bool
    referenced: bool
    """True when each contract, bid or organisation has an account of its own."""


_D, _C = Side.DEBIT, Side.CREDIT
CHART: dict[AccountKind, Nature] = {
    AccountKind.BUYER_RECEIVABLE: Nature(_D, no_overdraft=False, referenced=True),
    AccountKind.SUPPLIER_RECEIVABLE: Nature(_D, no_overdraft=True, referenced=True),
    AccountKind.STRIPE_CLEARING: Nature(_D, no_overdraft=False, referenced=False),
    AccountKind.BANK_CLEARING: Nature(_D, no_overdraft=False, referenced=False),
    AccountKind.DISPUTE_RESERVE: Nature(_D, no_overdraft=True, referenced=False),
    AccountKind.PROVIDER_FEES: Nature(_D, no_overdraft=False, referenced=False),
    AccountKind.WRITE_OFFS: Nature(_D, no_overdraft=False, referenced=False),
    AccountKind.ESCROW_LIABILITY: Nature(_C, no_overdraft=True, referenced=True),
    AccountKind.BID_SECURITY_LIABILITY: Nature(_C, no_overdraft=True, referenced=True),
    AccountKind.PERFORMANCE_SECURITY_LIABILITY: Nature(_C, no_overdraft=True, referenced=True),
    AccountKind.SUPPLIER_PAYABLE: Nature(_C, no_overdraft=True, referenced=True),
    AccountKind.BUYER_PAYABLE: Nature(_C, no_overdraft=True, referenced=True),
    AccountKind.SUSPENSE: Nature(_C, no_overdraft=True, referenced=False),
    AccountKind.PLATFORM_FEE_REVENUE: Nature(_C, no_overdraft=False, referenced=False),
    AccountKind.TAX_PAYABLE: Nature(_C, no_overdraft=False, referenced=False),
    AccountKind.FX: Nature(_C, no_overdraft=False, referenced=False),
}


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """What names an account: its kind, its currency (ISO 4217), and whose it is."""

    kind: AccountKind
    currency: str
    reference: UUID | None = None

    def __post_init__(self) -> None:
        if CHART[self.kind].referenced is (self.reference is None):
            needed = "names whose it is" if self.reference is None else "belongs to nobody"
            raise ValueError(f"An account {self.kind.value} {needed}.")


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount on an account: positive is a debit, negative a credit."""

    account: AccountKey
    amount: Decimal


class Unbalanced(ValueError):
    """The entries are no transaction."""


def transfer(debit: AccountKey, credit: AccountKey, amount: Decimal) -> list[Entry]:
    """The two entries that debit one account and credit the other."""
    return [Entry(debit, amount), Entry(credit, -amount)]


def require_balanced(entries: Sequence[Entry], places: Callable[[str], int] = exponent) -> None:
    """Raise Unbalanced unless there are two entries or more, none of nothing, none finer than the
    `places` (decimals) of its currency, and each currency adds up to nothing."""
    if len(entries) < 2:
        raise Unbalanced("A transaction has two entries or more.")
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if not entry.amount.is_finite() or entry.amount == 0:
            raise Unbalanced("An entry has an amount other than zero.")
        currency = entry.account.currency
        if entry.amount.scaleb(places(currency)) % 1:
            raise Unbalanced(f"{entry.amount} {currency} is finer than its coin.")
        sums[currency] += entry.amount
    if off := {currency: total for currency, total in sums.items() if total}:
        shown = ", ".join(f"{total} {currency}" for currency, total in sorted(off.items()))
        raise Unbalanced(f"The entries are off by {shown}.")


def reversal(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that undo others."""
    return [Entry(each.account, -each.amount) for each in entries]


def exchange(
    debit: AccountKey, credit: AccountKey, amount: Decimal, rate: Decimal, places: int
) -> list[Entry]:
    """Entries that take `amount` from `debit`'s currency to `credit`'s through the FX accounts.

    `rate` is the price of one unit of the debited currency in the credited one; the result is
    rounded half-even to the `places` of the credited currency. Raises Unbalanced when nothing
    is left after rounding.
    """
    bought = (amount * rate).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    if not bought:
        raise Unbalanced(f"{amount} {debit.currency} at {rate} is nothing in {credit.currency}.")
    return [
        *transfer(debit, AccountKey(AccountKind.FX, debit.currency), amount),
        *transfer(AccountKey(AccountKind.FX, credit.currency), credit, bought),
    ]


def shown(kind: AccountKind, debits: Decimal, credits: Decimal) -> Decimal:
    """The balance of an account on its normal side."""
    return debits - credits if CHART[kind].normal is Side.DEBIT else credits - debits
