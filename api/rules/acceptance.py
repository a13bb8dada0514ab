"""Acceptance of what was delivered: provisional, final, deemed by the clock, or refused. Pure."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum

from api.rules.states import Machine


class AcceptanceStatus(StrEnum):
    """`deemed`: the buyer has said nothing for so many days as the policy gives it."""

    PENDING = "pending"
    PROVISIONAL = "provisional"
    FINAL = "final"
    DEEMED = "deemed"
    REJECTED = "rejected"


class RejectionReason(StrEnum):
    """Why a quantity is not accepted."""

    DEFECTIVE = "defective"
    NOT_AS_SPECIFIED = "not_as_specified"
    WRONG_GOODS = "wrong_goods"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    DOCUMENTS_MISSING = "documents_missing"


class InspectionLevel(StrEnum):
    """How much was looked at: a level of ISO 2859-1 (special S-1 to S-4, general I to III), or all."""

    S1 = "S-1"
    S2 = "S-2"
    S3 = "S-3"
    S4 = "S-4"
    I = "I"
    II = "II"
    III = "III"
    FULL = "full"


class DefectSeverity(StrEnum):
    """Of a defect, as samplers class them."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


_S = AcceptanceStatus
ACCEPTANCE = Machine(
    {
        "accept_provisionally": (frozenset({_S.PENDING}), _S.PROVISIONAL),
        "accept": (frozenset({_S.PENDING, _S.PROVISIONAL}), _S.FINAL),
        "deem": (frozenset({_S.PENDING}), _S.DEEMED),
        "reject": (frozenset({_S.PENDING, _S.PROVISIONAL}), _S.REJECTED),
    }
)
ACCEPTED = frozenset({_S.PROVISIONAL, _S.FINAL, _S.DEEMED})
DECIDED = frozenset({_S.FINAL, _S.DEEMED, _S.REJECTED})


def split_faults(
    delivered: Decimal,
    accepted: Decimal,
    rejected: Decimal,
    reason: RejectionReason | None,
) -> Iterator[tuple[str, str]]:
    """What is wrong with a decision about a delivered quantity: (field, code)."""
    if accepted + rejected != delivered:
        yield "accepted_quantity", "does_not_add_up"
    if rejected > 0 and reason is None:
        yield "reason_code", "missing"
    if rejected == 0 and reason is not None:
        yield "reason_code", "nothing_rejected"


def open_defects(defects: Iterable[tuple[Decimal, bool]]) -> Decimal:
    """How much is defective and not remedied, of (quantity, remedied) of each defect."""
    return sum((quantity for quantity, remedied in defects if not remedied), Decimal())
