"""Defects that others found end to end in Connect, and what goes out through Stripe at all."""

import threading
from decimal import Decimal
from uuid import UUID

import pytest
import stripe
from sqlmodel import select

from api.core import db
from api.payments.models import StripeReturn
from api.payments.problems import InsufficientFunds
from api.payments.rails import RailRefused
from api.payments.service import orders
from api.payments.stripe_rail.rail import StripeRail
from api.rules.rails import CollectionStatus, OrderStatus, PayeeState, Purpose
from tests.payments.stripe_world import StripeWorld

FEES = Decimal("29.3")


def funded(world: StripeWorld, amount: str = "1000") -> UUID:
    collection_id = world.pay(amount)
    world.deliver()
    return collection_id


def test_a_release_is_a_separate_transfer_in_the_contracts_group(stripe_world: StripeWorld) -> None:
    funded(stripe_world)
    payee = stripe_world.payee()
    order = stripe_world.order("600", payee)
    stripe_world.drain()
    stripe_world.deliver(copies=2)
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED
    (made,) = stripe_world.api.v1.transfers.list().data
    assert made.transfer_group == stripe_world.contract.hex
    assert made.amount == 60_000
    assert stripe_world.ledger() == {
        "escrow_liability EUR": Decimal(400),
        "provider_fees EUR": FEES,
        "stripe_clearing EUR": Decimal("370.7"),
    }
    assert stripe_world.at_stripe() == Decimal("370.70")


@pytest.mark.parametrize("fault", ["timeout_after_commit", "error_500_after_commit"])
def test_pay_01_a_time_out_after_commit_never_pays_twice(
    stripe_world: StripeWorld, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.payments.stripe_rail import client

    monkeypatch.setattr(client, "TIMEOUT_SECONDS", (1.0, 0.3))
    monkeypatch.setattr(client, "RETRIES", 0)
    client._client.cache_clear()
    funded(stripe_world)
    payee = stripe_world.payee()
    order = stripe_world.order("600", payee)
    stripe_world.double.act("fault", kind=fault, path="/v1/transfers")
    with pytest.raises(AssertionError, match="payments.send"):
        stripe_world.drain()
    assert stripe_world.order_of(order).status is OrderStatus.APPROVED
    stripe_world.retry()
    stripe_world.deliver()
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED
    assert stripe_world.order_of(order).attempts == 2
    assert len(stripe_world.api.v1.transfers.list().data) == 1
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(400)
    client._client.cache_clear()


def test_connect_defect_payout_above_balance_is_refused_before_stripe_is_asked(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    payee = stripe_world.payee()
    before = stripe_world.ledger()
    with pytest.raises(InsufficientFunds):
        stripe_world.order("1000.01", payee)
    assert stripe_world.ledger() == before
    assert stripe_world.api.v1.transfers.list().data == []


def test_connect_defect_partial_refund_sent_twice_is_one_refund(stripe_world: StripeWorld) -> None:
    paid = funded(stripe_world)
    for _ in range(2):
        stripe_world.order("300", None, purpose=Purpose.REFUND, key="refund:1")
    stripe_world.drain()
    stripe_world.deliver(copies=2, seed=3)
    (made,) = stripe_world.api.v1.refunds.list().data
    assert made.amount == 30_000
    assert stripe_world.collection(paid).status is CollectionStatus.RECEIVED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(700)


def test_connect_defect_refunded_still_paid_what_went_back_whole_is_refunded(
    stripe_world: StripeWorld,
) -> None:
    paid = funded(stripe_world)
    order = stripe_world.order("1000", None, purpose=Purpose.REFUND)
    stripe_world.drain()
    stripe_world.deliver()
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED
    assert stripe_world.collection(paid).status is CollectionStatus.REFUNDED
    assert stripe_world.ledger() == {
        "provider_fees EUR": FEES,
        "stripe_clearing EUR": -FEES,
    }


def test_pay_05_two_refunds_at_once_are_never_more_than_was_captured(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    funded(stripe_world)  # the contract's account would cover both, one payment does not
    made = [
        stripe_world.order("700", None, purpose=Purpose.REFUND, resource=stripe_world.last)
        for _ in range(2)
    ]
    barrier, refused = threading.Barrier(2), []

    def send(order_id: UUID) -> None:
        with db.worker_unit_of_work() as session:
            told = orders.to_send(session, order_id)
        assert told is not None
        barrier.wait()
        try:
            StripeRail().send(told)
        except RailRefused as error:
            refused.append(error.code)

    threads = [threading.Thread(target=send, args=[each]) for each in made]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert refused == ["refund_above_payment"]
    assert [each.amount for each in stripe_world.api.v1.refunds.list().data] == [70_000]


def test_a_refund_that_the_payers_bank_sends_back_is_money_of_the_contract_again(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    order = stripe_world.order("400", None, purpose=Purpose.REFUND)
    stripe_world.drain()
    stripe_world.deliver()
    (made,) = stripe_world.api.v1.refunds.list().data
    stripe_world.double.act("finish_refund", refund=made.id, status="failed")
    stripe_world.deliver(seed=5)
    assert stripe_world.order_of(order).status is OrderStatus.RETURNED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)
    assert stripe_world.at_stripe() == stripe_world.ledger()["stripe_clearing EUR"]


def test_connect_defect_capability_lost_after_onboarding_nothing_is_sent_until_it_is_back(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    payee = stripe_world.payee(onboarded=False)
    assert stripe_world.account_of(payee).state is PayeeState.SUBMITTED
    account = stripe_world.account_of(payee).provider_account_id
    stripe_world.double.act("onboard", account=account)
    stripe_world.deliver()
    assert stripe_world.account_of(payee).state is PayeeState.VERIFIED
    stripe_world.double.act("restrict", account=account)
    stripe_world.deliver(copies=2, seed=7)
    assert stripe_world.account_of(payee).state is PayeeState.SUSPENDED
    order = stripe_world.order("600", payee)
    stripe_world.drain()
    assert stripe_world.order_of(order).blocked_by == ["payee_account_suspended"]
    assert stripe_world.api.v1.transfers.list().data == []
    stripe_world.double.act("onboard", account=account)
    stripe_world.deliver()
    stripe_world.deliver()
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED


def test_connect_defect_event_older_than_state_a_late_letter_moves_nothing_back(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    old = stripe_world.letters()
    stripe_world.order("1000", None, purpose=Purpose.REFUND)
    stripe_world.drain()
    stripe_world.deliver()
    after = stripe_world.ledger()
    for kind in ("payment_intent.created", "payment_intent.processing"):
        stripe_world.tell(kind, stripe_world.intent_of(stripe_world.last))
    assert {stripe_world.post(each) for each in old} <= {200}
    stripe_world.drain()
    assert stripe_world.collection(stripe_world.last).status is CollectionStatus.REFUNDED
    assert stripe_world.ledger() == after


def test_connect_defect_bank_returned_payout_still_settled_the_money_is_ours_again(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    payee = stripe_world.payee()
    order = stripe_world.order("600", payee, purpose=Purpose.PAYOUT)
    made = stripe_world.api.v1.payouts.create(
        {
            "amount": 60_000,
            "currency": "eur",
            "metadata": {"kerben_order": order.hex},
        }
    )
    stripe_world.hold_back_orders()
    stripe_world.double.act("finish_payout", payout=made.id, status="paid")
    stripe_world.deliver()
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(400)
    stripe_world.double.act("finish_payout", payout=made.id, status="failed")
    stripe_world.deliver(copies=2, seed=13)
    assert stripe_world.order_of(order).status is OrderStatus.RETURNED
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)
    assert stripe_world.at_stripe() == stripe_world.ledger()["stripe_clearing EUR"]


def test_connect_defect_currency_exponent_what_cannot_be_paid_exactly_is_refused(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    payee = stripe_world.payee()
    order = stripe_world.order("600.005", payee)
    stripe_world.drain()
    assert stripe_world.order_of(order).status is OrderStatus.FAILED
    assert (stripe_world.order_of(order).last_error or "").startswith("amount_not_payable")
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)


def test_no_key_the_rail_is_off_and_says_so(
    stripe_world: StripeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.core import settings
    from api.payments.stripe_rail import client

    monkeypatch.delenv("KERBEN_STRIPE_KEY")
    settings.get.cache_clear()
    with pytest.raises(client.StripeOff):
        client.get()
    monkeypatch.setenv("KERBEN_STRIPE_KEY", "sk_test_unrestricted")
    settings.get.cache_clear()
    with pytest.raises(SystemExit, match="restricted key") as refused:
        settings.get()
    assert "sk_test_unrestricted" not in str(refused.value)


def test_what_an_error_tells_has_nothing_of_what_was_sent(stripe_world: StripeWorld) -> None:
    from api.payments.stripe_rail import client

    with pytest.raises(RailRefused) as refused, client.calls():
        raise stripe.InvalidRequestError(
            "Invalid account: rk_test_secret", param="account", code="account_invalid"
        )
    assert "rk_test" not in str(refused.value)


def test_a_refund_made_in_stripes_dashboard_is_followed_by_the_ledger(
    stripe_world: StripeWorld,
) -> None:
    funded(stripe_world)
    (intent,) = stripe_world.api.v1.payment_intents.list().data
    stripe_world.api.v1.refunds.create({"payment_intent": intent.id, "amount": 10_000})
    stripe_world.deliver(copies=2, seed=17)
    with db.worker_unit_of_work() as session:
        (made,) = session.exec(select(StripeReturn)).all()
    assert made.key == made.external_id
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(900)
