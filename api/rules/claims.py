"""What follows a late delivery: warnings, excuses, and the claim for liquidated damages. Pure."""

from enum import StrEnum

from api.rules.states import Machine


class AlertKind(StrEnum):
    """A row of the schedule is not performed shortly before the end of its due day, or after it."""

    AT_RISK = "at_risk"
    LATE = "late"


class ExcuseStatus(StrEnum):
    """An excuse counts once the buyer has accepted it."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ClaimStatus(StrEnum):
    """Drawn up from facts, raised, contested; once agreed or waived it is never altered."""

    DRAFT = "draft"
    RAISED = "raised"
    CONTESTED = "contested"
    AGREED = "agreed"
    WAIVED = "waived"


_S = ClaimStatus
CLAIM = Machine(
    {
        "raise": (frozenset({_S.DRAFT}), _S.RAISED),
        "contest": (frozenset({_S.RAISED}), _S.CONTESTED),
        "agree": (frozenset({_S.RAISED, _S.CONTESTED}), _S.AGREED),
        "waive": (frozenset({_S.DRAFT, _S.RAISED, _S.CONTESTED}), _S.WAIVED),
    }
)
OPEN = frozenset({_S.DRAFT, _S.RAISED, _S.CONTESTED})
"""A contract has one such claim at a time."""
EXCUSE = Machine(
    {
        "accept": (frozenset({ExcuseStatus.SUBMITTED}), ExcuseStatus.ACCEPTED),
        "refuse": (frozenset({ExcuseStatus.SUBMITTED}), ExcuseStatus.REFUSED),
    }
)
