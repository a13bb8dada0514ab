"""Subscriptions that are paid by invoice: begun, renewed, changed, dunned, ended."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.core import db
from api.core.outbox import OutboxEvent
from api.payments.models import FeeInvoice, PlanSubscription
from api.payments.service import balances
from api.webhooks.catalogue import plans
from tests.payments import planning
from tests.payments.planning import act, charges, pass_days, pay, shown, subscribed
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def supplier(as_org: AsOrg, monkeypatch: pytest.MonkeyPatch) -> Any:
    planning.invoiced(monkeypatch)
    planning.sold()
    return as_org(["supplier"])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def sound() -> None:
    with db.worker_unit_of_work() as session:
        assert balances.faults(session) == []


def moves(session: Session) -> list[str]:
    session.rollback()
    types = select(OutboxEvent.type).order_by(col(OutboxEvent.id))
    told = [each for each in session.exec(types) if each.startswith("subscription.")]
    return [each.partition(".")[2] for each in told if each not in plans.INTERNAL]


def test_a_subscription_counts_at_once_and_its_invoice_is_paid_by_the_bank(
    supplier: Any, drain: Drain, session: Session
) -> None:
    assert planning.quota(supplier, "bids")["limit"] == 1
    made = subscribed(supplier)
    assert (made["status"], made["plan"], made["fee"]) == ("active", "maker", "3000")
    assert planning.quota(supplier, "bids")["limit"] == 5
    drain()
    drain()
    (charge,) = charges(supplier, made)
    assert (charge["amount"], charge["paid_at"]) == ("3000", None)
    assert charge["reference"].startswith("RF")
    invoice = supplier.get(f"/v1/fee-invoices/{charge['fee_invoice_id']}").json()
    assert (invoice["gross"], invoice["purpose"]) == ("3360", "subscription")
    assert invoice["number"].endswith("-000001")
    assert invoice["content"]["lines"][0]["names"]["zh"] == "Maker"

    assert pay(charge) == Decimal(3360)
    drain()
    assert charges(supplier, made)[0]["paid_at"] is not None
    assert session.exec(select(FeeInvoice)).one().paid_at is not None
    assert code(supplier.post("/v1/subscriptions", json=body())) == (409, "already_exists")
    sound()


def body(**changed: Any) -> dict[str, Any]:
    return {"plan": "maker", "currency": "KGS", "rail": "bank_transfer", **changed}


def test_what_is_not_sold_cannot_be_subscribed_to(supplier: Any, session: Session) -> None:
    for wrong, pointer in (
        ({"plan": "free"}, "#/plan"),
        ({"plan": "nothing"}, "#/plan"),
        ({"currency": "EUR"}, "#/currency"),
        ({"rail": "stripe"}, "#/rail"),
    ):
        answer = supplier.post("/v1/subscriptions", json=body(**wrong))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert session.exec(select(PlanSubscription)).all() == []


def test_of_two_subscriptions_at_once_one_is_made(supplier: Any, session: Session) -> None:
    answers = at_once([lambda: supplier.post("/v1/subscriptions", json=body())] * 2)
    assert sorted(each.status_code for each in answers) == [201, 409]
    assert len(session.exec(select(PlanSubscription)).all()) == 1


def test_a_period_is_followed_by_the_next_and_what_was_asked_for_it(
    supplier: Any, drain: Drain, session: Session
) -> None:
    made = subscribed(supplier, "trader")
    drain()
    pay(charges(supplier, made)[0])
    drain()
    answer = act(supplier, made, "change", plan="maker")
    assert (answer.json()["plan"], answer.json()["next_plan"]) == ("trader", "maker")
    assert planning.quota(supplier, "bids")["limit"] is None
    pass_days(32)
    drain()
    found = shown(supplier, made)
    assert (found["plan"], found["next_plan"], found["status"]) == ("maker", None, "active")
    assert found["period_start"] == made["period_end"]
    first, second = charges(supplier, made)
    assert (first["amount"], second["amount"]) == ("6000", "3000")
    invoices = session.exec(select(FeeInvoice.sequence).order_by(col(FeeInvoice.id))).all()
    assert invoices == [1, 2]
    assert act(supplier, made, "cancel").json()["cancel_at_period_end"] is True
    assert act(supplier, made, "change", plan="maker").json()["cancel_at_period_end"] is False
    pay(second)
    act(supplier, made, "cancel")
    drain()
    pass_days(32)
    drain()
    assert shown(supplier, made)["status"] == "canceled"
    assert len(charges(supplier, made)) == 2
    assert planning.quota(supplier, "bids")["limit"] == 1
    assert code(act(supplier, made, "cancel")) == (409, "conflict")
    assert moves(session)[-1] == "canceled"
    sound()


def test_a_dearer_plan_counts_at_once_and_its_difference_is_invoiced(
    supplier: Any, drain: Drain
) -> None:
    made = subscribed(supplier)
    drain()
    pay(charges(supplier, made)[0])
    drain()
    answer = act(supplier, made, "change", plan="trader")
    assert (answer.json()["plan"], answer.json()["fee"]) == ("trader", "6000")
    assert planning.quota(supplier, "bids")["limit"] is None
    drain()
    _, difference = charges(supplier, made)
    assert difference["code"] == "subscription_change"
    assert Decimal(2999) <= Decimal(difference["amount"]) <= Decimal(3000)
    url = f"/v1/fee-invoices/{difference['fee_invoice_id']}/pdf"
    assert supplier.get(url, params={"language": "ky"}).status_code == 200
    pay(difference)
    drain()
    sound()


def test_who_does_not_pay_has_a_grace_and_then_the_free_plan_until_it_does(
    supplier: Any, drain: Drain, session: Session
) -> None:
    made = subscribed(supplier)
    drain()
    pass_days(14)
    drain()
    assert shown(supplier, made)["status"] == "past_due"
    assert planning.quota(supplier, "bids")["limit"] == 5
    assert code(act(supplier, made, "change", plan="trader")) == (409, "subscription_unpaid")
    pass_days(7)
    drain()
    assert shown(supplier, made)["status"] == "paused"
    assert planning.quota(supplier, "bids")["limit"] == 1
    pay(charges(supplier, made)[0])
    drain()
    assert shown(supplier, made)["status"] == "active"
    assert planning.quota(supplier, "bids")["limit"] == 5
    assert moves(session) == ["started", "past_due", "paused", "activated"]
    sound()


def test_who_never_pays_loses_the_subscription_and_begins_none_before_it_has(
    supplier: Any, drain: Drain
) -> None:
    made = subscribed(supplier)
    drain()
    for days in (14, 7, 11):
        pass_days(days)
        drain()
    assert shown(supplier, made)["status"] == "canceled"
    (charge,) = charges(supplier, made)
    assert code(supplier.post("/v1/subscriptions", json=body())) == (409, "subscription_unpaid")
    pay(charge)
    drain()
    assert shown(supplier, made)["status"] == "canceled"
    assert supplier.post("/v1/subscriptions", json=body()).status_code == 201


def test_the_first_subscription_begins_with_the_trial_of_its_plan(
    as_org: AsOrg, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    planning.invoiced(monkeypatch)
    planning.sold(trial_days=14)
    supplier = as_org(["supplier"])
    made = subscribed(supplier)
    drain()
    assert (made["status"], charges(supplier, made)) == ("trialing", [])
    assert planning.quota(supplier, "bids")["limit"] == 5
    pass_days(15)
    drain()
    found = shown(supplier, made)
    assert (found["status"], found["period_start"]) == ("active", made["period_end"])
    assert [each["amount"] for each in charges(supplier, made)] == ["3000"]


def test_another_organisation_sees_nothing_of_a_subscription(
    supplier: Any, as_org: AsOrg, drain: Drain
) -> None:
    made = subscribed(supplier)
    stranger = as_org(["supplier"])
    url = f"/v1/subscriptions/{made['id']}"
    assert {stranger.get(url).status_code, stranger.get(f"{url}/charges").status_code} == {404}
    assert act(stranger, made, "cancel").status_code == 404
    assert stranger.get("/v1/subscriptions").json()["items"] == []
    assert shown(supplier, made)["version"] == 1
