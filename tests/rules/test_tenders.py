"""The life of a tender and its time rules, without I/O."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.rules.clock import BISHKEK, local_date
from api.rules.states import IllegalTransition
from api.rules.tenders import (
    LOT,
    OPEN_STAGES,
    PROVISIONAL_POLICY,
    STATUS_OF,
    TENDER,
    LotStatus,
    LotTerms,
    Period,
    TenderPolicy,
    TenderStage,
    TenderStatus,
    Value,
    end_after_material_change,
    has_ended,
    period_is_long_enough,
    schedule_faults,
    value_faults,
)

MILLISECOND = timedelta(milliseconds=1)
TERMINAL = {TenderStatus.CANCELLED, TenderStatus.UNSUCCESSFUL, TenderStatus.COMPLETE}
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=25_000)).map(
    lambda since: datetime(2020, 1, 1, tzinfo=UTC) + since
)
PERIODS = st.builds(
    Period, days=st.integers(0, 365), source=st.just("test"), to_day_end=st.booleans()
)


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
            assert TENDER.allowed(self.stage) == ["cancel"]

    @invariant()
    def lots_follow_their_tender(self) -> None:
        expected = {
            TenderStatus.DRAFT: LotStatus.PLANNED,
            TenderStatus.ACTIVE: LotStatus.ACTIVE,
            TenderStatus.CANCELLED: LotStatus.CANCELLED,
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


def test_three_days_after_publication_is_enough_and_a_millisecond_less_is_not() -> None:
    published = datetime(2027, 2, 26, 9, 30, tzinfo=UTC)
    end = published + timedelta(days=3)

    def enough(moment: datetime) -> bool:
        return period_is_long_enough(published_at=published, end=moment, policy=PROVISIONAL_POLICY)

    assert enough(end)
    assert enough(end + MILLISECOND)
    assert not enough(end - MILLISECOND)


@pytest.mark.parametrize(
    ("amended", "extended"),
    [
        # 23:59:59.999 in Bishkek is still the same day, 00:00 the next one.
        ("2027-03-01T17:59:59.999+00:00", "2027-03-06T18:00:00+00:00"),
        ("2027-03-01T18:00:00+00:00", "2027-03-07T18:00:00+00:00"),
        ("2027-03-01T04:00:00+00:00", "2027-03-06T18:00:00+00:00"),
    ],
)
def test_an_extension_lasts_to_the_end_of_its_last_day_in_bishkek(
    amended: str, extended: str
) -> None:
    now = datetime.fromisoformat(amended)

    end = end_after_material_change(now + timedelta(hours=1), now=now, policy=PROVISIONAL_POLICY)

    assert end == datetime.fromisoformat(extended)


@given(PERIODS, INSTANTS)
def test_a_period_is_never_shorter_than_its_days(period: Period, start: datetime) -> None:
    end = period.end(start)

    assert end.tzinfo is UTC
    assert end >= start + timedelta(days=period.days)
    assert end <= start + timedelta(days=period.days + 1)
    assert local_date(end - MILLISECOND) <= local_date(start) + timedelta(days=period.days)
    if period.to_day_end:
        local = end.astimezone(BISHKEK)
        assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)


@given(PERIODS, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_later_start_never_ends_earlier(
    period: Period, start: datetime, later: timedelta
) -> None:
    assert period.end(start + later) >= period.end(start)


@given(PERIODS, INSTANTS, st.timedeltas(timedelta(days=-10), timedelta(days=400)))
def test_the_period_is_long_enough_exactly_from_its_end_on(
    period: Period, published: datetime, length: timedelta
) -> None:
    policy = TenderPolicy(min_tender_period=period, min_extension=period)
    end = published + length

    enough = period_is_long_enough(published_at=published, end=end, policy=policy)

    assert enough == (end >= period.end(published))


@given(PERIODS, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_material_change_leaves_enough_time_and_takes_none_away(
    period: Period, now: datetime, left: timedelta
) -> None:
    policy = TenderPolicy(min_tender_period=period, min_extension=period)

    end = end_after_material_change(now + left, now=now, policy=policy)

    assert end >= now + left
    assert end >= now + timedelta(days=period.days)
    assert end_after_material_change(end, now=now, policy=policy) == end


def test_every_number_of_the_policy_names_its_source_and_that_nobody_reviewed_it() -> None:
    for period in (PROVISIONAL_POLICY.min_tender_period, PROVISIONAL_POLICY.min_extension):
        assert period.source
        assert not period.reviewed


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
