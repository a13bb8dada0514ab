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
from api.payments.models.proposals import (
    PROPOSAL,
    LedgerProposal,
    ProposalAction,
    ProposalStatus,
)
from api.payments.models.reconciliation import (
    ProviderBalance,
    ProviderLine,
    Reconciliation,
    ReconciliationMatch,
)

__all__ = [
    "PROPOSAL",
    "HoldOutcome",
    "LedgerAccount",
    "LedgerDay",
    "LedgerEntry",
    "LedgerHold",
    "LedgerHoldResolution",
    "LedgerProposal",
    "LedgerTransaction",
    "ProposalAction",
    "ProposalStatus",
    "ProviderBalance",
    "ProviderLine",
    "Reconciliation",
    "ReconciliationMatch",
]
