"""Stripe Billing: prices and subscriptions, as its SDK is asked for them.

The calls are made by jobs outside a transaction, each known by its key (subscribing.py).
"""

from decimal import Decimal
from typing import Literal, NamedTuple

from stripe.params import CustomerCreateParams, PriceCreateParams, SubscriptionCreateParams

from api.payments.stripe_rail import client, objects, taxing
from api.rules.minor_units import to_minor


class Subscribed(NamedTuple):
    """Ids at Stripe, and the status in its words."""

    customer_id: str
    subscription_id: str
    status: str


def price(
    *,
    key: str,
    name: str,
    amount: Decimal,
    currency: str,
    interval: Literal["month", "year"],
) -> str:
    """Make a product with a price; told again under its key, the same. The price's id.

    Raises RailRefused or RailUnavailable.
    """
    params: PriceCreateParams = {
        "currency": currency.lower(),
        "unit_amount": to_minor(amount, currency),
        "recurring": {"interval": interval},
        "tax_behavior": taxing.INCLUSIVE,
        "product_data": {"name": name},
        "metadata": {objects.KEY: key},
    }
    with client.calls():
        return client.get().v1.prices.create(params, {"idempotency_key": f"{key}:price"}).id


def subscribe(
    *, key: str, name: str, country: str, price_id: str, days_to_pay: int, trial_days: int = 0
) -> Subscribed:
    """Subscribe an organisation, which gets an invoice each period; told again, the same.

    Raises RailRefused, also where its country cannot be taxed, or RailUnavailable.
    """
    api = client.get()
    params: SubscriptionCreateParams = {
        "items": [{"price": price_id}],
        "collection_method": "send_invoice",
        "days_until_due": days_to_pay,
        "metadata": {objects.KEY: key},
    }
    if trial_days:
        params["trial_period_days"] = trial_days
    who: CustomerCreateParams = {"name": name, "metadata": {objects.KEY: key}}
    if taxing.is_on():
        params["automatic_tax"] = {"enabled": True}
        who["address"] = {"country": country}
    with client.calls():
        if taxing.is_on():
            taxing.require_registered(api, country)
        customer = api.v1.customers.create(
            who,
            {"idempotency_key": f"{key}:customer"},
        )
        params["customer"] = customer.id
        made = api.v1.subscriptions.create(params, {"idempotency_key": f"{key}:subscription"})
    return Subscribed(customer.id, made.id, made.status)


def set_terms(subscription_id: str, *, key: str, price_id: str, ends: bool) -> None:
    """Let the next invoice be of a price, or let there be none and the subscription end.

    Stripe prorates nothing: what a change costs for the rest of a period is asked for by us. Raises
    RailRefused or RailUnavailable.
    """
    with client.calls():
        subscriptions = client.get().v1.subscriptions
        (item,) = subscriptions.retrieve(subscription_id).to_dict()["items"]["data"]
        subscriptions.update(
            subscription_id,
            {
                "items": [{"id": item["id"], "price": price_id}],
                "proration_behavior": "none",
                "cancel_at_period_end": ends,
            },
            {"idempotency_key": f"{key}:terms"},
        )
