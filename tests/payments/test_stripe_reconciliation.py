"""Stripe's balance transactions against the ledger: everything finds its match, and costs once."""

from decimal import Decimal

import pytest
from sqlmodel import col, select

from api.core import db, jobs
from api.payments.models import ProviderLine, Reconciliation, ReconciliationMatch
from api.payments.service import reconciling
from api.payments.stripe_rail import polling
from api.rules.clock import local_date, utcnow
from api.rules.rails import Purpose
from tests.payments.stripe_world import StripeWorld


def reconcile(world: StripeWorld) -> None:
    """Read what Stripe's balance says, and match it."""
    with db.worker_unit_of_work() as session:
        polling.ask_if_due(session)
        cursor = polling._held(session, polling.LINES)
        cursor.asked_at -= polling.EVERY[polling.LINES]
    world.drain()
    with db.worker_unit_of_work() as session:
        jobs.enqueue(session, reconciling.TASK, {})
    world.drain()


def left() -> list[object]:
    with db.worker_unit_of_work() as session:
        return [*reconciling.unmatched(session, local_date(utcnow()))]


def test_pay_09_payments_fees_transfers_refunds_and_disputes_of_stripe_all_find_their_match(
    stripe_world: StripeWorld,
) -> None:
    world = stripe_world
    world.pay("1000")
    world.deliver()
    payee = world.payee()
    for amount in ("300", "300"):  # alike in amount and day: told apart by their ids
        world.order(amount, payee)
        world.drain()
    world.order("100", None, purpose=Purpose.REFUND)
    world.drain()
    world.pay("500")
    world.deliver()
    charge = world.intent_of(world.last)["latest_charge"]
    dispute = world.double.act("dispute", charge=charge)
    world.deliver()
    world.double.act("decide_dispute", dispute=dispute["id"], status="lost")
    world.deliver()
    before = world.ledger()
    for _ in range(2):
        reconcile(world)
    assert left() == []
    assert world.ledger() == before
    with db.worker_unit_of_work() as session:
        row = session.exec(select(Reconciliation).order_by(col(Reconciliation.id).desc())).first()
        assert row is not None
        assert row.difference == 0
        rules = {each.rule.value for each in session.exec(select(ReconciliationMatch))}
    assert rules <= {"external_id", "reference"}
    assert before["stripe_clearing EUR"] == world.at_stripe()


def test_pay_09_a_fee_that_reconciliation_has_met_first_is_not_booked_again(
    stripe_world: StripeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.payments.stripe_rail import incoming

    world = stripe_world
    world.pay("1000")
    late = incoming._settle_abroad
    monkeypatch.setattr(incoming, "_settle_abroad", lambda session, charge: None)
    world.deliver()  # the balance transaction is not there yet
    reconcile(world)
    assert world.ledger()["provider_fees EUR"] == Decimal("29.3")
    monkeypatch.setattr(incoming, "_settle_abroad", late)
    world.tell("charge.updated", world.intent_of(world.last))
    assert world.ledger()["provider_fees EUR"] == Decimal("29.3")
    assert world.ledger()["stripe_clearing EUR"] == world.at_stripe()
    assert left() == []
    with db.worker_unit_of_work() as session:
        assert len(session.exec(select(ProviderLine)).all()) == 1
