"""Liquidated damages: the worked example by hand, and what must hold of any of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import penalties
from api.rules.incoterms import Incoterm
from api.rules.penalties import (
    DueRow,
    Excuse,
    ExcuseEvidence,
    ExcuseKind,
    NotComputable,
    PenaltyInputs,
    PenaltyTerms,
    Performed,
    Told,
    compute,
    performances,
)
from api.rules.periods import DayUnit
from api.rules.policy import PenaltyBasis
from api.rules.schedules import PerformanceEvent, decisive_event

DUE = date(2026, 3, 20)
TERMS = PenaltyTerms(
    10, 1000, 0, DayUnit.CALENDAR, PenaltyBasis.LATE_QUANTITY, "KG", False, "not read"
)


def noon(day: date) -> datetime:
    """Noon in Bishkek."""
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC)


def fact(name: str, quantity: str, days: int) -> Performed:
    """So much was performed so many days after the due date."""
    return Performed(name, Decimal(quantity), noon(DUE + timedelta(days=days)))


def row(*performed: Performed, **changed: Any) -> DueRow:
    return replace(
        DueRow(
            "row_1",
            "1",
            Incoterm.DAP,
            DUE,
            Decimal(100),
            "C62",
            Decimal(6600),
            Decimal(),
            performed,
        ),
        **changed,
    )


def excuse(first: int, last: int, **changed: Any) -> Excuse:
    found = Excuse(
        "excuse_1",
        ExcuseKind.BORDER_CLOSURE,
        DUE + timedelta(days=first),
        DUE + timedelta(days=last),
        ExcuseEvidence.OFFICIAL_NOTICE,
        "State Customs Service",
        "12-3/456",
        "0" * 64,
        (),
    )
    return replace(found, **changed)


def inputs(*rows: DueRow, **changed: Any) -> PenaltyInputs:
    found = PenaltyInputs(
        contract="contract_1",
        ocid="ocds-kerben0-000001",
        currency="CNY",
        as_of=noon(DUE + timedelta(days=200)),
        excusable_from=DUE - timedelta(days=60),
        terms=TERMS,
        rows=rows,
        excuses=(),
        days_off=(),
    )
    return replace(found, **changed)


def test_part_deliveries_are_each_late_by_their_own_days() -> None:
    delivered = row(fact("a", "60", -2), fact("b", "25", 10), fact("c", "15", 30))
    terms = replace(TERMS, grace_days=2)

    (found,) = compute(inputs(delivered, terms=terms, excuses=(excuse(3, 5),))).rows

    assert [(p.days_late, p.excusable_days, p.penalty_days) for p in found.parts] == [
        (10, 3, 5),
        (30, 3, 25),
    ]
    # 25 x 6600 x 0.001 x 5 = 825; 15 x 6600 x 0.001 x 25 = 2475; cap 0.1 x 264 000 = 26 400
    assert [p.amount for p in found.parts] == [Decimal(825), Decimal(2475)]
    assert (found.basis, found.cap, found.capped) == (264_000, 26_400, False)
    assert found.amount == Decimal("3300.00")


def test_the_whole_row_counts_until_its_last_quantity_when_the_contract_says_so() -> None:
    terms = replace(TERMS, basis=PenaltyBasis.SCHEDULE_ROW)
    delivered = row(fact("a", "60", -2), fact("c", "40", 30))

    (found,) = compute(inputs(delivered, terms=terms)).rows

    assert (found.basis, found.late_quantity) == (660_000, 40)
    assert found.amount == Decimal("19800.00")


def test_the_cap_holds() -> None:
    (found,) = compute(inputs(row(fact("a", "100", 150)))).rows

    assert (found.uncapped, found.capped, found.amount) == (99_000, True, Decimal("66000.00"))


def test_a_day_is_one_of_bishkek() -> None:
    last_minute = Performed("a", Decimal(100), datetime(2026, 3, 20, 17, 59, tzinfo=UTC))
    midnight = replace(last_minute, at=datetime(2026, 3, 20, 18, 0, tzinfo=UTC))

    assert compute(inputs(row(last_minute))).total == 0
    assert compute(inputs(row(midnight))).rows[0].parts[0].days_late == 1


def test_working_days_leave_out_the_days_off() -> None:
    terms = replace(TERMS, unit=DayUnit.WORKING)
    off = (DUE + timedelta(days=1), DUE + timedelta(days=2))

    (found,) = compute(
        inputs(row(fact("a", "100", 5)), terms=terms, days_off=off, excuses=(excuse(2, 3),))
    ).rows

    assert (found.parts[0].days_late, found.parts[0].excusable_days) == (3, 1)


def test_a_missing_quantity_is_late_until_today_and_a_tolerance_is_not_missing() -> None:
    (short,) = compute(inputs(row(fact("a", "95", 0)))).rows
    (within,) = compute(inputs(row(fact("a", "95", 0), tolerance_pct=Decimal(5)))).rows

    assert (short.missing_quantity, short.parts[0].performed) == (5, None)
    assert short.parts[0].days_late == 200
    assert (within.missing_quantity, within.amount) == (0, 0)


def test_what_is_not_due_yet_is_neither_late_nor_on_time() -> None:
    (found,) = compute(inputs(row(), as_of=noon(DUE - timedelta(days=3)))).rows

    assert (found.on_time_quantity, found.late_quantity, found.amount) == (0, 0, 0)


def test_days_that_two_excuses_cover_count_once() -> None:
    late = row(fact("a", "100", 20))
    both = (excuse(1, 6), excuse(4, 8, id="excuse_2"), excuse(5, 5, id="excuse_3"))

    assert compute(inputs(late, excuses=both)).rows[0].parts[0].excusable_days == 8


def test_an_excuse_reaches_only_the_rows_that_it_names() -> None:
    late = (row(fact("a", "100", 20)), row(fact("b", "100", 20), id="row_2"))
    named = excuse(1, 6, rows=("row_2",))

    found = compute(inputs(*late, excuses=(named,))).rows

    assert [each.parts[0].excusable_days for each in found] == [0, 6]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"issuer": " "}, "#/excuses/0/issuer"),
        ({"number": ""}, "#/excuses/0/number"),
        ({"document_sha256": ""}, "#/excuses/0/document_sha256"),
        ({"evidence": ExcuseEvidence.FORCE_MAJEURE_CERTIFICATE}, "#/excuses/0/evidence"),
        ({"last_date": date(2020, 1, 1)}, "#/excuses/0/last_date"),
    ],
)
def test_an_excuse_without_its_evidence_is_refused(changed: Any, pointer: str) -> None:
    with pytest.raises(NotComputable) as refused:
        compute(inputs(row(), excuses=(excuse(1, 3, **changed),)))

    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_facts_from_the_future_or_twice_are_refused() -> None:
    twice = row(fact("a", "1", 1), fact("a", "1", 1), fact("b", "1", 300))

    with pytest.raises(NotComputable) as refused:
        compute(inputs(twice))

    assert {fault.pointer for fault in refused.value.faults} == {
        "#/rows/0/performed",
        "#/rows/0/performed/2/at",
    }


quantities = st.decimals("0.001", "1000", places=3)
facts = st.builds(lambda quantity, days: (quantity, days), quantities, st.integers(-30, 150))
all_terms = st.builds(
    PenaltyTerms,
    st.integers(0, 200),
    st.integers(0, 10_000),
    st.integers(0, 30),
    st.just(DayUnit.CALENDAR),
    st.sampled_from(PenaltyBasis),
    st.just("KG"),
    st.booleans(),
    st.just("any"),
)


@st.composite
def due_rows(draw: st.DrawFn, name: str = "row_1") -> DueRow:
    performed = tuple(
        Performed(f"{name}_{n}", quantity, noon(DUE + timedelta(days=days)))
        for n, (quantity, days) in enumerate(draw(st.lists(facts, max_size=4)))
    )
    return row(
        *performed,
        id=name,
        quantity=draw(quantities),
        unit_price=draw(st.decimals(0, 100_000, places=6)),
        tolerance_pct=draw(st.decimals(0, 20, places=2)),
        incoterm=draw(st.sampled_from(Incoterm)),
    )


@st.composite
def excuses(draw: st.DrawFn) -> tuple[Excuse, ...]:
    spans = draw(st.lists(st.tuples(st.integers(-40, 100), st.integers(0, 60)), max_size=3))
    return tuple(
        excuse(first, first + length, id=f"excuse_{n}") for n, (first, length) in enumerate(spans)
    )


any_inputs = st.builds(
    lambda one, two, terms, excused: inputs(one, two, terms=terms, excuses=excused),
    due_rows("row_1"),
    due_rows("row_2"),
    all_terms,
    excuses(),
)


@given(any_inputs)
def test_damages_are_the_sum_of_their_rows_and_never_above_the_cap(given: PenaltyInputs) -> None:
    result = compute(given)
    alone = [compute(replace(given, rows=(each,))).total for each in given.rows]

    assert result.total == sum(alone)
    for found in result.rows:
        assert 0 <= found.amount
        assert found.amount <= found.cap.quantize(Decimal("0.01"), "ROUND_HALF_UP")
        assert found.on_time_quantity + found.late_quantity == found.required_quantity
        assert 0 <= found.missing_quantity <= found.late_quantity
        assert found.capped == (found.uncapped > found.cap)


@given(any_inputs, st.integers(1, 60))
def test_damages_do_not_fall_when_everything_comes_later(given: PenaltyInputs, days: int) -> None:
    later = tuple(
        replace(
            each,
            performed=tuple(
                replace(one, at=min(given.as_of, one.at + timedelta(days=days)))
                for one in each.performed
            ),
        )
        for each in given.rows
    )
    # An excuse that reaches the new days would excuse them: without any, later is never cheaper.
    plain = replace(given, excuses=())

    assert compute(replace(plain, rows=later)).total >= compute(plain).total


@given(any_inputs, st.decimals(0, 1000, places=2), st.integers(0, 50))
def test_damages_rise_with_the_basis_and_the_rate(
    given: PenaltyInputs, dearer: Decimal, rate: int
) -> None:
    before = compute(given).total
    rows = tuple(replace(each, unit_price=each.unit_price + dearer) for each in given.rows)
    terms = replace(given.terms, rate_bp_per_day=given.terms.rate_bp_per_day + rate)

    assert compute(replace(given, rows=rows)).total >= before
    assert compute(replace(given, terms=terms)).total >= before


@given(any_inputs, st.integers(1, 20))
def test_grace_and_excuses_never_raise_damages(given: PenaltyInputs, grace: int) -> None:
    milder = replace(given.terms, grace_days=given.terms.grace_days + grace)

    assert compute(replace(given, terms=milder)).total <= compute(given).total
    assert compute(given).total <= compute(replace(given, excuses=())).total


@given(any_inputs, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_and_excuses_are_told_does_not_matter(
    given: PenaltyInputs, random: Any
) -> None:
    def mixed(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(values, len(values)))

    rows = tuple(replace(each, performed=mixed(each.performed)) for each in given.rows)

    told = replace(given, rows=rows, excuses=mixed(given.excuses))

    assert compute(told) == compute(given)


@given(quantities, quantities, st.integers(1, 100))
def test_a_quantity_in_two_parts_on_one_day_is_as_late_as_in_one(
    first: Decimal, second: Decimal, days: int
) -> None:
    both = first + second
    whole = row(fact("a", str(both), days), quantity=both)
    parts = row(fact("a", str(first), days), fact("b", str(second), days), quantity=both)

    assert compute(inputs(whole)).total == compute(inputs(parts)).total


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=5), st.integers(0, 60))
def test_excusable_days_are_those_of_the_union(spans: list[tuple[int, int]], last: int) -> None:
    given = [excuse(first, first + length) for first, length in spans]
    days = {
        first + n for first, length in spans for n in range(length + 1) if 1 <= first + n <= last
    }
    first, until = DUE + timedelta(days=1), DUE + timedelta(days=last)

    assert penalties.excusable_days(given, first, until, ()) == len(days)


def told(name: str, event: PerformanceEvent, quantity: int, days: int) -> Told:
    return Told(name, event, Decimal(quantity), noon(DUE + timedelta(days=days)))


def test_goods_that_were_received_have_arrived_and_nothing_counts_twice() -> None:
    event = PerformanceEvent
    facts = [
        told("a", event.HANDED_OVER, 100, -9),
        told("b", event.ARRIVED, 40, 1),
        told("c", event.RECEIVED, 40, 2),
        told("d", event.RECEIVED, 60, 5),
        told("e", event.ARRIVED, 60, 6),
    ]

    def days(incoterm: Incoterm | None) -> list[tuple[str, int]]:
        return [(each.id, int(each.quantity)) for each in performances(facts, incoterm)]

    assert days(Incoterm.DAP) == [("b", 40), ("d", 60)]
    assert days(Incoterm.CPT) == [("a", 100)]
    assert days(Incoterm.EXW) == [("a", 100)]
    assert days(None) == [("c", 40), ("d", 60)]


@given(
    st.lists(st.tuples(st.sampled_from(PerformanceEvent), st.integers(1, 50), st.integers(-9, 9))),
    st.sampled_from([*Incoterm, None]),
)
def test_what_was_performed_is_the_most_that_any_deciding_event_tells(
    given_facts: list[tuple[PerformanceEvent, int, int]], incoterm: Incoterm | None
) -> None:
    facts = [told(f"{n:03}", *each) for n, each in enumerate(given_facts)]
    found = performances(facts, incoterm)

    order = [*PerformanceEvent]
    deciding = order[order.index(decisive_event(incoterm)) :]
    sums = [sum(f.quantity for f in facts if f.event is event) for event in deciding]
    assert sum(each.quantity for each in found) == max(sums)
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert all(each.quantity > 0 for each in found)
