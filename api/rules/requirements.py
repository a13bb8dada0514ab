"""Criteria of a tender and the answers of a bidder to them. Pure.

The shape is that of the OCDS requirements extension, which ESPD and eForms map to: a criterion has
groups of requirements; a bidder meets it by one group, and a group by every requirement in it. The
dates that a requirement bounds are texts of ISO 8601 with a time zone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

type Answer = str | bool | int | Decimal | datetime | tuple[str, ...]


class DataType(StrEnum):
    """OCDS `requirement.dataType`."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DATE_TIME = "date-time"


class RelatesTo(StrEnum):
    """OCDS `criterion.relatesTo`: about what a bidder answers."""

    TENDERER = "tenderer"
    ITEM = "item"
    LOT = "lot"
    TENDER = "tender"


class Purpose(StrEnum):
    """Whether a criterion keeps a bidder out, admits it, or ranks its bid."""

    EXCLUSION = "exclusion"
    SELECTION = "selection"
    AWARD = "award"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked. Bounds are inclusive; a string may have to match `pattern` as a whole.

    `allowed` are the codes of which one, or for a list each, must be chosen. A requirement that
    bounds nothing takes any value of its type.
    """

    id: str
    data_type: DataType
    expected_value: Answer | None = None
    min_value: Answer | None = None
    max_value: Answer | None = None
    pattern: str | None = None
    allowed: frozenset[str] | None = None
    evidence_required: bool = False


@dataclass(frozen=True, slots=True)
class RequirementGroup:
    """Requirements that are met together."""

    id: str
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: one of its groups must be met, for each thing that it relates to.

    `related_ids` are the lots or items that it is about when it relates to those; a bidder answers
    for those of them that it bids for. Where there are none, it is about all of them.
    """

    id: str
    purpose: Purpose
    relates_to: RelatesTo
    groups: tuple[RequirementGroup, ...]
    related_ids: frozenset[str] = frozenset()
    mandatory: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """A bidder's answer to one requirement, for one lot or item when it relates to those."""

    requirement_id: str
    value: Answer | None
    related_id: str | None = None
    evidences: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class ResponseFault:
    """Why an answer, or a missing one, does not meet a criterion."""

    criterion_id: str | None
    requirement_id: str | None
    related_id: str | None
    code: str
    detail: str


def faults(
    criteria: Iterable[Criterion],
    responses: Iterable[Response],
    *,
    bid_for: Mapping[RelatesTo, frozenset[str]] | None = None,
) -> list[ResponseFault]:
    """Everything in which a bidder's answers fall short; nothing means that the bid qualifies.

    `bid_for` names the lots and items that the bid is for. Answers that no criterion asks for, or
    given twice, are faults too: they would otherwise be read or not as one likes. Of a criterion
    that no group meets, the faults of the group nearest to being met are named. A criterion that
    is not mandatory may be left without any answer, but not answered wrongly.
    """
    criteria, scope = tuple(criteria), bid_for or {}
    known = {r.id: c for c in criteria for g in c.groups for r in g.requirements}
    given: dict[tuple[str, str | None], Response] = {}
    found: list[ResponseFault] = []
    for response in responses:
        place = (response.requirement_id, response.related_id)
        criterion = known.get(response.requirement_id)
        if criterion is None:
            found.append(_fault(None, place, "unknown_requirement", "no criterion asks for it"))
        elif response.related_id not in _subjects(criterion, scope):
            found.append(_fault(criterion, place, "unrelated", "is not asked for this"))
        elif place in given:
            found.append(_fault(criterion, place, "answered_twice", "has an answer already"))
        else:
            given[place] = response
    for criterion in criteria:
        for subject in _subjects(criterion, scope):
            found += _of_criterion(criterion, subject, given)
    return found


def meets(requirement: Requirement, value: Answer | None) -> str | None:
    """Why a value does not meet a requirement, as a code; None when it does."""
    if value is None:
        return "missing"
    values = value if isinstance(value, tuple) else (value,)
    if not values or not all(_is_of(requirement.data_type, each) for each in values):
        return "wrong_type"
    codes: dict[str, bool] = {
        "not_expected": requirement.expected_value is not None
        and not _same(value, requirement.expected_value),
        "below_minimum": any(_below(each, requirement.min_value) for each in values),
        "above_maximum": any(_below(requirement.max_value, each) for each in values),
        "pattern_mismatch": requirement.pattern is not None
        and not all(re.fullmatch(requirement.pattern, str(each)) for each in values),
        "not_allowed": requirement.allowed is not None
        and not all(str(each) in requirement.allowed for each in values),
    }
    return next((code for code, wrong in codes.items() if wrong), None)


def _of_criterion(
    criterion: Criterion, subject: str | None, given: Mapping[tuple[str, str | None], Response]
) -> list[ResponseFault]:
    by_group = {group.id: _of_group(criterion, group, subject, given) for group in criterion.groups}
    if not by_group or any(not found for found in by_group.values()):
        return []
    answered = any(
        (r.id, subject) in given for group in criterion.groups for r in group.requirements
    )
    if not criterion.mandatory and not answered:
        return []
    return min(by_group.values(), key=len)


def _of_group(
    criterion: Criterion,
    group: RequirementGroup,
    subject: str | None,
    given: Mapping[tuple[str, str | None], Response],
) -> list[ResponseFault]:
    found = []
    for requirement in group.requirements:
        place = (requirement.id, subject)
        response = given.get(place)
        code = meets(requirement, response.value if response else None)
        if code is not None:
            found.append(_fault(criterion, place, code, _DETAILS[code]))
        elif requirement.evidence_required and response and not response.evidences:
            found.append(_fault(criterion, place, "evidence_missing", "needs a document"))
    return found


def _subjects(
    criterion: Criterion, scope: Mapping[RelatesTo, frozenset[str]]
) -> tuple[str | None, ...]:
    """For what a bidder answers: the lots or items it bids for, or once for the whole bid."""
    if criterion.relates_to in (RelatesTo.TENDERER, RelatesTo.TENDER):
        return (None,)
    bid = scope.get(criterion.relates_to, frozenset())
    return tuple(sorted(bid & criterion.related_ids if criterion.related_ids else bid))


def _is_of(data_type: DataType, value: Answer) -> bool:
    """True for a value of the type; a truth value is no number, and no number is infinite."""
    match data_type:
        case DataType.STRING:
            return isinstance(value, str)
        case DataType.BOOLEAN:
            return isinstance(value, bool)
        case DataType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case DataType.NUMBER:
            exact = isinstance(value, int) and not isinstance(value, bool)
            return exact or (isinstance(value, Decimal) and value.is_finite())
        case DataType.DATE_TIME:
            return isinstance(value, datetime) and value.tzinfo is not None


def _same(value: Answer, expected: Answer) -> bool:
    """Equality in which a truth value is never a number."""
    return isinstance(value, bool) is isinstance(expected, bool) and value == expected


def _below(value: Answer | None, bound: Answer | None) -> bool:
    if value is None or bound is None:
        return False
    if isinstance(value, datetime) and isinstance(bound, datetime):
        return value < bound
    numbers = (int, Decimal)
    return isinstance(value, numbers) and isinstance(bound, numbers) and value < bound


def _fault(
    criterion: Criterion | None, place: tuple[str, str | None], code: str, detail: str
) -> ResponseFault:
    return ResponseFault(criterion.id if criterion else None, *place, code, detail)


_DETAILS = {
    "missing": "has no answer",
    "wrong_type": "is not of the type that is asked for",
    "not_expected": "is not the value that is asked for",
    "below_minimum": "is less than asked for",
    "above_maximum": "is more than allowed",
    "pattern_mismatch": "does not have the form that is asked for",
    "not_allowed": "is not one of the codes to choose from",
}


def weight_faults(weights: Mapping[str, Iterable[Decimal]]) -> list[str]:
    """Lots (or "" for the whole tender) whose award criteria have weights that are not 100 together.

    Weights are percent; a tender without weighted criteria is awarded by its price alone.
    """
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for lot, given in weights.items():
        for weight in given:
            totals[lot] += weight
    return [lot for lot, total in totals.items() if total != 100]
