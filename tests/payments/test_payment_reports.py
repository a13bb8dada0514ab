"""Reports of banks on files of payments (pain.002): what was rejected is paid again once, never twice."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core.jobs import Job
from api.intake.schemes import hmac_sha256
from api.payments.models import PaymentReportLine
from api.rules.ledger import AccountKind
from tests.payments import banking, paying, treasury
from tests.payments.banking import Said, line
from tests.payments.paying import Paid
from tests.payments.treasury import Treasury, ok

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
BYTES = {"Content-Type": "application/octet-stream"}


def told(office: Treasury, drain: Drain, body: bytes) -> dict[str, int]:
    """The result of the job that has worked a report."""
    job = ok(office.first.post("/v1/payment-status-reports", content=body, headers=BYTES))
    drain()
    done = ok(office.first.get(f"/v1/jobs/{job['id']}"))
    assert done["status"] == "succeeded", done
    return {name: number for name, number in done["result"].items() if number}


def words(office: Treasury, **query: str) -> list[tuple[str, str, str, str | None]]:
    """What banks said of payments, the first word first, and what became of it."""
    found = ok(office.first.get("/v1/payment-status-reports/payments", params=query))["items"]
    return [
        (each["status"], each["verdict"], each["outcome"], each["outcome_reason"])
        for each in reversed(found)
    ]


def stated(office: Treasury, drain: Drain, body: bytes) -> None:
    ok(office.first.post("/v1/bank-statements", content=body, headers=BYTES))
    drain()


def entry_outcomes(office: Treasury) -> list[tuple[str, str | None]]:
    items = ok(office.first.get("/v1/bank-entries"))["items"]
    return [(each["outcome"], each["reason"]) for each in reversed(items)]


def let_out(office: Treasury, **wanted: Any) -> Any:
    """A file of the payments that wait, let out to the bank."""
    body = {"platform_account_id": office.account["id"], **wanted}
    made = ok(office.first.post("/v1/payment-batches", json=body))
    return ok(office.second.post(f"/v1/payment-batches/{made['id']}/release"))


def released(as_org: AsOrg, session: Session, drain: Drain) -> tuple[Treasury, Paid, Any, Any]:
    """A payment of a milestone that is in a file at the bank: treasury, contract, order, file."""
    office = treasury.opened(as_org)
    case = paying.agreed(
        session,
        as_org,
        drain,
        payee_of=lambda supplier: str(treasury.verified_payee(supplier, office)["id"]),
    )
    paying.fund(case)
    paying.deliver(case, "600")
    paying.approved(case, case.payments()[0])
    batch = let_out(office)
    (order,) = ok(case.made.supplier.get("/v1/payment-orders"))["items"]
    return office, case, order, batch


def test_a_rejected_payment_goes_back_to_its_milestone_and_is_paid_again_once(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office, case, order, batch = released(as_org, session, drain)
    supplier, held = case.made.supplier, paying.held(case)
    said = Said(order["end_to_end_id"], "RJCT", "AC04", "Счёт закрыт")
    report = banking.pain002(batch["message_id"], said, of_file="PART")

    assert told(office, drain, report) == {"payments": 1, "failed": 1}
    assert words(office) == [("RJCT", "rejected", "failed", None)]
    shown = ok(office.first.get(f"/v1/payment-batches/{batch['id']}"))
    assert shown["bank_status"] == "partly_accepted"
    failed = ok(supplier.get(f"/v1/payment-orders/{order['id']}"))
    assert (failed["status"], failed["last_error"]) == ("failed", "AC04: Счёт закрыт")
    (payment,) = case.payments()
    assert (payment["status"], payment["reason"]) == ("approved", "AC04: Счёт закрыт")
    assert paying.held(case) == 1_000_000 > held

    # The file that it was in is given to nobody any more.
    file = office.first.get(f"/v1/payment-batches/{batch['id']}/file")
    assert (file.status_code, file.json()["code"]) == (409, "batch_rejected")

    # The supplier names an account; the payment is made by another order, and by one.
    retry = case.url(f"payments/{payment['id']}/retry")
    ok(supplier.post(retry, json={"payee_account_id": case.account}))
    drain()
    again = let_out(office)
    assert (again["orders"], again["total"]) == (1, "950000")

    # Told again under the same id or another, it changes nothing.
    assert told(office, drain, report + b"\n") == {"known_payments": 1}
    later = banking.pain002(batch["message_id"], said, id="R2")
    assert told(office, drain, later) == {"payments": 1, "noted": 1}
    first, second = ok(supplier.get("/v1/payment-orders"))["items"][::-1]
    assert (first["status"], second["status"]) == ("failed", "sent")

    # A debit of what was rejected settles nothing; that of the second order does.
    old = line("-950000", end_to_end=first["end_to_end_id"], reference="OUT1")
    new = line("-950000", end_to_end=second["end_to_end_id"], reference="OUT2")
    stated(office, drain, banking.camt(old, new, opening="2000000"))
    assert entry_outcomes(office) == [("unmatched", "rejected_before"), ("settled", None)]
    assert (case.payments()[0]["status"], paying.held(case)) == ("paid", 50_000)
    assert supplier.post(retry, json={"payee_account_id": case.account}).status_code == 409


def test_a_file_that_is_rejected_as_a_whole_frees_all_its_payments_but_one_that_went(
    as_org: AsOrg, drain: Drain
) -> None:
    office, buyer = treasury.opened(as_org), as_org(["buyer"])
    account = treasury.verified_payee(buyer, office)
    stated(office, drain, banking.camt(*[line("500", reference=f"B{n}") for n in range(3)]))
    orders = []
    for item in ok(office.first.get("/v1/suspense-items"))["items"]:
        url = f"/v1/suspense-items/{item['id']}"
        ok(office.first.post(f"{url}/return", json={"payee_account_id": account["id"]}))
        orders.append(ok(office.second.post(f"{url}/approve"))["order_id"])
    drain()
    batch = let_out(office)
    went = ok(office.first.get(f"/v1/payment-orders/{orders[0]}"))["end_to_end_id"]
    debit = line("-500", end_to_end=went, reference="OUT")
    stated(office, drain, banking.camt(debit, opening="1500", number=2))

    report = banking.pain002(batch["message_id"], of_file="RJCT", reason="AM18")
    assert told(office, drain, report) == {"payments": 3, "failed": 2, "unmatched": 1}
    assert words(office, outcome="unmatched") == [
        ("RJCT", "rejected", "unmatched", "order_settled")
    ]
    found = [ok(office.first.get(f"/v1/payment-orders/{each}"))["status"] for each in orders]
    assert found == ["settled", "failed", "failed"]
    open_ = ok(office.first.get("/v1/suspense-items?status=open"))["items"]
    assert len(open_) == 2
    assert treasury.balance(AccountKind.SUSPENSE) == 1000
    accepted = banking.pain002(batch["message_id"], of_file="ACCP", id="R2")
    assert told(office, drain, accepted) == {"payments": 3, "noted": 1, "unmatched": 2}
    assert words(office, outcome="unmatched")[-1][-1] == "rejected_before"


def test_what_a_bank_accepts_pays_nothing_and_what_contradicts_is_left_to_people(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office, case, order, batch = released(as_org, session, drain)
    id = order["end_to_end_id"]
    report = banking.pain002(
        batch["message_id"],
        Said(id, "ACSC"),
        Said("NOBODYSPAYMENT00", "RJCT", "AC01"),
        of_file="ACCP",
    )
    assert told(office, drain, report) == {"payments": 2, "noted": 1, "unmatched": 1}
    wrong = banking.pain002(
        batch["message_id"], Said(id, "RJCT", "AM09", amount="949999"), id="R2", of_file="PART"
    )
    assert told(office, drain, wrong) == {"payments": 1, "unmatched": 1}
    assert words(office) == [
        ("ACSC", "accepted", "noted", None),
        ("RJCT", "rejected", "unmatched", "unknown_order"),
        ("RJCT", "rejected", "unmatched", "amount_differs"),
    ]
    assert ok(case.made.supplier.get(f"/v1/payment-orders/{order['id']}"))["status"] == "sent"
    assert case.payments()[0]["status"] == "released"


def test_a_report_comes_by_the_intake_as_statements_do(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office, case, order, batch = released(as_org, session, drain)
    asked = {"name": "Bakai", "provider": "bank", "scheme": "hmac_sha256", "secret": "long secret"}
    source = ok(office.first.post("/v1/intake-sources", json=asked))
    body = banking.pain002(batch["message_id"], Said(order["end_to_end_id"], "RJCT", "AC04"))
    token = {"X-Bank-Signature": hmac_sha256(body, b"long secret"), "Content-Type": "text/xml"}
    client = office.first.client
    for _ in range(2):
        assert client.post(source["webhook_path"], content=body, headers=token).status_code == 200
    drain()
    assert words(office) == [("RJCT", "rejected", "failed", None)]
    assert case.payments()[0]["status"] == "approved"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("report_file_unknown", banking.pain002("KERBENNOBODYS", of_file="RJCT")),
        ("report_unreadable", banking.pain002("KERBENX")),
        ("report_unreadable", banking.camt(line("1"))),
        ("invalid", banking.pain002("KERBENX", of_file="RJCT")[:-20]),
    ],
)
def test_what_is_no_report_of_ours_is_refused_and_nothing_is_kept(
    as_org: AsOrg, session: Session, code: str, body: bytes
) -> None:
    office = treasury.opened(as_org)
    url = "/v1/payment-status-reports"
    answer = office.first.post(url, content=body, headers=BYTES)
    assert (answer.json()["code"], answer.status_code >= 400) == (code, True), answer.text
    assert as_org(["buyer"]).post(url, content=body, headers=BYTES).status_code == 403
    for table in (PaymentReportLine, Job):
        assert session.exec(select(table)).all() == []


def test_a_file_that_nobody_let_out_is_unknown_to_banks(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office, buyer = treasury.opened(as_org), as_org(["buyer"])
    account = treasury.verified_payee(buyer, office)
    stated(office, drain, banking.camt(line("500", reference="B1")))
    (item,) = ok(office.first.get("/v1/suspense-items"))["items"]
    url = f"/v1/suspense-items/{item['id']}"
    ok(office.first.post(f"{url}/return", json={"payee_account_id": account["id"]}))
    order = ok(office.second.post(f"{url}/approve"))["order_id"]
    drain()
    wanted = {"platform_account_id": office.account["id"]}
    made = ok(office.first.post("/v1/payment-batches", json=wanted))
    body = banking.pain002(made["message_id"], of_file="RJCT")
    answer = office.first.post("/v1/payment-status-reports", content=body, headers=BYTES)
    assert (answer.status_code, answer.json()["code"]) == (409, "report_file_unknown")
    assert ok(office.first.get(f"/v1/payment-orders/{order}"))["status"] == "sent"
