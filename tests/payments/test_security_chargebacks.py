"""Cards that stand for securities, when the payer's bank takes the money back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from api.core import db, ids
from api.payments.models import PaymentOrder
from api.payments.service import security_returns
from api.rules.rails import OrderStatus, Purpose
from api.webhooks.models import EventEnvelope
from tests.payments import paying, securing
from tests.payments.securing import DAY, World, ok
from tests.payments.stripe_world import StripeWorld

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def charged(stripe_world: StripeWorld, as_org: AsOrg, drain: Drain) -> tuple[World, Any]:
    """A bid's security of 100 000 by a card that was charged, because it was decided to keep it."""
    days = {"bid_validity": {"days": 2, **DAY}, "return_duration": {"days": 1, **DAY}}
    world = securing.world(as_org, **days)
    end = datetime.fromisoformat(world.made.tender["tender_period_end"])
    with db.worker_unit_of_work() as unit:
        ahead = end - timedelta(days=2) - db.now(unit)
    securing.pass_time(drain, days=ahead / timedelta(days=1))
    stripe_world.double.act("advance", seconds=int(ahead.total_seconds()))
    url = f"/v1/bids/{world.bids[0]['id']}/security"
    given = ok(world.suppliers[0].post(url, json={"rail": "stripe"}), 201)
    drain()
    stripe_world.last = ids.parse("collection", given["collection_id"])
    page = stripe_world.collection(stripe_world.last).provider_id
    stripe_world.double.act("pay_session", session=page, card="pm_card_bypassPending")
    stripe_world.deliver()
    securing.opened(world)
    drain()
    url = f"/v1/securities/{given['id']}/forfeitures"
    ok(world.buyer.post(url, json=securing.forfeiture(world.buyer)), 201)
    ok(world.chief.post(f"{url}/1/approve"))
    drain()
    stripe_world.deliver()
    assert securing.seen(world.suppliers[0], given)["received_amount"] == "100000"
    return world, given


def disputed(world: StripeWorld) -> str:
    charge = world.intent_of(world.last)["latest_charge"]
    made = world.double.act("dispute", charge=charge)
    world.deliver(copies=2, seed=2)
    return str(made["id"])


def ended(world: StripeWorld, dispute: str, status: str) -> None:
    world.double.act("decide_dispute", dispute=dispute, status=status)
    world.deliver(copies=2, seed=4)


def told(session: Session, kind: str) -> set[UUID | None]:
    """Who is told of the one event of this type."""
    session.rollback()
    found = session.exec(select(EventEnvelope).where(EventEnvelope.type == kind)).all()
    assert len({each.event_id for each in found}) == 1
    return {each.org_id for each in found}


def decision(world: World, given: Any) -> str:
    (found,) = ok(world.buyer.get(f"/v1/securities/{given['id']}/forfeitures"))["items"]
    return str(found["status"])


def orders(session: Session, purpose: Purpose) -> list[PaymentOrder]:
    session.rollback()
    session.expire_all()
    query = select(PaymentOrder).where(PaymentOrder.purpose == purpose)
    return [*session.exec(query.order_by(col(PaymentOrder.id))).all()]


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_pay_06_a_security_whose_card_payment_is_disputed_is_kept_only_once_that_is_won(
    stripe_world: StripeWorld, as_org: AsOrg, drain: Drain, session: Session, outcome: str
) -> None:
    world, given = charged(stripe_world, as_org, drain)
    dispute = disputed(stripe_world)
    both = {world.suppliers[0].org_id, world.buyer.org_id}
    assert told(session, "payment_dispute.opened") == both

    securing.pass_time(drain, days=11)
    held = securing.seen(world.buyer, given)
    assert (held["status"], decision(world, given)) == ("held", "approved")
    assert securing.owed(world.buyer) is None

    ended(stripe_world, dispute, outcome)
    securing.pass_time(drain)
    after = securing.seen(world.buyer, given)
    books = stripe_world.ledger()
    assert books["stripe_clearing KGS"] == stripe_world.at_stripe("kgs")
    assert "bid_security_liability KGS" not in books
    if outcome == "won":
        assert (after["status"], decision(world, given)) == ("forfeited", "executed")
        assert securing.owed(world.buyer) == Decimal(100_000)
        return
    assert (after["status"], decision(world, given)) == ("cancelled", "withdrawn")
    assert securing.owed(world.buyer) is None
    assert told(session, "security.charged_back") == both


def test_pay_06_what_was_kept_before_stays_owed_and_the_payer_owes_what_its_bank_took(
    stripe_world: StripeWorld, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    world, given = charged(stripe_world, as_org, drain)
    securing.pass_time(drain, days=11)
    assert securing.seen(world.buyer, given)["status"] == "forfeited"
    dispute = disputed(stripe_world)
    body = {"payee_account_id": paying.payee(world.buyer.org_id)}
    url = f"/v1/securities/{given['id']}/forfeitures/1/payout"
    assert world.buyer.post(url, json=body).status_code in (200, 202)
    drain()
    (waiting,) = orders(session, Purpose.PAYOUT)
    assert (waiting.status, waiting.blocked_by) == (OrderStatus.APPROVED, ["payment_disputed"])

    ended(stripe_world, dispute, "lost")
    (sent,) = orders(session, Purpose.PAYOUT)
    assert (sent.status, sent.blocked_by) == (OrderStatus.SENT, [])
    assert securing.seen(world.buyer, given)["status"] == "forfeited"
    assert stripe_world.ledger()["buyer_receivable KGS"] == Decimal(100_000)


def test_pay_06_a_return_that_was_not_sent_is_given_up_when_the_payers_bank_has_taken_it(
    stripe_world: StripeWorld, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    world, given = charged(stripe_world, as_org, drain)
    url = f"/v1/securities/{given['id']}/forfeitures/1/withdraw"
    ok(world.buyer.post(url, json={"reason": "Ошибка"}))
    security_id: UUID = ids.parse("security", given["id"])
    securing.pass_time(lambda: 0, days=11)
    with db.worker_unit_of_work() as unit:
        assert security_returns.return_due(unit, security_id)
    stripe_world.hold_back_orders()
    dispute = disputed(stripe_world)
    stripe_world.again("payments.send", orders(session, Purpose.SECURITY_RETURN)[0].id)
    (waiting,) = orders(session, Purpose.SECURITY_RETURN)
    assert (waiting.status, waiting.blocked_by) == (OrderStatus.APPROVED, ["payment_disputed"])

    ended(stripe_world, dispute, "lost")
    (given_up,) = orders(session, Purpose.SECURITY_RETURN)
    assert given_up.status is OrderStatus.CANCELLED
    assert securing.seen(world.suppliers[0], given)["status"] == "cancelled"
    books = stripe_world.ledger()
    assert books.keys().isdisjoint({"bid_security_liability KGS", "buyer_receivable KGS"})
    assert books["stripe_clearing KGS"] == stripe_world.at_stripe("kgs")
    assert stripe_world.api.v1.refunds.list().data == []
