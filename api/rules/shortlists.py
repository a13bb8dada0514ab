"""Shortlists: how many of the qualified are invited at most, and who is first. Pure.

The greatest number and the rule are published with the tender: requirements whose responses are
compared one after the other, the application that came first where all are equal. The law says
below which number nobody may limit the invited (Directive 2014/24/EU, article 65; UNCITRAL's Model
Law of 2011, article 49, paragraph 3, for requests for proposals).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.rules.criteria import Criterion, DataType, RelatesTo, Requirement, Value, typed
from api.rules.policy import Policy
from api.rules.tenders import Fault

COMPARED = frozenset({DataType.INTEGER, DataType.NUMBER, DataType.DATE_TIME})
"""Types whose values are higher or lower."""


class Order(StrEnum):
    """Which response to a requirement comes first."""

    HIGHEST = "highest"
    LOWEST = "lowest"


@dataclass(frozen=True, slots=True)
class Key:
    """A requirement whose responses are compared."""

    requirement_id: str
    order: Order


@dataclass(frozen=True, slots=True)
class Shortlist:
    """At most `maximum` candidates are invited for each lot, the first by `ranked_by`."""

    maximum: int
    ranked_by: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Candidate[C]:
    """What candidates are compared by; `id` is whatever names one."""

    id: C
    responses: Mapping[str, Value]
    received_at: datetime


def terms_faults(
    policy: Policy, criteria: Sequence[Criterion], shortlist: Shortlist | None
) -> list[Fault]:
    """What keeps a tender with this shortlist from being published."""
    if shortlist is None:
        return []
    least = policy.shortlist_minimum
    if least is None or not policy.prequalification:
        detail = "has no place here: whoever qualifies is invited"
        return [Fault("#/shortlist", "no_shortlist", detail)]
    faults = []
    least = max(least, policy.min_candidates)
    if shortlist.maximum < least:
        detail = f"must be at least {least}"
        faults.append(Fault("#/shortlist/maximum_candidates", "shortlist_too_short", detail))
    comparable = {one.id for one, _ in _asked(criteria) if one.data_type in COMPARED}
    faults += [
        Fault(
            f"#/shortlist/ranked_by/{n}/requirement_id",
            "not_comparable",
            "must be a number or an instant that tenderers are asked for",
        )
        for n, key in enumerate(shortlist.ranked_by)
        if key.requirement_id not in comparable
    ]
    return faults


def ordered[C](
    shortlist: Shortlist,
    criteria: Sequence[Criterion],
    candidates: Sequence[Candidate[C]],
    *,
    lot: str,
) -> list[C]:
    """The candidates for a lot, the first first; who did not answer comes after who did.

    Requirements of other lots do not count. Where everything is equal, the earlier application
    comes first.
    """
    kinds = {one.id: one.data_type for one, of_lot in _asked(criteria) if of_lot in (None, lot)}
    found = sorted(candidates, key=lambda each: each.received_at)
    for key in reversed([each for each in shortlist.ranked_by if each.requirement_id in kinds]):
        values = [typed(kinds[key.requirement_id], each.responses.get(key.requirement_id, True))
                  for each in found]  # fmt: skip
        told = [
            (value, each) for value, each in zip(values, found, strict=True) if value is not None
        ]
        told.sort(key=lambda pair: pair[0], reverse=key.order is Order.HIGHEST)
        silent = [each for value, each in zip(values, found, strict=True) if value is None]
        found = [each for _, each in told] + silent
    return [each.id for each in found]


def _asked(criteria: Sequence[Criterion]) -> list[tuple[Requirement, str | None]]:
    return [
        (one, criterion.lot)
        for criterion in criteria
        if criterion.relates_to is RelatesTo.TENDERER
        for group in criterion.groups
        for one in group
    ]
