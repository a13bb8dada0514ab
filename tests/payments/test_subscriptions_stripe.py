"""Subscriptions that Stripe renews, on the double by the real SDK."""

from decimal import Decimal
from typing import Any

import pytest

from tests.payments import planning
from tests.payments.planning import act, charges, shown, subscribed
from tests.payments.stripe_world import StripeWorld

MONTH = 32 * 86_400


@pytest.fixture
def world(stripe_world: StripeWorld, monkeypatch: pytest.MonkeyPatch) -> StripeWorld:
    planning.invoiced(monkeypatch)
    planning.sold()
    return stripe_world


def begun(world: StripeWorld, plan: str = "maker") -> Any:
    made = subscribed(world.supplier, plan, currency="USD", rail="stripe")
    assert made["status"] == "paused"
    world.drain()
    world.deliver()
    return made


def invoices(world: StripeWorld) -> list[Any]:
    """Stripe's, the first one first."""
    return [each.to_dict() for each in reversed(world.api.v1.invoices.list({}).data)]


def paid(world: StripeWorld, invoice: Any) -> None:
    """Pay an invoice at Stripe's page, by card."""
    card = world.api.v1.payment_methods.attach("pm_card_visa", {"customer": invoice["customer"]})
    world.api.v1.invoices.pay(invoice["id"], {"payment_method": card.id})


def test_stripe_invoices_each_period_and_its_money_is_booked_to_ours(world: StripeWorld) -> None:
    made = begun(world)
    assert shown(world.supplier, made)["status"] == "active"
    (told,) = invoices(world)
    (charge,) = charges(world.supplier, made)
    assert (told["total"], charge["amount"]) == (3360, "30")
    assert charge["payment_url"] == told["hosted_invoice_url"]

    paid(world, told)
    world.deliver(copies=2, seed=7)
    (charge,) = charges(world.supplier, made)
    assert charge["paid_at"] is not None
    books = world.ledger()
    assert (books["platform_fee_revenue USD"], books["tax_payable USD"]) == (
        *(Decimal(30), Decimal("3.6")),
    )
    assert "suspense USD" not in books

    world.double.act("advance", seconds=MONTH)
    world.deliver()
    found = shown(world.supplier, made)
    assert found["period_end"] > made["period_end"]
    assert [each["amount"] for each in charges(world.supplier, made)] == ["30", "30"]


def test_a_change_at_stripe_is_not_prorated_there_and_its_difference_is_ours(
    world: StripeWorld,
) -> None:
    made = begun(world)
    assert act(world.supplier, made, "change", plan="trader").json()["plan"] == "trader"
    world.drain()
    world.deliver()
    first, difference = sorted(charges(world.supplier, made), key=lambda each: each["code"])
    assert (first["code"], difference["code"]) == ("subscription", "subscription_change")
    assert "checkout" in difference["payment_url"]
    assert [each["total"] for each in invoices(world)] == [3360]
    world.double.act("advance", seconds=MONTH)
    world.deliver()
    assert [each["total"] for each in invoices(world)] == [3360, 6720]
    assert act(world.supplier, made, "change", plan="maker").json()["next_plan"] == "maker"
    world.drain()
    world.double.act("advance", seconds=MONTH)
    world.deliver()
    assert [each["total"] for each in invoices(world)] == [3360, 6720, 3360]
    assert shown(world.supplier, made)["plan"] == "maker"


def test_a_subscription_that_was_cancelled_ends_with_its_period(world: StripeWorld) -> None:
    made = begun(world)
    assert act(world.supplier, made, "cancel").json()["cancel_at_period_end"] is True
    world.drain()
    world.deliver()
    assert shown(world.supplier, made)["status"] == "active"
    world.double.act("advance", seconds=MONTH)
    world.deliver()
    assert shown(world.supplier, made)["status"] == "canceled"
    assert planning.quota(world.supplier, "bids")["limit"] == 1
