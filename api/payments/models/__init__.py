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
from api.payments.models.transfers import (
    Collection,
    CollectionReceipt,
    PayeeAccount,
    PaymentOrder,
    PlatformAccount,
    SuspenseItem,
from api.payments.models.reconciliation import (
    ProviderBalance,
    ProviderLine,
    Reconciliation,
    ReconciliationMatch,
)

__all__ = [
    "Collection",
    "CollectionReceipt",
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
    "PayeeAccount",
    "PaymentOrder",
    "PlatformAccount",
    "SuspenseItem",
    "ProviderBalance",
    "ProviderLine",
    "Reconciliation",
    "ReconciliationMatch",
]
