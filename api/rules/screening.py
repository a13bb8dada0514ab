"""Screening against sanctions, debarment and export-control lists: cases and their life. Pure.

No score decides: a likeness above the threshold opens a case, and two people clear it.
"""

from collections.abc import Collection
from enum import StrEnum

from api.rules.states import Machine

LIKE_ENOUGH = 85
"""Likeness of two names, of 100, from which on people look at them."""
MOST_REMOVED = 0.5
"""The share of a list that one import may take away without being told that this is meant."""


class SubjectKind(StrEnum):
    """What is compared with the lists: a party, the bank of a payee, the goods of a contract."""

    ORGANISATION = "organisation"
    BANK = "bank"
    GOODS = "goods"


class EntryKind(StrEnum):
    """What an entry of a list is about."""

    ORGANISATION = "organisation"
    PERSON = "person"
    VESSEL = "vessel"
    GOODS = "goods"


class MatchedBy(StrEnum):
    """What subject and entry have in common."""

    IDENTIFIER = "identifier"
    NAME = "name"
    HS_CODE = "hs_code"


class CaseStatus(StrEnum):
    """An open case, and a confirmed one, hold money back; a lapsed one has lost its reason."""

    OPEN = "open"
    CLEARANCE_PROPOSED = "clearance_proposed"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"
    LAPSED = "lapsed"


_S = CaseStatus
HOLDING = frozenset({_S.OPEN, _S.CLEARANCE_PROPOSED, _S.CONFIRMED})
"""The states in which nothing is paid."""
SETTLED = frozenset({_S.CLEARED, _S.LAPSED})

CASE = Machine(
    {
        "propose_clearance": (frozenset({_S.OPEN}), _S.CLEARANCE_PROPOSED),
        "clear": (frozenset({_S.CLEARANCE_PROPOSED}), _S.CLEARED),
        "refuse_clearance": (frozenset({_S.CLEARANCE_PROPOSED}), _S.OPEN),
        "confirm": (frozenset({_S.OPEN, _S.CLEARANCE_PROPOSED}), _S.CONFIRMED),
        "reopen": (frozenset({_S.CLEARED, _S.CONFIRMED, _S.LAPSED}), _S.OPEN),
        "lapse": (frozenset({_S.OPEN, _S.CLEARANCE_PROPOSED}), _S.LAPSED),
    }
)


def compared(subject: SubjectKind, entry: EntryKind) -> bool:
    """True when a subject of this kind is held against entries of that kind."""
    return (subject is SubjectKind.GOODS) == (entry is EntryKind.GOODS)


def controlled(codes: Collection[str], prefixes: Collection[str]) -> str | None:
    """The first HS code (digits alone) that is one of `prefixes`, within it or around it; None: none
    is. A heading is around the subheading that is controlled: it does not say which goods are meant.
    """
    wanted = tuple(prefix for prefix in prefixes if prefix)
    return next(
        (
            code
            for code in sorted(codes)
            if code and any(code.startswith(one) or one.startswith(code) for one in wanted)
        ),
        None,
    )


def shrinks_too_much(before: int, after: int) -> bool:
    """True when an import would take away more of a list than `MOST_REMOVED`: a file cut short."""
    return before > 0 and (before - after) / before > MOST_REMOVED
