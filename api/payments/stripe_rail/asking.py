"""How a payer pays: by bank transfer to an account of its own, or on Stripe's page; how it has a card
authorised for a security.

No card number comes near us: cards are entered at Stripe (Checkout), which tells us an id.
"""

from typing import Any

from stripe import StripeClient
from stripe.params import PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItemPriceData

from api.core import settings
from api.payments.rails import Instructions, ToCollect
from api.payments.stripe_rail import objects, taxing
from api.rules.rails import SECURITIES, Purpose

_BANK_TRANSFERS: dict[str, Any] = {
    "USD": "us_bank_transfer",
    "GBP": "gb_bank_transfer",
    "JPY": "jp_bank_transfer",
    "MXN": "mx_bank_transfer",
}
"""https://docs.stripe.com/payments/bank-transfers: where the currency alone says the scheme."""
_SMALL = frozenset({Purpose.FEE, Purpose.SUBSCRIPTION})
"""What is paid by card rather than by bank transfer, and what Stripe Tax is asked about."""


def ask(api: StripeClient, collection: ToCollect, units: int) -> Instructions:
    """Ask for `units` of the smallest unit; told again, the same.

    Raises stripe.StripeError, or RailRefused where the payer's country cannot be taxed.
    """
    scheme = _BANK_TRANSFERS.get(collection.currency)
    if scheme is not None and collection.purpose not in _SMALL | SECURITIES:
        return _by_bank(api, collection, units, scheme)
    return _by_page(api, collection, units)


def _by_bank(api: StripeClient, collection: ToCollect, units: int, scheme: Any) -> Instructions:
    """A customer for each collection, so that what arrives on its account is of that one alone."""
    named = {objects.OF_COLLECTION: collection.id.hex}
    customer = api.v1.customers.create(
        {"name": collection.reference, "metadata": named},
        {"idempotency_key": f"collection:{collection.id}:customer"},
    )
    params: PaymentIntentCreateParams = {
        "amount": units,
        "currency": collection.currency.lower(),
        "customer": customer.id,
        "allowed_payment_method_types": ["customer_balance"],
        "payment_method_data": {"type": "customer_balance"},
        "payment_method_options": {
            "customer_balance": {
                "funding_type": "bank_transfer",
                "bank_transfer": {"type": scheme},
            }
        },
        "confirm": True,
        "transfer_group": collection.resource_id.hex,
        "description": collection.reference,
        "metadata": named,
    }
    key = f"collection:{collection.id}:payment"
    told = api.v1.payment_intents.create(params, {"idempotency_key": key}).to_dict()
    shown = told["next_action"]["display_bank_transfer_instructions"]
    return Instructions(
        provider_id=told["id"],
        reference=shown["reference"],
        url=shown["hosted_instructions_url"],
        accounts=shown["financial_addresses"],
    )


def _by_page(api: StripeClient, collection: ToCollect, units: int) -> Instructions:
    back = settings.get().stripe_return_url or settings.get().base_url
    named = {objects.OF_COLLECTION: collection.id.hex}
    price: SessionCreateParamsLineItemPriceData = {
        "currency": collection.currency.lower(),
        "unit_amount": units,
        "product_data": {"name": collection.reference},
        "tax_behavior": taxing.INCLUSIVE,  # what is asked for is what is owed, tax with it
    }
    params: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": collection.reference,
        "line_items": [{"quantity": 1, "price_data": price}],
        "payment_intent_data": {
            "transfer_group": collection.resource_id.hex,
            "description": collection.reference,
            "metadata": named,
        },
        "metadata": named,
        "success_url": back,
        "cancel_url": back,
    }
    if taxing.is_on() and collection.purpose in _SMALL:
        taxing.require_registered(api, collection.payer_country)
        params["customer"] = _taxed(api, collection, named)
        params["automatic_tax"] = {"enabled": True}
    if collection.purpose in SECURITIES:
        params["allowed_payment_method_types"] = ["card"]
        params["payment_intent_data"]["capture_method"] = "manual"
    key = f"collection:{collection.id}:checkout"
    made = api.v1.checkout.sessions.create(params, {"idempotency_key": key})
    assert made.url is not None, "a hosted page has an address"
    return Instructions(provider_id=made.id, reference=collection.reference, url=made.url)


def _taxed(api: StripeClient, collection: ToCollect, named: dict[str, str]) -> str:
    """A customer who is where the payer is registered, as the tax follows from that."""
    customer = api.v1.customers.create(
        {
            "name": collection.reference,
            "address": {"country": collection.payer_country},
            "metadata": named,
        },
        {"idempotency_key": f"collection:{collection.id}:taxed"},
    )
    return customer.id
