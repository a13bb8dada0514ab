"""Accounts of sellers at Stripe: opened by their own request, led into onboarding, payable while
Stripe says so; and what of them nobody sees."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select
from stripe import StripeClient

from api.core import db, ids, settings
from api.core.jobs import Job
from api.main import create_app
from api.payments.models import PayeeAccount
from api.payments.stripe_rail import client, payees
from api.rules import rails
from tests.payments.stripe_world import StripeWorld
from tests.payments.treasury import PAYEE

CARD_WORDS = ("card_number", "cvc", "cvv", "pan", "exp_month", "exp_year")


ASKED = {
    "country": "DE",
    "currency": "EUR",
    "holder_name": "Ala-Too Textil GmbH",
    "contact_email": "finance@ala-too.example",
}
URL = "/v1/stripe-payee-accounts"


def accounts(world: StripeWorld) -> list[Any]:
    return list(world.api.v2.core.accounts.list().data)


def shown(world: StripeWorld, payee: UUID) -> tuple[Any, Any, Any]:
    """What the supplier sees of its account: its state, Stripe's word, and the reason."""
    answer = world.supplier.get(f"/v1/payee-accounts/{ids.show('payeeaccount', payee)}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["state"], told["provider_status"], told["reason"]


def test_connect_defect_account_refused_a_payee_is_made_as_a_recipient_once_and_led_into_onboarding(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("DE", onboarded=False)
    stripe_world.again(payees.ONBOARD, payee)
    (account,) = accounts(stripe_world)
    row = stripe_world.account_of(payee)
    assert (account.id, row.contact_email) == (row.provider_account_id, None)
    assert (account.dashboard, account.contact_email) == ("express", "finance@supplier.example")
    told = stripe_world.api.v2.core.accounts.retrieve(account.id, {"include": ["defaults"]})
    assert told.defaults is not None
    assert told.defaults.responsibilities.to_dict() == {
        "fees_collector": "application",
        "losses_collector": "application",
        "requirements_collector": "application",
    }
    url = f"/v1/payee-accounts/{ids.show('payeeaccount', payee)}/onboarding-link"
    none = {"url": None, "expires_at": None}
    assert stripe_world.supplier.get(url).json() == none
    asked = stripe_world.supplier.post(url)
    assert (asked.status_code, asked.json()) == (202, none), asked.text
    stripe_world.drain()
    link = stripe_world.supplier.get(url).json()
    assert link["url"].startswith(f"https://accounts.stripe.com/r/{account.id}")
    assert link["expires_at"] is not None
    with db.worker_unit_of_work() as session:
        found = session.get_one(PayeeAccount, payee)
        found.onboarding_expires_at = db.now(session)
        session.add(found)
    assert stripe_world.supplier.get(url).json() == none


def test_a_link_into_onboarding_is_for_those_alone_who_may_say_where_is_paid(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("DE", onboarded=False)
    url = f"/v1/payee-accounts/{ids.show('payeeaccount', payee)}/onboarding-link"
    assert stripe_world.supplier.post(url).status_code == 202
    stripe_world.drain()
    for stranger in (stripe_world.buyer, stripe_world.operator):
        assert (stranger.get(url).status_code, stranger.post(url).status_code) == (404, 404)
    assert "onboarding_url" not in stripe_world.supplier.get("/v1/payee-accounts").text
    with db.worker_unit_of_work() as session:
        asked = session.exec(select(Job).where(Job.name == payees.INVITE)).all()
    assert [(each.org_id, each.result) for each in asked] == [(None, None)]
    bank = stripe_world.supplier.post("/v1/payee-accounts", json=PAYEE).json()
    at_bank = stripe_world.supplier.post(f"/v1/payee-accounts/{bank['id']}/onboarding-link")
    assert (at_bank.status_code, at_bank.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("country", "code"),
    [("KG", "payee_country_not_reached"), ("CN", "global_payouts_off")],
)
def test_no_account_is_opened_where_stripe_would_pay_nobody_and_the_reason_is_told(
    stripe_world: StripeWorld, country: str, code: str
) -> None:
    answer = stripe_world.supplier.post(URL, json={**ASKED, "country": country})
    assert (answer.status_code, answer.json()["code"]) == (409, "payee_not_reached"), answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/country", code)
    stripe_world.drain()
    assert stripe_world.supplier.get("/v1/payee-accounts").json()["items"] == []
    assert accounts(stripe_world) == []


def test_an_organisation_has_one_account_at_stripe_until_it_closes_it(
    stripe_world: StripeWorld,
) -> None:
    key = {"Idempotency-Key": "open-once"}
    first = stripe_world.supplier.post(URL, json=ASKED, headers=key)
    again = stripe_world.supplier.post(URL, json=ASKED, headers=key)
    assert (first.status_code, again.json()) == (201, first.json()), first.text
    other = stripe_world.supplier.post(URL, json={**ASKED, "country": "FR"})
    assert (other.status_code, other.json()["code"]) == (409, "already_exists")
    stripe_world.drain()
    assert len(accounts(stripe_world)) == 1
    retired = stripe_world.supplier.post(f"/v1/payee-accounts/{first.json()['id']}/retire")
    assert retired.status_code == 200
    stripe_world.double.act("onboard", account=accounts(stripe_world)[0].id)
    stripe_world.deliver()
    assert shown(stripe_world, ids.parse("payeeaccount", first.json()["id"]))[:2] == (
        "retired",
        "active",
    )
    assert stripe_world.payee("FR")
    assert len(accounts(stripe_world)) == 2


@pytest.mark.parametrize("fault", ["timeout_after_commit", "error_500_after_commit"])
def test_pay_01_an_account_whose_answer_was_lost_is_not_opened_a_second_time(
    stripe_world: StripeWorld, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", (1.0, 0.3))
    monkeypatch.setattr(client, "RETRIES", 0)
    client._client.cache_clear()
    stripe_world.double.act("fault", kind=fault, path="/v2/core/accounts")
    with pytest.raises(AssertionError, match=payees.ONBOARD):
        stripe_world.payee("DE")
    (made,) = accounts(stripe_world)
    stripe_world.retry()
    client._client.cache_clear()
    assert [each.id for each in accounts(stripe_world)] == [made.id]
    with db.worker_unit_of_work() as session:
        row = session.exec(select(PayeeAccount)).one()
    assert row.provider_account_id == made.id


def test_pay_07_an_account_that_stripe_tells_of_before_its_own_answer_is_known_by_what_it_names(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("DE", onboarded=False)
    account = stripe_world.account_of(payee).provider_account_id
    with db.worker_unit_of_work() as session:
        row = session.get_one(PayeeAccount, payee)
        row.provider_account_id = None
        session.add(row)
    stripe_world.double.act("onboard", account=account)
    stripe_world.deliver(copies=2, seed=3)
    assert stripe_world.account_of(payee).provider_account_id == account
    assert shown(stripe_world, payee) == ("verified", "active", None)


def test_pay_08_what_no_webhook_told_of_an_account_the_poller_finds(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("DE", onboarded=False)
    stripe_world.deliver()
    assert shown(stripe_world, payee) == ("submitted", "restricted", None)
    account = stripe_world.account_of(payee).provider_account_id
    stripe_world.double.act("onboard", account=account)
    stripe_world.letters()
    stripe_world.poll()
    assert shown(stripe_world, payee) == ("verified", "active", None)


def test_pay_11_what_the_operator_has_suspended_stripe_does_not_verify_and_the_other_way_round(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("DE", onboarded=False)
    url = f"/v1/payee-accounts/{ids.show('payeeaccount', payee)}"
    early = stripe_world.operator.post(f"{url}/verify")
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    account = stripe_world.account_of(payee).provider_account_id
    stripe_world.double.act("onboard", account=account)
    stripe_world.deliver()
    why = {"reason": "Another holder"}
    assert stripe_world.operator.post(f"{url}/suspend", json=why).status_code == 200
    for act in ("restrict", "onboard"):
        stripe_world.double.act(act, account=account)
        stripe_world.deliver()
    assert shown(stripe_world, payee) == ("suspended", "active", "Another holder")
    assert stripe_world.operator.post(f"{url}/verify").status_code == 200
    stripe_world.double.act("restrict", account=account)
    stripe_world.deliver()
    assert shown(stripe_world, payee) == ("suspended", "restricted", "stripe: restricted")
    assert stripe_world.operator.post(f"{url}/verify").status_code == 409
    assert shown(stripe_world, payee)[0] == "suspended"


def test_what_stripe_refuses_for_good_is_refused_here_and_may_be_asked_for_anew(
    stripe_world: StripeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rails, "STRIPE_CROSS_BORDER", rails.STRIPE_CROSS_BORDER | {"ZZ"})
    monkeypatch.setattr(payees, "_capabilities", lambda country: {"nonsense": country})
    payee = stripe_world.payee("ZZ", onboarded=False)
    state, status, reason = shown(stripe_world, payee)
    assert (state, status, reason.startswith("stripe: ")) == ("refused", None, True)
    assert accounts(stripe_world) == []
    monkeypatch.undo()


def test_a_seller_where_transfers_do_not_reach_is_asked_for_a_bank_account_instead(
    stripe_world: StripeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERBEN_STRIPE_FINANCIAL_ACCOUNT", "fa_1")
    settings.get.cache_clear()
    payee = stripe_world.payee("CN")
    account = stripe_world.account_of(payee).provider_account_id
    assert account is not None
    api: StripeClient = stripe_world.api
    told = payees.read(api, account)
    assert (payees.takes_transfers(told), payees.takes_payouts(told)) == (False, True)
    monkeypatch.delenv("KERBEN_STRIPE_FINANCIAL_ACCOUNT")
    settings.get.cache_clear()
    stripe_world.pay("1000")
    stripe_world.deliver()
    order = stripe_world.order("600", payee)
    stripe_world.drain()
    assert (stripe_world.order_of(order).last_error or "").startswith("payee_not_payable")
    assert stripe_world.ledger()["escrow_liability EUR"] == Decimal(1000)


def test_pay_10_no_route_takes_a_number_of_a_card() -> None:
    document = create_app().openapi()
    names: set[str] = set()
    for schema in document["components"]["schemas"].values():
        names |= {name.lower() for name in schema.get("properties", {})}
    assert names.isdisjoint(CARD_WORDS)


def test_pay_10_only_a_restricted_key_is_taken_and_it_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERBEN_STRIPE_KEY", "sk_live_everything")
    settings.get.cache_clear()
    try:
        with pytest.raises(SystemExit, match="restricted key") as refused:
            settings.get()
        assert "sk_live_everything" not in str(refused.value)
    finally:
        monkeypatch.undo()
        settings.get.cache_clear()


def test_jobs_that_failed_tell_no_secret(stripe_world: StripeWorld) -> None:
    stripe_world.double.act("fault", kind="error_500", path="/v1/checkout", times=5)
    with pytest.raises(AssertionError, match="payments.instruct"):
        stripe_world.ask("1000", "EUR")
    with db.worker_unit_of_work() as session:
        told = session.exec(select(Job.last_error).where(col(Job.last_error).is_not(None))).all()
    assert told
    assert not any("rk_test" in (each or "") or "whsec" in (each or "") for each in told)


def test_sec_01_only_the_operator_sees_what_is_known_of_stripe_without_any_filter(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000", card="pm_card_createDispute")
    stripe_world.deliver()
    (intent,) = stripe_world.api.v1.payment_intents.list().data
    stripe_world.poll()
    tables = ("stripe_object", "payment_dispute", "stripe_cursor")

    def seen(org_id: UUID, **scope: str) -> list[int]:
        with db.unit_of_work(org_id) as unit:
            db.scope(unit, org_id=org_id.hex, **scope)
            found = [unit.connection().scalar(text(f"SELECT count(*) FROM {t}")) for t in tables]
            return [each or 0 for each in found]

    assert intent.status == "succeeded"
    assert all(seen(stripe_world.operator.org_id, operator="on"))
    for party in (stripe_world.buyer, stripe_world.supplier):
        assert not any(seen(party.org_id))
