"""Who evaluates, and the life of what they decide. Pure.

A member of the commission may neither see bids nor score them before declaring that no conflict
of interest exists; who declares one is excluded for good. What one person proposes, another
completes (four eyes).
"""

from enum import StrEnum

from api.rules.states import Machine


class CommissionRole(StrEnum):
    """What a member is in the commission of a tender."""

    CHAIR = "chair"
    MEMBER = "member"
    SECRETARY = "secretary"


class CommissionMemberStatus(StrEnum):
    """`cleared`: has declared that there is no conflict of interest; `excluded`: that there is."""

    APPOINTED = "appointed"
    CLEARED = "cleared"
    EXCLUDED = "excluded"


class EvaluationStatus(StrEnum):
    """A draft is proposed by one person; completed by another, or superseded by a later draft,
    or because a complaint has it repeated."""

    DRAFT = "draft"
    SUPERSEDED = "superseded"
    COMPLETED = "completed"


class JustificationStatus(StrEnum):
    """Of an abnormally low price: asked for, explained, and what was decided."""

    REQUESTED = "requested"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_C, _E, _J = CommissionMemberStatus, EvaluationStatus, JustificationStatus
MEMBER = Machine(
    {
        "clear": (frozenset({_C.APPOINTED}), _C.CLEARED),
        "exclude": (frozenset({_C.APPOINTED, _C.CLEARED}), _C.EXCLUDED),
    }
)
EVALUATION = Machine(
    {
        "supersede": (frozenset({_E.DRAFT}), _E.SUPERSEDED),
        "complete": (frozenset({_E.DRAFT}), _E.COMPLETED),
        "repeat": (frozenset({_E.COMPLETED}), _E.SUPERSEDED),
    }
)
JUSTIFICATION = Machine(
    {
        "answer": (frozenset({_J.REQUESTED}), _J.ANSWERED),
        "accept": (frozenset({_J.REQUESTED, _J.ANSWERED}), _J.ACCEPTED),
        "reject": (frozenset({_J.REQUESTED, _J.ANSWERED}), _J.REJECTED),
    }
)


def may_act(own: CommissionMemberStatus | None, *, has_commission: bool) -> bool:
    """May a person of the buyer see opened bids and decide about them?

    Where a commission was appointed, only its members who have declared no conflict; elsewhere
    whoever the buyer gave the right to.
    """
    return own is CommissionMemberStatus.CLEARED if has_commission else True
