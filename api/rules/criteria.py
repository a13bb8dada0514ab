"""Criteria of a tender and the answers of a bid, in the shape of OCDS and ESPD. Pure.

A criterion is answered by one of its groups of requirements, all of which must have a response.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

MAX_RESPONSES = 500
type Value = str | bool | int | float
"""A response as JSON says it; a number may be written as text, exactly."""


class DataType(StrEnum):
    """OCDS `dataType` of a requirement."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DATE_TIME = "date-time"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked; bounds are inclusive and of the requirement's own type."""

    id: str
    data_type: DataType
    expected_value: Value | None = None
    min_value: Value | None = None
    max_value: Value | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """Alternatives, each of several requirements; `lot` when it concerns one lot alone."""

    id: str
    groups: Sequence[Sequence[Requirement]]
    lot: str | None = None


def typed(data_type: DataType, value: Value) -> str | bool | Decimal | datetime | None:
    """The value as the type says, or None when it is not one of that type."""
    if data_type is DataType.BOOLEAN:
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if data_type is DataType.STRING:
        return value if isinstance(value, str) else None
    if data_type is DataType.DATE_TIME:
        return _instant(value) if isinstance(value, str) else None
    number = _number(value)
    whole = number is not None and number == number.to_integral_value()
    return number if data_type is DataType.NUMBER or whole else None


def fulfils(requirement: Requirement, value: Value) -> bool:
    """True when a response has the type, the expected value and the bounds of its requirement."""
    kind = requirement.data_type
    given = typed(kind, value)
    if given is None:
        return False
    expected = requirement.expected_value
    if expected is not None and typed(kind, expected) != given:
        return False
    low = None if requirement.min_value is None else typed(kind, requirement.min_value)
    high = None if requirement.max_value is None else typed(kind, requirement.max_value)
    # A bound has the type of its requirement, or the terms would have been refused.
    above = low is None or low <= given  # type: ignore[operator]
    below = high is None or given <= high  # type: ignore[operator]
    return above and below


def unanswered(
    criteria: Iterable[Criterion], responses: Mapping[str, Value], lots: Iterable[str]
) -> list[str]:
    """Ids of criteria none of whose groups is answered in full, among those of the bid's lots."""
    bid_for = set(lots)
    return [
        criterion.id
        for criterion in criteria
        if (criterion.lot is None or criterion.lot in bid_for)
        and not any(
            all(requirement.id in responses for requirement in group) for group in criterion.groups
        )
    ]


def ill_typed(criteria: Iterable[Criterion], responses: Mapping[str, Value]) -> list[str]:
    """Ids of requirements whose response is not of their type, and of those that nobody asked."""
    asked = {one.id: one for each in criteria for group in each.groups for one in group}
    return [
        id
        for id, value in responses.items()
        if id not in asked or typed(asked[id].data_type, value) is None
    ]


def _number(value: Value) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
