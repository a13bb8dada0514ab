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
from api.payments.models.reconciliation import (
    ProviderBalance,
    ProviderLine,
    Reconciliation,
    ReconciliationMatch,
)

__all__ = [
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
    "ProviderBalance",
    "ProviderLine",
    "Reconciliation",
    "ReconciliationMatch",
]
