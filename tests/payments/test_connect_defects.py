"""Defects that others met in Connect's flow as a whole, looked for in ours.

Ten of the twelve that one marketplace has mended are known by name (its pull request 14622), two are
taken for what users ask for in the same place (docs/payments-stripe.md): they are here, and in
test_stripe_*.py, under `connect_defect`, with others of the same kind.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select

from api.core import db, settings
from api.payments.models import Collection, CommissionTariff
from api.payments.problems import PaymentUnderWay
from api.payments.service import fee_invoices, orders
from api.rules.fees import FeePurpose, Line
from api.rules.rails import OrderStatus
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.payments import paying
from tests.payments import stripe_contracts as contracts
from tests.payments.stripe_world import StripeWorld

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def asked(session: Session) -> list[Decimal]:
    """What payers were ever asked for."""
    session.rollback()
    return [*session.exec(select(Collection.amount).order_by(col(Collection.id)))]


def test_connect_defect_split_payment_not_counted_as_paid_the_parts_pay_together(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    case = contracts.agreed(stripe_world, session, as_org)
    contracts.fund(stripe_world, case, "600000")
    assert [each["status"] for each in case.milestones()] == ["planned", "planned"]
    contracts.fund(stripe_world, case, "350000", "50000")
    assert [each["status"] for each in case.milestones()] == ["funded", "funded"]
    assert case.balance()["received"] == paying.held(case) == Decimal(1_000_000)


def test_connect_defect_transfer_refused_after_a_split_payment_it_waits_for_the_last_part(
    stripe_world: StripeWorld, session: Session, as_org: AsOrg
) -> None:
    case = contracts.agreed(stripe_world, session, as_org, parts=contracts.WHOLE)
    contracts.fund(stripe_world, case, "600000")
    contracts.reserve(stripe_world)
    paying.deliver(case, "600")
    contracts.release(stripe_world, case)
    assert [each["status"] for each in case.payments()] == ["approved"]
    assert stripe_world.api.v1.transfers.list().data == []

    contracts.fund(stripe_world, case, "400000")
    stripe_world.deliver()
    assert [each["status"] for each in case.payments()] == ["paid"]
    (made,) = stripe_world.api.v1.transfers.list().data
    assert made.amount == 100_000_000
    assert paying.held(case) == 0
    groups = {each.transfer_group for each in stripe_world.api.v1.payment_intents.list().data}
    assert made.transfer_group in groups


def test_connect_defect_split_parcel_charges_delivery_once_the_price_is_that_of_the_contract(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain, parts=contracts.WHOLE)
    paying.fund(case)
    before = asked(session)
    for quantity in ("250", "1", "349"):
        paying.deliver(case, quantity)
    due = case.payments()
    assert sum(Decimal(each["gross"]) for each in due) == 1_000_000
    assert [each["penalty"] for each in due] == ["0", "0", "0"]
    assert asked(session) == before


def test_connect_defect_cancelling_what_was_dispatched_is_done_or_refused_in_words(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    parts = [
        {"number": 1, "kind": "on_shipment", "basis_points": 5000},
        {"number": 2, "kind": "on_acceptance", "basis_points": 5000},
    ]
    case = paying.agreed(session, as_org, drain, parts=parts)
    paying.fund(case)
    sides = Execution(case.made.buyer, case.made.supplier, case.made.contract, "")
    executing.despatched(sides, "120", number="SH-9")
    (due,) = case.payments()
    assert (due["kind"], due["gross"]) == ("on_shipment", "100000")
    paying.approved(case, due)
    (order,) = paying.all_orders(session)
    assert order.status is OrderStatus.SENT
    with pytest.raises(PaymentUnderWay) as refused, db.worker_unit_of_work() as unit:
        orders.cancel(unit, orders.locked(unit, order.id), actor="test")
    assert refused.value.title

    end = {"reason": "mutual", "details": "Стороны согласились"}
    answer = case.made.buyer.post(case.url("terminate"), json=end)
    assert answer.status_code == 200, answer.text
    agreed = case.made.supplier.post(case.url("agree-termination"))
    assert agreed.status_code == 200, agreed.text
    assert case.balance()["refundable"] == 900_000  # what was despatched stays the supplier's
    again = case.made.buyer.post(case.url("terminate"), json=end)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert again.json()["detail"] == "The contract is terminated."


def test_connect_defect_other_sellers_commission_is_shown_to_no_seller(
    as_org: AsOrg, session: Session, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "invoice_seller_name", "Kerben LLC")
    monkeypatch.setattr(settings.get(), "invoice_seller_identifier", "KG-INN 01234567890123")
    session.add(
        CommissionTariff(
            valid_from=date(2020, 1, 1), rate_bp=200, source="Order 12", added_by="test"
        )
    )
    session.commit()
    case = paying.agreed(session, as_org, drain, parts=contracts.WHOLE)
    other = as_org(["supplier"])
    with db.worker_unit_of_work() as unit:
        fee_invoices.issue(
            unit,
            key="other",
            org_id=other.org_id,
            purpose=FeePurpose.COMMISSION,
            lines=[Line("commission", "Commission", Decimal(1), Decimal(500), Decimal(500))],
            currency="KGS",
            actor="test",
            resource_id=uuid4(),
        )
    paying.fund(case)
    paying.deliver(case, "600")
    paying.approved(case, case.payments()[0])
    paying.settle(case)
    own, theirs = (
        [each["id"] for each in who.get("/v1/fee-invoices").json()["items"]]
        for who in (case.made.supplier, other)
    )
    assert (len(own), len(theirs)) == (1, 1)
    assert own != theirs
    assert case.payments()[0]["commission"] == "20000"
    for path in ("commission", "payments", "payment-balance"):
        assert case.made.supplier.get(case.url(path)).status_code == 200
        assert other.get(case.url(path)).status_code == 404
    for who, id in ((case.made.supplier, theirs[0]), (other, own[0])):
        assert who.get(f"/v1/fee-invoices/{id}").status_code == 404
        assert who.get(f"/v1/fee-invoices/{id}/pdf").status_code == 404
    accounts = other.get("/v1/ledger/accounts").json()["items"]
    assert {each["kind"] for each in accounts} == {"supplier_receivable"}
