"""What Stripe's events are about, and which way its objects move.

An event only says that something may have changed. It names one of few roots; the root's current
state is fetched and folded, so that neither the order of events nor their number matters. An
object's status has a rank: what has a lower one than what is known is older, and is left.
"""

from collections.abc import Mapping
from enum import StrEnum


class StripeKind(StrEnum):
    """The roots: what is locked, fetched and folded as one."""

    PAYMENT = "payment"
    TRANSFER = "transfer"
    PAYOUT = "payout"
    OUTBOUND_PAYMENT = "outbound_payment"
    ACCOUNT = "account"
    SUBSCRIPTION = "subscription"


class ReturnStatus(StrEnum):
    """Of money that flows back: Stripe's words for a refund, and `planned` before it is told."""

    PLANNED = "planned"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


_RETURNS = {
    ReturnStatus.PLANNED: 0,
    ReturnStatus.PENDING: 1,
    ReturnStatus.SUCCEEDED: 2,
    ReturnStatus.FAILED: 9,
    ReturnStatus.CANCELED: 9,
}
CAME_TO_NOTHING = frozenset({ReturnStatus.FAILED, ReturnStatus.CANCELED})
"""A refund may fail days after it succeeded, when the payer's bank sends it back:
https://docs.stripe.com/refunds#failed-refunds."""
FINAL_DISPUTES = frozenset({"won", "lost", "warning_closed", "prevented"})

_K = StripeKind
_PREFIXES: Mapping[str, StripeKind] = {
    "payment_intent.": _K.PAYMENT,
    "charge.": _K.PAYMENT,
    "refund.": _K.PAYMENT,
    "checkout.session.": _K.PAYMENT,
    "transfer.": _K.TRANSFER,
    "payout.": _K.PAYOUT,
    "customer.subscription.": _K.SUBSCRIPTION,
    "invoice.": _K.SUBSCRIPTION,
    "v2.money_management.outbound_payment.": _K.OUTBOUND_PAYMENT,
    "v2.core.account": _K.ACCOUNT,
    "account.": _K.ACCOUNT,
}
_OWN_ID = frozenset(
    {"payment_intent", "transfer", "payout", "outbound_payment", "account", "subscription"}
)
AUTHORISED, CANCELED = "requires_capture", "canceled"
"""Of a payment: the amount is held on the card and not charged; and it never will be."""
_FINAL = 9
RANKS: Mapping[StripeKind, Mapping[str, int]] = {
    _K.PAYMENT: {
        "requires_payment_method": 0,
        "requires_confirmation": 0,
        "requires_action": 0,
        "processing": 1,
        AUTHORISED: 2,
        CANCELED: _FINAL,
        "succeeded": _FINAL,
    },
    _K.TRANSFER: {"paid": 1, "partially_reversed": 2, "reversed": _FINAL},
    _K.PAYOUT: {"pending": 0, "in_transit": 1, "paid": 2, "canceled": _FINAL, "failed": _FINAL},
    _K.OUTBOUND_PAYMENT: {
        "processing": 0,
        "posted": 1,
        "canceled": _FINAL,
        "failed": _FINAL,
        "returned": _FINAL,
    },
}
"""A payout that is paid, or an outbound payment that is posted, may still come back from the bank:
https://docs.stripe.com/payouts, https://docs.stripe.com/global-payouts."""


def kind_of(event_type: str) -> StripeKind | None:
    """What an event of this type is about; None for those that are only kept."""
    return next((k for prefix, k in _PREFIXES.items() if event_type.startswith(prefix)), None)


def root_id(kind: StripeKind, told: Mapping[str, object]) -> str | None:
    """The root that an object of an event (`data.object`) belongs to; None if it names none.

    A charge, refund, dispute or session names its payment intent; a charge without one was not
    made by us. An invoice names its subscription, unless it is of none.
    """
    found: object
    if told.get("object") in _OWN_ID:
        found = told.get("id")
    elif kind is StripeKind.SUBSCRIPTION:
        found = _subscription_of(told)
    elif kind is StripeKind.PAYMENT:
        found = told.get("payment_intent")
    else:
        found = None
    return found if isinstance(found, str) else None


def _subscription_of(invoice: Mapping[str, object]) -> object:
    found: object = invoice
    for name in ("parent", "subscription_details", "subscription"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def is_forward(kind: StripeKind, before: str | None, after: str) -> bool:
    """May an object that was `before` be `after` now? The same again is no move.

    A status that is not known here is believed: the API is the later one to know.
    """
    if before is None:
        return True
    ranks = RANKS.get(kind, {})
    return before != after and ranks.get(after, _FINAL) > ranks.get(before, -1)


def return_status(told: str) -> ReturnStatus:
    """Of a refund as Stripe tells it; one that waits for the payer is pending too."""
    return ReturnStatus.PENDING if told == "requires_action" else ReturnStatus(told)


def returns_forward(before: ReturnStatus, after: ReturnStatus) -> bool:
    """May money that flows back be `after`, having been `before`?"""
    return _RETURNS[after] > _RETURNS[before]
