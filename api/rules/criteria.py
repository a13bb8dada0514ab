"""Criteria of a tender and the answers of a bid, in the shape of OCDS and ESPD. Pure.

A criterion is answered by one of its groups of requirements, all of which must have a response that
fulfils them: once for the tenderer, or for each lot of the bid, or for each item of these lots.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from api.rules.offers import plain
from api.rules.tenders import Fault

MAX_RESPONSES = 500
type Value = str | bool | int | float
"""A response as JSON says it; a number may be written as text, exactly."""
type Matches = Callable[[str, str], bool]
"""Whether a regular expression is found in a text."""


class DataType(StrEnum):
    """OCDS `dataType` of a requirement."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DATE_TIME = "date-time"


class RelatesTo(StrEnum):
    """OCDS `relatesTo` of a criterion: what is judged, and so what each answer is about."""

    TENDERER = "tenderer"
    LOT = "lot"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked; bounds are inclusive and of the requirement's own type, `pattern` is of texts."""

    id: str
    data_type: DataType
    expected_value: Value | None = None
    min_value: Value | None = None
    max_value: Value | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """Alternatives, each of several requirements; `lot` when it concerns one lot alone."""

    id: str
    groups: Sequence[Sequence[Requirement]]
    lot: str | None = None
    relates_to: RelatesTo = RelatesTo.TENDERER


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a requirement, by its id: for the tenderer, or for a lot, or for an item."""

    requirement: str
    value: Value
    lot: str | None = None
    item: str | None = None


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


def shortfall(requirement: Requirement, value: Value, matches: Matches) -> str | None:
    """How a response fails the type, pattern, expected value or bounds of its requirement."""
    kind = requirement.data_type
    given = typed(kind, value)
    if given is None:
        return f"must be of the type {kind}"
    if requirement.pattern is not None and not matches(requirement.pattern, str(given)):
        return f"must match the pattern {requirement.pattern}"
    expected = requirement.expected_value
    if expected is not None and typed(kind, expected) != given:
        return f"must be {_told(kind, expected)}"
    # A bound has the type of its requirement, or the terms would have been refused.
    low, high = requirement.min_value, requirement.max_value
    if low is not None and typed(kind, low) > given:  # type: ignore[operator]
        return f"must be at least {_told(kind, low)}"
    if high is not None and typed(kind, high) < given:  # type: ignore[operator]
        return f"must be at most {_told(kind, high)}"
    return None


def response_faults(
    criteria: Sequence[Criterion],
    responses: Sequence[Response],
    lots: Mapping[str, Collection[str]],
    matches: Matches,
    *,
    bid_for: Collection[str] | None,
) -> list[Fault]:
    """What is wrong with the answers of a bid, each time with the name of the requirement.

    `lots` are the tender's, with their items; `bid_for` those of the bid, None while its price is
    sealed: then criteria of lots and items must be answered for what the answers name. Pointers are
    into `requirement_responses`.
    """
    asked = {one.id: (one, each) for each in criteria for group in each.groups for one in group}
    owner = {item: lot for lot, items in lots.items() for item in items}
    known = {*lots} if bid_for is None else {*bid_for}
    faults, good, unfit = list[Fault](), list[tuple[int, Response]](), set[str]()
    times = Counter((each.requirement, each.lot, each.item) for each in responses)
    for index, each in enumerate(responses):
        pointer, found = f"#/requirement_responses/{index}", asked.get(each.requirement)
        if found is None or typed(found[0].data_type, each.value) is None:
            said = "is not asked" if found is None else f"must be of the type {found[0].data_type}"
            faults.append(Fault(pointer, "response_unfit", f"{each.requirement} {said}"))
            unfit.add(each.requirement)
        elif (place := _misplaced(found[1], each, known, owner)) is not None:
            faults.append(Fault(pointer, "response_misplaced", f"{each.requirement} {place}"))
            unfit.add(each.requirement)
        elif times[each.requirement, each.lot, each.item] > 1:
            told = f"{each.requirement} is answered more than once"
            faults.append(Fault(pointer, "answered_twice", told))
            unfit.add(each.requirement)
        else:
            good.append((index, each))
    answered = {(each.requirement, each.lot, each.item): (n, each.value) for n, each in good}
    if bid_for is None:
        named = {each.lot or owner.get(each.item or "") for _, each in good}
        known = {lot for lot in named if lot is not None}
    for criterion in criteria:
        if not unfit & {one.id for group in criterion.groups for one in group}:
            for lot, item in _subjects(criterion, known, lots):
                faults += _criterion_faults(criterion, answered, lot, item, matches)
    return faults


def _misplaced(
    criterion: Criterion, response: Response, lots: Collection[str], owner: Mapping[str, str]
) -> str | None:
    """Why a response is not about what its criterion judges; None when it is."""
    match criterion.relates_to:
        case RelatesTo.TENDERER:
            whole = response.lot is None and response.item is None
            return None if whole else "is answered once, not for a lot or an item"
        case RelatesTo.LOT:
            lot = response.lot if response.item is None else None
            said = "must name a lot of the bid by lot_id"
        case RelatesTo.ITEM:
            lot = owner.get(response.item or "") if response.lot is None else None
            said = "must name an item of the bid by item_id"
    return None if lot in lots and criterion.lot in (None, lot) else said


def _subjects(
    criterion: Criterion, bid_for: Collection[str], lots: Mapping[str, Collection[str]]
) -> Iterator[tuple[str | None, str | None]]:
    """For which (lot, item) a criterion must be answered by a bid for some lots."""
    if criterion.relates_to is RelatesTo.TENDERER:
        if criterion.lot is None or criterion.lot in bid_for:
            yield None, None
        return
    for lot in sorted(bid_for):
        if criterion.lot not in (None, lot):
            continue
        if criterion.relates_to is RelatesTo.LOT:
            yield lot, None
        else:
            yield from ((None, item) for item in sorted(lots.get(lot, ())))


def _criterion_faults(
    criterion: Criterion,
    answered: Mapping[tuple[str, str | None, str | None], tuple[int, Value]],
    lot: str | None,
    item: str | None,
    matches: Matches,
) -> list[Fault]:
    """Nothing when one group is fulfilled; otherwise what those that are answered in full lack."""
    unmet: list[Fault] = []
    for group in criterion.groups:
        found = [answered.get((one.id, lot, item)) for one in group]
        lacks = [
            Fault(f"#/requirement_responses/{each[0]}", "response_unmet", f"{one.id} {said}")
            for one, each in zip(group, found, strict=True)
            if each is not None and (said := shortfall(one, each[1], matches)) is not None
        ]
        if None not in found and not lacks:
            return []
        if None not in found:
            unmet += lacks
    about = f" for {lot or item}" if lot or item else ""
    told = f"{criterion.id} is not answered in full{about}: " + ", or ".join(
        " and ".join(one.id for one in group) for group in criterion.groups
    )
    return unmet or [Fault("#/requirement_responses", "criterion_unanswered", told)]


def _told(kind: DataType, value: Value) -> str:
    said = typed(kind, value)
    return plain(said) if isinstance(said, Decimal) else str(value)


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
