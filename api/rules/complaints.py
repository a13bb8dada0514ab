"""Complaints: their life, what they may ask for, what they hold up, what they cost. Pure."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from api.rules.policy import ComplaintFee, share
from api.rules.states import Machine


class ComplaintStatus(StrEnum):
    """`draft` and `mistaken` are its author's alone; everything else is public."""

    DRAFT = "draft"
    PENDING = "pending"
    MISTAKEN = "mistaken"
    ACCEPTED = "accepted"
    INVALID = "invalid"
    DECLINED = "declined"
    SATISFIED = "satisfied"
    STOPPED = "stopped"
    RESOLVED = "resolved"


class ComplaintTarget(StrEnum):
    """What is complained about: terms of the tender or of a lot, an award, a cancellation, or what
    was decided about a candidate."""

    TENDER = "tender"
    LOT = "lot"
    AWARD = "award"
    CANCELLATION = "cancellation"
    QUALIFICATION = "qualification"


class EffectKind(StrEnum):
    """What the engine does when a complaint is satisfied."""

    CANCEL_AWARD = "cancel_award"
    CANCEL_QUALIFICATION = "cancel_qualification"
    REPEAT_EVALUATION = "repeat_evaluation"
    AMEND_TERMS = "amend_terms"
    EXTEND_PERIOD = "extend_period"
    CANCEL_TENDER = "cancel_tender"
    NO_EFFECT = "no_effect"


_S, _C, _E = ComplaintStatus, ComplaintTarget, EffectKind
COMPLAINT = Machine(
    {
        "submit": (frozenset({_S.DRAFT}), _S.PENDING),
        "discard": (frozenset({_S.DRAFT}), _S.MISTAKEN),
        "accept": (frozenset({_S.PENDING}), _S.ACCEPTED),
        "invalidate": (frozenset({_S.PENDING}), _S.INVALID),
        "decline": (frozenset({_S.ACCEPTED}), _S.DECLINED),
        "satisfy": (frozenset({_S.ACCEPTED}), _S.SATISFIED),
        "stop": (frozenset({_S.ACCEPTED}), _S.STOPPED),
        "resolve": (frozenset({_S.SATISFIED}), _S.RESOLVED),
    }
)
OPEN = frozenset({_S.PENDING, _S.ACCEPTED})
"""What holds up the opening of bids, or the signing of a contract."""
PRIVATE = frozenset({_S.DRAFT, _S.MISTAKEN})
TERMS = frozenset({_C.TENDER, _C.LOT})
"""Targets that hold up the opening of bids."""
BEFORE_INVITATION = TERMS | {_C.QUALIFICATION}
"""Targets that hold up the invitation of candidates."""

KG_STATUS: Mapping[ComplaintStatus, str | None] = {
    _S.DRAFT: None,
    _S.PENDING: "published",
    _S.MISTAKEN: "cancelled",
    _S.ACCEPTED: "active",
    _S.INVALID: None,
    _S.DECLINED: "complete",
    _S.SATISFIED: "complete",
    _S.STOPPED: "withdrawn",
    _S.RESOLVED: "complete",
}
"""In the codes of the Kyrgyz portal; it has none for a draft and for a complaint left unread."""

EFFECTS: Mapping[ComplaintTarget, frozenset[EffectKind]] = {
    _C.TENDER: frozenset({_E.AMEND_TERMS, _E.EXTEND_PERIOD, _E.CANCEL_TENDER, _E.NO_EFFECT}),
    _C.LOT: frozenset({_E.AMEND_TERMS, _E.EXTEND_PERIOD, _E.CANCEL_TENDER, _E.NO_EFFECT}),
    _C.AWARD: frozenset({_E.CANCEL_AWARD, _E.REPEAT_EVALUATION, _E.CANCEL_TENDER, _E.NO_EFFECT}),
    _C.CANCELLATION: frozenset({_E.NO_EFFECT}),
    _C.QUALIFICATION: frozenset({_E.CANCEL_QUALIFICATION, _E.CANCEL_TENDER, _E.NO_EFFECT}),
}
"""Which effects a satisfied complaint can have, by what it is about."""


def fee(terms: ComplaintFee, value: Decimal | None) -> Decimal:
    """The fee for a complaint about something of `value`, in the fee's currency, to a hundredth.

    Without a value it is the least fee.
    """
    amount = Decimal() if value is None else value * share(terms.rate_bp)
    bounded = min(max(amount, Decimal(terms.minimum)), Decimal(terms.maximum))
    return bounded.quantize(Decimal("0.01"), ROUND_HALF_UP)


def effect_faults(target: ComplaintTarget, kinds: list[EffectKind]) -> list[int]:
    """Positions of effects that the target cannot have, that are named twice, or that stand beside
    `no_effect`."""
    return [
        n
        for n, kind in enumerate(kinds)
        if kind not in EFFECTS[target]
        or kind in kinds[:n]
        or (kind is _E.NO_EFFECT and len(kinds) > 1)
    ]
