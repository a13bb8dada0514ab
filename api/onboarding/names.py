"""Names of one party in several scripts: how alike they are. A hint for people; it refuses nothing.

Names are compared as screening compares them: Han and Cyrillic romanised, forms of company left out.
A Chinese company translates parts of its English name, so unlike names may still be right.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

from api.screening import names

LIKE_ENOUGH = 60
"""Likeness, of 100, below which a reviewer is told to look."""


class NameHint(NamedTuple):
    """Two names that look like those of different parties."""

    one: str
    other: str
    likeness: int


def between(legal: Mapping[str, str]) -> list[NameHint]:
    """The pairs of names in several languages that are unlike each other."""
    pairs = combinations([legal[language] for language in sorted(legal)], 2)
    compared = [NameHint(one, other, _likeness(one, other)) for one, other in pairs]
    return [each for each in compared if each.likeness < LIKE_ENOUGH]


def against(legal: Mapping[str, str], shown: str) -> NameHint | None:
    """None when a name on a paper is like one of the party's names, in any script; else the one
    that it is the least unlike."""
    compared = [NameHint(shown, name, _likeness(shown, name)) for _, name in sorted(legal.items())]
    best = max(compared, key=lambda each: each.likeness, default=None)
    return best if best is not None and best.likeness < LIKE_ENOUGH else None


def _likeness(one: str, other: str) -> int:
    return names.likeness(names.key(one), names.key(other))
