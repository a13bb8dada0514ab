"""How far an organisation is verified on a day: derived from evidence that is in force, never kept.

A level holds while every kind of evidence that it and the levels below it ask for is in force. It
lapses by itself with the first of them. Pure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from api.rules.states import Machine

LEVELS = (1, 2, 3)
"""1 registered, 2 documents checked, 3 audited."""
_DAY = timedelta(days=1)

type Required = Mapping[int, frozenset[str]]
"""Kinds of evidence by the level that asks for them besides those of the levels below."""


class EvidenceStatus(StrEnum):
    """What the operator has said of a document; whether it is still in force, its days tell."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class RejectionCode(StrEnum):
    """Why a document is not taken as evidence."""

    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    WRONG_PARTY = "wrong_party"
    WRONG_KIND = "wrong_kind"
    INCOMPLETE = "incomplete"
    NOT_AUTHENTIC = "not_authentic"
    OTHER = "other"


_E = EvidenceStatus
EVIDENCE = Machine(
    {
        "accept": (frozenset({_E.SUBMITTED}), _E.ACCEPTED),
        "reject": (frozenset({_E.SUBMITTED}), _E.REJECTED),
        "withdraw": (frozenset({_E.SUBMITTED}), _E.WITHDRAWN),
        "revoke": (frozenset({_E.ACCEPTED}), _E.REVOKED),
    }
)


@dataclass(frozen=True, slots=True)
class Attested:
    """Accepted evidence of a kind, both days included; revoked, it counts until before `ended_on`."""

    kind: str
    valid_from: date
    valid_through: date
    ended_on: date | None = None

    @property
    def last_day(self) -> date:
        """The last day on which it counts."""
        if self.ended_on is None:
            return self.valid_through
        return min(self.valid_through, self.ended_on - _DAY)

    def holds_on(self, day: date) -> bool:
        """True while it counts."""
        return self.valid_from <= day <= self.last_day


@dataclass(frozen=True, slots=True)
class Vouched:
    """The operator's own word for a level, through a day."""

    level: int
    through: date


@dataclass(frozen=True, slots=True)
class Standing:
    """A level and the last day on which it surely holds as things are; None at level 0."""

    level: int
    through: date | None


def evidenced(required: Required, kinds: Collection[str]) -> int:
    """The level that evidence of these kinds supports. A level that asks for nothing new is not
    reached: nobody is verified by an empty list."""
    found = 0
    for level in LEVELS:
        asked = required.get(level, frozenset())
        if not asked or not asked <= {*kinds}:
            break
        found = level
    return found


def level_on(
    required: Required, held: Collection[Attested], vouched: Vouched | None, day: date
) -> int:
    """The level on a day: the higher of what evidence in force supports and the operator's word."""
    word = vouched.level if vouched is not None and day <= vouched.through else 0
    return max(word, evidenced(required, {each.kind for each in held if each.holds_on(day)}))


def standing(
    required: Required, held: Sequence[Attested], vouched: Vouched | None, day: date
) -> Standing:
    """The level on a day, and how long it lasts: it can only fall after a last day of something."""
    level = level_on(required, held, vouched, day)
    ends = {each.last_day for each in held} | ({vouched.through} if vouched else set())
    through = next(
        (
            end
            for end in sorted(each for each in ends if each >= day)
            if level_on(required, held, vouched, end + _DAY) < level
        ),
        None,
    )
    return Standing(level, through)


def missing(required: Required, kinds: Collection[str], level: int) -> frozenset[str]:
    """The kinds of evidence that a level still asks for, with those of the levels below it."""
    asked = {kind for each in LEVELS if each <= level for kind in required.get(each, ())}
    return frozenset(asked - {*kinds})


def accepted_through(valid_from: date, stated: date | None, months: int, looked_at: date) -> date:
    """The last day on which accepted evidence counts: that of the paper, at most `months` after the
    later of its first day and the day on which it was looked at."""
    longest = _months_later(max(valid_from, looked_at), months)
    return longest if stated is None else min(stated, longest)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - _DAY)
