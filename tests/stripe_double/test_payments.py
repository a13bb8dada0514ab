"""Money that comes in: cards, bank transfers, Checkout, refunds and disputes."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_double.server import Double

Paid = Callable[..., Any]


def _bank_transfer(client: StripeClient, amount: int) -> tuple[Any, Any]:
    customer = client.v1.customers.create({"name": "Buyer", "email": "buyer@example.com"})
    intent = client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "customer": customer.id,
            "allowed_payment_method_types": ["customer_balance"],
            "payment_method_data": {"type": "customer_balance"},
            "payment_method_options": {
                "customer_balance": {
                    "funding_type": "bank_transfer",
                    "bank_transfer": {"type": "us_bank_transfer"},
                }
            },
            "confirm": True,
        }
    )
    return customer, intent


def test_a_card_payment_succeeds_and_its_net_is_its_amount_less_the_fee(
    client: StripeClient, paid: Paid
) -> None:
    intent = paid(7000, expand=["latest_charge.balance_transaction"])

    entry = intent.latest_charge.balance_transaction
    assert (intent.status, intent.amount_received) == ("succeeded", 7000)
    assert entry.amount == 7000
    assert entry.net == 7000 - entry.fee


def test_a_declined_card_leaves_the_intent_open_for_another(client: StripeClient) -> None:
    asked: Any = {"amount": 2000, "currency": "usd", "allowed_payment_method_types": ["card"]}
    intent = client.v1.payment_intents.create(asked)

    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"}
        )
    left = client.v1.payment_intents.retrieve(intent.id)
    again = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert refusal.value.code == "card_declined"
    assert left.status == "requires_payment_method"
    assert again.status == "succeeded"


def test_a_manual_capture_takes_a_part_and_no_more_than_was_authorised(
    client: StripeClient, paid: Paid
) -> None:
    held = paid(5000, method="pm_card_visa", capture_method="manual")

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.capture(held.id, {"amount_to_capture": 5001})
    taken = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 3000})

    assert (held.status, held.amount_capturable) == ("requires_capture", 5000)
    assert (taken.status, taken.amount_received) == ("succeeded", 3000)


def test_a_paid_intent_cannot_be_cancelled(client: StripeClient, paid: Paid) -> None:
    intent = paid(1000)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.cancel(intent.id)

    assert refusal.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("succeed", "status"), [(True, "succeeded"), (False, "requires_payment_method")]
)
def test_a_card_that_asks_for_authentication_waits_for_its_holder(
    double: Double, paid: Paid, succeed: bool, status: str
) -> None:
    intent = paid(1000, method="pm_card_authenticationRequired", expand=[])

    after = double.act("authenticate", payment_intent=intent.id, succeed=succeed)

    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
    assert after["status"] == status


def test_a_bank_transfer_in_parts_is_applied_and_the_excess_stays_with_the_customer(
    client: StripeClient,
) -> None:
    customer, intent = _bank_transfer(client, 9000)
    fund = client.v1.test_helpers.customers.fund_cash_balance

    fund(customer.id, {"amount": 4000, "currency": "usd"})
    partly = client.v1.payment_intents.retrieve(intent.id)
    fund(customer.id, {"amount": 6000, "currency": "usd"})
    whole = client.v1.payment_intents.retrieve(intent.id)

    assert intent.status == partly.status == "requires_action"
    assert partly.next_action is not None
    instructions = partly.next_action.display_bank_transfer_instructions
    assert instructions is not None
    assert instructions.amount_remaining == 5000
    assert (whole.status, whole.amount_received) == ("succeeded", 9000)
    left = client.v1.customers.cash_balance.retrieve(customer.id)
    assert left.available is not None
    assert left.available["usd"] == 1000


def test_a_transfer_with_a_reference_pays_what_bears_it(
    double: Double, client: StripeClient
) -> None:
    customer, first = _bank_transfer(client, 1000)
    asked: Any = {
        "amount": 1000,
        "currency": "usd",
        "customer": customer.id,
        "allowed_payment_method_types": ["customer_balance"],
        "payment_method_data": {"type": "customer_balance"},
        "payment_method_options": {
            "customer_balance": {
                "funding_type": "bank_transfer",
                "bank_transfer": {"type": "us_bank_transfer"},
            }
        },
        "confirm": True,
    }
    second: Any = client.v1.payment_intents.create(asked)
    reference = second.next_action.display_bank_transfer_instructions.reference

    double.act("fund", customer=customer.id, amount=1000, currency="usd", reference=reference)

    assert client.v1.payment_intents.retrieve(first.id).status == "requires_action"
    assert client.v1.payment_intents.retrieve(second.id).status == "succeeded"


def test_refunds_together_never_exceed_what_was_captured(client: StripeClient, paid: Paid) -> None:
    intent = paid(5000)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 3001})
    client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 1})

    assert refusal.value.code == "charge_already_refunded"
    held = client.v1.refunds.list({"payment_intent": intent.id}).data
    assert sum(each.amount for each in held) == 5000


def test_a_refund_that_fails_later_gives_the_money_back(
    double: Double, client: StripeClient, paid: Paid
) -> None:
    intent = paid(5000, method="pm_card_refundFail")
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})

    double.act("advance", seconds=86_400)

    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    assert client.v1.charges.retrieve(intent.latest_charge.id).amount_refunded == 0


def _session(client: StripeClient, **more: Any) -> Any:
    line = {"currency": "usd", "unit_amount": 1200, "product_data": {"name": "Tea"}}
    asked: Any = {
        "mode": "payment",
        "success_url": "https://example.com/done",
        "line_items": [{"price_data": line, "quantity": 2}],
        **more,
    }
    return client.v1.checkout.sessions.create(asked)


def test_a_checkout_session_adds_its_lines_up_and_can_be_expired(client: StripeClient) -> None:
    session = _session(client, expand=["line_items"])

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (session.status, session.amount_total) == ("open", 2400)
    assert [line.amount_total for line in session.line_items.data] == [2400]
    assert expired.status == "expired"


def test_a_payer_pays_a_checkout_session_after_a_declined_card(
    double: Double, client: StripeClient
) -> None:
    session = _session(client, payment_intent_data={"transfer_group": "contract_1"})

    with pytest.raises(AssertionError, match="card_declined"):
        double.act("pay_session", session=session.id, card="4000000000000002")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    double.act("pay_session", session=session.id, card="4242 4242 4242 4242")

    done: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (done.status, done.payment_status) == ("complete", "paid")
    assert done.payment_intent.transfer_group == "contract_1"


def test_a_checkout_session_paid_by_bank_transfer_is_paid_when_the_money_is_there(
    double: Double, client: StripeClient
) -> None:
    customer = client.v1.customers.create({"name": "Buyer"})
    session = _session(
        client,
        customer=customer.id,
        allowed_payment_method_types=["customer_balance"],
        payment_method_options={
            "customer_balance": {
                "funding_type": "bank_transfer",
                "bank_transfer": {"type": "us_bank_transfer"},
            }
        },
    )

    waiting = double.act("pay_session", session=session.id, bank_transfer=True)
    double.act("fund", customer=customer.id, amount=2400, currency="usd")

    assert (waiting["status"], waiting["payment_status"]) == ("complete", "unpaid")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    kinds = [each.type for each in client.v1.events.list({"limit": 100}).data]
    assert kinds.index("checkout.session.async_payment_succeeded") < kinds.index(
        "checkout.session.completed"
    )


def test_evidence_decides_a_dispute_and_a_won_one_gives_the_money_back(
    double: Double, client: StripeClient, paid: Paid
) -> None:
    paid(5000, method="pm_card_createDispute")
    (dispute,) = client.v1.disputes.list().data

    won = client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}}
    )

    assert (dispute.status, won.status) == ("needs_response", "won")
    assert [entry.amount for entry in won.balance_transactions] == [-5000, 5000]


@pytest.mark.parametrize(
    ("inquiry", "first", "last", "moved"),
    [
        (False, "needs_response", "lost", [-5000]),
        (True, "warning_needs_response", "warning_closed", []),
    ],
)
def test_a_dispute_takes_the_money_and_an_inquiry_does_not(
    double: Double,
    client: StripeClient,
    paid: Paid,
    inquiry: bool,
    first: str,
    last: str,
    moved: list[int],
) -> None:
    charge = paid(5000).latest_charge
    fired = double.act("dispute", charge=charge.id, inquiry=inquiry)

    double.act("decide_dispute", dispute=fired["id"], status=last)

    held = client.v1.disputes.retrieve(fired["id"])
    assert (fired["status"], held.status) == (first, last)
    assert [entry.amount for entry in held.balance_transactions] == moved
