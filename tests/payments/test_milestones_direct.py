"""A buyer that pays by its own bank after acceptance; strangers; what the public is told."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from api.core import db
from api.payments.due import files, verification
from api.rules.ledger import AccountKind
from tests.contracts import delivering
from tests.payments import paying

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
TABLES = (
    "payment_schedule",
    "payment_milestone",
    "milestone_payment",
    "payment_approval",
    "contract_funding",
    "contract_refund",
    "payment_recovery",
)


def seen(org_id: UUID) -> dict[str, int]:
    """How many rows of each table an organisation sees without any filter of ours."""
    with db.unit_of_work(org_id) as unit:
        db.scope(unit, org_id=org_id.hex)
        return {
            table: int(unit.connection().scalar(text(f"SELECT count(*) FROM {table}")) or 0)
            for table in TABLES
        }


def test_a_buyer_pays_by_its_own_bank_and_the_supplier_confirms(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain, settlement="direct")
    paying.deliver(case, "600")
    (due,) = case.payments()
    url = case.url(f"payments/{due['id']}")
    supplier, buyer = case.made.supplier.org_id, case.made.buyer.org_id
    day = delivering.today(session).isoformat()
    told = {"reference": "PP 2026-118", "value_date": day}
    assert case.first.post(f"{url}/report", json=told).status_code == 409
    paying.approved(case, due)
    assert paying.all_orders(session) == []
    assert paying.balance_of(AccountKind.BUYER_RECEIVABLE, buyer) == 950_000
    assert paying.balance_of(AccountKind.SUPPLIER_PAYABLE, supplier) == 950_000

    later = {**told, "value_date": delivering.today(session, 1).isoformat()}
    assert case.first.post(f"{url}/report", json=later).json()["errors"][0]["code"] == "in_future"
    assert case.made.supplier.post(f"{url}/confirm").status_code == 409
    assert case.first.post(f"{url}/report", json=told).json()["status"] == "reported"
    assert case.first.post(f"{url}/confirm").status_code in (403, 404)
    denied = case.made.supplier.post(f"{url}/deny", json={"reason": "Не поступило"}).json()
    assert (denied["status"], denied["reason"]) == ("approved", "Не поступило")
    assert case.first.post(f"{url}/report", json=told).json()["reason"] is None
    drain()
    assert paying.balance_of(AccountKind.BUYER_RECEIVABLE, buyer) == 950_000

    confirmed = case.made.supplier.post(f"{url}/confirm").json()
    assert (confirmed["status"], confirmed["reference"]) == ("paid", "PP 2026-118")
    drain()
    assert paying.balance_of(AccountKind.BUYER_RECEIVABLE, buyer) == 0
    assert paying.balance_of(AccountKind.SUPPLIER_PAYABLE, supplier) == 0
    assert case.milestones()[0]["status"] == "completed"

    text_ = case.made.supplier.get(f"{url}/file").content
    assert files.sha256(text_) == due["sha256"]
    assert verification.check(text_, sha256=due["sha256"]) == []


def test_sec_01_strangers_see_no_payment_though_the_application_forgets_to_ask(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    parts = [
        {"number": 1, "kind": "retention", "basis_points": 1000, "term_days": 9},
        {"number": 2, "kind": "on_acceptance", "basis_points": 9000},
    ]
    case = paying.agreed(session, as_org, drain, parts=parts)
    made = case.made
    paying.fund(case, "2000000")
    paying.deliver(case, "600")
    (due,) = case.payments()
    assert paying.approve(case, due, case.first).status_code == 200
    mine = paying.payee(made.buyer.org_id)
    back = {"amount": "1000000", "payee_account_id": mine, "reason": "Лишнее"}
    assert case.first.post(case.url("refunds"), json=back).status_code == 201

    stranger = as_org(["buyer"])
    assert seen(stranger.org_id) == dict.fromkeys(TABLES, 0)
    for side in (made.buyer, made.supplier):
        rows = seen(side.org_id)
        assert {table for table, n in rows.items() if n} == {*TABLES} - {"payment_recovery"}
    for path in ("payment-schedule", "payment-milestones", "payments", f"payments/{due['id']}"):
        assert stranger.get(case.url(path)).status_code == 404
    assert json.loads(stranger.get(case.url("refunds")).content)["status"] == 404
