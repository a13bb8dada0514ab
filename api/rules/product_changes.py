"""Changes of listed products that somebody else looks through before they are made. Pure.

Which fields are reviewed is said by data, by category: those by which buyers, customs and the
issuers of certificates know the goods. Everything else is changed at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from api.rules.states import Machine

ATTRIBUTES = "attributes"


class ProductChangeStatus(StrEnum):
    """`superseded`: its author has proposed another one in its place."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


_S = ProductChangeStatus
CHANGE = Machine(
    {
        "approve": (frozenset({_S.PROPOSED}), _S.APPROVED),
        "reject": (frozenset({_S.PROPOSED}), _S.REJECTED),
        "withdraw": (frozenset({_S.PROPOSED}), _S.WITHDRAWN),
        "supersede": (frozenset({_S.PROPOSED}), _S.SUPERSEDED),
    }
)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Fields that are reviewed in products of a category, from a day until another day begins."""

    scheme: str
    prefix: str
    valid_from: date
    valid_to: date | None
    fields: frozenset[str]


def reviewed_fields(
    known: Iterable[Reviewed], codes: Iterable[Mapping[str, str | None]], day: date
) -> frozenset[str]:
    """The fields that are reviewed on a day in a product of any of the categories: `codes` has those
    that it has and those that it would have, each scheme -> code."""
    held = [pair for each in codes for pair in each.items()]
    return frozenset(
        field
        for each in known
        if each.valid_from <= day and (each.valid_to is None or day < each.valid_to)
        if any(scheme == each.scheme and (code or "").startswith(each.prefix)
               for scheme, code in held)
        for field in each.fields
    )  # fmt: skip


def to_review(
    fields: frozenset[str],
    templated: Iterable[str],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> list[str]:
    """What of a change is reviewed, by name: fields that differ, and attributes that a template of
    the category knows ("attributes.height"); without a template, any attribute."""
    found = [
        name
        for name in sorted(fields - {ATTRIBUTES})
        if name in after and before.get(name) != after[name]
    ]
    if ATTRIBUTES in fields and ATTRIBUTES in after:
        old, new = before.get(ATTRIBUTES) or {}, after[ATTRIBUTES] or {}
        watched = {*templated} or old.keys() | new.keys()
        found += [f"{ATTRIBUTES}.{n}" for n in sorted(watched) if old.get(n) != new.get(n)]
    return found


def is_stale(status: ProductChangeStatus, proposed_on: int, version: int) -> bool:
    """True when a change was proposed on another version of the product than there is now."""
    return status is ProductChangeStatus.PROPOSED and proposed_on != version
