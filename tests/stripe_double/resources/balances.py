"""The balance and what it is made of."""

from typing import Any

from tests.stripe_double import money
from tests.stripe_double.operations import Call, serves

Json = dict[str, Any]


@serves("v1.balance.retrieve")
def retrieve(call: Call) -> Json:
    return money.balance(call.world, call.account)


@serves("v1.balance_transactions.list")
def list_(call: Call) -> Json:
    held = call.world.all("balance_transaction", call.account)
    return call.world.listed(
        held, call.params, "/v1/balance_transactions", filters=["currency", "source", "type"]
    )


@serves("v1.balance_transactions.retrieve")
def retrieve_transaction(call: Call) -> Json:
    return call.world.find("balance_transaction", call.id, account=call.account)
