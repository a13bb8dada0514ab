"""Money that goes out: accounts of v2, transfers, reversals, payouts and Global Payouts."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_double.server import Double

Paid = Callable[..., Any]
_REQUESTED = {"requested": True}


def _account(client: StripeClient, country: str = "us", **capabilities: Any) -> Any:
    wanted = capabilities or {"stripe_balance": {"stripe_transfers": _REQUESTED}}
    asked: Any = {
        "configuration": {"recipient": {"capabilities": wanted}},
        "contact_email": "supplier@example.com",
        "dashboard": "express",
        "defaults": {
            "responsibilities": {"fees_collector": "application", "losses_collector": "application"}
        },
        "display_name": "Supplier",
        "identity": {"country": country, "entity_type": "company"},
        "include": ["configuration.recipient", "identity", "requirements"],
    }
    return client.v2.core.accounts.create(asked)


def _transfers(account: Any) -> str:
    status: str = (
        account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status
    )
    return status


@pytest.fixture
def payee(double: Double, client: StripeClient) -> str:
    """An account that may receive transfers."""
    made: str = _account(client).id
    double.act("onboard", account=made)
    return made


def _available(client: StripeClient, **options: Any) -> int:
    balance = client.v1.balance.retrieve(options=options or None)  # type: ignore[arg-type]
    return sum(each.amount for each in balance.available if each.currency == "usd")


def test_a_new_account_shows_what_is_asked_for_and_still_owes_its_requirements(
    client: StripeClient,
) -> None:
    account = _account(client)
    plain = client.v2.core.accounts.retrieve(account.id)

    assert _transfers(account) == "restricted"
    assert account.requirements.entries
    assert (plain.configuration, plain.identity) == (None, None)
    assert plain.applied_configurations == ["recipient"]


def test_a_link_leads_to_onboarding_after_which_the_capability_is_active(
    double: Double, client: StripeClient
) -> None:
    account = _account(client)
    use: Any = {
        "type": "account_onboarding",
        "account_onboarding": {
            "refresh_url": "https://example.com/again",
            "return_url": "https://example.com/done",
        },
    }
    link = client.v2.core.account_links.create({"account": account.id, "use_case": use})

    double.act("onboard", account=account.id)

    after = client.v2.core.accounts.retrieve(
        account.id, {"include": ["configuration.recipient", "requirements"]}
    )
    assert link.url.startswith("https://accounts.stripe.com/")
    assert _transfers(after) == "active"
    kinds = [each.type for each in client.v2.core.events.list().data]
    changed = "v2.core.account[configuration.recipient].capability_status_updated"
    assert changed in kinds


@pytest.mark.parametrize("country", ["kg", "cn"])
def test_transfers_to_a_country_outside_the_region_are_unsupported(
    double: Double, client: StripeClient, country: str
) -> None:
    account = _account(client, country)

    assert _transfers(account) == "unsupported"


def test_a_transfer_moves_what_is_available_and_is_found_by_its_group(
    double: Double, client: StripeClient, paid: Paid, payee: str
) -> None:
    paid(10_000)
    before = _available(client)

    transfer = client.v1.transfers.create(
        {"amount": 4000, "currency": "usd", "destination": payee, "transfer_group": "contract_1"}
    )

    assert _available(client) == before - 4000
    assert _available(client, stripe_account=payee) == 4000
    found = client.v1.transfers.list({"transfer_group": "contract_1"}).data
    assert [each.id for each in found] == [transfer.id]


def test_a_transfer_of_what_is_pending_is_refused_unless_it_names_its_charge(
    double: Double, client: StripeClient, paid: Paid, payee: str
) -> None:
    charge = paid(10_000, method="pm_card_visa").latest_charge
    asked: Any = {"amount": 9000, "currency": "usd", "destination": payee}

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create(asked)
    transfer = client.v1.transfers.create({**asked, "source_transaction": charge.id})
    early = _available(client, stripe_account=payee)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.transfers.create({**asked, "amount": 1001, "source_transaction": charge.id})
    double.act("advance", seconds=2 * 86_400)

    assert refusal.value.code == "balance_insufficient"
    assert (early, _available(client, stripe_account=payee)) == (0, 9000)
    assert [each.id for each in client.v1.transfers.list().data] == [transfer.id]


def test_a_transfer_to_an_account_without_the_capability_moves_nothing(
    double: Double, client: StripeClient, paid: Paid
) -> None:
    paid(10_000)
    before, account = _available(client), _account(client)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": account.id})

    assert refusal.value.code == "insufficient_capabilities_for_transfer"
    assert _available(client) == before


def test_reversals_together_never_exceed_the_transfer_nor_what_the_payee_has(
    double: Double, client: StripeClient, paid: Paid, payee: str
) -> None:
    paid(10_000)
    transfer = client.v1.transfers.create({"amount": 5000, "currency": "usd", "destination": payee})
    reverse = client.v1.transfers.reversals.create

    reverse(transfer.id, {"amount": 2000})
    with pytest.raises(stripe.InvalidRequestError):
        reverse(transfer.id, {"amount": 3001})
    payout: Any = {"amount": 2500, "currency": "usd"}
    client.v1.payouts.create(payout, {"stripe_account": payee})
    with pytest.raises(stripe.InvalidRequestError) as short:
        reverse(transfer.id)

    assert short.value.code == "balance_insufficient"
    after = client.v1.transfers.retrieve(transfer.id)
    assert (after.amount_reversed, after.reversed) == (2000, False)


@pytest.mark.parametrize(("status", "left"), [("paid", 0), ("failed", 3000)])
def test_a_payout_arrives_or_comes_back(
    double: Double, client: StripeClient, paid: Paid, payee: str, status: str, left: int
) -> None:
    paid(10_000)
    client.v1.transfers.create({"amount": 3000, "currency": "usd", "destination": payee})
    on_behalf: Any = {"stripe_account": payee}
    asked: Any = {"amount": 3000, "currency": "usd"}
    payout = client.v1.payouts.create(asked, on_behalf)

    double.act("finish_payout", payout=payout.id, account=payee, status=status)

    assert client.v1.payouts.retrieve(payout.id, options=on_behalf).status == status
    assert _available(client, stripe_account=payee) == left


@pytest.fixture
def order(double: Double, client: StripeClient) -> dict[str, Any]:
    """Parameters of an outbound payment to a Chinese bank account, of 5,000 that are funded."""
    account = _account(client, "cn", bank_accounts={"swift": _REQUESTED})
    double.act("onboard", account=account.id)
    data: Any = {
        "payout_method_data": {
            "type": "bank_account",
            "bank_account": {
                "account_number": "6222000000001234",
                "country": "CN",
                "currency": "usd",
                "swift_code": "BKCHCNBJ",
            },
        }
    }
    client.v2.money_management.outbound_setup_intents.create(data, {"stripe_context": account.id})
    listed = client.v2.money_management.payout_methods.list(options={"stripe_context": account.id})
    source = double.act("fund_financial_account", amount=5000, currency="usd")
    return {
        "from": {"financial_account": source["id"], "currency": "usd"},
        "to": {"recipient": account.id, "payout_method": listed.data[0].id},
        "amount": {"value": 5000, "currency": "usd"},
    }


def _funds(client: StripeClient, order: dict[str, Any]) -> tuple[int, int]:
    found = order["from"]["financial_account"]
    balance = client.v2.money_management.financial_accounts.retrieve(found).balance
    return balance.available["usd"].value, balance.outbound_pending["usd"].value


def test_an_outbound_payment_is_posted_and_may_still_come_back(
    double: Double, client: StripeClient, order: Any
) -> None:
    payments = client.v2.money_management.outbound_payments
    payment = payments.create(order)
    sent = _funds(client, order)
    double.act("advance", seconds=86_400)
    posted = payments.retrieve(payment.id).status

    double.act(
        "finish_outbound_payment",
        outbound_payment=payment.id,
        status="returned",
        reason="payout_method_closed",
    )

    after = payments.retrieve(payment.id)
    assert (payment.status, posted, after.status) == ("processing", "posted", "returned")
    assert after.status_details is not None
    assert after.status_details.returned is not None
    assert after.status_details.returned.reason == "payout_method_closed"
    assert (sent, _funds(client, order)) == ((0, 5000), (5000, 0))


def test_an_outbound_payment_beyond_the_funds_is_refused(
    double: Double, client: StripeClient, order: Any
) -> None:
    order["amount"]["value"] = 5001

    with pytest.raises(stripe.InsufficientFundsError):
        client.v2.money_management.outbound_payments.create(order)

    assert client.v2.money_management.outbound_payments.list().data == []


def test_an_outbound_payment_is_cancelled_once_and_only_before_it_leaves(
    double: Double, client: StripeClient, order: Any
) -> None:
    payments = client.v2.money_management.outbound_payments
    payment = payments.create(order)

    payments.cancel(payment.id)
    with pytest.raises(stripe.AlreadyCanceledError):
        payments.cancel(payment.id)
    second = payments.create(order)
    double.act("finish_outbound_payment", outbound_payment=second.id, status="posted")
    with pytest.raises(stripe.NotCancelableError):
        payments.cancel(second.id)

    assert _funds(client, order) == (0, 0)
