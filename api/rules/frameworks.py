"""Framework agreements: their life, who gets a call-off, how far the ceiling reaches. Pure.

Words are those of OCDS's techniques extension and of Directive 2014/24/EU, article 33.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from api.rules.offers import plain
from api.rules.policy import FrameworkTerms
from api.rules.states import Machine
from api.rules.tenders import Fault, Value, has_ended

CALL_OFF = "framework_call_off"
"""The procedure of policy sets that call-offs follow, and that bounds the agreements."""
MAX_BUYERS = 1000
_MINOR = Decimal("0.01")


class FrameworkMethod(StrEnum):
    """OCDS `frameworkAgreement.method` (closed code list); of a call-off, how it was made."""

    WITH_REOPENING = "withReopeningCompetition"
    WITHOUT_REOPENING = "withoutReopeningCompetition"
    BOTH = "withAndWithoutReopeningCompetition"


class Allocation(StrEnum):
    """Who gets a call-off without competition: the best ranked, whose turn it is, the cheapest."""

    CASCADE = "cascade"
    ROTATION = "rotation"
    BEST_PRICE = "best_price"


class FrameworkStatus(StrEnum):
    """An agreement's; nothing is called off from one that is terminated."""

    ACTIVE = "active"
    TERMINATED = "terminated"


class ParticipantStatus(StrEnum):
    """A supplier's in an agreement; only an active one gets call-offs or competes for them."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


class FrameworkEnd(StrEnum):
    """Why an agreement is over."""

    EXPIRED = "expired"
    BUYER = "buyer"


_S = ParticipantStatus
FRAMEWORK = Machine(
    {"terminate": (frozenset({FrameworkStatus.ACTIVE}), FrameworkStatus.TERMINATED)}
)
PARTICIPANT = Machine(
    {
        "suspend": (frozenset({_S.ACTIVE}), _S.SUSPENDED),
        "reinstate": (frozenset({_S.SUSPENDED}), _S.ACTIVE),
        "terminate": (frozenset({_S.ACTIVE, _S.SUSPENDED}), _S.TERMINATED),
    }
)
_METHODS: Mapping[FrameworkMethod, frozenset[FrameworkMethod]] = {
    FrameworkMethod.WITH_REOPENING: frozenset({FrameworkMethod.WITH_REOPENING}),
    FrameworkMethod.WITHOUT_REOPENING: frozenset({FrameworkMethod.WITHOUT_REOPENING}),
    FrameworkMethod.BOTH: frozenset(
        {FrameworkMethod.WITH_REOPENING, FrameworkMethod.WITHOUT_REOPENING}
    ),
}


@dataclass(frozen=True, slots=True)
class Candidate[S]:
    """A supplier that a call-off can go to; `last_turn` counts the call-offs that were given."""

    supplier: S
    rank: int
    total: Decimal
    last_turn: int | None = None


@dataclass(frozen=True, slots=True)
class Agreement[B]:
    """What a call-off depends on, of the agreement."""

    status: FrameworkStatus
    method: FrameworkMethod
    period_start: datetime
    period_end: datetime
    buyers: Collection[B]


@dataclass(frozen=True, slots=True)
class PriceOffered:
    """The price of an item in a competition, and the one that the agreement sets for it."""

    pointer: str
    offered: Decimal
    agreed: Decimal | None


def allows(agreed: FrameworkMethod, made: FrameworkMethod) -> bool:
    """True when an agreement of one method allows a call-off made by another."""
    return made in _METHODS[agreed]


def terms_faults(
    bounds: FrameworkTerms,
    *,
    duration_days: int,
    minimum_participants: int | None,
    maximum_participants: int,
    value: Value | None,
) -> list[Fault]:
    """What the policy, or the terms themselves, forbid of an agreement to be."""
    at = "#/framework"
    faults = []
    if not bounds.minimum_days <= duration_days <= bounds.maximum_days:
        detail = f"must be between {bounds.minimum_days} and {bounds.maximum_days} days"
        faults.append(Fault(f"{at}/duration_days", "duration_out_of_bounds", detail))
    most = bounds.maximum_participants
    if most is not None and maximum_participants > most:
        detail = f"must be at most {most}"
        faults.append(Fault(f"{at}/maximum_participants", "too_many_participants", detail))
    if minimum_participants is not None and minimum_participants > maximum_participants:
        detail = "must not be above maximum_participants"
        faults.append(Fault(f"{at}/minimum_participants", "bounds_reversed", detail))
    if value is None:
        detail = "is needed: it is the ceiling of all call-offs together"
        faults.append(Fault("#/value", "missing", detail))
    return faults


def call_off_faults[B](
    agreement: Agreement[B], *, made: FrameworkMethod, buyer: B, now: datetime
) -> list[Fault]:
    """What keeps a buyer from calling off at `now`; the period is half-open."""
    faults = []
    if agreement.status is not FrameworkStatus.ACTIVE:
        faults.append(Fault("#/framework_id", "framework_terminated", "is terminated"))
    elif now < agreement.period_start or has_ended(agreement.period_end, now):
        detail = f"runs until {agreement.period_end.isoformat(timespec='seconds')}"
        faults.append(Fault("#/framework_id", "outside_period", detail))
    if buyer not in agreement.buyers:
        faults.append(Fault("#/framework_id", "buyer_not_named", "does not name this buyer"))
    if not allows(agreement.method, made):
        faults.append(Fault("#/framework_id", "method_not_agreed", f"is {agreement.method}"))
    return faults


def allocate[S](rule: Allocation, candidates: Iterable[Candidate[S]]) -> list[Candidate[S]]:
    """The candidates in the order in which a call-off is offered to them; ties go by rank.

    By rotation, whoever has not been given one for the longest time comes first.
    """
    keys = {
        Allocation.CASCADE: lambda each: (each.rank,),
        Allocation.ROTATION: lambda each: (
            -1 if each.last_turn is None else each.last_turn,
            each.rank,
        ),
        Allocation.BEST_PRICE: lambda each: (each.total, each.rank),
    }
    return sorted(candidates, key=keys[rule])


def total(lines: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The sum of quantities by unit prices, to two decimals, half up."""
    whole = sum((quantity * price for quantity, price in lines), Decimal())
    return whole.quantize(_MINOR, ROUND_HALF_UP)


def fits(*, drawn: Decimal, amount: Decimal, ceiling: Decimal) -> bool:
    """True when all call-offs together stay within the ceiling; exactly at it they do."""
    return drawn + amount <= ceiling


def price_faults(prices: Sequence[PriceOffered], *, within: bool) -> list[Fault]:
    """Items that the bidder has no agreed price for, and, where the agreement says so, prices
    above the agreed ones."""
    faults = []
    for each in prices:
        if each.agreed is None:
            detail = "is of no lot that the supplier is agreed for"
            faults.append(Fault(each.pointer, "not_admitted", detail))
        elif within and each.offered > each.agreed:
            detail = f"must not be above {plain(each.agreed)}, the price of the agreement"
            faults.append(Fault(each.pointer, "above_agreed_price", detail))
    return faults


def unannounced(announced: Collection[str], used: Sequence[tuple[str, str]]) -> list[Fault]:
    """Criteria (pointer, id) of a competition that the framework tender had not announced."""
    return [
        Fault(pointer, "criterion_not_announced", f"{id} was not announced by the framework")
        for pointer, id in used
        if id not in announced
    ]
