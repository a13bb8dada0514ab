"""Statements in, files of payments out: through HTTP, with the ledger in balance at every step."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db
from api.core.jobs import Job
from api.intake.schemes import hmac_sha256
from api.payments.models import BankEntry, BankStatement, ProviderBalance
from api.rules.ledger import AccountKind
from tests.payments import banking, paying, treasury
from tests.payments.banking import line
from tests.payments.treasury import PAYEE, Treasury, ok

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def office(as_org: AsOrg) -> Treasury:
    return treasury.opened(as_org)


def sent(by: Any, body: bytes) -> Any:
    """The answer to an uploaded statement."""
    return by.post("/v1/bank-statements", content=body, headers=BYTES)


def taken(office: Treasury, drain: Drain, body: bytes) -> Any:
    """The result of the job that has worked a statement."""
    job = ok(sent(office.first, body))
    drain()
    done = ok(office.first.get(f"/v1/jobs/{job['id']}"))
    assert done["status"] == "succeeded", done
    return {name: number for name, number in done["result"].items() if number}


def outcomes(office: Treasury) -> list[tuple[str, str | None]]:
    """What became of every entry, in order."""
    items = ok(office.first.get("/v1/bank-entries"))["items"]
    return [(each["outcome"], each["reason"]) for each in reversed(items)]


def test_pay_04_entries_find_their_collections_and_a_statement_told_again_changes_nothing(
    as_org: AsOrg, office: Treasury, drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    (exact, one), (part, two), (over, three) = (treasury.expected(buyer.org_id) for _ in range(3))
    _, dollars = treasury.expected(buyer.org_id, currency="USD")
    lines = [
        line("1000", f"Договор 7, {one[:8]} {one[8:]}", reference="B1", name="ОсОО Азык"),
        line("400", "", end_to_end=two, reference="B2"),
        line("1500.50", three.lower(), reference="B3"),
        line("70", "За парты", reference="B4"),
        line("80", dollars, reference="B5"),
        line("90", f"{one} {two}", reference="B6"),
        line("-5", code="CHRG", reference="B7"),
        line("-77", "unknown", reference="B8"),
    ]
    told = taken(office, drain, banking.camt(*lines))
    assert outcomes(office) == [
        ("received", None),
        ("received_part", None),
        ("received_too_much", "amount"),
        ("suspense", "unknown_reference"),
        ("suspense", "currency"),
        ("suspense", "several_references"),
        ("charged", None),
        ("unmatched", "unknown_order"),
    ]
    assert (told["entries"], told["suspense"], told["unmatched"]) == (8, 3, 1)
    shown = [ok(buyer.get(f"/v1/collections/{each}")) for each in (exact, part, over)]
    assert [(each["status"], each["received_amount"]) for each in shown] == [
        ("received", "1000"),
        ("partially_received", "400"),
        ("received", "1000"),
    ]
    money = {
        AccountKind.ESCROW_LIABILITY: 2400,
        AccountKind.SUSPENSE: "740.5",
        AccountKind.PROVIDER_FEES: 5,
        AccountKind.BANK_CLEARING: "3135.5",
    }

    def check() -> None:
        for kind, amount in money.items():
            assert f"{treasury.balance(kind):f}".rstrip("0").rstrip(".") == str(amount), kind

    check()
    again = sent(office.second, banking.camt(*lines))
    assert again.status_code == 202
    resent = taken(office, drain, banking.camt(*lines, id="resent", number=2))
    assert [each["code"] for each in resent.pop("problems")] == ["opening_differs"]
    assert resent == {"statements": 1, "duplicates": 8}
    drain()
    check()
    assert len(outcomes(office)) == 8
    ok(office.first.post("/v1/ledger/reconciliations"))
    drain()
    (found,) = ok(office.first.get("/v1/ledger/reconciliations"))
    assert (found["unmatched_lines"], found["unmatched_entries"]) == (1, 0)
    assert found["stated_balance"] == found["lines_balance"]


def test_what_is_no_statement_of_ours_is_refused_and_nothing_is_kept(
    as_org: AsOrg, office: Treasury, session: Session
) -> None:
    whole = banking.camt(line("10"))
    big = banking.camt(line("10", "x" * 10_000_000))
    refused = {
        "statement_unreadable": b":20:A",
        "invalid": whole[:-20],
        "statement_unbalanced": banking.camt(line("10"), closing="11"),
        "statement_account_unknown": banking.camt(line("10"), account="1180000099999999"),
        "payload_too_large": big,
    }
    for code, body in refused.items():
        answer = sent(office.first, body)
        assert (answer.json()["code"], answer.status_code >= 400) == (code, True), answer.text
    wrong = office.first.post("/v1/bank-statements", json={})
    assert wrong.status_code == 415
    assert sent(as_org(["buyer"]), whole).status_code == 403
    for table in (BankStatement, BankEntry, Job):
        assert session.exec(select(table)).all() == []


def test_a_statement_that_is_missing_is_said_until_it_comes(office: Treasury, drain: Drain) -> None:
    taken(office, drain, banking.mt940([line("10", "a", reference="B1")], number=1))
    told = taken(
        office, drain, banking.camt(line("5", "c", reference="B3"), opening="30", number=3)
    )
    assert told["gaps"] == [{"account": "3456", "missing": [2, 2]}]
    missing = {"code": "statement_missing", "detail": "Number 2 is missing before it."}
    differs = {
        "code": "opening_differs",
        "detail": "It opens with 30, but the one before closed with 10.",
    }
    about = {"account": "3456", "statement": "S3"}
    assert told["problems"] == [about | missing, about | differs]
    newest = ok(office.first.get("/v1/bank-statements"))["items"][0]
    url = f"/v1/bank-statements/{newest['id']}"
    shown = ok(office.first.get(url))
    assert (shown["missing_numbers"], shown["opening_differs"]) == ([2, 2], True)
    assert shown["problems"] == [missing, differs]
    taken(office, drain, banking.mt940([line("20", "b", reference="B2")], opening="10", number=2))
    late = ok(office.first.get(url))
    assert (late["missing_numbers"], late["opening_differs"]) == (None, False)
    assert (late["outcomes"], late["problems"]) == ({"suspense": 1}, [])
    assert [each["amount"] for each in ok(office.first.get(f"{url}/entries"))["items"]] == ["5"]


@pytest.mark.parametrize("numbers", [(7, 8, 9), (None, None, None)])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_several_statements_of_one_day_are_a_chain_whichever_comes_first(
    office: Treasury, drain: Drain, numbers: Any, order: tuple[int, ...]
) -> None:
    openings = ("0", "10", "30")
    bodies = [
        banking.camt(
            line(f"{(n + 1) * 10}", str(n), reference=f"B{n}"),
            opening=openings[n],
            number=numbers[n],
            id=f"D{n}",
        )
        for n in range(3)
    ]
    for n in order:
        taken(office, drain, bodies[n])
    for each in ok(office.first.get("/v1/bank-statements"))["items"]:
        shown = ok(office.first.get(f"/v1/bank-statements/{each['id']}"))
        assert shown["problems"] == [], shown["external_id"]
    with db.worker_unit_of_work() as session:
        assert session.exec(select(ProviderBalance.amount)).all() == [60]

    # One that does not go on where the day ended is said to, and which balance was expected.
    odd = banking.camt(line("1", "odd", reference="B9"), opening="61", number=10, id="D9")
    told = taken(office, drain, odd)
    (problem,) = [each for each in told["problems"] if each["code"] == "opening_differs"]
    assert problem["statement"] == "D9"


def test_a_bank_sends_its_statements_to_the_intake(office: Treasury, drain: Drain) -> None:
    source = ok(
        office.first.post(
            "/v1/intake-sources",
            json={
                "name": "Bakai",
                "provider": "bank",
                "scheme": "hmac_sha256",
                "secret": "a long secret",
            },
        )
    )
    body = banking.mt940([line("10", "hello", reference="B1")])
    proof = hmac_sha256(body, b"a long secret")
    token = {"X-Bank-Signature": proof, "Content-Type": "text/plain"}
    client = office.first.client
    for _ in range(2):
        assert client.post(source["webhook_path"], content=body, headers=token).status_code == 200
    drain()
    assert outcomes(office) == [("suspense", "unknown_reference")]
    assert treasury.balance(AccountKind.BANK_CLEARING) == 10


def test_pay_02_a_contract_is_paid_by_bank_from_its_funding_to_the_settled_order(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office = treasury.opened(as_org)

    def payee_of(supplier: Any) -> str:
        return str(treasury.verified_payee(supplier, office)["id"])

    case = paying.agreed(session, as_org, drain, payee_of=payee_of)
    supplier = case.made.supplier

    # The buyer is told where to pay what, and does.
    body = {"amount": "1000000", "rail": "bank_transfer", "due_at": "2099-01-01T00:00:00Z"}
    asked = ok(case.first.post(case.url("fundings"), json=body))
    shown = ok(case.first.get(f"/v1/collections/{asked['collection_id']}"))
    assert shown["pay_to"][0]["number"] == treasury.NUMBER
    taken(office, drain, banking.camt(line("1000000", shown["reference"], reference="IN1")))
    assert {each["status"] for each in case.milestones()} == {"funded"}

    # Facts make a payment due; two of the buyer's approve it, and one does not twice.
    paying.deliver(case, "600")
    (due,) = case.payments()
    assert paying.approve(case, due, case.first).status_code == 200
    twice = paying.approve(case, due, case.first)
    assert (twice.status_code, twice.json()["code"]) == (409, "approved_by_you")
    assert paying.approve(case, due, case.second).status_code == 200
    drain()

    # It waits for the account, which the treasury verifies; then for a file.
    (waiting,) = ok(supplier.get("/v1/payment-orders"))["items"]
    assert (waiting["status"], waiting["amount"]) == ("sent", "950000")
    url = f"/v1/payment-orders/{waiting['id']}"
    wanted = {"platform_account_id": office.account["id"]}
    assert supplier.post("/v1/payment-batches", json=wanted).status_code == 403
    batch = ok(office.first.post("/v1/payment-batches", json=wanted))
    assert (batch["orders"], batch["total"], batch["status"]) == (1, "950000", "created")
    empty = office.first.post("/v1/payment-batches", json=wanted)
    assert (empty.status_code, empty.json()["code"]) == (409, "nothing_to_pay")
    file = f"/v1/payment-batches/{batch['id']}"
    early = office.first.get(f"{file}/file")
    assert (early.status_code, early.json()["code"]) == (409, "batch_not_released")
    alone = office.first.post(f"{file}/release")
    assert (alone.status_code, alone.json()["code"]) == (409, "batch_four_eyes")
    ok(office.second.post(f"{file}/release"))
    assert office.first.post(f"{file}/cancel").status_code == 409
    written = [office.first.get(f"{file}/file").content for _ in range(2)]
    assert written[0] == written[1]
    assert waiting["end_to_end_id"].encode() in written[0]
    assert supplier.get(f"{file}/file").status_code == 403

    # The statement with the debit settles it, once; the supplier sees it paid.
    debit = line("-950000", "", end_to_end=waiting["end_to_end_id"], reference="OUT1")
    assert taken(office, drain, banking.camt(debit, opening="1000000", number=2))["settled"] == 1
    assert ok(supplier.get(url))["status"] == "settled"
    assert case.payments()[0]["status"] == "paid"
    assert paying.held(case) == 50_000
    assert treasury.balance(AccountKind.BANK_CLEARING) == 50_000

    # A second debit is left to people; money that comes back lays the payment open again.
    second = line("-950000", "", end_to_end=waiting["end_to_end_id"], reference="OUT2")
    taken(office, drain, banking.camt(second, opening="50000", number=3))
    assert outcomes(office)[-1] == ("unmatched", "paid_twice")
    assert treasury.balance(AccountKind.BANK_CLEARING) == 50_000
    back = line("949990", end_to_end=waiting["end_to_end_id"], reason="AC04", reference="BACK")
    taken(office, drain, banking.camt(back, opening="-900000", number=4))
    assert outcomes(office)[-1] == ("returned", "AC04")
    returned = ok(supplier.get(url))
    assert (returned["status"], returned["last_error"]) == ("returned", "AC04")
    assert paying.held(case) == 1_000_000
    assert treasury.balance(AccountKind.PROVIDER_FEES) == 10
    assert treasury.balance(AccountKind.BANK_CLEARING) == 999_990
    (failed,) = case.payments()
    assert failed["status"] in ("approved", "failed")


def test_a_batch_that_nobody_released_gives_its_payments_back(
    as_org: AsOrg, office: Treasury, drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    account = treasury.verified_payee(buyer, office)
    taken(office, drain, banking.camt(line("500", "lost", reference="B1")))
    (item,) = ok(office.first.get("/v1/suspense-items"))["items"]
    url = f"/v1/suspense-items/{item['id']}"
    ok(office.first.post(f"{url}/return", json={"payee_account_id": account["id"]}))
    order = ok(office.second.post(f"{url}/approve"))["order_id"]
    drain()
    wanted = {"platform_account_id": office.account["id"], "order_ids": [order]}
    past = office.first.post("/v1/payment-batches", json={**wanted, "execution_on": "2020-01-01"})
    assert past.json()["errors"][0]["code"] == "passed"
    made = ok(office.first.post("/v1/payment-batches", json=wanted))
    twice = office.first.post("/v1/payment-batches", json=wanted)
    assert twice.json()["errors"][0]["code"] == "unfit"
    ok(office.first.post(f"/v1/payment-batches/{made['id']}/cancel"))
    other = ok(office.first.post("/v1/payment-batches", json=wanted))
    ok(office.second.post(f"/v1/payment-batches/{other['id']}/release"))
    body = office.first.get(f"/v1/payment-batches/{other['id']}/file").content
    assert PAYEE["number"].encode() in body
