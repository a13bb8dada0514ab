"""What the routes of contracts take and give."""

from api.contracts.schemas.contracts import (
    ChangeIn,
    ContractChangeOut,
    ContractId,
    ContractIn,
    ContractOut,
    ContractReasonIn,
    Delta,
    SignatureOut,
    SignIn,
    TerminateIn,
)
from api.contracts.schemas.schedules import (
    OrderResponseIn,
    OrderResponseLineOut,
    OrderResponseOut,
    PerformanceOut,
    ReadyIn,
    ScheduleIn,
    ScheduleOut,
    ScheduleRowId,
    ScheduleRowIn,
    ScheduleRowOut,
)

__all__ = [
    "ChangeIn",
    "ContractChangeOut",
    "ContractId",
    "ContractIn",
    "ContractOut",
    "ContractReasonIn",
    "Delta",
    "OrderResponseIn",
    "OrderResponseLineOut",
    "OrderResponseOut",
    "PerformanceOut",
    "ReadyIn",
    "ScheduleIn",
    "ScheduleOut",
    "ScheduleRowId",
    "ScheduleRowIn",
    "ScheduleRowOut",
    "SignIn",
    "SignatureOut",
    "TerminateIn",
]
