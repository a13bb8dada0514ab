"""Payment intents: cards with automatic and manual capture, and bank transfers."""

import secrets
from typing import Any

from tests.stripe_double import charging, funding
from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources.common import merge
from tests.stripe_double.world import World

Json = dict[str, Any]
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")
_MINIMUM = 50
_TRIED = ("confirm", "off_session", "return_url", "payment_method_data", "error_on_requires_action")


@serves("v1.payment_intents.create")
def create(call: Call) -> Json:
    intent = make(call.world, call.params)
    if call.get("confirm"):
        confirm_intent(call.world, intent, call.params)
    return intent


def make(world: World, given: Json) -> Json:
    """A new intent, not tried yet."""
    charging.not_modelled(
        given, "transfer_data", "application_fee_amount", "on_behalf_of", "mandate", "mandate_data"
    )
    if given["amount"] < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    if given["amount"] < _MINIMUM:
        raise invalid(
            f"Amount must be at least {_MINIMUM} minor units.",
            param="amount",
            code="amount_too_small",
        )
    if customer := given.get("customer"):
        world.find("customer", customer, param="customer")
    types = given.get("allowed_payment_method_types")
    automatic = given.get("automatic_payment_methods") or {"enabled": not types}
    values = {name: value for name, value in given.items() if name not in (*_TRIED, "expand")}
    values |= {
        "payment_method_types": types or ["card", "link"],
        "capture_method": given.get("capture_method") or "automatic_async",
        "automatic_payment_methods": {"allow_redirects": "always", **automatic}
        if automatic["enabled"]
        else None,
        "metadata": given.get("metadata") or {},
        "currency": given["currency"].lower(),
        "payment_method": None,
    }
    intent_id = f"pi_{secrets.token_hex(12)}"
    intent = world.new(
        "payment_intent",
        "pi",
        id=intent_id,
        amount_capturable=0,
        amount_received=0,
        amount_details={"tip": {}},
        client_secret=f"{intent_id}_secret_{secrets.token_hex(12)}",
        confirmation_method="automatic",
        status="requires_payment_method",
        **{k: v for k, v in values.items() if k not in ("confirmation_method", "use_stripe_sdk")},
    )
    if chosen := given.get("payment_method"):
        intent["payment_method"] = charging.method(world, chosen)["id"]
        intent["status"] = "requires_confirmation"
    world.tell("payment_intent.created", intent)
    return intent


def confirm_intent(world: World, intent: Json, given: Json) -> None:
    """Try to pay an intent with the payment method given or already chosen."""
    _require(intent, CONFIRMABLE, "confirm")
    automatic = intent["automatic_payment_methods"]
    intent["_return_url"] = given.get("return_url")
    if automatic and automatic["allow_redirects"] != "never" and not given.get("return_url"):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard."
            " Because some of these payment methods might redirect your customer off of your page,"
            " you must provide a `return_url`. If you don't want to accept redirect-based payment"
            " methods, set `automatic_payment_methods[enabled]` to `true` and"
            " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents"
            " and Payment Intents."
        )
    if (given.get("payment_method_data") or {}).get("type") == "customer_balance":
        options = {**(intent["payment_method_options"] or {})}
        options |= given.get("payment_method_options") or {}
        funding.ask(world, intent, options.get("customer_balance") or {})
        return
    chosen = given.get("payment_method") or intent["payment_method"]
    if not chosen:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can"
            " either update the PaymentIntent with a payment method and then confirm it again, or"
            " confirm it again directly with a payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
        )
    used = charging.method(world, chosen)
    if used["type"] not in intent["payment_method_types"]:
        raise invalid(
            f"The PaymentMethod provided ({used['type']}) is not allowed for this PaymentIntent.",
            param="payment_method",
        )
    charging.try_card(world, intent, used, off_session=bool(given.get("off_session")))
    if intent["setup_future_usage"] and intent["customer"]:
        used["customer"] = intent["customer"]


@serves("v1.payment_intents.confirm")
def confirm(call: Call) -> Json:
    intent = call.world.find("payment_intent", call.id)
    confirm_intent(call.world, intent, call.params)
    return intent


@serves("v1.payment_intents.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("payment_intent", call.id)


@serves("v1.payment_intents.update")
def update(call: Call) -> Json:
    intent = call.world.find("payment_intent", call.id)
    given = dict(call.params)
    if set(given) - {"metadata", "description", "expand", "transfer_group"}:
        _require(intent, CONFIRMABLE, "update")
    if chosen := given.get("payment_method"):
        given["payment_method"] = charging.method(call.world, chosen)["id"]
        intent["status"] = "requires_confirmation"
    merge(intent, given)
    return intent


@serves("v1.payment_intents.capture")
def capture(call: Call) -> Json:
    intent = call.world.find("payment_intent", call.id)
    _require(intent, ("requires_capture",), "capture")
    amount = call.get("amount_to_capture") or intent["amount_capturable"]
    if amount > intent["amount_capturable"]:
        raise invalid(
            "The capture amount must be less than or equal to the amount capturable.",
            param="amount_to_capture",
            code="amount_too_large",
        )
    charge = call.world.objects[intent["latest_charge"]]
    charging.settle(call.world, charge, amount)
    charge["amount_refunded"] = charge["amount"] - amount
    call.world.tell("charge.captured", charge)
    charging.succeed(call.world, intent, amount)
    return intent


@serves("v1.payment_intents.cancel")
def cancel(call: Call) -> Json:
    intent = call.world.find("payment_intent", call.id)
    _require(intent, CANCELABLE, "cancel")
    cancel_intent(call.world, intent, call.get("cancellation_reason"))
    return intent


def cancel_intent(world: World, intent: Json, reason: str | None) -> None:
    funding.release(world, intent)
    if intent["status"] == "requires_capture":
        charge = world.objects[intent["latest_charge"]]
        charge |= {"refunded": True, "amount_refunded": charge["amount"]}
        world.tell("charge.refunded", charge)
    intent |= {
        "status": "canceled",
        "canceled_at": world.now(),
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
    }
    world.tell("payment_intent.canceled", intent)


@serves("v1.payment_intents.list")
def list_(call: Call) -> Json:
    held = call.world.all("payment_intent")
    return call.world.listed(held, call.params, "/v1/payment_intents", filters=["customer"])


@serves("v1.charges.retrieve")
def retrieve_charge(call: Call) -> Json:
    return call.world.find("charge", call.id, account=call.account)


@serves("v1.charges.list")
def list_charges(call: Call) -> Json:
    return call.world.listed(
        call.world.all("charge", call.account),
        call.params,
        "/v1/charges",
        filters=["customer", "payment_intent", "transfer_group"],
    )


def _require(intent: Json, allowed: tuple[str, ...], verb: str) -> None:
    if intent["status"] not in allowed:
        raise StripeFault(
            400,
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
            f" Only a PaymentIntent with one of the following statuses may be: {', '.join(allowed)}.",
            code="payment_intent_unexpected_state",
            payment_intent={k: v for k, v in intent.items() if not k.startswith("_")},
        )
