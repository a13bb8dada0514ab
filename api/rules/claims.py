"""Life of a claim for liquidated damages: drawn up from facts, contested, agreed or waived. Pure."""

from enum import StrEnum

from api.rules.states import Machine


class ClaimStatus(StrEnum):
    """`draft` is the buyer's alone; a claim that is agreed or waived is never altered."""

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
"""The buyer has one such claim of a contract at a time."""
