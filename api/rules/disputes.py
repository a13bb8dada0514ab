"""Disputes about contracts: stages, the clock of each, and what a determination must say. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

from api.rules.contracts import Side
from api.rules.states import Machine


class DisputeType(StrEnum):
    """What is disputed."""

    LATE_SHIPMENT = "late_shipment"
    SHORT = "short"
    DEFECT = "defect"
    WRONG = "wrong"
    DOCUMENTS = "documents"
    PAYMENT = "payment"
    FORCE_MAJEURE = "force_majeure"


class DisputeStage(StrEnum):
    """How far it has come."""

    NEGOTIATION = "negotiation"
    ESCALATED = "escalated"
    INSPECTION = "inspection"
    DETERMINATION = "determination"
    CLOSED = "closed"


class DisputeOutcome(StrEnum):
    """How it ended."""

    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    DETERMINED = "determined"


class DesiredOutcome(StrEnum):
    """What the side that opened it asks for."""

    REFUND = "refund"
    REPLACE = "replace"
    REPAIR = "repair"
    PRICE_REDUCTION = "price_reduction"
    LIQUIDATED_DAMAGES = "liquidated_damages"
    PAYMENT = "payment"
    EXTENSION = "extension"


class Fault(StrEnum):
    """Whose fault it was, as determined or agreed."""

    BUYER = "buyer"
    SUPPLIER = "supplier"
    BOTH = "both"
    NEITHER = "neither"


class MilestoneKind(StrEnum):
    """What a payment of a contract waits for."""

    ADVANCE = "advance"
    PROGRESS = "progress"
    ON_SHIPMENT = "on_shipment"
    ON_DELIVERY = "on_delivery"
    ON_ACCEPTANCE = "on_acceptance"
    RETENTION = "retention"


_S, _T, _M = DisputeStage, DisputeType, MilestoneKind
OPEN = frozenset(DisputeStage) - {_S.CLOSED}
_AGREEABLE = frozenset({_S.NEGOTIATION, _S.ESCALATED, _S.INSPECTION, _S.DETERMINATION})
DISPUTE = Machine(
    {
        "escalate": (frozenset({_S.NEGOTIATION}), _S.ESCALATED),
        "inspect": (frozenset({_S.ESCALATED}), _S.INSPECTION),
        "submit": (frozenset({_S.ESCALATED, _S.INSPECTION}), _S.DETERMINATION),
        "determine": (frozenset({_S.DETERMINATION}), _S.CLOSED),
        "settle": (_AGREEABLE, _S.CLOSED),
        "withdraw": (_AGREEABLE, _S.CLOSED),
    }
)
OUTCOME: Mapping[str, DisputeOutcome] = {
    "determine": DisputeOutcome.DETERMINED,
    "settle": DisputeOutcome.SETTLED,
    "withdraw": DisputeOutcome.WITHDRAWN,
}

ON_EXPIRY: Mapping[DisputeStage, str | None] = {
    _S.NEGOTIATION: "escalate",
    _S.ESCALATED: "submit",
    _S.INSPECTION: "submit",
    _S.DETERMINATION: None,
}
"""What the clock does when a stage has lasted as long as the policy gives it (`DisputeDurations`, a
field for each stage). None: it is shown as overdue, for no clock decides whose
fault something was."""

OBJECTIONS = frozenset({_T.SHORT, _T.DEFECT, _T.WRONG, _T.DOCUMENTS})
"""By opening such a dispute about presented goods a buyer is not silent about them."""
_AFTER_ARRIVAL = frozenset({_M.ON_DELIVERY, _M.ON_ACCEPTANCE, _M.RETENTION})
_OF_DELIVERY = _AFTER_ARRIVAL | {_M.ON_SHIPMENT}
FREEZES: Mapping[DisputeType, frozenset[MilestoneKind]] = {
    _T.LATE_SHIPMENT: _OF_DELIVERY,
    _T.SHORT: _AFTER_ARRIVAL,
    _T.DEFECT: _AFTER_ARRIVAL,
    _T.WRONG: _AFTER_ARRIVAL,
    _T.DOCUMENTS: _OF_DELIVERY,
    _T.PAYMENT: frozenset(MilestoneKind),
    _T.FORCE_MAJEURE: _OF_DELIVERY | {_M.PROGRESS},
}
"""Which payments a dispute holds until it is closed: those that depend on what is disputed."""


def terms_faults(
    party_at_fault: Fault,
    refund: Decimal | None,
    liquidated_damages: Decimal | None,
    cost_of_inspection: Decimal | None,
    inspection_paid_by: Side | None,
    claimed: Decimal | None,
    ceiling: Decimal,
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a determination or a settlement: (field, code, detail).

    Nobody gets more than the contract is worth (`ceiling`), nor a refund above what was claimed;
    the cost of an inspection names who bears it.
    """
    for name, amount in (("refund", refund), ("liquidated_damages", liquidated_damages)):
        if amount is not None and amount > ceiling:
            yield name, "above_contract_value", "It is more than the contract is worth."
    if refund is not None and claimed is not None and refund > claimed:
        yield "refund", "above_claim", "It is more than was claimed."
    if liquidated_damages and party_at_fault in (Fault.BUYER, Fault.NEITHER):
        detail = "Damages for delay are due by a supplier at fault."
        yield "liquidated_damages", "not_at_fault", detail
    if (cost_of_inspection is None) != (inspection_paid_by is None):
        yield (
            "inspection_paid_by",
            "incomplete",
            "A cost names who bears it, and nothing else does.",
        )
