"""Life of a bid, and who may hand one in until when. Pure.

The machine runs over `BidStage`; the OCDS `bidStatus` is a function of it, so that the two can
never disagree. Whether a bid is late is told by `rules.tenders.has_ended` alone.
"""

from collections.abc import Mapping
from enum import StrEnum

from api.rules.sealing import EnvelopeKind
from api.rules.states import Machine


class BidStatus(StrEnum):
    """OCDS `bidStatus`: the words that a submitted bid can have."""

    PENDING = "pending"
    VALID = "valid"
    DISQUALIFIED = "disqualified"
    WITHDRAWN = "withdrawn"


class BidStage(StrEnum):
    """Where a bid stands.

    `needs_confirmation`: a material amendment came after it; unless its supplier confirms or
    replaces it before the deadline, it lapses. `technical_opened`: of two envelopes, the first.
    `opened`: it waits for its evaluation.
    """

    PENDING = "pending"
    NEEDS_CONFIRMATION = "needs_confirmation"
    TECHNICAL_OPENED = "technical_opened"
    OPENED = "opened"
    VALID = "valid"
    DISQUALIFIED = "disqualified"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class TendererRole(StrEnum):
    """What an organisation is in a bid: its supplier, or a member of the supplier's consortium."""

    LEAD = "lead"
    MEMBER = "member"


class SecurityKind(StrEnum):
    """What stands for a bid security: a guarantee or deposit, or a signed declaration."""

    GUARANTEE = "guarantee"
    DECLARATION = "declaration"


class OpenerRole(StrEnum):
    """Who holds a share of a tender's key: an opener, or the auditor in reserve."""

    OPENER = "opener"
    AUDITOR = "auditor"


class OpeningStatus(StrEnum):
    """`collecting` shares, `ready` with enough of them, `opened`, or `failed` to give the key."""

    COLLECTING = "collecting"
    READY = "ready"
    OPENED = "opened"
    FAILED = "failed"


_B, _O = BidStage, OpeningStatus
STATUS_OF: Mapping[BidStage, BidStatus] = {
    _B.PENDING: BidStatus.PENDING,
    _B.NEEDS_CONFIRMATION: BidStatus.PENDING,
    _B.TECHNICAL_OPENED: BidStatus.PENDING,
    _B.OPENED: BidStatus.PENDING,
    _B.VALID: BidStatus.VALID,
    _B.DISQUALIFIED: BidStatus.DISQUALIFIED,
    _B.WITHDRAWN: BidStatus.WITHDRAWN,
    _B.LAPSED: BidStatus.WITHDRAWN,
}
SEALED = frozenset({_B.PENDING, _B.NEEDS_CONFIRMATION})
"""Stages of a bid that nobody has opened and its supplier has not taken back."""
OVER = frozenset({_B.WITHDRAWN, _B.LAPSED})
"""Stages of a bid that no longer stands in the way of another one of the same supplier."""
COMPETING = frozenset({_B.OPENED, _B.VALID})
"""Stages of a bid that an evaluation ranks."""

BID = Machine(
    {
        "replace": (SEALED, _B.PENDING),
        "require_confirmation": (frozenset({_B.PENDING}), _B.NEEDS_CONFIRMATION),
        "confirm": (frozenset({_B.NEEDS_CONFIRMATION}), _B.PENDING),
        "withdraw": (SEALED, _B.WITHDRAWN),
        "lapse": (frozenset({_B.NEEDS_CONFIRMATION}), _B.LAPSED),
        "open_technical": (frozenset({_B.PENDING}), _B.TECHNICAL_OPENED),
        "open": (frozenset({_B.PENDING, _B.TECHNICAL_OPENED}), _B.OPENED),
        "validate": (frozenset({_B.OPENED}), _B.VALID),
        "disqualify": (frozenset({_B.TECHNICAL_OPENED, _B.OPENED, _B.VALID}), _B.DISQUALIFIED),
    }
)
OPENING = Machine(
    {
        "complete": (frozenset({_O.COLLECTING}), _O.READY),
        "open": (frozenset({_O.READY}), _O.OPENED),
        "fail": (frozenset({_O.READY}), _O.FAILED),
    }
)


def kinds(*, two_envelopes: bool) -> tuple[EnvelopeKind, ...]:
    """The envelopes of a bid, in the order in which they are opened."""
    if two_envelopes:
        return EnvelopeKind.TECHNICAL, EnvelopeKind.PRICE
    return (EnvelopeKind.PRICE,)


def needs_confirmation(*, answered: int, latest_material: int) -> bool:
    """True when a material amendment (by number) came after the one that the bid answered."""
    return answered < latest_material
