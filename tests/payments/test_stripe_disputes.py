"""Payers' banks that take money back; and that order and number of events never matter."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from api.contracts.models import PaymentFreeze
from api.core import db
from api.core.deadlines import Deadline
from api.core.outbox import OutboxEvent
from api.payments.models import PaymentDispute
from api.payments.stripe_rail.chargebacks import EVIDENCE_WARNING_DUE
from api.rules.disputes import MilestoneKind
from tests.payments.stripe_world import StripeWorld
from workers import clock


def disputed(world: StripeWorld, **more: Any) -> str:
    """The last payment's charge is disputed; the dispute's id at Stripe."""
    charge = world.intent_of(world.last)["latest_charge"]
    made: dict[str, Any] = world.double.act("dispute", charge=charge, **more)
    return str(made["id"])


def frozen() -> set[MilestoneKind]:
    with db.worker_unit_of_work() as session:
        query = select(PaymentFreeze.milestone).where(col(PaymentFreeze.released_at).is_(None))
        return set(session.exec(query))


def events(kind: str) -> int:
    with db.worker_unit_of_work() as session:
        return len(session.exec(select(OutboxEvent.id).where(OutboxEvent.type == kind)).all())


@pytest.mark.parametrize(
    ("outcome", "escrow", "clearing"), [("won", "1000", "955.7"), ("lost", None, "-44.3")]
)
def test_pay_06_a_dispute_freezes_the_contract_and_is_booked_as_it_ends(
    stripe_world: StripeWorld, outcome: str, escrow: str | None, clearing: str
) -> None:
    stripe_world.pay("1000")
    stripe_world.deliver()
    dispute = disputed(stripe_world)
    stripe_world.deliver(copies=2, seed=2)
    assert frozen() == set(MilestoneKind)
    assert stripe_world.ledger()["dispute_reserve EUR"] == Decimal(1000)
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)
    stripe_world.double.act("decide_dispute", dispute=dispute, status=outcome)
    stripe_world.deliver(copies=2, seed=4)
    assert frozen() == set()
    after = stripe_world.ledger()
    assert "dispute_reserve EUR" not in after
    assert after.get("escrow_liability EUR") == (Decimal(escrow) if escrow else None)
    assert after["stripe_clearing EUR"] == Decimal(clearing) == stripe_world.at_stripe()
    assert (events("payment_dispute.opened"), events("payment_dispute.closed")) == (1, 1)


def test_pay_06_an_inquiry_freezes_and_moves_no_money_until_it_is_closed(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000")
    stripe_world.deliver()
    before = stripe_world.ledger()
    dispute = disputed(stripe_world, inquiry=True)
    stripe_world.deliver()
    assert (frozen(), stripe_world.ledger()) == (set(MilestoneKind), before)
    stripe_world.double.act("decide_dispute", dispute=dispute, status="warning_closed")
    stripe_world.deliver()
    assert (frozen(), stripe_world.ledger()) == (set(), before)


def test_pay_06_three_days_before_evidence_is_due_it_is_told_once(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000")
    stripe_world.deliver()
    disputed(stripe_world)
    stripe_world.deliver()
    with db.worker_unit_of_work() as session:
        dispute = session.exec(select(PaymentDispute)).one()
        armed = session.exec(select(Deadline).where(Deadline.kind == EVIDENCE_WARNING_DUE)).one()
        assert dispute.evidence_due_at is not None
        assert dispute.evidence_due_at - armed.due_at == timedelta(days=3)
        armed.due_at = db.now(session)
    clock.tick()
    stripe_world.drain()
    assert events("payment_dispute.evidence_due") == 1


def test_connect_defect_dispute_after_release_what_is_gone_is_the_sellers_debt(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000")
    stripe_world.deliver()
    stripe_world.order("600", stripe_world.payee())
    stripe_world.drain()
    stripe_world.deliver()
    dispute = disputed(stripe_world)
    stripe_world.double.act("decide_dispute", dispute=dispute, status="lost")
    stripe_world.deliver(copies=2, seed=6)
    after = stripe_world.ledger()
    assert "escrow_liability EUR" not in after
    assert after["supplier_receivable EUR"] == Decimal(600)
    assert after["stripe_clearing EUR"] == stripe_world.at_stripe()


def test_connect_defect_double_delivery_charge_asked_twice_is_paid_by_one_page(
    stripe_world: StripeWorld,
) -> None:
    asked = stripe_world.ask("1000", "EUR")
    stripe_world.again("payments.instruct", asked)
    assert len(stripe_world.api.v1.checkout.sessions.list().data) == 1
    page = stripe_world.collection(asked).provider_id
    stripe_world.double.act("pay_session", session=page, card="pm_card_bypassPending")
    stripe_world.deliver(copies=3, seed=8)
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)


WANTED = {
    "escrow_liability EUR": Decimal(600),
    "provider_fees EUR": Decimal("59.1"),
    "stripe_clearing EUR": Decimal("540.9"),
}
"""Of a thousand 300 are released and 100 refunded; 500 more are disputed and lost."""


def lived(world: StripeWorld) -> list[dict[str, Any]]:
    """A whole history, of which only its first payment was heard of in time; all its letters."""
    world.pay("1000")
    letters = world.letters()
    for each in letters:
        world.post(each)
    world.drain()
    intent = world.intent_of(world.last)
    world.order("300", world.known_payee)
    world.drain()
    world.api.v1.refunds.create({"payment_intent": intent["id"], "amount": 10_000})
    world.pay("500", card="pm_card_createDispute")
    (dispute, *_) = world.api.v1.disputes.list().data
    world.double.act("decide_dispute", dispute=dispute.id, status="lost")
    return letters + world.letters()


def test_pay_07_shuffled_and_duplicated_full_histories_give_the_same_final_ledger(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.known_payee = stripe_world.payee()

    @settings(
        max_examples=5,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.randoms(use_true_random=False))
    def shuffled(random: Random) -> None:
        before = stripe_world.ledger()
        letters = lived(stripe_world)
        letters += random.sample(letters, len(letters) // 2)
        random.shuffle(letters)
        assert {stripe_world.post(each) for each in letters} == {200}
        stripe_world.drain()
        after = stripe_world.ledger()
        assert {name: after[name] - before.get(name, 0) for name in after} == WANTED
        assert after["stripe_clearing EUR"] == stripe_world.at_stripe()

    shuffled()
