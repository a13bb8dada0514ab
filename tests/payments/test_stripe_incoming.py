from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

from sqlmodel import select
from stripe import WebhookSignature

from api.core import db
from api.intake.models import IntakeMessage, Proof
from api.payments.models import ProviderLine, StripeObject
from api.payments.stripe_rail import polling, provider
from api.rules.rails import CollectionStatus
from api.rules.stripe_events import StripeKind
from tests.payments.stripe_world import StripeWorld, body_of

CARD = {
    "escrow_liability EUR": Decimal(1000),
    "provider_fees EUR": Decimal("29.3"),
    "stripe_clearing EUR": Decimal("970.7"),
}
"""A thousand, paid by card: 2.9 % and 0.30 are Stripe's."""


def test_connect_defect_fee_counted_twice_a_card_payment_and_its_fee_are_booked_once(
    stripe_world: StripeWorld,
) -> None:
    paid = stripe_world.pay("1000")
    stripe_world.deliver(copies=2, seed=1)
    assert stripe_world.collection(paid).status is CollectionStatus.RECEIVED
    assert stripe_world.ledger() == CARD
    assert stripe_world.at_stripe() == Decimal("970.70")


def test_pay_04_a_bank_transfer_comes_in_parts_to_an_account_of_its_own(
    stripe_world: StripeWorld,
) -> None:
    asked = stripe_world.ask("1000", "USD")
    intent = stripe_world.intent_of(asked)
    assert intent["transfer_group"] == stripe_world.contract.hex
    for part in (40_000, 60_000):
        assert stripe_world.collection(asked).status is CollectionStatus.REQUESTED
        stripe_world.double.act("fund", customer=intent["customer"], amount=part, currency="usd")
        stripe_world.deliver()
    assert stripe_world.collection(asked).status is CollectionStatus.RECEIVED
    assert stripe_world.ledger() == {
        "escrow_liability USD": Decimal(1000),
        "provider_fees USD": Decimal(5),
        "stripe_clearing USD": Decimal(995),
    }


def test_pay_08_connect_defect_webhook_secret_lost_what_no_webhook_brought_is_read_from_the_list_of_events(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000")
    lost = [
        each | {"signature": each["signature"][:-4] + "0000"} for each in stripe_world.letters()
    ]
    assert {stripe_world.post(each) for each in lost} == {401}
    assert stripe_world.drain() == 0
    stripe_world.poll()
    assert stripe_world.ledger() == CARD
    with db.worker_unit_of_work() as session:
        proofs = set(session.exec(select(IntakeMessage.verified_by)))
        before = len(session.exec(select(IntakeMessage.id)).all())
    assert proofs == {Proof.CREDENTIALS}
    with db.worker_unit_of_work() as session:
        cursor = polling._held(session, polling.EVENTS)
        cursor.asked_at -= polling.EVERY[polling.EVENTS]
    stripe_world.poll()
    with db.worker_unit_of_work() as session:
        assert len(session.exec(select(IntakeMessage.id)).all()) == before
    assert stripe_world.ledger() == CARD


def test_pay_10_two_secrets_are_valid_while_one_is_replaced(stripe_world: StripeWorld) -> None:
    stripe_world.pay("1000")
    letters = stripe_world.letters()
    source = next(iter(stripe_world.paths.values())).rpartition("/")[2]
    changed = stripe_world.operator.patch(
        f"/v1/intake-sources/{source}", json={"secret": "whsec_the_new_one"}
    )
    assert changed.status_code == 200, changed.text
    assert {stripe_world.post(each) for each in letters} == {200}
    ended = stripe_world.operator.patch(
        f"/v1/intake-sources/{source}", json={"secret": "whsec_newer_yet", "overlap_hours": 0}
    )
    assert ended.status_code == 200
    assert {stripe_world.post(each) for each in letters} == {401}


def test_pay_07_two_workers_that_fold_one_payment_at_once_book_it_once(
    stripe_world: StripeWorld,
) -> None:
    paid = stripe_world.pay("1000")
    intent = stripe_world.intent_of(paid)["id"]
    begin = Barrier(4)

    def work(_: int) -> None:
        with db.worker_unit_of_work() as session:
            begin.wait()
            provider.fold(session, StripeKind.PAYMENT, intent)

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(work, range(4))] == [None] * 4
    assert stripe_world.collection(paid).status is CollectionStatus.RECEIVED
    assert stripe_world.ledger() == CARD


def test_pay_08_unknown_types_are_stored_and_change_nothing(stripe_world: StripeWorld) -> None:
    stripe_world.api.v1.customers.create({"name": "nobody's business"})
    letters = stripe_world.letters()
    assert [body_of(each)["type"] for each in letters] == ["customer.created"]
    assert [stripe_world.post(each) for each in letters] == [200]
    stripe_world.drain()
    with db.worker_unit_of_work() as session:
        message = session.exec(select(IntakeMessage)).one()
        assert message.worked_at is not None
        assert session.exec(select(StripeObject)).all() == []


def test_connect_defect_wrong_accounts_event_of_another_platform_or_world_changes_nothing(
    stripe_world: StripeWorld,
) -> None:
    stripe_world.pay("1000")
    stripe_world.deliver()
    endpoint = next(iter(stripe_world.paths))
    secret = stripe_world.secrets[endpoint]
    for change in ({"livemode": True}, {"account": "acct_somebody_elses"}, {}):
        event = {
            "id": f"evt_{uuid4().hex}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "created": 1,
            "livemode": False,
            "data": {"object": {"object": "payment_intent", "id": "pi_of_another_platform"}},
            **change,
        }
        body = stripe_world.written(event)
        signature = WebhookSignature.generate_signature_header(body, secret)
        letter = {"endpoint": endpoint, "body": body, "signature": signature}
        assert stripe_world.post(letter) == 200
    stripe_world.drain()
    assert stripe_world.ledger() == CARD


def test_money_that_nobody_asked_for_waits_in_suspense(stripe_world: StripeWorld) -> None:
    stripe_world.api.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "eur",
            "payment_method": "pm_card_bypassPending",
            "allowed_payment_method_types": ["card"],
            "confirm": True,
        }
    )
    stripe_world.deliver()
    assert stripe_world.ledger()["suspense EUR"] == Decimal(50)


def test_pay_09_balance_transactions_are_kept_once_by_the_day(stripe_world: StripeWorld) -> None:
    stripe_world.pay("1000")
    for _ in range(2):
        with db.worker_unit_of_work() as session:
            polling.ask_if_due(session)
            cursor = polling._held(session, polling.LINES)
            cursor.asked_at -= polling.EVERY[polling.LINES]
        stripe_world.drain()
    with db.worker_unit_of_work() as session:
        (line,) = session.exec(select(ProviderLine)).all()
    charge = stripe_world.api.v1.charges.retrieve(str(line.reference))
    assert (line.amount, line.fee, line.currency) == (Decimal(1000), Decimal("29.3"), "EUR")
    assert line.external_id == charge.balance_transaction
