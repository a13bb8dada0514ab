"""The treasury through HTTP: accounts, what is expected, what goes out, what fits nothing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from api.core import db
from api.payments.service import suspense
from api.rules.ledger import AccountKey, AccountKind
from tests.payments import treasury
from tests.payments.treasury import PAYEE, Treasury, ok

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def office(as_org: AsOrg) -> Treasury:
    return treasury.opened(as_org)


def came(amount: str, currency: str = "KGS", key: str = "line:1") -> None:
    """Money of nobody's has come at the bank."""
    with db.worker_unit_of_work() as session:
        suspense.receive(
            session,
            external_id=key,
            amount=Decimal(amount),
            currency=currency,
            clearing=AccountKey(AccountKind.BANK_CLEARING, currency),
            reason="unknown_reference",
            actor="bank",
            payer="ОсОО Кто-то",
        )


def test_an_account_is_added_by_its_owner_verified_by_the_operator_and_closed(
    as_org: AsOrg, office: Treasury
) -> None:
    supplier, other = as_org(["supplier"]), as_org(["supplier"])
    wrong = supplier.post("/v1/payee-accounts", json={**PAYEE, "number": "123"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid"), wrong.text
    for changed in ({"country": "DE", "number": "DE00370400440532013000"}, {"bic": "NOTABIC"}):
        assert supplier.post("/v1/payee-accounts", json={**PAYEE, **changed}).status_code == 422
    made = ok(supplier.post("/v1/payee-accounts", json=PAYEE))
    url = f"/v1/payee-accounts/{made['id']}"
    assert (made["state"], made["last4"], "number" in made) == ("submitted", "5678", False)
    twice = supplier.post("/v1/payee-accounts", json=PAYEE)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")
    assert other.get(url).status_code == 404
    assert supplier.post(f"{url}/verify").status_code == 403
    assert office.first.post(f"{url}/verify", headers={"If-Match": '"7"'}).status_code == 412
    assert ok(office.first.post(f"{url}/verify"))["state"] == "verified"
    assert [each["id"] for each in ok(office.first.get("/v1/payee-accounts"))["items"]] == [
        made["id"]
    ]
    assert office.first.post(f"{url}/retire").status_code == 404
    assert ok(supplier.post(f"{url}/retire"))["state"] == "retired"
    assert ok(supplier.post("/v1/payee-accounts", json=PAYEE))["state"] == "submitted"


def test_pay_02_the_operator_does_not_verify_an_account_that_it_has_added_with_the_same_key(
    office: Treasury,
) -> None:
    own = ok(office.first.post("/v1/payee-accounts", json=PAYEE))
    url = f"/v1/payee-accounts/{own['id']}"
    alone = office.first.post(f"{url}/verify")
    assert (alone.status_code, alone.json()["code"]) == (409, "payee_four_eyes")
    assert ok(office.first.get(url))["state"] == "submitted"
    assert ok(office.second.post(f"{url}/verify"))["state"] == "verified"
    why = {"reason": "The holder's name differs"}
    assert ok(office.first.post(f"{url}/suspend", json=why))["state"] == "suspended"
    assert office.first.post(f"{url}/suspend", json=why).status_code == 409


def test_a_payer_sees_what_to_write_and_where_to_pay_and_nobody_else_does(
    as_org: AsOrg, office: Treasury
) -> None:
    buyer, stranger = as_org(["buyer"]), as_org(["buyer"])
    collection, reference = treasury.expected(buyer.org_id)
    shown = ok(buyer.get(f"/v1/collections/{collection}"))
    assert (shown["reference"], shown["amount"], shown["receipts"]) == (reference, "1000", [])
    assert [each["number"] for each in shown["pay_to"]] == [treasury.NUMBER]
    assert stranger.get(f"/v1/collections/{collection}").status_code == 404
    assert ok(stranger.get("/v1/collections"))["items"] == []
    assert stranger.get("/v1/platform-accounts").status_code == 403
    ok(office.first.post(f"/v1/platform-accounts/{office.account['id']}/close"))
    assert ok(buyer.get(f"/v1/collections/{collection}"))["pay_to"] == []
    assert [each["id"] for each in ok(office.first.get("/v1/collections"))["items"]] == [collection]


def test_pay_04_money_in_suspense_is_assigned_by_two_and_what_is_too_much_stays(
    as_org: AsOrg, office: Treasury
) -> None:
    buyer = as_org(["buyer"])
    collection, _ = treasury.expected(buyer.org_id)
    foreign, _ = treasury.expected(buyer.org_id, currency="USD")
    came("1200")
    (item,) = ok(office.first.get("/v1/suspense-items?status=open"))["items"]
    url = f"/v1/suspense-items/{item['id']}"
    wrong = office.first.post(f"{url}/assign", json={"collection_id": foreign})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "suspense_unfit")
    proposed = ok(office.first.post(f"{url}/assign", json={"collection_id": collection}))
    assert (proposed["status"], proposed["assign_to"]) == ("proposed", collection)
    alone = office.first.post(f"{url}/approve")
    assert (alone.status_code, alone.json()["code"]) == (409, "payment_four_eyes")
    assert treasury.balance(AccountKind.SUSPENSE) == 1200
    assert buyer.post(f"{url}/approve").status_code == 403
    assert ok(office.second.post(f"{url}/approve"))["status"] == "assigned"
    assert office.second.post(f"{url}/approve").status_code == 409
    shown = ok(buyer.get(f"/v1/collections/{collection}"))
    assert (shown["status"], shown["received_amount"]) == ("received", "1000")
    (rest,) = ok(office.first.get("/v1/suspense-items?status=open"))["items"]
    assert (rest["amount"], rest["reason"]) == ("200", "amount")
    assert treasury.balance(AccountKind.SUSPENSE) == 200
    assert treasury.balance(AccountKind.ESCROW_LIABILITY) == 1000
    assert treasury.balance(AccountKind.BANK_CLEARING) == 1200


def test_pay_04_money_in_suspense_goes_back_by_a_payment_order_and_is_open_again_when_that_is_not_paid(
    as_org: AsOrg, office: Treasury, drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    came("500")
    account = ok(buyer.post("/v1/payee-accounts", json=PAYEE))
    (item,) = ok(office.first.get("/v1/suspense-items"))["items"]
    url = f"/v1/suspense-items/{item['id']}"
    to = {"payee_account_id": account["id"]}
    unfit = office.first.post(f"{url}/return", json=to)
    assert (unfit.status_code, unfit.json()["code"]) == (409, "payee_unfit")
    ok(office.first.post(f"/v1/payee-accounts/{account['id']}/verify"))
    ok(office.first.post(f"{url}/return", json=to))
    assert ok(office.first.post(f"{url}/refuse"))["status"] == "open"
    ok(office.first.post(f"{url}/return", json=to))
    done = ok(office.second.post(f"{url}/approve"))
    assert done["status"] == "returned"
    paid = f"/v1/payment-orders/{done['order_id']}"
    assert ok(buyer.get(paid))["status"] == "approved"
    assert as_org(["buyer"]).get(paid).status_code == 404
    assert buyer.post(f"{paid}/cancel").status_code == 403
    assert ok(office.first.post(f"{paid}/cancel"))["status"] == "cancelled"
    drain()
    assert ok(office.first.get(url))["status"] == "open"
    ok(office.second.post(f"{url}/return", json=to))
    again = ok(office.first.post(f"{url}/approve"))
    drain()
    sent = ok(office.first.get(f"/v1/payment-orders/{again['order_id']}"))
    assert (sent["status"], sent["amount"], sent["purpose"]) == ("sent", "500", "refund")
    late = office.first.post(f"/v1/payment-orders/{sent['id']}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "payment_under_way")


def test_a_rail_that_does_not_fit_says_why(office: Treasury) -> None:
    asked = {
        "payer_country": "KG",
        "payee_country": "KG",
        "currency": "KGS",
        "amount": "1000.005",
        "purpose": "release",
    }
    told = ok(office.first.get("/v1/payment-rails", params=asked))
    why = {each["rail"]: [x["code"] for x in each["refusals"]] for each in told["rails"]}
    assert (told["chosen"], why) == (
        None,
        {
            "stripe": ["stripe_off"],
            "bank_transfer": ["finer_than_coin"],
            "guarantee": ["no_money"],
        },
    )
    fits = ok(office.first.get("/v1/payment-rails", params={**asked, "amount": "1000"}))
    assert fits["chosen"] == "bank_transfer"
    cny = ok(office.first.get("/v1/payment-rails", params={**asked, "currency": "CNY"}))
    assert cny["rails"][1]["refusals"][-1]["code"] == "no_bank_account"
