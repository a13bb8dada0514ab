"""Subscriptions of Billing."""

from typing import Any

from tests.stripe_double import billing, charging
from tests.stripe_double.errors import invalid, missing
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources.common import merge

Json = dict[str, Any]
_UPDATABLE = {
    "cancel_at_period_end",
    "default_payment_method",
    "description",
    "days_until_due",
    "metadata",
    "expand",
    "items",
    "proration_behavior",
}


@serves("v1.subscriptions.create")
def create(call: Call) -> Json:
    charging.not_modelled(
        call.params, "transfer_data", "application_fee_percent", "discounts", "add_invoice_items"
    )
    if not call.get("customer"):
        raise invalid(
            "Missing required param: customer.", param="customer", code="parameter_missing"
        )
    return billing.subscribe(call.world, call.params)


@serves("v1.subscriptions.update")
def update(call: Call) -> Json:
    subscription = call.world.find("subscription", call.id)
    charging.not_modelled(call.params, *(set(call.params) - _UPDATABLE))
    given = dict(call.params)
    billing.reprice(call.world, subscription, given.pop("items", ()), given)
    if method := given.get("default_payment_method"):
        found = charging.method(call.world, method, "default_payment_method")
        given["default_payment_method"] = found["id"]
    if "cancel_at_period_end" in given:
        ends = subscription["items"]["data"][0]["current_period_end"]
        given["cancel_at"] = ends if given["cancel_at_period_end"] else None
        given["canceled_at"] = call.world.now() if given["cancel_at_period_end"] else None
    previous = merge(subscription, given)
    call.world.tell("customer.subscription.updated", subscription, previous=previous)
    return subscription


@serves("v1.subscriptions.cancel")
def cancel(call: Call) -> Json:
    subscription = call.world.find("subscription", call.id)
    if subscription["status"] == "canceled":
        raise missing("subscription", call.id)
    billing.end(call.world, subscription)
    return subscription


@serves("v1.subscriptions.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("subscription", call.id)


@serves("v1.subscriptions.list")
def list_(call: Call) -> Json:
    held, status = call.world.all("subscription"), call.get("status")
    if status is None:
        held = [each for each in held if each["status"] != "canceled"]
    elif status != "all":
        held = [each for each in held if each["status"] == status]
    return call.world.listed(held, call.params, "/v1/subscriptions", filters=["customer"])
