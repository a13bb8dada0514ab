from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import schedules
from api.rules.contracts import RationaleType
from api.rules.incoterms import Incoterm
from api.rules.schedules import (
    SCHEDULE,
    ContractualEvent,
    LineResponse,
    PerformanceEvent,
    Row,
    ScheduleStatus,
)
from api.rules.states import IllegalTransition

DAY = date(2027, 3, 1)
quantities = st.decimals(min_value="0.000001", max_value=10**6, places=6)


def row(**changed: object) -> Row:
    values = {
        "number": 1,
        "item": "a",
        "quantity": Decimal(10),
        "ready_by": DAY,
        "ship_by": DAY,
        "deliver_by": DAY,
        "incoterm": None,
    }
    return Row(**{**values, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("term", "date_named", "fact"),
    [
        (Incoterm.EXW, ContractualEvent.SHIP_BY, PerformanceEvent.READY),
        (Incoterm.FCA, ContractualEvent.SHIP_BY, PerformanceEvent.HANDED_OVER),
        (Incoterm.CPT, ContractualEvent.SHIP_BY, PerformanceEvent.HANDED_OVER),
        (Incoterm.CIF, ContractualEvent.SHIP_BY, PerformanceEvent.HANDED_OVER),
        (Incoterm.DAP, ContractualEvent.DELIVER_BY, PerformanceEvent.ARRIVED),
        (Incoterm.DDP, ContractualEvent.DELIVER_BY, PerformanceEvent.ARRIVED),
        (None, ContractualEvent.DELIVER_BY, PerformanceEvent.RECEIVED),
    ],
)
def test_the_incoterm_says_which_date_binds_and_by_what_it_is_kept(
    term: Incoterm | None, date_named: ContractualEvent, fact: PerformanceEvent
) -> None:
    assert schedules.contractual_event(term) is date_named
    assert schedules.decisive_event(term) is fact
    assert fact in schedules.PROVEN_BY[fact]
    assert PerformanceEvent.RECEIVED in schedules.PROVEN_BY[fact]


def test_goods_that_are_only_ready_prove_nothing_later() -> None:
    for event in (PerformanceEvent.HANDED_OVER, PerformanceEvent.ARRIVED):
        assert PerformanceEvent.READY not in schedules.PROVEN_BY[event]


@given(st.lists(st.none() | st.integers(0, 30), min_size=3, max_size=3))
def test_dates_of_a_row_are_sound_exactly_when_they_ascend_and_the_binding_one_is_there(
    offsets: list[int | None],
) -> None:
    ready, ship, deliver = (None if n is None else DAY + timedelta(n) for n in offsets)
    faults = schedules.row_faults(
        [row(ready_by=ready, ship_by=ship, deliver_by=deliver)], items={"a"}
    )
    known = [day for day in (ready, ship, deliver) if day is not None]
    assert (faults == []) == (known == sorted(known) and deliver is not None)


@given(st.lists(quantities, min_size=1, max_size=6), quantities)
def test_without_a_change_the_rows_of_an_item_are_exactly_what_was_ordered(
    parts: list[Decimal], more: Decimal
) -> None:
    rows = [row(number=n, quantity=part) for n, part in enumerate(parts)]
    total = sum(parts, Decimal())
    extra, cuts = RationaleType.ADDITIONAL_PROCUREMENT, RationaleType.VOLUME_CUTS
    assert schedules.quantity_faults(rows, {"a": total}, None) == []
    for ordered, allowed in ((total + more, cuts), (total - more, extra)):
        assert schedules.quantity_faults(rows, {"a": ordered}, None)
        assert schedules.quantity_faults(rows, {"a": ordered}, RationaleType.TAX_RATE)
        assert schedules.quantity_faults(rows, {"a": ordered}, allowed) == []
    assert schedules.quantity_faults(rows, {"a": total + more}, extra)
    assert schedules.quantity_faults(rows, {"a": total - more}, cuts)


@given(quantities, st.decimals(0, 100, places=2), quantities)
def test_an_amendment_never_leaves_less_than_is_despatched(
    quantity: Decimal, tolerance: Decimal, despatched: Decimal
) -> None:
    old = row(despatched=despatched)
    new = row(quantity=quantity, tolerance_pct=tolerance)
    faults = schedules.amendment_faults([new], [old])
    assert (faults == []) == (quantity * (100 + tolerance) >= despatched * 100)
    assert schedules.amendment_faults([], [old])
    assert schedules.amendment_faults([row(item="b", quantity=despatched)], [old])


@given(st.lists(st.sampled_from(LineResponse), min_size=1))
def test_one_rejected_row_rejects_and_a_changed_one_counters(answers: list[LineResponse]) -> None:
    action = schedules.outcome(answers)
    assert (action == "reject") == (LineResponse.REJECT in answers)
    assert (action == "agree") == ({*answers} == {LineResponse.ACCEPT})
    assert SCHEDULE.apply(action, ScheduleStatus.PROPOSED) is not ScheduleStatus.PROPOSED


@given(st.lists(st.sampled_from(sorted(SCHEDULE.actions)), max_size=6))
def test_a_schedule_comes_into_force_only_from_a_proposal(actions: list[str]) -> None:
    current = ScheduleStatus.PROPOSED
    for action in actions:
        before = current
        try:
            current = SCHEDULE.apply(action, current)
        except IllegalTransition:
            continue
        assert (current is ScheduleStatus.SUPERSEDED) == (before is ScheduleStatus.AGREED)


@given(quantities, quantities)
def test_an_amendment_moves_a_replacement_and_never_changes_what_is_replaced(
    rejected: Decimal, other: Decimal
) -> None:
    there = row(number=2, quantity=rejected, despatched=rejected, replaces=True)
    later = row(number=2, quantity=rejected, deliver_by=DAY + timedelta(9))
    assert schedules.replacement_faults([row(), later], [there]) == []
    assert schedules.amendment_faults([row()], [there]) == []
    faults = schedules.replacement_faults([row(number=2, quantity=other, item="b")], [there])
    codes = {fault.pointer.rsplit("/")[-1] for fault in faults}
    assert codes == {"item_id"} | ({"quantity"} if other != rejected else set())


@given(st.sets(st.integers(1, 12), max_size=11))
def test_a_row_that_is_added_takes_a_number_that_nobody_has(taken: set[int]) -> None:
    found = schedules.free_number(taken, 12)
    assert found not in taken
    assert 1 <= found <= 12
    assert found == max(taken, default=0) + 1 or 12 in taken
