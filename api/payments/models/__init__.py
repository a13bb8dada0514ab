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
from api.payments.models.milestones import (
    AdvanceGuarantee,
    ContractFunding,
    ContractRefund,
    MilestonePayment,
    PaymentApproval,
    PaymentMilestone,
    PaymentRecovery,
    PaymentSchedule,
)
from api.payments.models.transfers import Collection, PayeeAccount, PaymentOrder

__all__ = [
    "AdvanceGuarantee",
    "Collection",
    "ContractFunding",
    "ContractRefund",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
    "MilestonePayment",
    "PayeeAccount",
    "PaymentApproval",
    "PaymentMilestone",
    "PaymentOrder",
    "PaymentRecovery",
    "PaymentSchedule",
]
