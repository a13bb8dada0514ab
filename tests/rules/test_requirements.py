from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.requirements import (
    Criterion,
    DataType,
    Purpose,
    RelatesTo,
    Requirement,
    RequirementGroup,
    Response,
    faults,
    meets,
    weight_faults,
)

NUMBER, TEXT, TRUTH = DataType.NUMBER, DataType.STRING, DataType.BOOLEAN


def criterion(*groups: list[Requirement], **changed: Any) -> Criterion:
    made = tuple(RequirementGroup(f"g{n}", tuple(group)) for n, group in enumerate(groups))
    values = {"purpose": Purpose.SELECTION, "relates_to": RelatesTo.TENDERER, **changed}
    return Criterion(id="c", groups=made, **values)


TURNOVER = Requirement("turnover", NUMBER, min_value=Decimal("1000000.50"))
CONVICTED = Requirement("convicted", TRUTH, expected_value=False)
ISO = Requirement("iso", TEXT, pattern=r"ISO ?9001(:\d{4})?", evidence_required=True)


def codes(*args: Any, **kwargs: Any) -> list[tuple[str | None, str | None, str]]:
    return [(f.requirement_id, f.related_id, f.code) for f in faults(*args, **kwargs)]


@pytest.mark.parametrize(
    ("requirement", "value", "code"),
    [
        (TURNOVER, Decimal("1000000.50"), None),
        (TURNOVER, Decimal("1000000.49"), "below_minimum"),
        (TURNOVER, 2_000_000, None),
        (TURNOVER, True, "wrong_type"),
        (TURNOVER, "2000000", "wrong_type"),
        (TURNOVER, Decimal("NaN"), "wrong_type"),
        (TURNOVER, Decimal("Infinity"), "wrong_type"),
        (TURNOVER, None, "missing"),
        (CONVICTED, False, None),
        (CONVICTED, True, "not_expected"),
        (CONVICTED, 0, "wrong_type"),
        (ISO, "ISO 9001:2015", None),
        (ISO, "our ISO 9001", "pattern_mismatch"),
        (Requirement("n", DataType.INTEGER, max_value=3), 4, "above_maximum"),
        (Requirement("n", DataType.INTEGER, max_value=3), Decimal(3), "wrong_type"),
        (Requirement("c", TEXT, allowed=frozenset({"red", "blue"})), ("red", "blue"), None),
        (
            Requirement("c", TEXT, allowed=frozenset({"red", "blue"})),
            ("red", "pink"),
            "not_allowed",
        ),
        (Requirement("c", TEXT), (), "wrong_type"),
        (
            Requirement("d", DataType.DATE_TIME, min_value=datetime(2026, 1, 1, tzinfo=UTC)),
            datetime(2025, 12, 31, tzinfo=UTC),
            "below_minimum",
        ),
        (Requirement("d", DataType.DATE_TIME), datetime(2026, 1, 1), "wrong_type"),  # noqa: DTZ001
    ],
)
def test_a_value_meets_a_requirement_or_says_why_not(
    requirement: Requirement, value: Any, code: str | None
) -> None:
    assert meets(requirement, value) == code


def test_one_group_is_enough_and_it_is_met_as_a_whole() -> None:
    asked = criterion([TURNOVER, CONVICTED], [ISO])
    iso = Response("iso", "ISO9001", evidences=["document"])

    assert codes([asked], [iso]) == []
    assert codes([asked], [Response("turnover", Decimal(9_000_000))]) == [
        ("convicted", None, "missing")
    ]
    assert codes([asked], [Response("iso", "ISO9001")]) == [("iso", None, "evidence_missing")]


def test_what_is_not_asked_for_or_said_twice_is_a_fault() -> None:
    asked = criterion([CONVICTED])
    good = Response("convicted", False)

    assert codes([asked], [good, Response("colour", "red")]) == [
        ("colour", None, "unknown_requirement")
    ]
    assert codes([asked], [good, Response("convicted", True)]) == [
        ("convicted", None, "answered_twice")
    ]
    assert codes([asked], [good, Response("convicted", False, related_id="lot1")]) == [
        ("convicted", "lot1", "unrelated")
    ]


def test_a_criterion_of_lots_is_answered_for_each_lot_that_is_bid_for() -> None:
    asked = criterion([TURNOVER], relates_to=RelatesTo.LOT, related_ids=frozenset({"lot1", "lot2"}))
    answer = Response("turnover", Decimal(9_000_000), related_id="lot1")
    lots = {RelatesTo.LOT: frozenset({"lot1", "lot2", "lot3"})}

    assert codes([asked], [answer], bid_for={RelatesTo.LOT: frozenset({"lot1"})}) == []
    assert codes([asked], [answer], bid_for=lots) == [("turnover", "lot2", "missing")]
    assert codes([asked], [], bid_for={RelatesTo.LOT: frozenset({"lot3"})}) == []


def test_what_is_not_mandatory_may_be_left_out_but_not_answered_wrongly() -> None:
    asked = criterion([CONVICTED, TURNOVER], mandatory=False)

    assert codes([asked], []) == []
    assert codes([asked], [Response("convicted", False)]) == [("turnover", None, "missing")]


@given(
    minimum=st.decimals(allow_nan=False, allow_infinity=False, places=4),
    value=st.decimals(allow_nan=False, allow_infinity=False, places=4),
)
def test_a_bound_is_inclusive_whatever_the_number(minimum: Decimal, value: Decimal) -> None:
    asked = criterion([Requirement("n", NUMBER, min_value=minimum)])
    assert (faults([asked], [Response("n", value)]) == []) is (value >= minimum)


@given(st.permutations(["turnover", "convicted", "iso"]), st.sets(st.sampled_from(["a", "b"])))
def test_the_order_of_answers_changes_nothing(order: list[str], lots: set[str]) -> None:
    values: dict[str, Any] = {"turnover": Decimal(1), "convicted": True, "iso": "ISO9001"}
    asked = [criterion([TURNOVER, CONVICTED, ISO])]
    scope = {RelatesTo.LOT: frozenset(lots)}
    there = faults(asked, [Response(name, values[name]) for name in order], bid_for=scope)
    back = faults(asked, [Response(name, values[name]) for name in order[::-1]], bid_for=scope)
    assert there == back
    assert {fault.code for fault in there} == {"below_minimum", "not_expected", "evidence_missing"}


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_weights_are_a_hundred_together(parts: list[int]) -> None:
    weights = [Decimal(part) for part in parts]
    assert weight_faults({"": weights}) == ([] if sum(parts) == 100 else [""])
    rest = 100 - sum(parts)
    if rest > 0:
        assert weight_faults({"": [*weights, Decimal(rest)], "lot": []}) == []
