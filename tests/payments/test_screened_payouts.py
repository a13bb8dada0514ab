"""No rail pays anybody while a case of screening is open, and two people let the payment go."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlmodel import Session, select

from api.core import db
from api.core.deadlines import Deadline, fire_due
from api.identity.models import Organisation
from api.rules.rails import OrderStatus
from api.screening.service import imports, subjects
from tests.payments import banking, paying, treasury
from tests.payments.banking import line
from tests.payments.paying import Paid
from tests.payments.stripe_world import StripeWorld
from tests.payments.treasury import Treasury, ok
from tests.procurement.awarding import second_client
from tests.screening import files

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
BYTES = {"Content-Type": "application/octet-stream"}
REASON = {"reason": "Another company: other number, other address, founded 2019"}


def listed(operator: Any, name: str) -> None:
    assert files.sent(operator, files.table(f"a,organisation,{name},,,,,,")).status_code == 200


def open_case(operator: Any) -> str:
    """The path of the one case that is open."""
    (case,) = ok(operator.get("/v1/screening-cases"))["items"]
    return f"/v1/screening-cases/{case['id']}"


def clear(operator: Any, path: str) -> None:
    ok(operator.post(f"{path}/propose-clearance", json=REASON))
    assert operator.post(f"{path}/clear").json()["code"] == "screening_four_eyes"
    ok(second_client(operator).post(f"{path}/clear"))


def listed_by_number(operator: Any, organisation_id: UUID) -> None:
    """List an organisation by its number in the register, which is its own."""
    with db.worker_unit_of_work() as session:
        number = session.get_one(Organisation, organisation_id).identifier_id
    entry = files.table(f"a,organisation,Unlike,,{number},KG,,,")
    assert files.sent(operator, entry).status_code == 200


def refund(office: Treasury, drain: Drain, payee: Any) -> str:
    """A payment by bank to an account; the path of its order."""
    body = banking.camt(line("500", "?", reference="B1"))
    ok(office.first.post("/v1/bank-statements", content=body, headers=BYTES))
    drain()
    (item,) = ok(office.first.get("/v1/suspense-items"))["items"]
    url = f"/v1/suspense-items/{item['id']}"
    ok(office.first.post(f"{url}/return", json={"payee_account_id": payee["id"]}))
    done = ok(office.second.post(f"{url}/approve"))
    drain()
    return f"/v1/payment-orders/{done['order_id']}"


@pytest.mark.parametrize("of_bank", [False, True])
def test_pay_11_a_payment_by_bank_waits_for_the_case_of_its_payee_or_its_bank(
    as_org: AsOrg, drain: Drain, of_bank: bool
) -> None:
    office = treasury.opened(as_org)
    buyer = as_org(["buyer"], legal_name={"ru": "Ромашка"})
    payee = treasury.verified_payee(buyer, office, bank_name="Толубай Банк")
    listed(office.first, "Tolubay Bank" if of_bank else "Romashka")
    drain()
    url = refund(office, drain, payee)
    assert ok(buyer.get(url))["status"] == "approved"
    assert ok(office.first.get(url))["blocked_by"] == ["screening_open"]
    clear(office.first, open_case(office.first))
    drain()
    shown = ok(office.first.get(url))
    assert (shown["status"], shown["blocked_by"]) == ("sent", [])


def test_pay_11_a_case_that_opens_before_the_file_keeps_the_payment_out_of_it(
    as_org: AsOrg, drain: Drain
) -> None:
    office = treasury.opened(as_org)
    buyer = as_org(["buyer"], legal_name={"ru": "Ромашка"})
    url = refund(office, drain, treasury.verified_payee(buyer, office))
    assert ok(office.first.get(url))["status"] == "sent"
    wanted = {"platform_account_id": office.account["id"]}
    made = ok(office.first.post("/v1/payment-batches", json=wanted))
    batch = f"/v1/payment-batches/{made['id']}"
    listed(office.first, "Romashka")
    drain()

    # The file is made already: it is not let out, and without it no other takes the payment.
    held = office.second.post(f"{batch}/release")
    assert (held.status_code, held.json()["code"]) == (409, "batch_held")
    assert ok(office.first.get(batch))["status"] == "created"
    ok(office.first.post(f"{batch}/cancel"))
    left = office.first.post("/v1/payment-batches", json=wanted)
    assert (left.status_code, left.json()["code"]) == (409, "nothing_to_pay")
    named = {**wanted, "order_ids": [url.rpartition("/")[2]]}
    assert office.first.post("/v1/payment-batches", json=named).json()["code"] == "batch_held"

    clear(office.first, open_case(office.first))
    drain()
    again = ok(office.first.post("/v1/payment-batches", json=wanted))
    batch = f"/v1/payment-batches/{again['id']}"
    ok(office.second.post(f"{batch}/release"))
    assert office.first.get(f"{batch}/file").status_code == 200


def test_pay_11_goods_that_are_listed_after_the_payment_was_sent_keep_it_out_of_files(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office = treasury.opened(as_org)
    case: Paid = paying.agreed(
        session,
        as_org,
        drain,
        payee_of=lambda supplier: str(treasury.verified_payee(supplier, office)["id"]),
    )
    paying.fund(case)
    paying.deliver(case, "600")
    paying.approved(case, case.payments()[0])
    (order,) = paying.all_orders(session)
    assert (order.status, order.blocked_by) == ("sent", [])
    goods = files.table("p,goods,Парта,,,KG,Register 9,,")
    assert files.sent(office.first, goods).status_code == 200
    drain()
    (order,) = paying.all_orders(session)
    assert (order.status, order.blocked_by) == ("sent", ["goods_screening_open"])
    wanted = {"platform_account_id": office.account["id"]}
    left = office.first.post("/v1/payment-batches", json=wanted)
    assert left.json()["code"] == "nothing_to_pay"
    clear(office.first, open_case(office.first))
    drain()
    assert ok(office.first.post("/v1/payment-batches", json=wanted))["orders"] == 1


def test_pay_11_nothing_goes_through_stripe_while_a_case_of_the_payee_is_open(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000")
    stripe_world.deliver()
    payee = stripe_world.payee()
    operator = stripe_world.operator
    listed_by_number(operator, stripe_world.supplier.org_id)
    stripe_world.drain()
    order = stripe_world.order("600", payee)
    stripe_world.drain()
    shown = stripe_world.order_of(order)
    assert (shown.status, shown.blocked_by) == (OrderStatus.APPROVED, ["screening_open"])
    assert (shown.attempts, stripe_world.api.v1.transfers.list().data) == (0, [])
    clear(operator, open_case(operator))
    stripe_world.drain()
    stripe_world.deliver()
    assert stripe_world.order_of(order).status is OrderStatus.SETTLED
    assert len(stripe_world.api.v1.transfers.list().data) == 1


def test_pay_11_the_daily_screening_finds_who_was_clear_the_day_before(
    as_org: AsOrg, drain: Drain, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    office = treasury.opened(as_org)
    buyer = as_org(["buyer"], legal_name={"ru": "Ромашка"})
    url = refund(office, drain, treasury.verified_payee(buyer, office))
    listed(office.first, "Romashka")
    # The job of the import is lost: the night finds it all the same.
    superuser.execute("DELETE FROM job WHERE name = %s", [imports.RESCREEN])
    drain()
    assert ok(office.first.get(url))["blocked_by"] == []
    due = session.exec(select(Deadline.due_at).where(Deadline.kind == subjects.RESCREEN_DUE)).all()
    with db.worker_unit_of_work() as unit:
        fire_due(unit, max(due) + timedelta(seconds=1))
    drain()
    assert ok(office.first.get(url))["blocked_by"] == ["screening_open"]
