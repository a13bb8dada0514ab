"""Payouts from a balance to its owner's bank account."""

from typing import Any

from tests.stripe_double import money
from tests.stripe_double.errors import invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.world import DAY, PLATFORM, TIMERS, World

Json = dict[str, Any]


@serves("v1.payouts.create")
def create(call: Call) -> Json:
    world, amount, currency = call.world, call.get("amount"), call.get("currency").lower()
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param="amount")
    money.require(world, amount, currency, call.account)
    payout = world.new(
        "payout",
        "po",
        call.account,
        amount=amount,
        arrival_date=world.now() + DAY,
        automatic=False,
        currency=currency,
        description=call.get("description"),
        destination=call.get("destination") or "ba_double",
        metadata=call.get("metadata") or {},
        method=call.get("method") or "standard",
        reconciliation_status="not_applicable",
        source_type=call.get("source_type") or "card",
        statement_descriptor=call.get("statement_descriptor"),
        status="pending",
        trace_id={"status": "pending", "value": None},
        type="bank_account",
    )
    booked = money.book(world, payout, "payout", -amount, account=call.account)
    payout["balance_transaction"] = booked["id"]
    world.tell("payout.created", payout, account=call.account)
    return payout


def arrive(world: World, payout: Json) -> None:
    payout["status"] = "paid"
    world.tell("payout.paid", payout, account=_account(world, payout))


def fail(world: World, payout: Json, code: str = "account_closed") -> None:
    """The bank refuses it, even after it was reported as paid; the money comes back."""
    account = _account(world, payout)
    back = money.book(world, payout, "payout_failure", payout["amount"], account=account)
    payout |= {
        "status": "failed",
        "failure_code": code,
        "failure_message": "The bank account has been closed.",
        "failure_balance_transaction": back["id"],
    }
    world.tell("payout.failed", payout, account=account)


def _account(world: World, payout: Json) -> str | None:
    owner = world.owners[payout["id"]]
    return None if owner == PLATFORM else owner


def _arrive_due(world: World) -> None:
    for payout in [each for each in world.objects.values() if each["object"] == "payout"]:
        if payout["status"] == "pending" and payout["arrival_date"] <= world.now():
            arrive(world, payout)


TIMERS.append(_arrive_due)


@serves("v1.payouts.cancel")
def cancel(call: Call) -> Json:
    payout = call.world.find("payout", call.id, account=call.account)
    if payout["status"] != "pending":
        raise invalid(
            f"Payouts can only be canceled while pending; this one is {payout['status']}.",
            code="payouts_not_allowed",
        )
    payout["status"] = "canceled"
    money.book(call.world, payout, "payout_cancel", payout["amount"], account=call.account)
    call.world.tell("payout.canceled", payout, account=call.account)
    return payout


@serves("v1.payouts.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("payout", call.id, account=call.account)


@serves("v1.payouts.list")
def list_(call: Call) -> Json:
    held = call.world.all("payout", call.account)
    return call.world.listed(held, call.params, "/v1/payouts", filters=["status", "destination"])
