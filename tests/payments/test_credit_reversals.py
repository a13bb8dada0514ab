"""Credits that a bank takes back: off the collection that they were for, or out of suspense."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from api.core import db, ids
from api.payments.models import Collection, CollectionReversal
from api.payments.service import posting
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer
from tests.payments import banking, paying, treasury
from tests.payments.banking import line
from tests.payments.treasury import Treasury, ok

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def office(as_org: AsOrg) -> Treasury:
    return treasury.opened(as_org)


def stated(office: Treasury, drain: Drain, body: bytes) -> list[tuple[str, str | None]]:
    """What became of every entry so far."""
    ok(office.first.post("/v1/bank-statements", content=body, headers=BYTES))
    drain()
    items = ok(office.first.get("/v1/bank-entries"))["items"]
    return [(each["outcome"], each["reason"]) for each in reversed(items)]


def money() -> dict[str, Decimal]:
    kinds = (
        AccountKind.BANK_CLEARING,
        AccountKind.ESCROW_LIABILITY,
        AccountKind.SUSPENSE,
        AccountKind.BUYER_RECEIVABLE,
    )
    return {kind.value: left for kind in kinds if (left := treasury.balance(kind))}


def came_back(office: Treasury, drain: Drain, *lines: Any) -> list[tuple[str, str | None]]:
    """What became of debits of a second statement, after what came by the first."""
    opening = f"{treasury.balance(AccountKind.BANK_CLEARING).normalize():f}"
    return stated(office, drain, banking.camt(*lines, opening=opening, number=2))


def test_a_credit_that_the_bank_takes_back_is_expected_again(
    as_org: AsOrg, office: Treasury, drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    collection, reference = treasury.expected(buyer.org_id)
    stated(office, drain, banking.camt(line("1000", reference, reference="B1")))
    back = line("-1000", reference="B1", reverses=True, reason="AM05")
    assert came_back(office, drain, back)[-1] == ("reversed", "AM05")
    assert money() == {}
    shown = ok(buyer.get(f"/v1/collections/{collection}"))
    assert (shown["status"], shown["received_amount"], len(shown["receipts"])) == (
        "requested",
        "0",
        1,
    )
    assert [each["number"] for each in shown["pay_to"]] == [treasury.NUMBER]
    credit, debit = ok(office.first.get("/v1/bank-entries"))["items"][::-1]
    assert debit["reverses_id"] == credit["id"]

    # The bank takes it back but once; what comes anew is received anew.
    again = line("-1000", reference, reference="B8", reverses=True)
    anew = line("1000", reference, reference="B9")
    body = banking.camt(again, anew, number=3)
    assert stated(office, drain, body)[-2:] == [
        ("unmatched", "unknown_credit"),
        ("received", None),
    ]
    assert ok(buyer.get(f"/v1/collections/{collection}"))["status"] == "received"
    assert money() == {"bank_clearing": 1000, "escrow_liability": 1000}
    told = ok(buyer.get("/v1/events"))["items"]
    assert [each["type"] for each in told].count("payment.reversed") == 1


def test_what_is_told_by_the_payers_words_is_found_and_what_fits_two_is_left_to_people(
    as_org: AsOrg, office: Treasury, drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    first, one = treasury.expected(buyer.org_id)
    second, two = treasury.expected(buyer.org_id)
    body = banking.camt(
        line("400", one, reference="B1"),
        line("600", one, reference="B2"),
        line("500", two, reference="B3"),
        line("500", two, reference="B4"),
    )
    stated(office, drain, body)
    found = came_back(
        office,
        drain,
        line("-600", f"Отзыв {one}", reverses=True),
        line("-500", two, reverses=True),
        line("-401", one, reverses=True),
    )
    assert found[-3:] == [
        ("reversed", None),
        ("unmatched", "several_credits"),
        ("unmatched", "unknown_credit"),
    ]
    shown = [ok(buyer.get(f"/v1/collections/{each}")) for each in (first, second)]
    assert [(each["status"], each["received_amount"]) for each in shown] == [
        ("partially_received", "400"),
        ("received", "1000"),
    ]
    assert money() == {"bank_clearing": 1400, "escrow_liability": 1400}


def test_what_was_too_much_or_assigned_since_leaves_what_it_is_on_unless_it_was_sent_back(
    as_org: AsOrg, office: Treasury, drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    account = treasury.verified_payee(buyer, office)["id"]
    first, one = treasury.expected(buyer.org_id)
    other, _ = treasury.expected(buyer.org_id, "60")
    credits = (("1200", one, "B1"), ("70", "?", "B2"), ("40", "?", "B3"))
    body = banking.camt(*(line(amount, told, reference=ref) for amount, told, ref in credits))
    stated(office, drain, body)
    sent, assigned, rest = ok(office.first.get("/v1/suspense-items"))["items"]
    for item, what, to in (
        (assigned, "assign", {"collection_id": other}),
        (sent, "return", {"payee_account_id": account}),
    ):
        url = f"/v1/suspense-items/{item['id']}"
        ok(office.first.post(f"{url}/{what}", json=to))
        ok(office.second.post(f"{url}/approve"))
    assert ok(buyer.get(f"/v1/collections/{other}"))["received_amount"] == "60"
    found = came_back(
        office,
        drain,
        *(line(f"-{amount}", reference=ref, reverses=True) for amount, _, ref in credits),
    )
    decided = ("unmatched", "suspense_decided")
    assert found[-3:] == [("reversed", None), ("reversed", None), decided]
    items = ok(office.first.get("/v1/suspense-items"))["items"]
    left = {each["id"]: (each["amount"], each["status"]) for each in items}
    assert left.pop(rest["id"]) == ("200", "reversed")
    assert left.pop(assigned["id"]) == ("70", "assigned")
    assert left.pop(sent["id"]) == ("40", "returned")
    assert [*left.values()] == [("10", "reversed")]
    for collection in (first, other):
        shown = ok(buyer.get(f"/v1/collections/{collection}"))
        assert (shown["received_amount"], shown["status"]) == ("0", "requested")
    assert money() == {"bank_clearing": 40, "suspense": 40}


def test_what_was_paid_out_meanwhile_the_payer_owes_and_is_asked_for(
    as_org: AsOrg, office: Treasury, drain: Drain, session: Session
) -> None:
    buyer = as_org(["buyer"])
    collection, reference = treasury.expected(buyer.org_id)
    stated(office, drain, banking.camt(line("1000", reference, reference="B1")))
    _spend(collection, "700")
    assert came_back(office, drain, line("-1000", reference="B1", reverses=True))[-1] == (
        "reversed",
        None,
    )
    made = session.exec(select(CollectionReversal)).one()
    assert (made.taken_amount, made.owed_amount) == (300, 700)
    shown = ok(buyer.get(f"/v1/collections/{collection}"))
    assert (shown["status"], shown["received_amount"]) == ("partially_received", "700")
    debt = ok(buyer.get("/v1/collections"))["items"][0]
    assert (debt["amount"], debt["status"]) == ("700", "requested")
    assert money() == {"bank_clearing": -700, "buyer_receivable": 700}
    paid = banking.camt(line("700", debt["reference"], reference="B7"), opening="-700", number=3)
    assert stated(office, drain, paid)[-1] == ("received", None)
    assert money() == {}


def _spend(collection_id: str, amount: str) -> None:
    with db.worker_unit_of_work() as session:
        found = session.get_one(Collection, ids.parse("collection", collection_id))
        assert isinstance(found.credit_reference, UUID)
        account = AccountKey(found.credit_kind, "KGS", found.credit_reference)
        clearing = AccountKey(AccountKind.BANK_CLEARING, "KGS")
        entries = transfer(account, clearing, Decimal(amount))
        told = Posting(key="spent", kind="test", entries=entries, actor="test")
        posting.post(session, told, {found.credit_reference: []})


def test_a_milestone_is_no_longer_funded_once_the_bank_took_the_money_back(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    office = treasury.opened(as_org)
    case = paying.agreed(session, as_org, drain)
    body = {"amount": "1000000", "rail": "bank_transfer", "due_at": "2099-01-01T00:00:00Z"}
    asked = ok(case.first.post(case.url("fundings"), json=body))
    reference = ok(case.first.get(f"/v1/collections/{asked['collection_id']}"))["reference"]
    stated(office, drain, banking.camt(line("1000000", reference, reference="B1")))
    assert {each["status"] for each in case.milestones()} == {"funded"}
    came_back(office, drain, line("-1000000", reference="B1", reverses=True))
    assert {each["status"] for each in case.milestones()} == {"planned"}
    assert paying.held(case) == 0
    paying.deliver(case, "600")
    paying.approved(case, case.payments()[0])
    assert paying.all_orders(session) == []
