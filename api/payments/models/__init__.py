"""Tables of payments."""

from api.payments.models.guarantees import Guarantee, GuaranteeAmendment
from api.payments.models.ledger import (
    HoldOutcome,
    LedgerAccount,
    LedgerDay,
    LedgerEntry,
    LedgerHold,
    LedgerHoldResolution,
    LedgerTransaction,
)
from api.payments.models.securities import Security, SecurityForfeiture

__all__ = [
    "Guarantee",
    "GuaranteeAmendment",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
    "Security",
    "SecurityForfeiture",
]
