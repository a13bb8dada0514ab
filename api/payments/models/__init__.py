"""Tables of payments."""

from api.payments.models.bank import BankEntry, BankStatement, PaymentBatch, PaymentReportLine
from api.payments.models.corrections import LedgerCorrection
from api.payments.models.fees import (
    CommissionTariff,
    ContractCommission,
    FeeInvoice,
    FeeInvoiceSeries,
)
from api.payments.models.guarantees import (
    Guarantee,
    GuaranteeAmendment,
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
from api.payments.models.milestones import (
    ContractFunding,
    ContractRefund,
    MilestonePayment,
    PaymentApproval,
    PaymentMilestone,
    PaymentRecovery,
    PaymentSchedule,
)
from api.payments.models.plans import (
    PlanCharge,
    PlanPrice,
    PlanSubscription,
    PlanUsage,
    SupplierPlan,
)
from api.payments.models.reconciliation import (
    ProviderBalance,
    ProviderLine,
    Reconciliation,
    ReconciliationMatch,
)
from api.payments.models.securities import (
    Security,
    SecurityForfeiture,
)
from api.payments.models.stripe import (
    PaymentDispute,
    StripeCursor,
    StripeObject,
    StripeReturn,
)
from api.payments.models.transfers import (
    Collection,
    CollectionReceipt,
    CollectionReversal,
    PayeeAccount,
    PaymentOrder,
    PlatformAccount,
    SuspenseItem,
)

__all__ = [
    "BankEntry",
    "BankStatement",
    "Collection",
    "CollectionReceipt",
    "CollectionReversal",
    "CommissionTariff",
    "ContractCommission",
    "ContractFunding",
    "ContractRefund",
    "FeeInvoice",
    "FeeInvoiceSeries",
    "Guarantee",
    "GuaranteeAmendment",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerCorrection",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerTransaction",
    "MilestonePayment",
    "PayeeAccount",
    "PaymentApproval",
    "PaymentBatch",
    "PaymentDispute",
    "PaymentMilestone",
    "PaymentOrder",
    "PaymentRecovery",
    "PaymentReportLine",
    "PaymentSchedule",
    "PlanCharge",
    "PlanPrice",
    "PlanSubscription",
    "PlanUsage",
    "PlatformAccount",
    "ProviderBalance",
    "ProviderLine",
    "Reconciliation",
    "ReconciliationMatch",
    "Security",
    "SecurityForfeiture",
    "StripeCursor",
    "StripeObject",
    "StripeReturn",
    "SupplierPlan",
    "SuspenseItem",
]
