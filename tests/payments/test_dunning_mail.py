"""Who does not pay for a plan is written to: when the grace begins, and when the plan is paused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.core import mailbox
from tests.core.mailbox import Mailbox
from tests.identity import people
from tests.payments import planning

type AsOrg = Callable[..., Any]
OWNER = "aigul@example.kg"
SELLER = {
    "invoice_seller_name": "Kerben LLC",
    "invoice_seller_identifier": "KG-INN 01234567890123",
    "fee_tax_rate_bp": 1200,
}


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mailbox.running() as box:
        mailbox.told(monkeypatch, f"smtp://127.0.0.1:{box.port}", **SELLER)
        yield box


def test_who_does_not_pay_for_a_plan_is_told_by_mail_and_no_more_once_it_has_paid(
    as_org: AsOrg, drain: Callable[[], int], box: Mailbox
) -> None:
    planning.sold()
    supplier = as_org(["supplier"])
    people.joined(supplier, OWNER, role="owner")
    people.joined(supplier, "officer@example.kg", role="catalogue")
    made = planning.subscribed(supplier)
    drain()
    assert box.mails == []

    planning.pass_days(14)
    drain()
    (first,) = box.mails
    assert (first["To"], first["Subject"]) == (
        OWNER,
        "Не оплачено: ваш тариф maker в Kerben",
    )
    assert "3360 KGS" in first.get_content()
    assert f"/v1/subscriptions/{made['id']}/charges" in first.get_content()

    planning.pass_days(7)
    drain()
    assert [each["Subject"] for each in box.mails[1:]] == [
        "Приостановлено: ваш тариф maker в Kerben"
    ]
    planning.pay(planning.charges(supplier, made)[0])
    drain()
    planning.pass_days(1)
    drain()
    assert planning.shown(supplier, made)["status"] == "active"
    assert len(box.mails) == 2


def test_who_pays_in_time_gets_no_mail(
    as_org: AsOrg, drain: Callable[[], int], box: Mailbox
) -> None:
    planning.sold()
    supplier = as_org(["supplier"])
    people.joined(supplier, OWNER, role="owner")
    made = planning.subscribed(supplier)
    drain()
    planning.pay(planning.charges(supplier, made)[0])
    drain()
    planning.pass_days(22)
    drain()
    assert (planning.shown(supplier, made)["status"], box.tries) == ("active", 0)
