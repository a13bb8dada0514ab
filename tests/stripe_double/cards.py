"""Stripe's test cards: what each number, token and `pm_card_…` does."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Decline:
    code: str
    reason: str | None
    message: str


_GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
_LOST = Decline("card_declined", "lost_card", "Your card was declined.")
_STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
_FRAUD = Decline("card_declined", "fraudulent", "Your card was declined.")
_EXPIRED = Decline("expired_card", None, "Your card has expired.")
_CVC = Decline("incorrect_cvc", None, "Your card's security code is incorrect.")
_PROCESSING = Decline(
    "processing_error", None, "An error occurred while processing your card. Try again later."
)
AUTHENTICATION = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)


@dataclass(frozen=True)
class Card:
    """A test card. `attachable`: it may be saved although its charges are declined."""

    number: str
    brand: str = "visa"
    country: str = "US"
    decline: Decline | None = None
    attachable: bool = True
    authenticates: bool = False
    pending: bool = True
    dispute: str | None = None
    inquiry: bool = False
    refund: str = "succeeded"

    @property
    def shown(self) -> Json:
        """The members that objects of Stripe show of a card."""
        return {
            "brand": self.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": self.country,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"fp{self.number[-8:]}",
            "funding": "credit",
            "last4": self.number[-4:],
        }


CARDS: dict[str, Card] = {
    "visa": Card("4242424242424242"),
    "visa_debit": Card("4000056655665556"),
    "mastercard": Card("5555555555554444", brand="mastercard"),
    "amex": Card("378282246310005", brand="amex"),
    "unionpay": Card("6200000000000005", brand="unionpay", country="CN"),
    "cn": Card("4000001560000002", country="CN"),
    "bypassPending": Card("4000000000000077", pending=False),
    "chargeDeclined": Card("4000000000000002", decline=_GENERIC, attachable=False),
    "chargeCustomerFail": Card("4000000000000341", decline=_GENERIC),
    "chargeDeclinedInsufficientFunds": Card("4000000000009995", decline=_FUNDS, attachable=False),
    "chargeDeclinedLostCard": Card("4000000000009987", decline=_LOST, attachable=False),
    "chargeDeclinedStolenCard": Card("4000000000009979", decline=_STOLEN, attachable=False),
    "chargeDeclinedExpiredCard": Card("4000000000000069", decline=_EXPIRED, attachable=False),
    "chargeDeclinedIncorrectCvc": Card("4000000000000127", decline=_CVC, attachable=False),
    "chargeDeclinedProcessingError": Card(
        "4000000000000119", decline=_PROCESSING, attachable=False
    ),
    "chargeDeclinedFraudulent": Card("4100000000000019", decline=_FRAUD, attachable=False),
    "authenticationRequired": Card("4000002760003184", authenticates=True),
    "threeDSecure2Required": Card("4000000000003220", authenticates=True),
    "createDispute": Card("4000000000000259", dispute="fraudulent"),
    "createDisputeProductNotReceived": Card("4000000000002685", dispute="product_not_received"),
    "createDisputeInquiry": Card("4000000000001976", dispute="fraudulent", inquiry=True),
    "pendingRefund": Card("4000000000007726", refund="pending"),
    "refundFail": Card("4000000000005126", refund="failed"),
}
_ALIASES = {f"visa_{name}": name for name in CARDS if name.startswith("charge")}
_BY_NUMBER = {card.number: card for card in CARDS.values()}


def named(text: str) -> Card | None:
    """The card of `pm_card_…` or `tok_…`."""
    for prefix in ("pm_card_", "tok_"):
        name = text.removeprefix(prefix)
        if name != text:
            return CARDS.get(_ALIASES.get(name, name))
    return None


def numbered(number: str) -> Card | None:
    """The card of a number, as a payer types it on Stripe's own page."""
    return _BY_NUMBER.get(number.replace(" ", ""))
