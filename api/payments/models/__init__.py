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
    ContractRefund,
    MilestonePayment,
    PaymentApproval,
    PaymentMilestone,
    PaymentRecovery,
    PaymentSchedule,
)

__all__ = [
    "AdvanceGuarantee",
    "ContractRefund",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
    "MilestonePayment",
    "PaymentApproval",
    "PaymentMilestone",
    "PaymentRecovery",
    "PaymentSchedule",
]
