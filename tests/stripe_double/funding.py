"""Bank transfers: money arrives in a customer's cash balance and is applied to what is open."""

import secrets
from typing import Any

from tests.stripe_double import charging
from tests.stripe_double.errors import invalid
from tests.stripe_double.world import World

Json = dict[str, Any]
_TYPES = {
    "usd": "us_bank_transfer",
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
}
_ADDRESS = {"country": "US", "line1": "510 Townsend St", "city": "San Francisco"}
_PLACE = {"state": "CA", "postal_code": "94103", "line2": None}
_HOLDER = {"account_holder_name": "Stripe double", "account_holder_address": {**_ADDRESS, **_PLACE}}


def ask(world: World, intent: Json, options: Json) -> None:
    """Wait for a bank transfer; money that the customer already has is applied at once."""
    if not intent["customer"]:
        raise invalid(
            "A customer is required for payment method type `customer_balance`.", param="customer"
        )
    kind = _TYPES.get(intent["currency"])
    wanted = (options.get("bank_transfer") or {}).get("type")
    if options.get("funding_type") != "bank_transfer" or wanted is None:
        raise invalid(
            "When confirming with `customer_balance`, `funding_type` and `bank_transfer[type]`"
            " are required.",
            param="payment_method_options[customer_balance][funding_type]",
        )
    if kind != wanted:
        raise invalid(
            f"The bank transfer type {wanted} does not support the currency {intent['currency']}.",
            param="payment_method_options[customer_balance][bank_transfer][type]",
        )
    intent |= {"_remaining": intent["amount"], "_reference": secrets.token_hex(5).upper()}
    intent["status"] = "requires_action"
    _instruct(world, intent)
    customer = world.objects[intent["customer"]]
    if not _applied(world, customer, intent):
        world.tell("payment_intent.requires_action", intent)


def fund(
    world: World, customer: Json, amount: int, currency: str, reference: str | None = None
) -> Json:
    """Let a transfer arrive, and apply it: first to what bears its reference, else to the oldest."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param="amount")
    customer["_cash"][currency] = customer["_cash"].get(currency, 0) + amount
    transfer = {"type": _TYPES.get(currency, "us_bank_transfer"), "reference": reference}
    details = {transfer["type"]: {}, **transfer}
    if transfer["type"] == "us_bank_transfer":
        details["us_bank_transfer"] = {"network": "swift", "sender_name": customer["name"]}
    elif transfer["type"] == "mx_bank_transfer":
        del details["mx_bank_transfer"]
    funded = _entry(world, customer, currency, amount, "funded", {"bank_transfer": details})
    for intent in _open(world, customer, currency, reference, amount):
        _applied(world, customer, intent)
    if customer["_cash"][currency] > 0:
        world.tell("cash_balance.funds_available", cash_balance(customer))
    return funded


def release(world: World, intent: Json) -> None:
    """Give back to the cash balance what had been applied to an intent that is cancelled."""
    if applied := intent["amount"] - intent.get("_remaining", intent["amount"]):
        customer = world.objects[intent["customer"]]
        customer["_cash"][intent["currency"]] += applied
        named = {"payment_intent": intent["id"]}
        _entry(world, customer, intent["currency"], applied, "unapplied_from_payment", named)
        intent["_remaining"] = intent["amount"]


def cash_balance(customer: Json) -> Json:
    return {
        "object": "cash_balance",
        "available": dict(customer["_cash"]) or None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


def _open(
    world: World, customer: Json, currency: str, reference: str | None, amount: int
) -> list[Json]:
    """What waits for money, the reference's own first, then the exact amount, then the oldest."""
    waiting = [
        intent
        for intent in reversed(world.all("payment_intent"))
        if intent["customer"] == customer["id"]
        and intent["currency"] == currency
        and intent["status"] == "requires_action"
        and "_remaining" in intent
    ]
    return sorted(waiting, key=lambda i: (i["_reference"] != reference, i["_remaining"] != amount))


def _applied(world: World, customer: Json, intent: Json) -> bool:
    """Apply what the customer has; whether any was."""
    currency = intent["currency"]
    part = min(customer["_cash"].get(currency, 0), intent["_remaining"])
    if part <= 0:
        return False
    customer["_cash"][currency] -= part
    intent["_remaining"] -= part
    named = {"payment_intent": intent["id"]}
    _entry(world, customer, currency, -part, "applied_to_payment", named)
    _instruct(world, intent)
    if intent["_remaining"]:
        world.tell("payment_intent.partially_funded", intent)
        return True
    used = charging.new_method(world, "customer_balance", {})
    charge = charging.make_charge(world, intent, used, captured=True)
    charging.settle(world, charge, intent["amount"])
    world.tell("charge.succeeded", charge)
    charging.succeed(world, intent, intent["amount"])
    return True


def _entry(world: World, customer: Json, currency: str, net: int, kind: str, details: Json) -> Json:
    entry = world.new(
        "customer_cash_balance_transaction",
        "ccsbtxn",
        currency=currency,
        customer=customer["id"],
        ending_balance=customer["_cash"][currency],
        net_amount=net,
        type=kind,
        **{kind: details},
    )
    world.tell("customer_cash_balance_transaction.created", entry)
    return entry


def _instruct(world: World, intent: Json) -> None:
    kind = _TYPES[intent["currency"]]
    number = f"{int(intent['_reference'], 16) % 10**12:012d}"
    accounts: dict[str, Json] = {
        "us_bank_transfer": {
            "supported_networks": ["ach", "domestic_wire_us"],
            "type": "aba",
            "aba": {
                **_HOLDER,
                "account_number": number,
                "account_type": "checking",
                "bank_address": {**_ADDRESS, **_PLACE},
                "bank_name": "US Test Bank",
                "routing_number": "999999999",
            },
        },
        "gb_bank_transfer": {
            "supported_networks": ["bacs", "fps"],
            "type": "sort_code",
            "sort_code": {
                **_HOLDER,
                "account_number": number[:8],
                "bank_address": {**_ADDRESS, **_PLACE},
                "sort_code": "200000",
            },
        },
    }
    iban = {
        "supported_networks": ["sepa"],
        "type": "iban",
        "iban": {
            **_HOLDER,
            "bank_address": {**_ADDRESS, **_PLACE},
            "bic": "AGRIFRPPXXX",
            "country": "FR",
            "iban": f"FR76{number}0001",
        },
    }
    instructions = {
        "amount_remaining": intent["_remaining"],
        "currency": intent["currency"],
        "financial_addresses": [accounts.get(kind, iban)],
        "hosted_instructions_url": f"https://payments.stripe.com/bank_transfers/{intent['id']}",
        "reference": intent["_reference"],
        "type": kind,
    }
    intent["next_action"] = {
        "type": "display_bank_transfer_instructions",
        "display_bank_transfer_instructions": instructions,
    }
