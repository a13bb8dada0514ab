"""Setup intents: a card is saved for later without being charged."""

import secrets
from typing import Any

from tests.stripe_double import cards, charging
from tests.stripe_double.errors import StripeFault, card_declined, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.world import World

Json = dict[str, Any]
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


@serves("v1.setup_intents.create")
def create(call: Call) -> Json:
    intent = make(call.world, call.params)
    if call.get("confirm"):
        confirm_setup(call.world, intent, call.get("payment_method"))
    return intent


def make(world: World, given: Json) -> Json:
    if customer := given.get("customer"):
        world.find("customer", customer, param="customer")
    intent_id = f"seti_{secrets.token_hex(12)}"
    intent = world.new(
        "setup_intent",
        "seti",
        id=intent_id,
        client_secret=f"{intent_id}_secret_{secrets.token_hex(12)}",
        customer=given.get("customer"),
        description=given.get("description"),
        metadata=given.get("metadata") or {},
        payment_method_types=given.get("allowed_payment_method_types") or ["card"],
        status="requires_payment_method",
        usage=given.get("usage") or "off_session",
    )
    world.tell("setup_intent.created", intent)
    return intent


def confirm_setup(world: World, intent: Json, chosen: str | None) -> None:
    if intent["status"] not in _OPEN:
        raise StripeFault(
            400,
            f"You cannot confirm this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    if not chosen:
        raise invalid("You cannot confirm this SetupIntent because it's missing a payment method.")
    method = charging.method(world, chosen)
    card: cards.Card = method["_card"]
    if card.decline and not card.attachable:
        problem = card_declined(card.decline.code, card.decline.reason, card.decline.message)
        intent["last_setup_error"] = dict(problem.error)
        world.tell("setup_intent.setup_failed", intent)
        raise problem
    intent |= {"payment_method": method["id"], "status": "succeeded"}
    method["customer"] = intent["customer"]
    world.tell("setup_intent.succeeded", intent)


@serves("v1.setup_intents.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("setup_intent", call.id)


@serves("v1.setup_intents.confirm")
def confirm(call: Call) -> Json:
    intent = call.world.find("setup_intent", call.id)
    confirm_setup(call.world, intent, call.get("payment_method") or intent["payment_method"])
    return intent


@serves("v1.setup_intents.cancel")
def cancel(call: Call) -> Json:
    intent = call.world.find("setup_intent", call.id)
    intent |= {"status": "canceled", "cancellation_reason": call.get("cancellation_reason")}
    call.world.tell("setup_intent.canceled", intent)
    return intent
