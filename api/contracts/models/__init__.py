"""Tables of contracts and of their execution between the two sides."""

from api.contracts.models.acceptances import (
    Acceptance,
    AcceptanceDefect,
    AcceptanceInspection,
    ContractDocument,
)
from api.contracts.models.contracts import (
    Contract,
    ContractAward,
    ContractChange,
    ContractSignature,
)
from api.contracts.models.disputes import Dispute, DisputeEvidence, PaymentFreeze
from api.contracts.models.orders import PurchaseOrder, PurchaseOrderLine
from api.contracts.models.penalties import (
    ContractPenalty,
    DeliveryAlert,
    DeliveryExcuse,
    LdClaim,
)
from api.contracts.models.performances import Performance
from api.contracts.models.schedules import (
    DeliverySchedule,
    DeliveryScheduleRow,
    OrderResponse,
    OrderResponseLine,
)

__all__ = [
    "Acceptance",
    "AcceptanceDefect",
    "AcceptanceInspection",
    "Contract",
    "ContractAward",
    "ContractChange",
    "ContractDocument",
    "ContractPenalty",
    "ContractSignature",
    "DeliveryAlert",
    "DeliveryExcuse",
    "DeliverySchedule",
    "DeliveryScheduleRow",
    "Dispute",
    "DisputeEvidence",
    "LdClaim",
    "OrderResponse",
    "OrderResponseLine",
    "PaymentFreeze",
    "Performance",
    "PurchaseOrder",
    "PurchaseOrderLine",
]
