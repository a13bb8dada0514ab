"""Refunds of what a supplier was paid already: taken back at Stripe, and only the rest owed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db, ids
from api.payments.models import Collection, StripeReturn
from api.rules.rails import CollectionStatus
from api.rules.stripe_events import ReturnStatus
from tests.payments import paying
from tests.payments import stripe_contracts as contracts
from tests.payments.stripe_world import StripeWorld

type AsOrg = Callable[..., Any]
OWED = Decimal(10_000)


def reversed_at(world: StripeWorld) -> list[int]:
    """What was reversed of each transfer, in tyiyn."""
    return [each.amount_reversed for each in world.api.v1.transfers.list().data]


def returns() -> list[StripeReturn]:
    with db.worker_unit_of_work() as session:
        return [*session.exec(select(StripeReturn)).all()]


def test_pay_05_after_release_the_transfer_is_reversed_and_then_the_buyer_refunded(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    case = contracts.released(stripe_world, session, as_org)
    contracts.owe(case)
    (owed,) = contracts.recoveries(case)
    assert (owed["amount"], owed["recovered"], owed["taken_back"]) == ("10000", "10000", "10000")
    assert owed["collection_id"] is None
    assert reversed_at(stripe_world) == [1_000_000]
    books = stripe_world.ledger()
    assert books.keys().isdisjoint({"supplier_receivable KGS", "buyer_payable KGS"})
    assert case.balance()["refundable"] == paying.held(case) == OWED

    contracts.refund(case, "10000")
    stripe_world.deliver(copies=2, seed=3)
    assert (contracts.refunds(case), paying.held(case)) == (["paid"], 0)
    (made,) = stripe_world.api.v1.refunds.list().data
    assert made.amount == 1_000_000
    contracts.reconciled(stripe_world)


def test_connect_defect_reversal_short_only_what_did_not_come_back_is_the_sellers_debt(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    case = contracts.released(stripe_world, session, as_org)
    contracts.paid_out(stripe_world, case, 99_600_000)
    contracts.owe(case)
    (owed,) = contracts.recoveries(case)
    assert (owed["recovered"], owed["taken_back"]) == ("4000", "4000")
    books = stripe_world.ledger()
    assert books["supplier_receivable KGS"] == books["buyer_payable KGS"] == Decimal(6_000)
    assert case.balance()["refundable"] == paying.held(case) == Decimal(4_000)

    paying.come(owed["collection_id"], Decimal(6_000))
    stripe_world.drain()
    assert contracts.recoveries(case)[0]["recovered"] == "10000"
    assert case.balance()["refundable"] == paying.held(case) == OWED
    assert "supplier_receivable KGS" not in stripe_world.ledger()


def test_pay_05_of_a_balance_that_is_empty_nothing_is_reversed_and_all_is_owed(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    case = contracts.released(stripe_world, session, as_org)
    contracts.paid_out(stripe_world, case, 100_000_000)
    contracts.owe(case)
    (owed,) = contracts.recoveries(case)
    assert (owed["recovered"], owed["taken_back"]) == ("0", "0")
    assert owed["collection_id"] is not None
    assert stripe_world.ledger()["supplier_receivable KGS"] == OWED
    assert reversed_at(stripe_world) == [0]
    assert [each.status for each in returns()] == [ReturnStatus.FAILED]


@pytest.mark.parametrize("first", [False, True])
def test_pay_05_what_is_reversed_in_stripes_dashboard_counts_for_what_the_supplier_owes(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg, first: bool
) -> None:
    case = contracts.released(stripe_world, session, as_org)
    if not first:
        payout = contracts.paid_out(stripe_world, case, 100_000_000)
        contracts.owe(case)
        contracts.sent_back(stripe_world, case, payout)
    (transfer,) = stripe_world.api.v1.transfers.list().data
    for amount in (400_000, 700_000):
        stripe_world.api.v1.transfers.reversals.create(transfer.id, {"amount": amount})
    stripe_world.deliver(copies=2, seed=7)
    if first:
        assert case.balance()["refundable"] == paying.held(case) == Decimal(11_000)
        contracts.owe(case)
    stripe_world.deliver(copies=2, seed=8)
    (owed,) = contracts.recoveries(case)
    assert (owed["recovered"], owed["taken_back"]) == ("10000", "10000")
    assert reversed_at(stripe_world) == [1_100_000]
    books = stripe_world.ledger()
    assert books.keys().isdisjoint({"supplier_receivable KGS", "buyer_payable KGS"})
    assert case.balance()["refundable"] == paying.held(case) == Decimal(11_000)
    if not first:
        asked = stripe_world.collection(ids.parse("collection", owed["collection_id"]))
        assert asked.status is CollectionStatus.CANCELLED
    contracts.reconciled(stripe_world)


def lose(world: StripeWorld, amount: str) -> str:
    """The payer's bank takes the payment of this amount back, for good; the dispute."""
    with db.worker_unit_of_work() as session:
        query = select(Collection.id).where(Collection.amount == Decimal(amount))
        paid = session.exec(query).one()
    made = world.double.act("dispute", charge=world.intent_of(paid)["latest_charge"])
    world.double.act("decide_dispute", dispute=made["id"], status="lost")
    world.deliver(copies=2, seed=5)
    return str(made["id"])


@pytest.mark.parametrize(
    ("gone", "back", "owed"), [(0, 400_000, 0), (90_000_000, 100_000, 300_000)]
)
def test_pay_06_a_dispute_lost_after_release_reverses_the_transfer_and_only_the_rest_is_owed(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg, gone: int, back: int, owed: int
) -> None:
    case = contracts.released(stripe_world, session, as_org)
    if gone:
        contracts.paid_out(stripe_world, case, gone)
    lose(stripe_world, "400000")
    assert reversed_at(stripe_world) == [back * 100]
    books = stripe_world.ledger()
    assert books.get("supplier_receivable KGS", 0) == owed
    assert books.keys().isdisjoint({"dispute_reserve KGS", "supplier_payable KGS"})
    contracts.reconciled(stripe_world)


def test_pay_06_what_comes_back_of_a_lost_dispute_is_owed_to_the_seller_it_was_taken_from(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    contracts.released(stripe_world, session, as_org)
    dispute = lose(stripe_world, "400000")
    stripe_world.double.act("reinstate_dispute", dispute=dispute)
    stripe_world.deliver(copies=2, seed=6)
    books = stripe_world.ledger()
    assert books["supplier_payable KGS"] == Decimal(400_000)
    assert books.keys().isdisjoint({"dispute_reserve KGS", "supplier_receivable KGS"})
    contracts.reconciled(stripe_world)


def paid_by(world: StripeWorld, amount: int) -> str:
    """The payment at Stripe of that many tyiyn."""
    (found,) = (i.id for i in world.api.v1.payment_intents.list().data if i.amount == amount)
    return found


@pytest.mark.parametrize(
    ("gone", "back", "owed"),
    [(0, 250_000, 0), (90_000_000, 100_000, 150_000), (100_000_000, 0, 250_000)],
)
def test_pay_05_connect_defect_no_clawback_on_refund_one_in_stripes_dashboard_reverses_first(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg, gone: int, back: int, owed: int
) -> None:
    """After release; what the seller's balance has not is a receivable."""
    case = contracts.released(stripe_world, session, as_org)
    if gone:
        contracts.paid_out(stripe_world, case, gone)
    payment = paid_by(stripe_world, 40_000_000)
    made = stripe_world.api.v1.refunds.create({"payment_intent": payment, "amount": 25_000_000})
    stripe_world.deliver(copies=2, seed=9)
    assert reversed_at(stripe_world) == [back * 100]
    books = stripe_world.ledger()
    assert books.get("supplier_receivable KGS", 0) == owed
    assert "supplier_payable KGS" not in books
    assert paying.held(case) == 0
    contracts.reconciled(stripe_world)

    # The payer's bank sends the refund back: what was taken from the seller is owed to it again.
    stripe_world.double.act("finish_refund", refund=made.id, status="failed")
    stripe_world.deliver(copies=2, seed=10)
    books = stripe_world.ledger()
    assert books.get("supplier_payable KGS", 0) == back
    assert "supplier_receivable KGS" not in books
    assert reversed_at(stripe_world) == [back * 100]
    contracts.reconciled(stripe_world)


def test_pay_05_of_a_refund_in_stripes_dashboard_only_what_was_released_is_reversed(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    case = contracts.released(stripe_world, session, as_org)
    (transfer,) = stripe_world.api.v1.transfers.list().data
    stripe_world.api.v1.transfers.reversals.create(transfer.id, {"amount": 1_000_000})
    stripe_world.deliver()
    assert paying.held(case) == OWED
    payment = paid_by(stripe_world, 40_000_000)
    stripe_world.double.act(
        "fault",
        kind="error_500_after_commit",
        path=f"/v1/transfers/{transfer.id}/reversals",
        times=3,
    )
    stripe_world.api.v1.refunds.create({"payment_intent": payment, "amount": 1_500_000})
    with pytest.raises(AssertionError, match="payments.take_back_refund"):
        stripe_world.deliver(copies=2, seed=11)
    stripe_world.retry()
    stripe_world.deliver()
    assert reversed_at(stripe_world) == [1_500_000]  # a lost answer is not asked for twice
    assert paying.held(case) == 0
    assert (
        stripe_world.ledger().keys().isdisjoint({"supplier_receivable KGS", "supplier_payable KGS"})
    )
    contracts.reconciled(stripe_world)


@pytest.mark.parametrize("fault", ["timeout_after_commit"])
def test_pay_05_a_reversal_whose_answer_was_lost_is_made_once(
    stripe_world: StripeWorld,
    session: Session,
    as_org: AsOrg,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    from api.payments.stripe_rail import client

    case = contracts.released(stripe_world, session, as_org)
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", (1.0, 0.3))
    monkeypatch.setattr(client, "RETRIES", 0)
    client._client.cache_clear()
    (transfer,) = stripe_world.api.v1.transfers.list().data
    stripe_world.double.act("fault", kind=fault, path=f"/v1/transfers/{transfer.id}/reversals")
    with pytest.raises(AssertionError, match="payments.take_back"):
        contracts.owe(case)
    assert contracts.recoveries(case)[0]["taken_back"] is None
    stripe_world.retry()
    client._client.cache_clear()
    assert contracts.recoveries(case)[0]["recovered"] == "10000"
    assert reversed_at(stripe_world) == [1_000_000]
    assert paying.held(case) == OWED
    contracts.reconciled(stripe_world)


def test_pay_05_a_balance_that_shrinks_before_the_reversal_leaves_a_debt_and_no_job_that_hangs(
    stripe_world: StripeWorld,
    session: Session,
    as_org: AsOrg,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from api.payments.stripe_rail import recovery

    case = contracts.released(stripe_world, session, as_org)
    balance = recovery._balance

    def asked(transfer_id: str, currency: str) -> Decimal:
        there = balance(transfer_id, currency)
        contracts.paid_out(stripe_world, case, 100_000_000)
        return there

    monkeypatch.setattr(recovery, "_balance", asked)
    contracts.owe(case)
    (owed,) = contracts.recoveries(case)
    assert (owed["recovered"], owed["taken_back"]) == ("0", "0")
    assert stripe_world.ledger()["supplier_receivable KGS"] == OWED
    assert reversed_at(stripe_world) == [0]
