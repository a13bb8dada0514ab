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

__all__ = [
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
]
