"""Which evidence is asked of whom: dated lists that the product ships, in `evidence/`.

A list is in force from its `valid_from` until the next one. What a country does not say for a role
is said by `*`. `unreviewed` is what nobody has checked with the law or the register of the country.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.identity.schemas.base import Language
from api.rules.permissions import OrgRole
from api.rules.verification import Required

FOLDER = Path(__file__).with_name("evidence")
ANYWHERE = "*"
type Review = Literal["unreviewed", "reviewed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceKind(_Part):
    """A kind of document; `months` is how long it counts at most."""

    months: int = Field(ge=1, le=120)
    names: Mapping[Language, str]


class Requirement(_Part):
    """The kinds that a level asks of these roles in a country, besides those of the levels below."""

    country: str = Field(pattern=r"^([A-Z]{2}|\*)$")
    roles: Sequence[OrgRole] = Field(min_length=1)
    level: Literal[1, 2, 3]
    kinds: Sequence[str] = Field(min_length=1)
    review: Review


class EvidenceList(_Part):
    """A list as it is shipped."""

    valid_from: date
    title: str
    source: str
    review: Review
    kinds: Mapping[str, EvidenceKind]
    requirements: Sequence[Requirement]

    def applying(self, country: str, role: OrgRole) -> Sequence[Requirement]:
        """What is asked of one role in a country: what is said of the country, else of any."""
        for place in (country, ANYWHERE):
            found = [r for r in self.requirements if r.country == place and role in r.roles]
            if found:
                return found
        return []


@cache
def shipped() -> tuple[EvidenceList, ...]:
    """Every list, the newest first. ValueError for one that names a kind it does not describe."""
    lists = [EvidenceList.model_validate_json(p.read_bytes()) for p in FOLDER.glob("*.json")]
    for each in lists:
        unknown = {kind for r in each.requirements for kind in r.kinds} - each.kinds.keys()
        if unknown:
            raise ValueError(f"{each.valid_from}: not described: {', '.join(sorted(unknown))}")
    return tuple(sorted(lists, key=lambda each: each.valid_from, reverse=True))


def in_force(day: date) -> EvidenceList:
    """The list of a day; the first one for days before it."""
    return next((each for each in shipped() if each.valid_from <= day), shipped()[-1])


def required(country: str, roles: Collection[str], day: date) -> Required:
    """By level, the kinds that are asked of an organisation: of all its roles together."""
    return _required(in_force(day).valid_from, country, frozenset(roles))


@cache
def _required(valid_from: date, country: str, roles: frozenset[str]) -> Required:
    chosen = in_force(valid_from)
    found: dict[int, frozenset[str]] = {}
    for role in roles:
        for each in chosen.applying(country, OrgRole(role)):
            found[each.level] = found.get(each.level, frozenset()) | frozenset(each.kinds)
    return found
