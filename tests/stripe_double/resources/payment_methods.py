"""Payment methods. A card's number never comes here: tokens do, and Stripe's own page."""

from typing import Any

from tests.stripe_double import cards, charging
from tests.stripe_double.errors import StripeFault, card_declined, invalid
from tests.stripe_double.operations import Call, serves

Json = dict[str, Any]


@serves("v1.payment_methods.create")
def create(call: Call) -> Json:
    kind = call.get("type")
    if kind == "customer_balance":
        return charging.new_method(call.world, kind, {})
    if kind != "card":
        raise invalid(f"the double does not model payment methods of type {kind}", param="type")
    given = call.get("card") or {}
    if "number" in given:
        raise StripeFault(
            402,
            "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest"
            " you use test tokens that map to the test card you are using.",
            type="card_error",
        )
    card = cards.named(given.get("token", ""))
    if card is None:
        raise invalid(f"No such token: '{given.get('token')}'", param="card[token]")
    return charging.card_method(call.world, card)


@serves("v1.payment_methods.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("payment_method", call.id)


@serves("v1.payment_methods.attach")
def attach(call: Call) -> Json:
    customer = call.world.find("customer", call.get("customer"), param="customer")
    method = charging.method(call.world, call.id, "id")
    card: cards.Card | None = method.get("_card")
    if card and card.decline and not card.attachable:
        raise card_declined(card.decline.code, card.decline.reason, card.decline.message)
    method["customer"] = customer["id"]
    call.world.tell("payment_method.attached", method)
    return method


@serves("v1.payment_methods.detach")
def detach(call: Call) -> Json:
    method = call.world.find("payment_method", call.id)
    if not method["customer"]:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is"
            " impossible."
        )
    previous = {"customer": method["customer"]}
    method["customer"] = None
    call.world.tell("payment_method.detached", method, previous=previous)
    return method


@serves("v1.payment_methods.list")
def list_(call: Call) -> Json:
    held = call.world.all("payment_method")
    return call.world.listed(held, call.params, "/v1/payment_methods", filters=["customer", "type"])
