"""Refunds: never more than was captured and is not refunded yet."""

from typing import Any

from tests.stripe_double import charging, money
from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources.common import merge
from tests.stripe_double.world import EXPANDABLE, TIMERS, World

Json = dict[str, Any]
_SLOW = 86_400
"""A refund that does not end at once ends after a day."""


@serves("v1.refunds.create")
def create(call: Call) -> Json:
    world = call.world
    charging.not_modelled(call.params, "reverse_transfer", "refund_application_fee", "origin")
    charge = _charge(call)
    left = charge["amount_captured"] and charge["amount"] - charge["amount_refunded"]
    amount = call.get("amount") or left
    if charge["disputed"] and not charge["_inquiry"]:
        raise StripeFault(
            400,
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if not left:
        raise StripeFault(
            400,
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )
    if amount > left:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    card = charge["_card"]
    status = "succeeded" if card is None or card.refund == "failed" else card.refund
    refund = world.new(
        "refund",
        "re" if card else "pyr",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        metadata=call.get("metadata") or {},
        payment_intent=charge["payment_intent"],
        reason=call.get("reason"),
        status=status,
        destination_details={"type": "card", "card": {"type": "refund"}} if card else None,
        _final="failed" if card and card.refund == "failed" else "succeeded",
    )
    kind = "refund" if card else "payment_refund"
    refund["balance_transaction"] = money.book(world, refund, kind, -amount)["id"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.tell("refund.created", refund)
    world.tell("charge.refunded", charge)
    return refund


def _charge(call: Call) -> Json:
    if found := call.get("charge"):
        return call.world.find("charge", found, param="charge")
    intent_id = call.get("payment_intent")
    if not intent_id:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    intent = call.world.find("payment_intent", intent_id, param="payment_intent")
    if intent["status"] != "succeeded":
        raise invalid(
            f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return call.world.find("charge", intent["latest_charge"])


def finish(world: World, refund: Json, status: str) -> None:
    """Let a refund end as succeeded, or fail: then its money comes back."""
    refund["status"] = status
    refund["_final"] = status
    if status == "failed":
        refund["failure_reason"] = "expired_or_canceled_card"
        back = money.book(world, refund, "refund_failure", refund["amount"])
        refund["failure_balance_transaction"] = back["id"]
        charge = world.objects[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        world.tell("refund.failed", refund)
    world.tell("refund.updated", refund)
    world.tell("charge.refund.updated", refund)


def _end_slow(world: World) -> None:
    for refund in world.all("refund"):
        late = refund["created"] + _SLOW <= world.now()
        if late and refund["status"] != refund["_final"]:
            finish(world, refund, refund["_final"])


TIMERS.append(_end_slow)


def _refunds_of(world: World, charge: Json) -> Json:
    held = [each for each in world.all("refund") if each["charge"] == charge["id"]]
    page = world.listed(held, {"limit": 100}, f"/v1/charges/{charge['id']}/refunds")
    return {**page, "data": [world.render(each) for each in held]}


EXPANDABLE["charge", "refunds"] = _refunds_of


@serves("v1.refunds.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("refund", call.id)


@serves("v1.refunds.update")
def update(call: Call) -> Json:
    refund = call.world.find("refund", call.id)
    merge(refund, call.params)
    call.world.tell("refund.updated", refund)
    return refund


@serves("v1.refunds.list")
def list_(call: Call) -> Json:
    held = call.world.all("refund")
    return call.world.listed(held, call.params, "/v1/refunds", filters=["charge", "payment_intent"])
