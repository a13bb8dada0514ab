"""What becomes of a tender when its period ends. Pure.

The order matters: who waits for an answer, or for the decision on a complaint about the terms,
must not lose the chance to bid; only then are bids counted. They are counted for the tender as a
whole: for which lots a sealed bid is, nobody knows before it is opened.
"""

from dataclasses import dataclass
from enum import StrEnum

from api.rules.policy import Policy


class Outcome(StrEnum):
    """The action of the tender's machine (rules/tenders.py) that follows."""

    SUSPEND = "suspend"
    PROLONG = "prolong"
    FAIL = "fail"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What keeps bids from being opened: questions without an answer, a complaint about the terms
    without a decision, a cancellation that can still be complained about."""

    unanswered: int = 0
    complaint_open: bool = False
    cancellation_pending: bool = False

    @property
    def any(self) -> bool:
        return self.unanswered > 0 or self.complaint_open or self.cancellation_pending


def decide(policy: Policy, obstacles: Obstacles, *, bids: int, prolonged: int) -> Outcome:
    """What follows at the end of the period.

    `bids` counts live bids, `prolonged` earlier prolongations. With fewer bids than `min_bids` of
    the policy, and one in any case, a tender is prolonged as often as the policy allows, and is
    unsuccessful then.
    """
    if obstacles.any:
        return Outcome.SUSPEND
    if bids >= max(policy.min_bids, 1):
        return Outcome.CLOSE
    allowed = policy.auto_prolongation.times if policy.auto_prolongation else 0
    return Outcome.PROLONG if prolonged < allowed else Outcome.FAIL
