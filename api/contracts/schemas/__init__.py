"""What the routes of contracts take and give."""

from api.contracts.schemas.contracts import (
    ChangeIn,
    ChangeOut,
    ContractId,
    ContractIn,
    ContractOut,
    ContractReasonIn,
    Delta,
    SignatureOut,
    SignIn,
    TerminateIn,
)

__all__ = [
    "ChangeIn",
    "ChangeOut",
    "ContractId",
    "ContractIn",
    "ContractOut",
    "ContractReasonIn",
    "Delta",
    "SignIn",
    "SignatureOut",
    "TerminateIn",
]
