"""Who lets a payment go, and what holds it: four eyes, disputes, money, the order that failed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import db, ids
from api.payments.models import PaymentApproval, PaymentOrder
from api.payments.service import milestone_payments as payments
from api.payments.service import orders
from api.rules.rails import OrderStatus
from tests.contracts import test_disputes as disputes
from tests.payments import paying
from tests.payments.paying import Paid
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def approvals(session: Session) -> int:
    session.rollback()
    return len(session.exec(select(PaymentApproval)).all())


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def payment_id(payment: Any) -> UUID:
    return ids.parse("milestone_payment", payment["id"])


def accepted(session: Session, as_org: AsOrg, drain: Drain, *, funded: bool = True) -> Paid:
    """Everything was accepted; 950 000 is due."""
    case = paying.agreed(session, as_org, drain)
    if funded:
        paying.fund(case)
    paying.deliver(case, "600")
    return case


def test_pay_02_nothing_is_released_without_two_others_an_accepted_delivery_and_money(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain)
    paying.receive(case, "600")
    assert case.payments() == []  # delivered is not accepted
    paying.fund(case, "949999.99")
    case = accepted_after(case)
    (due,) = case.payments()

    assert code(paying.approve(case, due, case.made.buyer)) == (409, "accepted_by_you")
    wrong = {**due, "sha256": "0" * 64}
    assert code(paying.approve(case, wrong, case.first)) == (409, "payment_differs")
    assert paying.approve(case, due, case.made.supplier).status_code in (403, 404)
    assert paying.approve(case, due, as_org(["buyer"])).status_code == 404
    assert approvals(session) == 0

    assert paying.approve(case, due, case.first).json()["status"] == "due"
    assert code(paying.approve(case, due, case.first)) == (409, "approved_by_you")
    assert approvals(session) == 1
    drain()
    assert paying.all_orders(session) == []

    assert paying.approve(case, due, case.second).json()["status"] == "approved"
    drain()
    assert paying.all_orders(session) == []  # a tyiyn is missing
    paying.fund(case, "0.01")
    (order,) = paying.all_orders(session)
    assert (order.amount, case.payments()[0]["status"]) == (950_000, "released")
    assert paying.held(case) == 0


def accepted_after(case: Paid) -> Paid:
    """Accept what was received before."""
    answer = paying.delivering.presented(case.made, "600")
    number = answer.json()["number"]
    body = {"accepted_quantity": "600", **paying.PROTOCOL}
    answer = case.made.buyer.post(case.url(f"acceptances/{number}/accept"), json=body)
    assert answer.status_code == 200, answer.text
    case.drain()
    return case


def test_two_that_approve_at_once_make_one_order(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = accepted(session, as_org, drain)
    (due,) = case.payments()
    third = awarding.second_client(case.made.buyer)
    assert paying.approve(case, due, case.first).status_code == 200

    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda by: paying.approve(case, due, by), (case.second, third))]

    assert sorted(each.status_code for each in answers) == [200, 409]
    assert approvals(session) == 2
    drain()
    assert len(paying.all_orders(session)) == 1
    assert paying.held(case) == 50_000


def test_pay_02_a_dispute_between_approval_and_sending_stops_the_order_until_it_is_closed(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = accepted(session, as_org, drain)
    (due,) = case.payments()
    paying.suspend(case)
    paying.approved(case, due)
    assert paying.held(case) == 50_000
    assert [each.blocked_by for each in paying.all_orders(session)] == [["payee_account_suspended"]]

    dispute = disputes.opened(case.made)
    with db.worker_unit_of_work() as unit:
        assert payments.send_blockers(unit, payment_id(due)) == ["payment_frozen"]
    (frozen,) = case.payments()
    assert frozen["status"] == "frozen"
    assert [each.status for each in paying.all_orders(session)] == [OrderStatus.CANCELLED]
    assert paying.settle(case) == 0
    assert paying.held(case) == 1_000_000
    assert code(paying.approve(case, frozen, case.first)) == (409, "payment_frozen")

    assert disputes.act(case.made.supplier, dispute, "offer-settlement", **disputes.TERMS)
    assert disputes.act(case.made.buyer, dispute, "settle").status_code == 200
    (free,) = case.payments()
    assert (free["status"], free["approvals"]) == ("due", [])
    assert (free["gross"], free["penalty"], free["net"]) == ("950000", "10000", "940000")
    assert len(paying.all_orders(session)) == 1

    paying.verify(case)
    paying.approved(case, free)
    first, second = paying.all_orders(session)
    assert second.idempotency_key == f"{first.idempotency_key}:2"
    assert paying.settle(case) == 1
    assert (case.payments()[0]["status"], paying.held(case)) == ("paid", 60_000)


def test_a_dispute_after_sending_does_not_call_the_money_back(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = accepted(session, as_org, drain)
    paying.approved(case, case.payments()[0])
    with db.worker_unit_of_work() as unit:
        (waiting,) = unit.exec(select(PaymentOrder.id)).all()
        assert orders.locked(unit, waiting).status is OrderStatus.SENT

    disputes.opened(case.made)

    assert case.payments()[0]["status"] == "released"
    assert [each.status for each in paying.all_orders(session)] == [OrderStatus.SENT]


def test_a_payment_that_failed_waits_for_the_supplier_and_is_made_once_more(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = accepted(session, as_org, drain)
    paying.approved(case, case.payments()[0])
    with db.worker_unit_of_work() as unit:
        (waiting,) = unit.exec(select(PaymentOrder.id)).all()
        order = orders.locked(unit, waiting)
        orders.failed(unit, order, reason="account_closed", actor="test")

    (failed,) = case.payments()
    assert (failed["status"], failed["reason"]) == ("approved", "account_closed")
    assert (len(paying.all_orders(session)), paying.held(case)) == (1, Decimal(1_000_000))
    url = case.url(f"payments/{failed['id']}/retry")
    strange = {"payee_account_id": paying.payee(case.made.buyer.org_id)}
    assert code(case.made.supplier.post(url, json=strange)) == (409, "payee_unfit")
    mine = {"payee_account_id": paying.payee(case.made.supplier.org_id)}
    assert case.made.supplier.post(url, json=mine).status_code == 200
    drain()

    assert paying.settle(case) == 1
    assert (case.payments()[0]["status"], paying.held(case)) == ("paid", 50_000)
    assert code(case.made.supplier.post(url, json=mine)) == (409, "conflict")
