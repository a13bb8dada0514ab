"""Global Payouts: what leaves by a bank, and may come back from it."""

from decimal import Decimal
from uuid import UUID

import pytest

from api.core import settings
from api.rules.rails import OrderStatus
from tests.payments.stripe_world import StripeWorld


@pytest.fixture
def sent(stripe_world: StripeWorld, monkeypatch: pytest.MonkeyPatch) -> tuple[UUID, str]:
    """A Chinese seller is paid 600 of a thousand; the order, and the payment at Stripe."""
    funds = stripe_world.double.act("fund_financial_account", currency="eur", amount=100_000)
    monkeypatch.setenv("KERBEN_STRIPE_FINANCIAL_ACCOUNT", funds["id"])
    settings.get.cache_clear()
    stripe_world.pay("1000")
    stripe_world.deliver()
    payee = stripe_world.payee("CN")
    account = stripe_world.account_of(payee).provider_account_id
    assert account is not None
    stripe_world.api.v2.money_management.outbound_setup_intents.create(
        {
            "usage_intent": "payment",
            "payout_method_data": {
                "type": "bank_account",
                "bank_account": {
                    "country": "CN",
                    "currency": "eur",
                    "account_number": "6222021234567890",
                },
            },
        },
        {"stripe_context": account},
    )
    order = stripe_world.order("600", payee)
    stripe_world.drain()
    (payment,) = stripe_world.api.v2.money_management.outbound_payments.list().data
    assert payment.metadata is not None
    assert payment.metadata.to_dict()["kerben_order"] == order.hex
    return order, payment.id


def finish(world: StripeWorld, payment: str, status: str) -> None:
    world.double.act("finish_outbound_payment", outbound_payment=payment, status=status)
    world.deliver(copies=2, seed=1)


def test_connect_defect_bank_returned_global_payout_still_settled_the_money_is_ours_again(
    stripe_world: StripeWorld, sent: tuple[UUID, str]
) -> None:
    order, payment = sent
    assert stripe_world.order_of(order).status is OrderStatus.SENT
    finish(stripe_world, payment, "posted")
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(400)
    finish(stripe_world, payment, "returned")
    assert stripe_world.order_of(order).status is OrderStatus.RETURNED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)


def test_a_global_payout_that_fails_was_never_paid(
    stripe_world: StripeWorld, sent: tuple[UUID, str]
) -> None:
    order, payment = sent
    finish(stripe_world, payment, "failed")
    assert stripe_world.order_of(order).status is OrderStatus.FAILED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)
