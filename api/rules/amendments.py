"""What a change of a published tender is: its diff, and whether suppliers must get more time.

Materiality is decided by rule, not by the officer: every change is material, except corrections
of spelling in prose and translations added to it. Doubt makes a change material.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

type Json = str | int | bool | list["Json"] | dict[str, "Json"] | None

PROSE = frozenset({"title", "description", "delivery_address"})
"""Fields whose spelling may be corrected. Quantities, specifications, dates, certificates,
places, Incoterms, budgets and codes are never corrections, whatever changes in them."""

PERIODS = frozenset(
    {
        "prequalification_period_end",
        "tender_period_end",
        "enquiry_period_end",
        "clarification_until",
        "complaint_period_end",
    }
)
"""Fields that say how much time there is. To move them is material, but no bid says other than it
did: it need not be confirmed."""

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|\w+|[^\w\s.,;:!?«»\"'()…]")
_SHORTEST_MISSPELT = 4


class AmendmentCause(StrEnum):
    """Why a published tender changed: the buyer wished it, or the rules demanded more time."""

    BUYER = "buyer"
    LATE_ANSWER = "lateAnswer"
    SUSPENSION = "suspension"
    AUTO_PROLONGATION = "autoProlongation"
    COMPLAINT = "complaint"


class Reason(StrEnum):
    """By which rule a change is, or is not, material."""

    RESPELLING = "respelling"
    TRANSLATION = "translation"
    WORDING = "wording"
    TERM = "term"
    PERIOD = "period"


_IMMATERIAL = frozenset({Reason.RESPELLING, Reason.TRANSLATION})


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; `pointer` names lots and items by their ids."""

    pointer: str
    before: Json
    after: Json

    @property
    def field(self) -> str:
        return self.pointer.rpartition("/")[2]


def diff(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[Change]:
    """Changes between two snapshots (JSON pointer -> value), in the order of `after`."""
    pointers = dict.fromkeys((*after, *before))
    return [
        Change(pointer, before.get(pointer), after.get(pointer))
        for pointer in pointers
        if before.get(pointer) != after.get(pointer)
    ]


def reason(change: Change) -> Reason:
    """The rule that decides about one change."""
    if change.field in PERIODS:
        return Reason.PERIOD
    if change.field in PROSE:
        return _corrects(change.before, change.after) or Reason.WORDING
    return Reason.TERM


def is_material(change: Change) -> bool:
    """True for a change that could alter a supplier's decision or price."""
    return reason(change) not in _IMMATERIAL


def material(changes: Iterable[Change]) -> list[Change]:
    """The changes that could alter a supplier's decision or price."""
    return [change for change in changes if is_material(change)]


def needs_confirmation(changes: Iterable[Change]) -> bool:
    """True when bids were made to other terms: their bidders must confirm them."""
    return any(is_material(change) and reason(change) is not Reason.PERIOD for change in changes)


def is_respelling(before: str, after: str) -> bool:
    """True when no more than the spelling of words changed.

    Commas, stops, quotes and brackets are free; a word of at least four letters may change its
    case or one letter (inserted, left out, replaced, or two swapped). So neither "стерильные" ->
    "нестерильные" is a respelling, nor any change of a number, a sign or the count of words.
    """
    words = zip_longest(_TOKEN.findall(before), _TOKEN.findall(after), fillvalue="")
    return all(old == new or _is_misspelling(old, new) for old, new in words)


def _corrects(before: Json, after: Json) -> Reason | None:
    """How the text is only corrected, if it is; a translation may come with respellings."""
    if isinstance(before, str) and isinstance(after, str):
        return Reason.RESPELLING if is_respelling(before, after) else None
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    kept = before.keys() <= after.keys() and all(
        is_respelling(str(text), str(after[language])) for language, text in before.items()
    )
    if not kept:
        return None
    return Reason.TRANSLATION if after.keys() > before.keys() else Reason.RESPELLING


def _is_misspelling(old: str, new: str) -> bool:
    if min(len(old), len(new)) < _SHORTEST_MISSPELT or any(c.isdigit() for c in old + new):
        return False
    if old.casefold() == new.casefold():
        return True
    same_head = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    head_old, head_new = old[same_head:], new[same_head:]
    replaced = head_old[1:] == head_new[1:]
    inserted = head_old == head_new[1:] or head_old[1:] == head_new
    swapped = head_old[:2] == head_new[:2][::-1] and head_old[2:] == head_new[2:]
    return replaced or inserted or (swapped and len(head_old) > 1)
