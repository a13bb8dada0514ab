"""Balances: every movement is a balance transaction, which becomes available at its hour."""

from typing import Any

from tests.stripe_double.errors import StripeFault
from tests.stripe_double.world import DAY, World

Json = dict[str, Any]
SETTLEMENT = 2 * DAY
"""A card's money is pending for this long."""
_CATEGORIES = {
    "payment": "charge",
    "adjustment": "dispute",
    "payment_refund": "refund",
    "transfer_cancel": "transfer_reversal",
    "transfer_refund": "transfer_reversal",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
}
_SOURCE_TYPE = "card"


def card_fee(amount: int) -> int:
    """2.9 % and 30 minor units."""
    return amount * 29 // 1000 + 30


def bank_transfer_fee(amount: int) -> int:
    """0.5 %, at most 500 minor units."""
    return min(amount * 5 // 1000, 500)


def book(
    world: World,
    source: Json,
    kind: str,
    amount: int,
    *,
    currency: str | None = None,
    account: str | None = None,
    fee: int = 0,
    available_on: int | None = None,
    category: str | None = None,
) -> Json:
    """Move an account's balance by `amount` less `fee`, in minor units."""
    currency = currency or source["currency"]
    fees = {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"}
    return world.new(
        "balance_transaction",
        "txn",
        account,
        amount=amount,
        available_on=world.now() if available_on is None else available_on,
        balance_type="payments",
        currency=currency,
        fee=fee,
        fee_details=[{**fees, "description": "Stripe processing fees"}] if fee else [],
        net=amount - fee,
        reporting_category=category or _CATEGORIES.get(kind, kind),
        source=source["id"],
        status="pending",
        type=kind,
        description=source.get("description"),
    )


def totals(world: World, account: str | None = None) -> tuple[dict[str, int], dict[str, int]]:
    """Available and pending of an account, by currency."""
    available: dict[str, int] = {}
    pending: dict[str, int] = {}
    for entry in world.all("balance_transaction", account):
        due = entry["available_on"] <= world.now()
        bucket = available if due else pending
        bucket[entry["currency"]] = bucket.get(entry["currency"], 0) + entry["net"]
    return available, pending


def require(world: World, amount: int, currency: str, account: str | None = None) -> None:
    """Refuse to move what is not available."""
    available, _ = totals(world, account)
    if available.get(currency, 0) < amount:
        raise StripeFault(
            400,
            "You have insufficient available funds in your Stripe account. Try adding funds"
            " directly to your available balance by creating Charges using the"
            " 4000000000000077 test card.",
            code="balance_insufficient",
        )


def balance(world: World, account: str | None = None) -> Json:
    available, pending = totals(world, account)
    currencies = sorted({"usd", *available, *pending})

    def rows(bucket: dict[str, int]) -> list[Json]:
        return [
            {
                "amount": bucket.get(currency, 0),
                "currency": currency,
                "source_types": {_SOURCE_TYPE: bucket.get(currency, 0)},
            }
            for currency in currencies
        ]

    return {
        "object": "balance",
        "available": rows(available),
        "pending": rows(pending),
        "livemode": False,
    }
