"""The machine of a bid, the criteria, and what makes bids comparable."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core import patterns
from api.rules import bid_terms, criteria
from api.rules.bid_terms import LotAsked, LotOffered, Party
from api.rules.bids import (
    BID,
    OVER,
    SEALED,
    STATUS_OF,
    BidStage,
    BidStatus,
    SecurityKind,
    TendererRole,
    kinds,
    needs_confirmation,
)
from api.rules.criteria import Criterion, DataType, RelatesTo, Requirement, Response
from api.rules.states import IllegalTransition
from api.rules.tenders import Value

KGS = "KGS"
OPENED = frozenset({BidStage.TECHNICAL_OPENED, BidStage.OPENED, BidStage.VALID})


@given(st.lists(st.sampled_from(sorted(BID.actions))))
def test_what_is_over_stays_over_and_what_is_opened_is_never_taken_back(actions: list[str]) -> None:
    stage, opened = BidStage.PENDING, False
    for action in actions:
        try:
            after = BID.apply(action, stage)
        except IllegalTransition:
            continue
        assert stage not in OVER
        assert stage is not BidStage.DISQUALIFIED
        assert not (opened and after in SEALED | OVER)
        opened = opened or after in OPENED
        stage = after


def test_every_stage_has_a_word_of_ocds() -> None:
    assert STATUS_OF.keys() == {*BidStage}
    assert {*STATUS_OF.values()} == {*BidStatus}
    assert {STATUS_OF[stage] for stage in OVER} == {BidStatus.WITHDRAWN}
    assert [*kinds(two_envelopes=True)] == ["technical", "price"]
    assert needs_confirmation(answered=1, latest_material=2)
    assert not needs_confirmation(answered=2, latest_material=2)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (DataType.INTEGER, "5", Decimal(5)),
        (DataType.INTEGER, 5.0, Decimal(5)),
        (DataType.INTEGER, 5.5, None),
        (DataType.INTEGER, True, None),
        (DataType.NUMBER, "1.250", Decimal("1.250")),
        (DataType.NUMBER, "NaN", None),
        (DataType.NUMBER, "1e999999", None),
        (DataType.BOOLEAN, True, True),
        (DataType.BOOLEAN, 1, None),
        (DataType.STRING, "x", "x"),
        (DataType.STRING, 1, None),
        (DataType.DATE_TIME, "2026-11-27T10:00:00", None),
        (DataType.DATE_TIME, "soon", None),
    ],
)
def test_a_response_has_the_type_of_its_requirement_or_none(
    kind: DataType, value: criteria.Value, expected: object
) -> None:
    assert criteria.typed(kind, value) == expected


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(-100, 100))
def test_bounds_are_inclusive(low: int, high: int, value: int) -> None:
    requirement = Requirement("x", DataType.NUMBER, min_value=low, max_value=str(high))

    assert (criteria.shortfall(requirement, value, never) is None) is (low <= value <= high)
    five, yes = Requirement("x", DataType.NUMBER, expected_value="5.0"), DataType.BOOLEAN
    assert criteria.shortfall(five, 5, never) is None
    assert criteria.shortfall(five, 6, never) == "must be 5"
    assert criteria.shortfall(Requirement("x", yes, expected_value=True), False, never)


def never(pattern: str, text: str) -> bool:
    raise AssertionError("no pattern is asked for")


LOTS = {"1": ["1a", "1b"], "2": ["2a"]}


def told(
    asked: list[Criterion], *responses: Response, bid_for: list[str] | None = None
) -> list[tuple[str, str]]:
    """The code of each fault, and the requirement or criterion that its detail begins with."""
    found = criteria.response_faults(asked, responses, LOTS, patterns.matches, bid_for=bid_for)
    return [(fault.code, fault.detail.split()[0]) for fault in found]


def need(id: str, **terms: Any) -> Requirement:
    return Requirement(id, DataType.STRING, **terms)


def test_a_criterion_is_answered_by_one_whole_group() -> None:
    asked = [
        Criterion("own", [[need("a"), need("b")], [need("c")]]),
        Criterion("of-lot-2", [[need("d")]], lot="2"),
    ]
    a, b, c = (Response(each, "x") for each in "abc")

    assert told(asked, a, b, bid_for=["1"]) == []
    assert told(asked, a, bid_for=["1"]) == [("criterion_unanswered", "own")]
    assert told(asked, c, bid_for=["1", "2"]) == [("criterion_unanswered", "of-lot-2")]
    assert told(asked, a, Response("b", 1), Response("z", "x"), bid_for=["1"]) == [
        ("response_unfit", "b"),
        ("response_unfit", "z"),
    ]
    assert told(asked, c, c, bid_for=["1"]) == [("answered_twice", "c")] * 2


def test_a_response_that_misses_its_requirement_is_named_unless_another_group_is_fulfilled() -> (
    None
):
    code = need("code", pattern="^[A-Z]{2}[0-9]+$")
    years = Requirement("years", DataType.INTEGER, min_value=3)
    asked = [Criterion("able", [[code, years], [need("partner")]])]
    wrong = [Response("code", "kg7"), Response("years", 2)]

    assert told(asked, Response("code", "KG7"), Response("years", 3), bid_for=["1"]) == []
    assert told(asked, *wrong, bid_for=["1"]) == [
        ("response_unmet", "code"),
        ("response_unmet", "years"),
    ]
    assert told(asked, *wrong, Response("partner", "x"), bid_for=["1"]) == []


def test_lots_and_items_are_answered_one_by_one() -> None:
    asked = [
        Criterion("by-lot", [[need("l")]], relates_to=RelatesTo.LOT),
        Criterion("by-item", [[need("i")]], relates_to=RelatesTo.ITEM),
    ]
    of_lots = [Response("l", "x", lot=lot) for lot in LOTS]
    of_items = [Response("i", "x", item=item) for items in LOTS.values() for item in items]

    assert told(asked, *of_lots, *of_items, bid_for=["1", "2"]) == []
    assert told(asked, of_lots[0], *of_items[:2], bid_for=["1"]) == []
    assert told(asked, of_lots[0], of_items[0], bid_for=["1"]) == [
        ("criterion_unanswered", "by-item")
    ]
    assert told(asked, *of_lots, *of_items[:2], bid_for=["1"]) == [("response_misplaced", "l")]
    assert told(asked, Response("l", "x"), *of_items, Response("i", "x", lot="1"), bid_for=["1"])[
        0
    ] == ("response_misplaced", "l")
    # While the price is sealed, nobody knows for which lots the bid is: what is named is judged.
    assert told(asked) == []
    assert told(asked, of_lots[1], of_items[2]) == []
    assert told(asked, of_lots[0], of_items[0]) == [("criterion_unanswered", "by-item")]


prices = st.decimals(0, 10**9, places=6)
quantities = st.decimals("0.000001", 10**6, places=6)


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=5), st.data())
def test_a_lots_value_is_the_sum_of_its_items_to_two_decimals(
    items: list[tuple[Decimal, Decimal]], data: st.DataObject
) -> None:
    total = sum((q * p for q, p in items), Decimal())
    off = data.draw(st.sampled_from([Decimal(), Decimal("0.02"), Decimal("-0.02")]))
    asked = {"lot": LotAsked(True, {str(n): q for n, (q, _) in enumerate(items)}, [])}
    lines = [(str(n), q, p) for n, (q, p) in enumerate(items)]
    offer = LotOffered("lot", Value(total + off, KGS), None, None, lines)

    found = [fault.code for fault in bid_terms.lot_faults(asked, [offer])]

    assert found == (["value_mismatch"] if off else [])


def test_parts_of_a_consortium_come_to_the_whole() -> None:
    lead, member = TendererRole.LEAD, TendererRole.MEMBER

    def faults(*parties: Party) -> list[str]:
        found = bid_terms.tenderer_faults(parties, supplier="a", accepted={"a", "b"})
        return [fault.code for fault in found]

    assert faults() == faults(Party("a", lead, None)) == []
    assert faults(Party("a", lead, 6000), Party("b", member, 4000)) == []
    assert faults(Party("a", lead, 6000), Party("b", member, 4001)) == ["shares_incomplete"]
    assert faults(Party("a", lead, 10000), Party("b", member, None)) == ["shares_incomplete"]
    assert faults(Party("b", lead, None)) == ["lead_differs"]
    assert faults(Party("a", lead, None), Party("c", member, None)) == ["tenderer_not_joined"]
    assert faults(Party("a", lead, None), Party("a", member, None)) == ["tenderer_twice"]


@pytest.mark.parametrize(
    ("kind", "value", "declaration", "code"),
    [
        (None, None, True, "security_missing"),
        (SecurityKind.DECLARATION, None, True, None),
        (SecurityKind.DECLARATION, None, False, "declaration_not_taken"),
        (SecurityKind.GUARANTEE, Value(Decimal(100), KGS), False, None),
        (SecurityKind.GUARANTEE, Value(Decimal("99.99"), KGS), False, "security_too_small"),
        (SecurityKind.GUARANTEE, Value(Decimal(100), "USD"), False, "security_too_small"),
        (SecurityKind.GUARANTEE, None, False, "security_too_small"),
    ],
)
def test_a_bid_security_is_what_the_tender_asks(
    kind: SecurityKind | None, value: Value | None, declaration: bool, code: str | None
) -> None:
    required = Value(Decimal(100), KGS)

    found = bid_terms.security_faults(
        required, declaration_taken=declaration, kind=kind, value=value
    )

    assert [fault.code for fault in found] == ([code] if code else [])
    assert bid_terms.security_faults(None, declaration_taken=False, kind=kind, value=value) == []
