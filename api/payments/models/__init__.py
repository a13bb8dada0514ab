"""Tables of payments."""

from api.payments.models.ledger import (
    HoldOutcome,
    LedgerAccount,
    LedgerDay,
    LedgerEntry,
    LedgerHold,
    LedgerHoldResolution,
    LedgerTransaction,
)
from api.payments.models.stripe import (
    PaymentDispute,
    ProviderLine,
    StripeCursor,
    StripeObject,
    StripeReturn,
)
from api.payments.models.transfers import (
    Collection,
    CollectionReceipt,
    PayeeAccount,
    PaymentOrder,
    PlatformAccount,
    SuspenseItem,
)

__all__ = [
    "Collection",
    "CollectionReceipt",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
    "PayeeAccount",
    "PaymentDispute",
    "PaymentOrder",
    "PlatformAccount",
    "ProviderLine",
    "StripeCursor",
    "StripeObject",
    "StripeReturn",
    "SuspenseItem",
]
