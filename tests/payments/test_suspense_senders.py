"""Money in suspense of somebody who is registered nowhere: back to the account that it came from."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.payments.models import PayeeAccount, PaymentOrder
from api.rules.ledger import AccountKind
from tests.payments import banking, treasury
from tests.payments.banking import line
from tests.payments.treasury import Treasury, ok
from tests.procurement import awarding
from tests.screening import files

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
BYTES = {"Content-Type": "application/octet-stream"}
FROM = "1180000087654321"
NAME = "Асанов Бакыт"
REASON = {"reason": "Another person: born in another year, of another country"}


@pytest.fixture
def office(as_org: AsOrg) -> Treasury:
    return treasury.opened(as_org)


def came(office: Treasury, drain: Drain, **told: Any) -> str:
    """Money that fits nothing; the path of its item."""
    entry = line("500", "За парты", reference="B1", **told)
    ok(office.first.post("/v1/bank-statements", content=banking.camt(entry), headers=BYTES))
    drain()
    (item,) = ok(office.first.get("/v1/suspense-items"))["items"]
    return f"/v1/suspense-items/{item['id']}"


def test_pay_04_money_of_a_stranger_goes_back_to_its_account_with_four_eyes_and_once(
    office: Treasury, drain: Drain, session: Session
) -> None:
    url = came(office, drain, name=NAME, account=FROM, bank="ОАО «Керемет Банк»")
    back = f"{url}/return-to-sender"
    proposed = ok(office.first.post(back, json={"country": "KG"}))
    assert (proposed["status"], proposed["order_id"]) == ("proposed", None)
    alone = office.first.post(f"{url}/approve")
    assert (alone.status_code, alone.json()["code"]) == (409, "payment_four_eyes")
    account = session.exec(select(PayeeAccount)).one()
    assert (account.state, account.is_sender, account.last4) == ("submitted", True, "4321")
    assert FROM.encode() not in (account.number or b"")

    # Who disagrees refuses the account too; the next proposal names it anew.
    assert ok(office.second.post(f"{url}/refuse"))["status"] == "open"
    session.expire_all()
    assert account.state == "refused"
    ok(office.second.post(back, json={"country": "KG"}))
    done = ok(office.first.post(f"{url}/approve"))
    assert done["status"] == "returned"
    assert office.second.post(f"{url}/approve").status_code == 409
    drain()
    batch = ok(
        office.first.post("/v1/payment-batches", json={"platform_account_id": office.account["id"]})
    )
    ok(office.second.post(f"/v1/payment-batches/{batch['id']}/release"))
    file = office.first.get(f"/v1/payment-batches/{batch['id']}/file").content.decode()
    assert (file.count(FROM), file.count(NAME)) == (1, 1)
    order = ok(office.first.get(f"/v1/payment-orders/{done['order_id']}"))
    debit = line("-500", end_to_end=order["end_to_end_id"], reference="OUT")
    body = banking.camt(debit, opening="500", number=2)
    ok(office.first.post("/v1/bank-statements", content=body, headers=BYTES))
    drain()
    assert treasury.balance(AccountKind.SUSPENSE) == 0
    assert treasury.balance(AccountKind.BANK_CLEARING) == 0
    assert len(session.exec(select(PaymentOrder)).all()) == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, {"country": "KG", "bank_name": "Bank"}),
        ({"name": NAME}, {"country": "KG", "bank_name": "Bank"}),
        ({"name": NAME, "account": FROM}, {"country": "KG"}),
        ({"name": NAME, "account": "12"}, {"country": "KG", "bank_name": "Bank"}),
        ({"name": NAME, "account": FROM, "bank": "Bank"}, {}),
    ],
)
def test_nothing_goes_back_to_an_account_of_which_the_statement_says_too_little(
    office: Treasury, drain: Drain, session: Session, told: Any, said: Any
) -> None:
    url = came(office, drain, **told)
    answer = office.first.post(f"{url}/return-to-sender", json=said)
    assert (answer.status_code, answer.json()["code"]) == (409, "sender_unknown"), answer.text
    assert ok(office.first.get(url))["status"] == "open"
    assert session.exec(select(PayeeAccount)).all() == []


def test_pay_11_a_stranger_who_is_on_a_list_gets_nothing_back_before_two_have_cleared_it(
    office: Treasury, drain: Drain
) -> None:
    listed = files.table("a,person,Асанов Бакыт,,,KG,Register 9,,")
    assert files.sent(office.first, listed).status_code == 200
    url = came(office, drain, name=NAME, account=FROM, bank="Bank")
    ok(office.first.post(f"{url}/return-to-sender", json={"country": "KG"}))
    order = ok(office.second.post(f"{url}/approve"))["order_id"]
    drain()
    shown = ok(office.first.get(f"/v1/payment-orders/{order}"))
    assert (shown["status"], shown["blocked_by"]) == ("approved", ["screening_open"])
    (case,) = ok(office.first.get("/v1/screening-cases"))["items"]
    path = f"/v1/screening-cases/{case['id']}"
    ok(office.first.post(f"{path}/propose-clearance", json=REASON))
    ok(awarding.second_client(office.first).post(f"{path}/clear"))
    drain()
    assert ok(office.first.get(f"/v1/payment-orders/{order}"))["status"] == "sent"
