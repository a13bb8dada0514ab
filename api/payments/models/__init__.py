"""Tables of payments."""

from api.payments.models.fees import (
    CommissionTariff,
    ContractCommission,
    FeeInvoice,
    FeeInvoiceSeries,
)
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
    "CommissionTariff",
    "ContractCommission",
    "FeeInvoice",
    "FeeInvoiceSeries",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
]
