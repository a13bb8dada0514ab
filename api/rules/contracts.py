"""Life of a contract and of its changes, when it may be signed, how far its value may grow. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from api.rules.awards import AwardStatus, is_standing_still
from api.rules.policy import share
from api.rules.states import Machine
from api.rules.tenders import LotStatus, Value


class ContractStatus(StrEnum):
    """OCDS `contract.status`, and of a pending contract whether it lies ready to be signed."""

    PENDING = "pending"
    PENDING_SIGNATURE = "pending_signature"
    ACTIVE = "active"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"


class TerminationReason(StrEnum):
    """Why a contract that was in force is over."""

    COMPLETED = "completed"
    BREACH = "breach"
    MUTUAL = "mutual"
    FORCE_MAJEURE = "force_majeure"


class Side(StrEnum):
    """Of a contract."""

    BUYER = "buyer"
    SUPPLIER = "supplier"


class ChangeStatus(StrEnum):
    """A change is in force once the other side has agreed."""

    PENDING = "pending"
    ACTIVE = "active"


class RationaleType(StrEnum):
    """Why a contract is changed."""

    VOLUME_CUTS = "volumeCuts"
    ITEM_PRICE_VARIATION = "itemPriceVariation"
    QUALITY_IMPROVEMENT = "qualityImprovement"
    PRICE_REDUCTION = "priceReduction"
    DURATION_EXTENSION = "durationExtension"
    TAX_RATE = "taxRate"
    THIRD_PARTY = "thirdParty"
    ADDITIONAL_PROCUREMENT = "additionalProcurement"


class SigningFault(StrEnum):
    """What stands in the way of signing."""

    AWARD_NOT_ACTIVE = "award_not_active"
    LOT_NOT_ACTIVE = "lot_not_active"
    STANDSTILL = "standstill"
    COMPLAINT_OPEN = "complaint_open"
    ORDER_NOT_CONFIRMED = "order_not_confirmed"


_C = ContractStatus
UNSIGNED = frozenset({_C.PENDING, _C.PENDING_SIGNATURE})
CONTRACT = Machine(
    {
        "offer": (frozenset({_C.PENDING}), _C.PENDING_SIGNATURE),
        "activate": (frozenset({_C.PENDING_SIGNATURE}), _C.ACTIVE),
        "terminate": (frozenset({_C.ACTIVE}), _C.TERMINATED),
        "cancel": (UNSIGNED, _C.CANCELLED),
    }
)
CHANGE = Machine({"agree": (frozenset({ChangeStatus.PENDING}), ChangeStatus.ACTIVE)})


@dataclass(frozen=True, slots=True)
class AwardState:
    """What signing depends on, of one award in the contract."""

    status: AwardStatus
    lot: LotStatus
    standstill_end: datetime | None


def signing_faults(
    awards: Iterable[AwardState], *, complaint_open: bool, now: datetime
) -> list[SigningFault]:
    """Everything that stands in the way of signing at `now`; at the end of a standstill it is over."""
    states = [*awards]
    found = {
        SigningFault.AWARD_NOT_ACTIVE: any(a.status is not AwardStatus.ACTIVE for a in states),
        SigningFault.LOT_NOT_ACTIVE: any(a.lot is not LotStatus.ACTIVE for a in states),
        SigningFault.STANDSTILL: any(is_standing_still(a.standstill_end, now) for a in states),
        SigningFault.COMPLAINT_OPEN: complaint_open,
    }
    return [fault for fault, there in found.items() if there]


def total(values: Collection[Value]) -> Value | None:
    """The sum of the awards' values; None when there are none, or of several currencies."""
    currencies = {value.currency for value in values}
    if len(currencies) != 1:
        return None
    return Value(sum((value.amount for value in values), Decimal()), currencies.pop())


def exceeds_cap(original: Decimal, deltas: Iterable[Decimal], cap_bp: int) -> bool:
    """True when all changes together let the value grow by more than the policy's share of it."""
    return sum(deltas, Decimal()) > original * share(cap_bp)


def security_cap(value: Decimal, maximum_bp: int) -> Decimal:
    """The largest performance security that the policy allows for a contract of `value`."""
    return value * share(maximum_bp)
