"""The ledger over HTTP: who sees which account, statements, and the books of the operator."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from openpyxl import load_workbook

from api.core import db
from api.payments.models import ProviderLine
from api.payments.service import posting, reconciling
from api.payments.service.posting import Posting
from api.rules.clock import local_date, utcnow
from api.rules.ledger import AccountKey, AccountKind, transfer

BANK = AccountKey(AccountKind.BANK_CLEARING, "KGS")
TODAY = local_date(utcnow())
PERIOD = {"since": TODAY.isoformat(), "until": TODAY.isoformat()}
AsOrg = Callable[..., Any]


def booked(*amounts: int, to: UUID, kind: str = "payment.received") -> None:
    account = AccountKey(AccountKind.ESCROW_LIABILITY, "KGS", uuid4())
    assert account.reference is not None
    told = [
        Posting(
            key=f"{account.reference}:{n}",
            kind=kind,
            entries=transfer(BANK, account, Decimal(amount)),
            actor="test",
        )
        for n, amount in enumerate(amounts)
    ]
    with db.worker_unit_of_work() as session:
        posting.post_all(session, told, {account.reference: [to]})


def only_account(actor: Any) -> dict[str, Any]:
    (account,) = actor.get("/v1/ledger/accounts").json()["items"]
    found: dict[str, Any] = account
    return found


def test_led_09_a_party_sees_its_accounts_and_the_operator_all(as_org: AsOrg) -> None:
    buyer, other, operator = as_org(["buyer"]), as_org(["buyer"]), as_org(["operator"])
    booked(10, 5, to=buyer.org_id)
    booked(7, to=other.org_id)
    mine = only_account(buyer)
    assert (mine["kind"], mine["balance"], mine["available"]) == (
        "escrow_liability",
        "15.000000",
        "15.000000",
    )
    assert only_account(other)["balance"] == "7.000000"
    assert other.get(f"/v1/ledger/accounts/{mine['id']}").status_code == 404
    assert (
        other.get(f"/v1/ledger/accounts/{mine['id']}/statement", params=PERIOD).status_code == 404
    )
    kinds = [a["kind"] for a in operator.get("/v1/ledger/accounts").json()["items"]]
    assert sorted(kinds) == ["bank_clearing", "escrow_liability", "escrow_liability"]


def test_led_09_a_statement_goes_on_from_page_to_page_and_adds_up(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    booked(10, 20, 30, to=buyer.org_id)
    url = f"/v1/ledger/accounts/{only_account(buyer)['id']}/statement"
    first = buyer.get(url, params={**PERIOD, "limit": 2}).json()
    rest = buyer.get(url, params={**PERIOD, "limit": 2, "cursor": first["next_cursor"]}).json()
    lines = [*first["items"], *rest["items"]]
    assert [line["credit"] for line in lines] == ["10.000000", "20.000000", "30.000000"]
    assert (first["opening"], rest["closing"], rest["has_more"]) == ("0", "60.000000", False)
    assert lines[-1]["balance"] == "60.000000"
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    later = buyer.get(url, params={"since": tomorrow, "until": tomorrow}).json()
    assert (later["opening"], later["closing"], later["items"]) == ("60.000000", "60.000000", [])


def test_led_09_the_operator_reads_the_counter_account_of_a_line(as_org: AsOrg) -> None:
    buyer, operator = as_org(["buyer"]), as_org(["operator"])
    booked(10, to=buyer.org_id)
    url = f"/v1/ledger/accounts/{only_account(buyer)['id']}/statement"
    assert buyer.get(url, params=PERIOD).json()["items"][0]["counter_accounts"] == []
    (line,) = operator.get(url, params=PERIOD).json()["items"]
    assert line["counter_accounts"] == ["bank_clearing"]


def test_led_09_a_statement_as_a_file_runs_no_formula(as_org: AsOrg) -> None:
    buyer = as_org(["buyer"])
    booked(10, to=buyer.org_id, kind="=HYPERLINK(1)")
    url = f"/v1/ledger/accounts/{only_account(buyer)['id']}/statement/file"
    csv = buyer.get(url, params={**PERIOD, "format": "csv"})
    assert csv.headers["content-disposition"] == 'attachment; filename="statement.csv"'
    assert ",'=HYPERLINK(1)," in csv.text
    book = load_workbook(BytesIO(buyer.get(url, params={**PERIOD, "format": "xlsx"}).content))
    rows = [*book.active.iter_rows(values_only=True)]
    assert [row[3] for row in rows] == ["kind", "opening", "'=HYPERLINK(1)", "closing"]
    assert (rows[2][7], rows[3][8]) == (10, 10)


def test_led_10_the_trial_balance_is_that_of_a_day_and_balanced(as_org: AsOrg) -> None:
    buyer, operator = as_org(["buyer"]), as_org(["operator"])
    booked(10, 20, to=buyer.org_id)
    found = operator.get("/v1/ledger/trial-balance", params={"day": TODAY.isoformat()}).json()
    sums = [(e["kind"], Decimal(e["debits"]), Decimal(e["credits"])) for e in found["items"]]
    assert sums == [("bank_clearing", 30, 0), ("escrow_liability", 0, 30)]
    before = (TODAY - timedelta(days=1)).isoformat()
    url = "/v1/ledger/trial-balance"
    assert operator.get(url, params={"day": before}).json()["items"] == []
    file = operator.get(f"{url}/file", params={"day": TODAY.isoformat(), "format": "csv"})
    assert "bank_clearing,KGS,30.000000,0,30.000000" in file.text
    file = operator.get(f"{url}/file", params={"day": TODAY.isoformat(), "format": "xlsx"})
    rows = [*load_workbook(BytesIO(file.content)).active.iter_rows(values_only=True)]
    assert rows[1] == ("bank_clearing", "KGS", 30, 0, 30)
    assert buyer.get(url, params={"day": before}).status_code == 403


def line(external_id: str, amount: int, day: date = TODAY) -> ProviderLine:
    return ProviderLine(
        provider="bank",
        account="KG1",
        clearing=AccountKind.BANK_CLEARING,
        external_id=external_id,
        currency="KGS",
        amount=Decimal(amount),
        occurred_at=utcnow(),
        booked_on=day,
        source="test",
    )


def test_pay_09_the_operator_reconciles_and_reads_what_is_open(
    as_org: AsOrg, drain: Callable[[], int]
) -> None:
    buyer, operator = as_org(["buyer"]), as_org(["operator"])
    booked(10, to=buyer.org_id)
    with db.worker_unit_of_work() as session:
        reconciling.add_lines(session, [line("a", 10), line("@b", 4, TODAY - timedelta(days=40))])
    job = operator.post("/v1/ledger/reconciliations")
    assert job.status_code == 202
    drain()
    ended = operator.get(f"/v1/jobs/{job.json()['id']}").json()
    assert ended["result"] == {"matched": {"amount": 1}}
    (row,) = operator.get("/v1/ledger/reconciliations").json()
    assert (row["ledger_balance"], row["lines_balance"], row["difference"]) == (
        "10.000000",
        "14.000000",
        "-4.000000",
    )
    (left,) = operator.get("/v1/ledger/unmatched").json()["items"]
    assert (left["side"], left["external_id"], left["age"]) == ("provider", "@b", ">30")
    csv = operator.get("/v1/ledger/unmatched/file", params={"format": "csv"}).text
    assert "provider,bank_clearing,KGS,'@b,,4.000000" in csv


@pytest.mark.parametrize("path", ["unmatched", "reconciliations"])
def test_pay_09_reconciliation_is_the_operators_alone(as_org: AsOrg, path: str) -> None:
    assert as_org(["buyer", "supplier"]).get(f"/v1/ledger/{path}").status_code == 403
