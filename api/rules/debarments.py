"""Entries of the register of unreliable suppliers: their life, and on which days they count. Pure."""

from datetime import date
from enum import StrEnum

from api.rules.states import Machine


class DebarmentStatus(StrEnum):
    """A proposed entry has no effect; one that ran out stays active, its period says so."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REJECTED = "rejected"
    LIFTED = "lifted"


class DebarmentGround(StrEnum):
    """Why an organisation is entered."""

    REFUSAL_TO_SIGN = "refusal_to_sign"
    BREACH_OF_CONTRACT = "breach_of_contract"
    FALSE_INFORMATION = "false_information"
    COLLUSION = "collusion"
    OTHER = "other"


_S = DebarmentStatus
PUBLISHED = frozenset({_S.ACTIVE, _S.LIFTED})
"""What everybody may read; a proposal only those whom it concerns, and those who decide."""

DEBARMENT = Machine(
    {
        "confirm": (frozenset({_S.PROPOSED}), _S.ACTIVE),
        "reject": (frozenset({_S.PROPOSED}), _S.REJECTED),
        "lift": (frozenset({_S.ACTIVE}), _S.LIFTED),
    }
)


def counts_on(
    day: date,
    *,
    status: DebarmentStatus,
    valid_from: date | None,
    valid_through: date | None,
    lifted_on: date | None,
) -> bool:
    """True on the days of the period, its last one included, before the day it was lifted on."""
    if status not in PUBLISHED or valid_from is None or valid_through is None:
        return False
    return valid_from <= day <= valid_through and (lifted_on is None or day < lifted_on)
