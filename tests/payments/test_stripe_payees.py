from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select
from stripe import StripeClient

from api.core import db, jobs, settings
from api.core.jobs import Job
from api.main import create_app
from api.payments.stripe_rail import payees
from tests.payments.stripe_world import StripeWorld

CARD_WORDS = ("card_number", "cvc", "cvv", "pan", "exp_month", "exp_year")


def test_connect_defect_account_refused_a_payee_is_made_as_a_recipient_once_and_led_into_onboarding(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("DE", onboarded=False)
    stripe_world.again(payees.ONBOARD, payee)
    (account,) = stripe_world.api.v2.core.accounts.list().data
    assert account.id == stripe_world.account_of(payee).provider_account_id
    with db.worker_unit_of_work() as session:
        job_id = jobs.enqueue(session, payees.INVITE, {"resource_id": payee.hex}).id
    stripe_world.drain()
    with db.worker_unit_of_work() as session:
        result = session.get_one(Job, job_id).result
    assert result is not None
    assert result["url"].startswith("https://accounts.stripe.com/")


def test_a_seller_where_transfers_do_not_reach_is_asked_for_a_bank_account_instead(
    stripe_world: StripeWorld,
) -> None:
    payee = stripe_world.payee("CN")
    account = stripe_world.account_of(payee).provider_account_id
    assert account is not None
    api: StripeClient = stripe_world.api
    told = payees.read(api, account)
    assert (payees.takes_transfers(told), payees.takes_payouts(told)) == (False, True)
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
