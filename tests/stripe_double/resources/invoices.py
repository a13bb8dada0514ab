"""Invoices, which subscriptions make."""

from typing import Any

from tests.stripe_double import billing
from tests.stripe_double.operations import Call, serves

Json = dict[str, Any]


@serves("v1.invoices.pay")
def pay(call: Call) -> Json:
    invoice = call.world.find("invoice", call.id)
    billing.pay(call.world, invoice, call.get("payment_method"))
    return invoice


@serves("v1.invoices.void_invoice")
def void(call: Call) -> Json:
    invoice = call.world.find("invoice", call.id)
    billing.void(call.world, invoice)
    return invoice


@serves("v1.invoices.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("invoice", call.id)


@serves("v1.invoices.list")
def list_(call: Call) -> Json:
    held = call.world.all("invoice")
    if found := call.get("subscription"):
        held = [each for each in held if each["_subscription"] == found]
    return call.world.listed(
        held, call.params, "/v1/invoices", filters=["customer", "status", "collection_method"]
    )
