"""The machine of a bid, the criteria, and what makes bids comparable."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from api.rules.criteria import Criterion, DataType, Requirement
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

    assert criteria.fulfils(requirement, value) is (low <= value <= high)
    assert criteria.fulfils(Requirement("x", DataType.NUMBER, expected_value="5.0"), 5)
    assert not criteria.fulfils(Requirement("x", DataType.BOOLEAN, expected_value=True), False)


def test_a_criterion_is_answered_by_one_whole_group() -> None:
    def need(id: str) -> Requirement:
        return Requirement(id, DataType.STRING)

    asked = [
        Criterion("own", [[need("a"), need("b")], [need("c")]]),
        Criterion("of lot 2", [[need("d")]], lot="2"),
    ]

    assert criteria.unanswered(asked, {"a": "x", "b": "x"}, ["1"]) == []
    assert criteria.unanswered(asked, {"a": "x"}, ["1"]) == ["own"]
    assert criteria.unanswered(asked, {"c": "x"}, ["1", "2"]) == ["of lot 2"]
    assert criteria.ill_typed(asked, {"a": "x", "b": 1, "z": "x"}) == ["b", "z"]


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
