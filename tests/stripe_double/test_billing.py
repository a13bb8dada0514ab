"""Subscriptions from their first invoice to their end."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_double.server import Double

MONTH = 31 * 86_400


def _price(client: StripeClient) -> str:
    asked: Any = {
        "currency": "usd",
        "unit_amount": 2000,
        "recurring": {"interval": "month"},
        "product_data": {"name": "Plan"},
    }
    return client.v1.prices.create(asked).id


def _subscription(client: StripeClient, card: str = "pm_card_visa", **more: Any) -> Any:
    customer = client.v1.customers.create({"email": "buyer@example.com"})
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    asked: Any = {
        "customer": customer.id,
        "items": [{"price": _price(client)}],
        "default_payment_method": method.id,
        "expand": ["latest_invoice"],
        **more,
    }
    return client.v1.subscriptions.create(asked)


def test_a_subscription_with_a_good_card_is_active_and_its_invoice_paid(
    client: StripeClient,
) -> None:
    subscription = _subscription(client)

    invoice = subscription.latest_invoice
    assert (subscription.status, invoice.status, invoice.amount_paid) == ("active", "paid", 2000)


def test_a_declined_first_payment_leaves_it_incomplete_until_another_card_pays(
    client: StripeClient,
) -> None:
    subscription = _subscription(client, "pm_card_chargeCustomerFail")

    invoice = client.v1.invoices.pay(
        subscription.latest_invoice.id,
        {
            "payment_method": client.v1.payment_methods.attach(
                "pm_card_visa", {"customer": subscription.customer}
            ).id
        },
    )

    assert (subscription.status, invoice.status) == ("incomplete", "paid")
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_subscription_renews_each_month(double: Double, client: StripeClient) -> None:
    subscription = _subscription(client)

    double.act("advance", seconds=2 * MONTH)

    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [each.status for each in invoices] == ["paid", "paid", "paid"]


def test_a_renewal_that_is_declined_is_past_due_and_ends_after_its_last_attempt(
    double: Double, client: StripeClient
) -> None:
    subscription = _subscription(client)
    bad = client.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": subscription.customer}
    )
    client.v1.subscriptions.update(subscription.id, {"default_payment_method": bad.id})

    double.act("advance", seconds=MONTH)
    late = client.v1.subscriptions.retrieve(subscription.id).status
    double.act("advance", seconds=10 * 86_400)

    assert late == "past_due"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    failed = client.v1.events.list({"type": "invoice.payment_failed"}).data
    assert len(failed) == 4


def test_a_subscription_is_cancelled_at_once_or_at_the_end_of_its_period(
    double: Double, client: StripeClient
) -> None:
    now, later = _subscription(client), _subscription(client)

    client.v1.subscriptions.cancel(now.id)
    client.v1.subscriptions.update(later.id, {"cancel_at_period_end": True})
    before = client.v1.subscriptions.retrieve(later.id).status
    double.act("advance", seconds=MONTH)

    assert client.v1.subscriptions.retrieve(now.id).status == "canceled"
    assert (before, client.v1.subscriptions.retrieve(later.id).status) == ("active", "canceled")


def test_a_checkout_session_starts_a_subscription_or_saves_a_card(
    double: Double, client: StripeClient
) -> None:
    asked: Any = {
        "mode": "subscription",
        "success_url": "https://example.com/done",
        "line_items": [{"price": _price(client), "quantity": 1}],
    }
    subscribed = client.v1.checkout.sessions.create(asked)
    customer = client.v1.customers.create({"name": "Buyer"})
    asked = {"mode": "setup", "currency": "usd", "customer": customer.id}
    saved = client.v1.checkout.sessions.create({**asked, "success_url": "https://example.com/done"})

    done = double.act("pay_session", session=subscribed.id, email="buyer@example.com")
    double.act("pay_session", session=saved.id)

    assert client.v1.subscriptions.retrieve(done["subscription"]).status == "active"
    cards = client.v1.payment_methods.list({"customer": customer.id}).data
    assert [each.type for each in cards] == ["card"]


def test_an_invoice_that_was_paid_cannot_be_paid_again(client: StripeClient) -> None:
    subscription = _subscription(client)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(subscription.latest_invoice.id)
