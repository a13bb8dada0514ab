"""Cancellation of a tender or of single lots: who complains in time comes before it. Pure."""

from datetime import datetime
from enum import StrEnum

from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.states import Machine


class CancellationStatus(StrEnum):
    """`pending` while it can be complained about; `lapsed` when the tender ended before it."""

    PENDING = "pending"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class CancellationReason(StrEnum):
    """Why, in the codes of ProZorro's `reasonType`, and `other`."""

    NO_DEMAND = "noDemand"
    UN_FIXABLE = "unFixable"
    FORCE_MAJEURE = "forceMajeure"
    EXPENSES_CUT = "expensesCut"
    OTHER = "other"


_S = CancellationStatus
CANCELLATION = Machine(
    {
        "activate": (frozenset({_S.PENDING}), _S.ACTIVE),
        "withdraw": (frozenset({_S.PENDING}), _S.WITHDRAWN),
        "lapse": (frozenset({_S.PENDING}), _S.LAPSED),
    }
)


def complaint_period_end(
    table: Timetable, policy: Policy, *, published: bool, now: datetime
) -> datetime | None:
    """Until when a cancellation can be complained about; None: it takes effect at once.

    A tender that nobody has seen yet, or whose policy gives no time for it, needs none.
    """
    window = policy.cancellation_complaint_duration
    return table.after(now, window) if published and window is not None else None
