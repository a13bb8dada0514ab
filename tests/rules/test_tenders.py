"""The life of a tender and its time rules, without I/O."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.rules.states import IllegalTransition
from api.rules.tenders import (
    LOT,
    OPEN_STAGES,
    STATUS_OF,
    TENDER,
    LotStatus,
    LotTerms,
    TenderStage,
    TenderStatus,
    Value,
    has_ended,
    schedule_faults,
    value_faults,
)

MILLISECOND = timedelta(milliseconds=1)
TERMINAL = {TenderStatus.CANCELLED, TenderStatus.UNSUCCESSFUL, TenderStatus.COMPLETE}


class TenderLife(RuleBasedStateMachine):
    """Any sequence of actions, refused ones included, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.stage, self.lot = TenderStage.DRAFT, LotStatus.PLANNED
        self.was_published = False
        self.ended_as: TenderStage | None = None

    def act(self, action: str) -> None:
        before, lot = self.stage, self.lot
        if action in TENDER.allowed(before):
            self.stage = TENDER.apply(action, before)
            if action in LOT.allowed(lot):
                self.lot = LOT.apply(action, lot)
        else:
            with pytest.raises(IllegalTransition):
                TENDER.apply(action, before)
            assert (self.stage, self.lot) == (before, lot)

    @rule()
    def publish(self) -> None:
        self.was_published |= "publish" in TENDER.allowed(self.stage)
        self.act("publish")

    @rule()
    def amend(self) -> None:
        self.act("amend")

    @rule()
    def close(self) -> None:
        self.act("close")

    @rule()
    def cancel(self) -> None:
        self.act("cancel")

    @rule()
    def suspend(self) -> None:
        self.act("suspend")

    @rule()
    def resume(self) -> None:
        self.act("resume")

    @rule()
    def prolong(self) -> None:
        self.act("prolong")

    @rule()
    def fail(self) -> None:
        self.act("fail")

    @precondition(lambda self: STATUS_OF[self.stage] in TERMINAL)
    @rule()
    def remember_the_end(self) -> None:
        self.ended_as = self.ended_as or self.stage

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        assert self.ended_as in (None, self.stage)

    @invariant()
    def nothing_is_active_without_publication(self) -> None:
        assert STATUS_OF[self.stage] is not TenderStatus.ACTIVE or self.was_published

    @invariant()
    def a_closed_tender_takes_no_amendment(self) -> None:
        if self.stage is TenderStage.BID_OPENING_PENDING:
            allowed = TENDER.allowed(self.stage)
            assert not {"amend", "extend", "suspend", "prolong", "close"} & {*allowed}

    @invariant()
    def lots_follow_their_tender(self) -> None:
        expected = {
            TenderStatus.DRAFT: LotStatus.PLANNED,
            TenderStatus.ACTIVE: LotStatus.ACTIVE,
            TenderStatus.CANCELLED: LotStatus.CANCELLED,
            TenderStatus.UNSUCCESSFUL: LotStatus.UNSUCCESSFUL,
        }
        assert self.lot is expected[STATUS_OF[self.stage]]


TestTenderLife = TenderLife.TestCase


def test_every_stage_has_a_status_and_every_status_a_stage() -> None:
    assert STATUS_OF.keys() == set(TenderStage)
    assert set(STATUS_OF.values()) == set(TenderStatus)


def test_suppliers_can_answer_only_active_tenders() -> None:
    assert {STATUS_OF[stage] for stage in OPEN_STAGES} == {TenderStatus.ACTIVE}


def test_what_arrives_at_the_end_is_late() -> None:
    end = datetime(2027, 3, 1, 12, tzinfo=UTC)

    assert not has_ended(end, end - MILLISECOND)
    assert has_ended(end, end)
    assert has_ended(end, end + MILLISECOND)


def lot(end: str, start: str | None = None, value: Value | None = None) -> LotTerms:
    return LotTerms(date.fromisoformat(start) if start else None, date.fromisoformat(end), value)


def kgs(amount: str) -> Value:
    return Value(Decimal(amount), "KGS")


def test_a_delivery_must_end_after_the_local_day_on_which_the_period_ends() -> None:
    end = datetime(2027, 3, 1, 19, tzinfo=UTC)  # already 2 March in Bishkek

    found = schedule_faults(
        start=None, end=end, enquiry_end=None, lots=[lot("2027-03-02"), lot("2027-03-03")]
    )

    assert [(f.pointer, f.code) for f in found] == [
        ("#/lots/0/delivery_period_end", "delivery_before_tender_end")
    ]


def test_reversed_periods_are_named_field_by_field() -> None:
    end = datetime(2027, 3, 1, tzinfo=UTC)

    found = schedule_faults(
        start=end,
        end=end,
        enquiry_end=end + MILLISECOND,
        lots=[lot("2027-06-01", start="2027-06-02")],
    )

    assert [f.pointer for f in found] == [
        "#/tender_period_end",
        "#/enquiry_period_end",
        "#/lots/0/delivery_period_end",
    ]


def test_lots_are_budgeted_in_one_currency_and_within_the_tender() -> None:
    lots = [lot("2027-06-01", value=kgs("60")), lot("2027-06-01", value=kgs("40.01"))]
    dollars = lot("2027-06-01", value=Value(Decimal(1), "USD"))

    assert value_faults(kgs("100.01"), lots) == []
    assert value_faults(None, lots) == []
    assert [f.pointer for f in value_faults(kgs("100"), lots)] == ["#/value/amount"]
    assert [f.pointer for f in value_faults(None, [*lots, dollars])] == ["#/lots/2/value/currency"]
