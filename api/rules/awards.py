"""Life of an award, its standstill, and the stage of a tender whose lots are being awarded. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.states import Machine
from api.rules.tenders import LotStatus, TenderStage, has_ended


class AwardStatus(StrEnum):
    """OCDS `award.status` (closed code list)."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUCCESSFUL = "unsuccessful"
    CANCELLED = "cancelled"


class CancellationCause(StrEnum):
    """What ends a decided award, and one that nobody has decided when its lot is over."""

    COMPLAINT = "complaint"
    REFUSAL = "refusal"
    LOT_ENDED = "lot_ended"


_A, _T, _L = AwardStatus, TenderStage, LotStatus
AWARD = Machine(
    {
        "approve": (frozenset({_A.PENDING}), _A.ACTIVE),
        "reject": (frozenset({_A.PENDING}), _A.UNSUCCESSFUL),
        "cancel": (frozenset({_A.ACTIVE, _A.UNSUCCESSFUL}), _A.CANCELLED),
        "lapse": (frozenset({_A.PENDING}), _A.CANCELLED),
    }
)


@dataclass(frozen=True, slots=True)
class Standstill:
    """A period in which no contract is signed and the decision can be complained about."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class LotState:
    """What the stage of its tender depends on."""

    status: LotStatus
    awarded: bool


def standstill(
    table: Timetable, policy: Policy, *, decided_at: datetime, bids: int
) -> Standstill | None:
    """The standstill after a decision on a lot with so many ranked bids; None: the law has none.

    It is computed once, at the decision, and stored.
    """
    if policy.standstill_duration is None:
        return None
    if bids <= 1 and not policy.standstill_for_single_bid:
        return None
    return Standstill(decided_at, table.after(decided_at, policy.standstill_duration))


def is_standing_still(end: datetime | None, now: datetime) -> bool:
    """True before the end of a standstill; at `end` it is over."""
    return end is not None and not has_ended(end, now)


def free_seat(taken: Collection[int], seats: int) -> int | None:
    """The first of the seats of a lot that no active award has; None: there is none left."""
    return next((seat for seat in range(1, seats + 1) if seat not in taken), None)


def displaced[A](standing: Collection[tuple[int, A]], *, rank: int, seats: int) -> list[A]:
    """The active awards (rank, award) that fall when a bid of `rank` is put in its place again:
    the last of those behind it, as many as there are no seats for."""
    behind = sorted((each for each in standing if each[0] > rank), key=lambda each: each[0])
    surplus = len(standing) + 1 - seats
    return [award for _, award in behind[-surplus:]] if surplus > 0 else []


def next_bid[B](ranking: Iterable[B], *, decided: Collection[B]) -> B | None:
    """The first bid of a ranking that no award was made for yet, whatever became of the award."""
    return next((bid for bid in ranking if bid not in decided), None)


def stage_of(lots: Collection[LotState]) -> TenderStage:
    """The stage of a tender under award that has an active lot: a function of its lots alone.

    Contracts can be signed once each active lot has an active award.
    """
    settled = all(lot.awarded for lot in lots if lot.status is _L.ACTIVE)
    return _T.CONTRACT_SIGN_PENDING if settled else _T.EVALUATION_RESULTS_PENDING
