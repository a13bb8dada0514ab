"""Attributes of products by category: which are asked for, and what their values must be. Pure.

A template is of a line of a classification and of all below it. Attributes that no template knows
are free: they are kept as they are, because goods differ more than templates do, and search and
matching read them nevertheless.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from api.rules.offers import Finding


class AttributeType(StrEnum):
    """What a value is: `number` and `range` are followed by the unit, if there is one."""

    TEXT = "text"
    NUMBER = "number"
    RANGE = "range"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a template. `units` are symbols that its value may have, the usual first;
    `choices` the words of a `choice`."""

    name: str
    type: AttributeType
    required: bool
    units: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """What products of a category say of themselves, from a day on until another day begins.

    `prefix` are the first digits of the codes of `scheme` (CPV or HS) that it is for.
    """

    scheme: str
    prefix: str
    valid_from: date
    valid_to: date | None
    attributes: tuple[Attribute, ...]


_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?"
_VALUE = re.compile(rf"({_NUMBER})(?:\s*(?:-|–|\.\.)\s*({_NUMBER}))?\s*(\S.*)?")
_WORDS = ("yes", "no")


def applicable(
    templates: Iterable[Template], codes: Mapping[str, str | None], day: date
) -> list[Template]:
    """The templates for a product on a day: of each scheme the one with the longest prefix of its
    code. `codes` is scheme -> code."""
    best: dict[str, Template] = {}
    for template in templates:
        code = codes.get(template.scheme)
        if code is None or not code.startswith(template.prefix):
            continue
        if template.valid_from > day or (template.valid_to and day >= template.valid_to):
            continue
        known = best.get(template.scheme)
        if known is None or len(template.prefix) > len(known.prefix):
            best[template.scheme] = template
    return [best[scheme] for scheme in sorted(best)]


def attributes_of(templates: Sequence[Template]) -> dict[str, Attribute]:
    """The attributes of several templates by name; the first template stands where two differ."""
    found: dict[str, Attribute] = {}
    for template in templates:
        for attribute in template.attributes:
            found.setdefault(attribute.name, attribute)
    return found


def findings(known: Mapping[str, Attribute], given: Mapping[str, str]) -> list[Finding]:
    """What is wrong with values that a template knows; nothing is said of free ones, nor of what
    is missing."""
    return [
        found
        for name, value in given.items()
        if name in known and (found := _finding(known[name], value)) is not None
    ]


def _finding(attribute: Attribute, value: str) -> Finding | None:
    match attribute.type:
        case AttributeType.TEXT:
            return None
        case AttributeType.CHOICE | AttributeType.YES_NO:
            words = attribute.choices or _WORDS
            if value.casefold() in words:
                return None
            return _refused(attribute, "attribute_not_a_choice", f"One of {', '.join(words)}")
        case AttributeType.NUMBER | AttributeType.RANGE:
            return _measure_finding(attribute, value)


def _measure_finding(attribute: Attribute, value: str) -> Finding | None:
    found = _VALUE.fullmatch(value.strip())
    if found is None:
        return _refused(attribute, "attribute_not_a_number", "A number is needed")
    low, high, unit = found.groups()
    if high is not None and attribute.type is AttributeType.NUMBER:
        return _refused(attribute, "attribute_not_a_number", "One number is needed, not a range")
    if high is not None and Decimal(high) < Decimal(low):
        return _refused(attribute, "attribute_range_reversed", "The range ends before it begins")
    if attribute.units and unit not in attribute.units:
        detail = f"A number in {' or '.join(attribute.units)} is needed"
        return _refused(attribute, "attribute_unit", detail)
    if not attribute.units and unit is not None:
        return _refused(attribute, "attribute_unit", "A number without a unit is needed")
    return None


def _refused(attribute: Attribute, code: str, detail: str) -> Finding:
    return Finding(f"attributes/{attribute.name}", code, detail)
