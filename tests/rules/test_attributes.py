"""Attributes by category: which template is for a product, and which values it takes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.attributes import (
    Attribute,
    AttributeType,
    Template,
    applicable,
    attributes_of,
    findings,
)
from api.rules.hazards import hazard_findings

DAY = date(2026, 11, 28)
HEIGHT = Attribute("height", AttributeType.RANGE, True, ("mm", "cm"))
SEATS = Attribute("seats", AttributeType.NUMBER, False)
ORGANIC = Attribute("organic", AttributeType.YES_NO, False)
STORAGE = Attribute("storage", AttributeType.CHOICE, True, choices=("ssd", "hdd"))
KNOWN = {each.name: each for each in (HEIGHT, SEATS, ORGANIC, STORAGE)}


def template(prefix: str, *attributes: Attribute, scheme: str = "CPV", **days: date) -> Template:
    period = {"valid_from": date(2026, 1, 1), "valid_to": None, **days}
    return Template(scheme, prefix, attributes=attributes, **period)  # type: ignore[arg-type]


def test_the_narrowest_template_of_each_scheme_is_for_a_product() -> None:
    wide, narrow = template("391", SEATS), template("39160", HEIGHT)
    other = template("9403", ORGANIC, scheme="HS")
    codes = {"CPV": "39160000-1", "HS": "940320"}

    assert applicable([wide, narrow, other], codes, DAY) == [narrow, other]
    assert applicable([wide, narrow], {"CPV": "39110000-6", "HS": None}, DAY) == [wide]
    assert applicable([other], {"CPV": None, "HS": None}, DAY) == []


def test_a_template_is_for_its_days() -> None:
    old = template("39160", SEATS, valid_to=DAY)
    new = template("39160", HEIGHT, valid_from=DAY)
    codes = {"CPV": "39160000-1"}

    assert applicable([old, new], codes, DAY) == [new]
    assert applicable([old, new], codes, date(2026, 11, 27)) == [old]


def test_the_first_template_stands_where_two_know_an_attribute() -> None:
    other = Attribute("height", AttributeType.TEXT, False)

    known = attributes_of([template("39160", HEIGHT), template("9403", other, SEATS)])

    assert known == {"height": HEIGHT, "seats": SEATS}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("height", "620-760 mm", None),
        ("height", "620 – 760mm", None),
        ("height", "62.5 cm", None),
        ("height", "tall", "attribute_not_a_number"),
        ("height", "760-620 mm", "attribute_range_reversed"),
        ("height", "620-760", "attribute_unit"),
        ("height", "620 inch", "attribute_unit"),
        ("seats", "2", None),
        ("seats", "1-2", "attribute_not_a_number"),
        ("seats", "2 people", "attribute_unit"),
        ("seats", "1,5", "attribute_unit"),
        ("organic", "Yes", None),
        ("organic", "perhaps", "attribute_not_a_choice"),
        ("storage", "SSD", None),
        ("storage", "tape", "attribute_not_a_choice"),
        ("colour", "anything at all", None),
    ],
)
def test_values_of_known_attributes_are_checked_and_others_are_free(
    name: str, value: str, code: str | None
) -> None:
    found = findings(KNOWN, {name: value})

    assert [(each.path, each.code) for each in found] == (
        [] if code is None else [(f"attributes/{name}", code)]
    )


@given(st.text(max_size=60))
def test_any_text_is_judged(value: str) -> None:
    for name in KNOWN:
        assert len(findings(KNOWN, {name: value})) <= 1


@pytest.mark.parametrize(
    ("number", "class_", "codes"),
    [
        (None, None, []),
        ("1950", "2.1", []),
        ("1950", None, ["incomplete"]),
        (None, "3", ["incomplete"]),
        ("1950", "2.6", ["unknown_hazard_class"]),
        ("1950", "3.1", ["unknown_hazard_class"]),
    ],
)
def test_a_hazard_is_declared_whole(
    number: str | None, class_: str | None, codes: list[str]
) -> None:
    assert [each.code for each in hazard_findings(number, class_)] == codes
