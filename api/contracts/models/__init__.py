"""Tables of contracts and of their execution between the two sides."""

from api.contracts.models.contracts import (
    Contract,
    ContractAward,
    ContractChange,
    ContractSignature,
)
from api.contracts.models.performances import Performance
from api.contracts.models.schedules import (
    DeliverySchedule,
    DeliveryScheduleRow,
    OrderResponse,
    OrderResponseLine,
)

__all__ = [
    "Contract",
    "ContractAward",
    "ContractChange",
    "ContractSignature",
    "DeliverySchedule",
    "DeliveryScheduleRow",
    "OrderResponse",
    "OrderResponseLine",
    "Performance",
]
