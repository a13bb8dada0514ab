"""Transfers to connected accounts and their reversals."""

from typing import Any

from tests.stripe_double import money
from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources import accounts
from tests.stripe_double.resources.common import merge
from tests.stripe_double.world import World

Json = dict[str, Any]


@serves("v1.transfers.create")
def create(call: Call) -> Json:
    world, amount, currency = call.world, call.get("amount"), call.get("currency").lower()
    if amount is None:
        raise invalid("Missing required param: amount.", param="amount", code="parameter_missing")
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    destination = world.find("v2.core.account", call.get("destination"), param="destination")
    if accounts.capability(destination, "stripe_balance.stripe_transfers") != "active":
        raise StripeFault(
            400,
            "Your destination account needs to have at least one of the following capabilities"
            " enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    available_on, group = world.now(), call.get("transfer_group")
    if source := call.get("source_transaction"):
        charge = world.find("charge", source, param="source_transaction")
        available_on = _from_charge(world, charge, amount, currency)
        group = _group(charge, group)
    else:
        money.require(world, amount, currency)
    transfer = world.new(
        "transfer",
        "tr",
        amount=amount,
        amount_reversed=0,
        currency=currency,
        description=call.get("description"),
        destination=destination["id"],
        metadata=call.get("metadata") or {},
        reversed=False,
        source_transaction=source,
        source_type=call.get("source_type") or "card",
        transfer_group=group,
    )
    transfer["reversals"] = _page([], transfer)
    payment = _arrive(world, transfer, destination["id"], available_on)
    booked = money.book(world, transfer, "transfer", -amount, available_on=available_on)
    transfer |= {"balance_transaction": booked["id"], "destination_payment": payment["id"]}
    world.tell("transfer.created", transfer)
    return transfer


def _from_charge(world: World, charge: Json, amount: int, currency: str) -> int:
    """When the money of a charge can be moved; its transfers together never exceed it."""
    if not charge["captured"] or not charge["paid"]:
        raise invalid(
            "Cannot use an uncaptured charge as a source_transaction", param="source_transaction"
        )
    if charge["currency"] != currency:
        raise invalid(
            f"Must provide a currency that matches the source_transaction's: {charge['currency']}.",
            param="currency",
        )
    taken = sum(
        each["amount"] - each["amount_reversed"]
        for each in world.all("transfer")
        if each["source_transaction"] == charge["id"]
    )
    left = charge["amount_captured"] - taken
    if amount > left:
        raise invalid(
            f"Transfers using this transaction as a source must not exceed the source amount of"
            f" {charge['amount_captured']}. (There are {taken} in transfers already.)",
            param="amount",
            code="balance_insufficient",
        )
    due: int = world.objects[charge["balance_transaction"]]["available_on"]
    return max(due, world.now())


def _group(charge: Json, given: str | None) -> str | None:
    held: str | None = charge["transfer_group"]
    if given and held and not held.startswith("group_pi_") and given != held:
        raise invalid(
            "Cannot use transfer_group which differs from the transfer_group of source_transaction",
            param="transfer_group",
        )
    return given or held


def _arrive(world: World, transfer: Json, account: str, available_on: int) -> Json:
    """The payment that the connected account sees."""
    payment = world.new(
        "charge",
        "py",
        account,
        amount=transfer["amount"],
        amount_captured=transfer["amount"],
        amount_refunded=0,
        billing_details={},
        captured=True,
        currency=transfer["currency"],
        disputed=False,
        metadata={},
        paid=True,
        refunded=False,
        source_transfer=transfer["id"],
        status="succeeded",
        transfer_group=transfer["transfer_group"],
        _card=None,
    )
    entry = money.book(
        world, payment, "payment", transfer["amount"], account=account, available_on=available_on
    )
    payment["balance_transaction"] = entry["id"]
    world.tell("payment.created", payment, account=account)
    return payment


@serves("v1.transfers.reversals.create")
def reverse(call: Call) -> Json:
    world = call.world
    transfer = world.find("transfer", call.id)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.get("amount") or left
    if not left:
        raise invalid(f"Transfer {transfer['id']} has already been fully reversed.")
    if amount > left:
        raise invalid(
            f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left})",
            param="amount",
        )
    account, currency = transfer["destination"], transfer["currency"]
    available, pending = money.totals(world, account)
    if available.get(currency, 0) + pending.get(currency, 0) < amount:
        raise StripeFault(
            400,
            f"The recipient account {account} has insufficient funds to reverse this transfer.",
            code="balance_insufficient",
        )
    reversal = world.new(
        "transfer_reversal",
        "trr",
        amount=amount,
        currency=currency,
        metadata=call.get("metadata") or {},
        transfer=transfer["id"],
    )
    due = world.objects[transfer["balance_transaction"]]["available_on"]
    due = max(due, world.now())
    booked = money.book(world, reversal, "transfer_cancel", amount, available_on=due)
    reversal["balance_transaction"] = booked["id"]
    money.book(
        world,
        {**reversal, "description": None},
        "payment_refund",
        -amount,
        account=account,
        available_on=due,
    )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"] = _page([each["id"] for each in _reversals(world, transfer)], transfer)
    transfer["reversals"]["data"] = [world.render(e) for e in _reversals(world, transfer)]
    world.tell("transfer.reversed", transfer)
    return reversal


def _reversals(world: World, transfer: Json) -> list[Json]:
    return [e for e in world.all("transfer_reversal") if e["transfer"] == transfer["id"]]


def _page(found: list[Any], transfer: Json) -> Json:
    url = f"/v1/transfers/{transfer['id']}/reversals"
    return {"object": "list", "data": found, "has_more": False, "url": url}


@serves("v1.transfers.reversals.retrieve")
def retrieve_reversal(call: Call) -> Json:
    return call.world.find("transfer_reversal", call.ids[1])


@serves("v1.transfers.reversals.list")
def list_reversals(call: Call) -> Json:
    transfer = call.world.find("transfer", call.id)
    return call.world.listed(
        _reversals(call.world, transfer), call.params, f"/v1/transfers/{call.id}/reversals"
    )


@serves("v1.transfers.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("transfer", call.id)


@serves("v1.transfers.update")
def update(call: Call) -> Json:
    transfer = call.world.find("transfer", call.id)
    previous = merge(transfer, call.params)
    call.world.tell("transfer.updated", transfer, previous=previous)
    return transfer


@serves("v1.transfers.list")
def list_(call: Call) -> Json:
    return call.world.listed(
        call.world.all("transfer"),
        call.params,
        "/v1/transfers",
        filters=["destination", "transfer_group"],
    )
