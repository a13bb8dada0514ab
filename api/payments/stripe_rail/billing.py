"""Subscriptions by Stripe Billing: products, prices, and who is subscribed until when.

The calls are made by jobs outside a transaction, each known by its key. What a subscription allows
is not decided here: whoever asked for it hears `stripe_subscription.moved`.
"""

from decimal import Decimal
from typing import Literal, NamedTuple

from sqlmodel import Session
from stripe import StripeClient
from stripe.params import PriceCreateParams, SubscriptionCreateParams

from api.core import settings
from api.core.outbox import emit
from api.payments.models import StripeObject
from api.payments.stripe_rail import client, objects
from api.rules.minor_units import to_minor

MOVED = "stripe_subscription.moved"
_DAYS_TO_PAY = 30


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
        "product_data": {"name": name},
        "metadata": {objects.KEY: key},
    }
    with client.calls():
        return client.get().v1.prices.create(params, {"idempotency_key": f"{key}:price"}).id


def subscribe(*, key: str, name: str, email: str | None, price_id: str) -> Subscribed:
    """Subscribe an organisation, which gets an invoice each period; told again, the same.

    Raises RailRefused or RailUnavailable.
    """
    api = client.get()
    params: SubscriptionCreateParams = {
        "items": [{"price": price_id}],
        "collection_method": "send_invoice",
        "days_until_due": _DAYS_TO_PAY,
        "metadata": {objects.KEY: key},
    }
    if settings.get().stripe_tax:
        params["automatic_tax"] = {"enabled": True}
    with client.calls():
        customer = api.v1.customers.create(
            {"name": name, "metadata": {objects.KEY: key}, **({"email": email} if email else {})},
            {"idempotency_key": f"{key}:customer"},
        )
        params["customer"] = customer.id
        made = api.v1.subscriptions.create(params, {"idempotency_key": f"{key}:subscription"})
    return Subscribed(customer.id, made.id, made.status)


def cancel(subscription_id: str, *, key: str) -> str:
    """End a subscription when its period ends; the status until then.

    Raises RailRefused or RailUnavailable.
    """
    with client.calls():
        return (
            client.get()
            .v1.subscriptions.update(
                subscription_id,
                {"cancel_at_period_end": True},
                {"idempotency_key": f"{key}:cancel"},
            )
            .status
        )


def fold(session: Session, api: StripeClient, row: StripeObject) -> None:
    """Fetch a subscription whose row is locked and tell of its status. Raises stripe.StripeError."""
    told = api.v1.subscriptions.retrieve(row.external_id)
    if objects.move(session, row, told.status):
        emit(
            session,
            MOVED,
            row.id,
            org_id=None,
            subscription_id=row.external_id,
            status=told.status,
        )
