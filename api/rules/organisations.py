"""Life of an organisation on the marketplace."""

from datetime import date
from enum import StrEnum

from api.rules.states import Machine


class OrganisationStatus(StrEnum):
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


_S = OrganisationStatus
ORGANISATION = Machine(
    {
        "verify": (frozenset({_S.SUBMITTED}), _S.VERIFIED),
        "suspend": (frozenset({_S.SUBMITTED, _S.VERIFIED}), _S.SUSPENDED),
        "reinstate": (frozenset({_S.SUSPENDED}), _S.VERIFIED),
        "terminate": (frozenset({_S.SUBMITTED, _S.VERIFIED, _S.SUSPENDED}), _S.TERMINATED),
    }
)
MAY_ACT = frozenset({_S.SUBMITTED, _S.VERIFIED})


def is_debarred(debarred_until: date | None, today: date) -> bool:
    """True while an entry in the register of unreliable suppliers lasts (its last day included)."""
    return debarred_until is not None and today <= debarred_until
