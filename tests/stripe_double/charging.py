"""How money comes in: a payment intent is tried with a payment method and makes a charge."""

from typing import Any

from tests.stripe_double import cards, money
from tests.stripe_double.cards import Card, Decline
from tests.stripe_double.errors import card_declined, invalid, missing
from tests.stripe_double.world import World

Json = dict[str, Any]
_NO_BILLING: Json = {
    "address": {
        "city": None,
        "country": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    },
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}


def method(world: World, found: str, param: str = "payment_method") -> Json:
    """A payment method by id; `pm_card_…` makes one of a test card."""
    if found in world.objects:
        return world.find("payment_method", found, param=param)
    card = cards.named(found)
    if card is None:
        raise missing("PaymentMethod", found, param)
    return card_method(world, card)


def card_method(world: World, card: Card) -> Json:
    shown: Json = {
        **card.shown,
        "display_brand": card.brand,
        "generated_from": None,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return new_method(world, "card", shown, _card=card)


def new_method(world: World, kind: str, details: Json, **internal: Any) -> Json:
    values = {"type": kind, kind: details, "billing_details": dict(_NO_BILLING), **internal}
    return world.new("payment_method", "pm", allow_redisplay="unspecified", **values)


def try_card(world: World, intent: Json, used: Json, *, off_session: bool = False) -> None:
    """Charge or authorise a card; a decline is recorded and raised."""
    card: Card = used["_card"]
    decline = card.decline
    if card.authenticates and not intent.get("_authenticated"):
        if not off_session:
            ask_for_authentication(world, intent)
            return
        decline = cards.AUTHENTICATION
    if decline:
        _declined(world, intent, used, decline)
    intent["last_payment_error"] = intent["next_action"] = None
    manual = intent["capture_method"] == "manual"
    charge = make_charge(world, intent, used, captured=not manual)
    world.tell("charge.succeeded", charge)
    if manual:
        intent["status"] = "requires_capture"
        intent["amount_capturable"] = intent["amount"]
        world.tell("payment_intent.amount_capturable_updated", intent)
        return
    settle(world, charge, intent["amount"])
    succeed(world, intent, intent["amount"])


def ask_for_authentication(world: World, intent: Json) -> None:
    intent["status"] = "requires_action"
    if url := intent.get("_return_url"):
        redirect = f"https://hooks.stripe.com/3d_secure_2/{intent['id']}"
        action = {"redirect_to_url": {"return_url": url, "url": redirect}}
    else:
        action = {"use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    intent["next_action"] = {"type": next(iter(action)), **action}
    world.tell("payment_intent.requires_action", intent)


def refuse_authentication(world: World, intent: Json) -> None:
    """The payer failed to authenticate."""
    intent["status"] = "requires_payment_method"
    intent["next_action"] = intent["payment_method"] = None
    intent["last_payment_error"] = {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication.",
    }
    world.tell("payment_intent.payment_failed", intent)


def _declined(world: World, intent: Json, used: Json, decline: Decline) -> None:
    charge = make_charge(world, intent, used, captured=False, decline=decline)
    world.tell("charge.failed", charge)
    error = card_declined(decline.code, decline.reason, decline.message, charge=charge["id"])
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = intent["next_action"] = None
    shown = world.render(used)
    intent["last_payment_error"] = {**error.error, "payment_method": shown}
    world.tell("payment_intent.payment_failed", intent)
    error.error["payment_intent"] = world.render(intent)
    error.error["payment_method"] = shown
    raise error


def make_charge(
    world: World, intent: Json, used: Json, *, captured: bool, decline: Decline | None = None
) -> Json:
    card: Card | None = used.get("_card")
    refused = decline.reason or decline.code if decline else None
    outcome = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": refused,
        "risk_level": "normal",
        "seller_message": decline.message if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }
    details: Json = {"type": used["type"], used["type"]: {}}
    if card:
        details["card"] = {
            **card.shown,
            "amount_authorized": None if decline else intent["amount"],
            "capture_before": None if captured else world.now() + 7 * 86_400,
            "network": card.brand,
            "three_d_secure": None,
            "wallet": None,
        }
    charge = world.new(
        "charge",
        "ch" if card else "py",
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        billing_details=used["billing_details"],
        captured=captured,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=decline.code if decline else None,
        failure_message=decline.message if decline else None,
        fraud_details={},
        metadata=dict(intent["metadata"]),
        outcome=outcome,
        paid=decline is None,
        payment_intent=intent["id"],
        payment_method=used["id"],
        payment_method_details=details,
        receipt_url=None if decline else "https://pay.stripe.com/receipts/payment",
        refunded=False,
        status="failed" if decline else "succeeded",
        transfer_group=intent["transfer_group"],
        _card=card,
        _reversed=0,
    )
    intent["latest_charge"] = charge["id"]
    if not decline:
        intent["payment_method"] = used["id"]
        if charge["transfer_group"] is None:
            charge["transfer_group"] = f"group_{intent['id']}"
    return charge


def settle(world: World, charge: Json, amount: int) -> None:
    """Capture: what is captured arrives in the balance, pending or at once."""
    card: Card | None = charge["_card"]
    fee = money.card_fee(amount) if card else money.bank_transfer_fee(amount)
    delay = money.SETTLEMENT if card and card.pending else 0
    kind = "charge" if card else "payment"
    charge["captured"], charge["amount_captured"] = True, amount
    if card:
        charge["payment_method_details"]["card"]["capture_before"] = None
    entry = money.book(world, charge, kind, amount, fee=fee, available_on=world.now() + delay)
    charge["balance_transaction"] = entry["id"]


def succeed(world: World, intent: Json, amount: int) -> None:
    intent |= {
        "status": "succeeded",
        "amount_received": amount,
        "amount_capturable": 0,
        "next_action": None,
    }
    world.tell("payment_intent.succeeded", intent)
    for after in AFTER_SUCCESS:
        after(world, intent)


AFTER_SUCCESS: list[Any] = []
"""What follows from a payment: disputes of certain test cards, the end of a Checkout Session."""


def not_modelled(given: Json, *names: str) -> None:
    """Refuse what Stripe would do and the double would silently not do."""
    for name in names:
        if given.get(name) not in (None, ""):
            raise invalid(f"the double does not model {name}", param=name)
