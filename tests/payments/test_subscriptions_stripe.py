"""Subscriptions that Stripe renews, on the double by the real SDK."""

from decimal import Decimal
from typing import Any

import pytest

from api.core import settings
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


def shown_invoice(world: StripeWorld) -> Any:
    """The last invoice of the platform, as the supplier sees it."""
    return world.supplier.get("/v1/fee-invoices").json()["items"][0]


def sums(invoice: Any) -> tuple[Any, ...]:
    return tuple(invoice[name] for name in ("net", "tax", "gross", "provider_tax", "tax_rate_bp"))


@pytest.fixture
def taxed(world: StripeWorld, monkeypatch: pytest.MonkeyPatch) -> StripeWorld:
    """Stripe Tax is on, and takes payers of the Kyrgyz Republic; our own rate is another."""
    monkeypatch.setattr(settings.get(), "stripe_tax", True)
    monkeypatch.setattr(settings.get(), "stripe_tax_countries", "DE,KG")
    return world


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
    assert told["automatic_tax"]["enabled"] is False
    assert shown_invoice(world)["provider_tax"] is None
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


def test_the_tax_that_stripe_computes_stands_on_our_invoice_and_on_the_account_of_tax(
    taxed: StripeWorld,
) -> None:
    world = taxed
    world.double.act("register_tax", country="KG", rate_bp=1500)
    made = begun(world)
    (told,) = invoices(world)
    assert (told["total"], told["total_taxes"][0]["amount"]) == (3360, 438)
    assert sums(shown_invoice(world)) == ("29.22", "4.38", "33.6", "4.38", 1499)
    paid(world, told)
    world.deliver(copies=2, seed=9)
    assert all(each["paid_at"] for each in charges(world.supplier, made))
    books = world.ledger()
    owed = books["platform_fee_revenue USD"], books["tax_payable USD"]
    assert owed == (Decimal("29.22"), Decimal("4.38"))
    assert books.keys().isdisjoint({"suspense USD", "supplier_receivable USD"})

    # What is asked for on a page was invoiced by our rate: Stripe's is kept with it, and is owed.
    act(world.supplier, made, "change", plan="trader")
    world.drain()
    before = shown_invoice(world)
    assert (before["provider_tax"], before["tax_rate_bp"]) == (None, 1200)
    (page,) = world.api.v1.checkout.sessions.list().data
    world.double.act("pay_session", session=page.id, card="pm_card_bypassPending")
    world.deliver(copies=2, seed=10)
    (page,) = world.api.v1.checkout.sessions.list().data
    assert page.total_details is not None
    tax = Decimal(page.total_details.amount_tax) / 100
    after = shown_invoice(world)
    assert sums(after)[:3] == sums(before)[:3]
    assert Decimal(after["provider_tax"]) == tax > Decimal(after["tax"])
    books = world.ledger()
    assert books["tax_payable USD"] == Decimal("4.38") + tax
    assert books["platform_fee_revenue USD"] + books["tax_payable USD"] == Decimal(
        "33.6"
    ) + Decimal(after["gross"])

    credit = {"reason": "Taken back by agreement"}
    answer = world.operator.post(f"/v1/fee-invoices/{after['id']}/credit", json=credit)
    assert answer.status_code in (200, 201), answer.text
    assert Decimal(answer.json()["provider_tax"]) == tax
    books = world.ledger()
    assert (books["platform_fee_revenue USD"], books["tax_payable USD"]) == owed


def test_who_is_in_a_country_without_a_registration_is_not_asked_by_stripe(
    taxed: StripeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, body = taxed, {"plan": "maker", "currency": "USD", "rail": "stripe"}
    monkeypatch.setattr(settings.get(), "stripe_tax_countries", "DE")
    refused = world.supplier.post("/v1/subscriptions", json=body)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "#/rail")
    assert error["code"] == "tax_not_registered"
    assert world.supplier.get("/v1/subscriptions").json()["items"] == []

    monkeypatch.setattr(settings.get(), "stripe_tax_countries", "KG")  # which is not so at Stripe
    world.double.act("register_tax", country="DE", rate_bp=1900, type="oss_union")
    made = subscribed(world.supplier, "maker", currency="USD", rail="stripe")
    with pytest.raises(AssertionError, match="payments.subscribe_at_stripe"):
        world.drain()
    assert world.api.v1.subscriptions.list().data == []
    assert shown(world.supplier, made)["status"] == "paused"
    world.double.act("register_tax", country="KG", rate_bp=1200)
    world.retry()
    world.deliver()
    assert shown(world.supplier, made)["status"] == "active"
