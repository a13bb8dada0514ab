"""What goes back: damages taken off, refunds within what is free, what is owed after payment."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from api.core import db, settings
from api.core.errors import Invalid
from api.payments.models import CommissionTariff
from api.payments.service import coins
from api.rules.ledger import AccountKind
from api.rules.rails import Purpose
from tests.contracts import test_disputes as disputes
from tests.payments import paying
from tests.payments.paying import Paid
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def claimed(case: Paid) -> str:
    """Claim liquidated damages, to which the supplier agrees; how much."""
    drafted = case.made.buyer.post(case.url("ld-claims"))
    assert drafted.status_code == 201, drafted.text
    url = case.url(f"ld-claims/{drafted.json()['number']}")
    assert case.made.chief.post(f"{url}/raise").status_code == 200
    assert case.made.supplier.post(f"{url}/agree").status_code == 200
    case.drain()
    return str(drafted.json()["amount"])


def asked(case: Paid, amount: str, account: str) -> Any:
    body = {"amount": amount, "payee_account_id": account, "reason": "Остаток"}
    return case.first.post(case.url("refunds"), json=body)


def test_an_agreed_claim_is_netted_to_the_tyiyn_and_goes_back_to_the_buyer_with_four_eyes(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain, {"due_in": 1})
    paying.fund(case)
    awarding.advance(21)
    paying.deliver(case, "600")
    (before,) = case.payments()
    assert (before["penalty"], before["net"]) == ("0", "950000")

    damages = Decimal(claimed(case))
    assert damages > 0
    (due,) = case.payments()
    assert (Decimal(due["penalty"]), Decimal(due["net"])) == (damages, 950_000 - damages)
    assert code(paying.approve(case, before, case.first)) == (409, "payment_differs")
    paying.approved(case, due)
    paying.settle(case)
    assert paying.held(case) == 50_000 + damages
    assert case.balance()["penalties"] == case.balance()["refundable"] == damages

    mine = paying.payee(case.made.buyer.org_id)
    assert code(asked(case, str(damages + Decimal("0.01")), mine)) == (409, "not_refundable")
    assert code(asked(case, "1", case.account)) == (409, "payee_unfit")
    assert asked(case, str(damages), mine).json()["status"] == "requested"
    assert code(asked(case, "0.01", mine)) == (409, "not_refundable")
    url = case.url("refunds/1/approve")
    assert code(case.first.post(url)) == (409, "approved_by_you")
    assert case.second.post(url).json()["status"] == "released"
    assert paying.settle(case) == 1
    assert case.made.supplier.get(case.url("refunds")).json()["items"][0]["status"] == "paid"
    assert paying.held(case) == 50_000
    assert [each.purpose for each in paying.all_orders(session)] == [
        Purpose.RELEASE,
        Purpose.REFUND,
    ]


def test_a_commission_stays_with_the_platform_and_the_supplier_is_invoiced(
    as_org: AsOrg, session: Session, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "invoice_seller_name", "Kerben LLC")
    monkeypatch.setattr(settings.get(), "invoice_seller_identifier", "KG-INN 01234567890123")
    monkeypatch.setattr(settings.get(), "fee_tax_rate_bp", 1200)
    session.add(
        CommissionTariff(
            valid_from=date(2020, 1, 1), rate_bp=200, source="Order 12", added_by="test"
        )
    )
    session.commit()
    case = paying.agreed(session, as_org, drain)
    paying.fund(case)
    paying.deliver(case, "600")
    (due,) = case.payments()
    assert (due["commission"], due["net"]) == ("19000", "931000")
    paying.approved(case, due)
    paying.settle(case)
    assert (case.balance()["commission"], paying.held(case)) == (19_000, 50_000)

    (invoice,) = case.made.supplier.get("/v1/fee-invoices").json()["items"]
    told = (invoice["net"], invoice["tax"], invoice["gross"], invoice["content"]["withheld"])
    assert told == ("16964.29", "2035.71", "19000", True)
    assert invoice["paid_at"] is not None
    assert paying.balance_of(AccountKind.TAX_PAYABLE, None) == Decimal("2035.71")


@pytest.mark.parametrize("over", [Decimal(0), Decimal("0.01")])
def test_pay_05_before_release_money_is_refunded_and_never_more_than_is_free(
    as_org: AsOrg, session: Session, drain: Drain, over: Decimal
) -> None:
    case = paying.agreed(session, as_org, drain)
    paying.fund(case, "1000000")
    paying.deliver(case, "120")
    mine = paying.payee(case.made.buyer.org_id)
    assert case.balance()["refundable"] == 0
    assert code(asked(case, "0.01", mine)) == (409, "not_refundable")

    body = {"reason": "mutual", "details": "Стороны согласились"}
    answer = case.made.buyer.post(case.url("terminate"), json=body)
    assert (answer.status_code, answer.json()["status"]) == (200, "active"), answer.text
    answer = case.made.supplier.post(case.url("agree-termination"))
    assert answer.status_code == 200, answer.text
    known = case.milestones()
    assert [each["final_amount"] for each in known] == ["190000", "10000"]
    assert case.balance()["refundable"] == 800_000

    answer = asked(case, str(800_000 + over), mine)
    assert answer.status_code == (409 if over else 201)
    if over:
        assert case.balance()["refunded"] == 0
        return
    assert case.second.post(case.url("refunds/1/approve")).status_code == 200
    paying.settle(case)
    assert paying.held(case) == 200_000
    paying.approved(case, case.payments()[0])
    paying.settle(case)
    assert paying.held(case) == 10_000  # the retention of what was accepted


def test_an_amount_finer_than_the_coin_is_neither_asked_for_nor_sent_back(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain)
    paying.fund(case)
    before = case.balance()
    body = {"amount": "0.005", "rail": "bank_transfer", "due_at": "2099-01-01T00:00:00Z"}
    for answer in (
        case.first.post(case.url("fundings"), json=body),
        asked(case, "10.001", paying.payee(case.made.buyer.org_id)),
    ):
        assert code(answer) == (422, "invalid")
        (wrong,) = answer.json()["errors"]
        assert (wrong["pointer"], wrong["code"]) == ("#/amount", "finer_than_coin")
    assert case.balance() == before


@pytest.mark.parametrize(
    ("amount", "currency", "fits"),
    [
        ("10", "JPY", True),
        ("10.5", "JPY", False),
        ("1.234", "KWD", True),
        ("1.2345", "KWD", False),
        ("1.10", "KGS", True),
        ("1000000", "UZS", True),
    ],
)
def test_a_coin_has_the_decimals_of_its_currency(amount: str, currency: str, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(Invalid):
        coins.require(Decimal(amount), currency)


def test_pay_05_after_release_what_is_owed_is_a_receivable_until_the_supplier_pays(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(
        session,
        as_org,
        drain,
        parts=[{"number": 1, "kind": "on_acceptance", "basis_points": 10000}],
    )
    paying.fund(case)
    paying.deliver(case, "600")
    paying.approved(case, case.payments()[0])
    paying.settle(case)
    assert [each["status"] for each in case.milestones()] == ["completed"]
    assert paying.held(case) == 0

    dispute = disputes.opened(case.made)
    disputes.act(case.made.supplier, dispute, "offer-settlement", **disputes.TERMS)
    assert disputes.act(case.made.buyer, dispute, "settle").status_code == 200
    drain()

    url = case.url("recoveries")
    (owed,) = case.made.supplier.get(url).json()["items"]
    assert (owed["amount"], owed["recovered"]) == ("10000", "0")
    supplier: UUID = case.made.supplier.org_id
    buyer: UUID = case.made.buyer.org_id
    assert paying.balance_of(AccountKind.SUPPLIER_RECEIVABLE, supplier) == 10_000
    assert paying.balance_of(AccountKind.BUYER_PAYABLE, buyer) == 10_000
    assert case.balance()["refundable"] == 0

    paying.come(owed["collection_id"], Decimal(10_000))
    drain()
    assert case.made.buyer.get(url).json()["items"][0]["recovered"] == "10000"
    assert paying.balance_of(AccountKind.SUPPLIER_RECEIVABLE, supplier) == 0
    assert paying.balance_of(AccountKind.BUYER_PAYABLE, buyer) == 0
    assert (paying.held(case), case.balance()["refundable"]) == (10_000, 10_000)
    with db.worker_unit_of_work() as unit:
        assert paying.balances.faults(unit) == []
