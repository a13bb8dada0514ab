"""What becomes of a tender at the end of its period, and how lots make up its status."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reference import parameters
from api.rules.period_end import Obstacles, Outcome, decide
from api.rules.periods import DayUnit, Duration, Rounding
from api.rules.policy import AutoProlongation, Policy, parse
from api.rules.states import IllegalTransition
from api.rules.tenders import (
    STATUS_OF,
    TENDER,
    LotStatus,
    TenderStage,
    TenderStatus,
    advance,
    advance_lots,
    status_of_lots,
)

_DAYS = {"days": 3, "unit": "calendar", "rounding": "none"}
_NEUTRAL = parse(
    parameters.completed(
        {"calendar": "KG", "min_tendering_duration": _DAYS, "min_extension": _DAYS}
    )
)
FIVE_DAYS = Duration(5, DayUnit.CALENDAR, Rounding.NONE)
ENDED = {TenderStatus.COMPLETE, TenderStatus.UNSUCCESSFUL, TenderStatus.CANCELLED}


def policy(min_bids: int, times: int | None) -> Policy:
    more = None if times is None else AutoProlongation(times, FIVE_DAYS)
    return replace(_NEUTRAL, min_bids=min_bids, auto_prolongation=more)


def outcome(rules: Policy, **changed: Any) -> Outcome:
    counts = {"bids": 0, "prolonged": 0}
    counts |= {name: changed.pop(name) for name in counts if name in changed}
    return decide(rules, Obstacles(**changed), **counts)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"bids": 2}, Outcome.CLOSE),
        ({"bids": 1}, Outcome.PROLONG),
        ({"bids": 1, "prolonged": 1}, Outcome.FAIL),
        ({"bids": 2, "unanswered": 1}, Outcome.SUSPEND),
        ({"bids": 0, "complaint_open": True}, Outcome.SUSPEND),
        ({"bids": 2, "cancellation_pending": True}, Outcome.SUSPEND),
    ],
)
def test_questions_and_complaints_come_before_bids(
    facts: dict[str, Any], expected: Outcome
) -> None:
    assert outcome(policy(2, 1), **facts) is expected


@given(
    min_bids=st.integers(0, 5),
    times=st.none() | st.integers(1, 3),
    bids=st.lists(st.integers(0, 6), min_size=5, max_size=5),
)
def test_a_tender_is_prolonged_no_more_than_its_rules_allow(
    min_bids: int, times: int | None, bids: list[int]
) -> None:
    rules, prolonged = policy(min_bids, times), 0
    for count in bids:
        found = outcome(rules, bids=count, prolonged=prolonged)
        assert (found is Outcome.CLOSE) is (count >= max(min_bids, 1))
        if found is not Outcome.PROLONG:
            break
        prolonged += 1
    assert prolonged <= (times or 0)
    if found is Outcome.FAIL:
        assert prolonged == (times or 0)


ACTIONS = st.sampled_from([*TENDER.actions])
LOT_ACTIONS = st.sampled_from(["cancel", "fail", "complete"])
STEP = st.tuples(st.just("tender"), ACTIONS, st.just(frozenset[int]())) | st.tuples(
    st.just("lots"), LOT_ACTIONS, st.frozensets(st.integers(0, 3), min_size=1)
)


@given(count=st.integers(1, 4), steps=st.lists(STEP, max_size=25))
def test_the_status_of_a_published_tender_is_a_function_of_its_lots(
    count: int, steps: list[tuple[str, str, frozenset[int]]]
) -> None:
    stage, lots = advance(TenderStage.DRAFT, [LotStatus.PLANNED] * count, "publish")
    for kind, action, chosen in steps:
        before = stage, lots
        try:
            if kind == "tender":
                stage, lots = advance(stage, lots, action)
            else:
                stage, lots = advance_lots(stage, lots, {n % count for n in chosen}, action)
        except IllegalTransition:
            assert (stage, lots) == before
        assert STATUS_OF[stage] is status_of_lots(lots)
        for old, new in zip(before[1], lots, strict=True):
            assert old is new or old is LotStatus.ACTIVE
        if STATUS_OF[before[0]] in ENDED:
            assert (stage, lots) == before


def test_a_tender_ends_with_its_last_lot_and_as_its_lots_did() -> None:
    active, stage = LotStatus.ACTIVE, TenderStage.EVALUATION_COMPLETE
    stage, lots = advance_lots(stage, [active] * 3, {0}, "cancel")
    assert stage is TenderStage.EVALUATION_COMPLETE
    assert advance_lots(stage, lots, {1, 2}, "cancel")[0] is TenderStage.CANCELLED
    assert advance_lots(stage, lots, {1, 2}, "fail")[0] is TenderStage.UNSUCCESSFUL
    stage, lots = advance_lots(stage, lots, {1}, "complete")
    assert advance(stage, lots, "cancel")[0] is TenderStage.CONTRACT_SIGNED
    with pytest.raises(IllegalTransition):
        advance_lots(stage, lots, {0}, "complete")
