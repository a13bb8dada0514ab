"""Customers and their cash balances, which bank transfers fill."""

from typing import Any

from tests.stripe_double import funding
from tests.stripe_double.errors import invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources.common import merge

Json = dict[str, Any]


@serves("v1.customers.create")
def create(call: Call) -> Json:
    given = {k: call.get(k) for k in call.params if k != "expand"}
    if method := given.pop("payment_method", None):
        raise invalid(f"the double attaches {method} by payment_methods.attach only")
    customer = call.world.new(
        "customer",
        "cus",
        **{
            "balance": 0,
            "delinquent": False,
            "discount": None,
            "metadata": {},
            "tax_exempt": "none",
            "preferred_locales": [],
            **given,
        },
    )
    del customer["cash_balance"]
    customer["_cash"] = {}
    call.world.tell("customer.created", customer)
    return customer


@serves("v1.customers.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("customer", call.id)


@serves("v1.customers.update")
def update(call: Call) -> Json:
    customer = call.world.find("customer", call.id)
    previous = merge(customer, call.params)
    call.world.tell("customer.updated", customer, previous=previous)
    return customer


@serves("v1.customers.delete")
def delete(call: Call) -> Json:
    customer = call.world.find("customer", call.id)
    del call.world.objects[call.id]
    call.world.tell("customer.deleted", customer)
    return {"id": call.id, "object": "customer", "deleted": True}


@serves("v1.customers.list")
def list_(call: Call) -> Json:
    held = call.world.all("customer")
    return call.world.listed(held, call.params, "/v1/customers", filters=["email"])


@serves("v1.customers.cash_balance.retrieve")
def cash_balance(call: Call) -> Json:
    return funding.cash_balance(call.world.find("customer", call.id))


@serves("v1.customers.cash_balance_transactions.list")
def cash_balance_transactions(call: Call) -> Json:
    held = call.world.all("customer_cash_balance_transaction")
    mine = [each for each in held if each["customer"] == call.id]
    return call.world.listed(
        mine, call.params, f"/v1/customers/{call.id}/cash_balance_transactions"
    )


@serves("v1.test_helpers.customers.fund_cash_balance")
def fund_cash_balance(call: Call) -> Json:
    customer = call.world.find("customer", call.id)
    return funding.fund(
        call.world, customer, call.get("amount"), call.get("currency"), call.get("reference")
    )
