"""Awards: the machine, the standstill, and the stage that follows from the lots."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.reference.parameters import completed
from api.rules import policy as policies
from api.rules.awards import (
    AWARD,
    AwardStatus,
    LotState,
    is_standing_still,
    next_bid,
    stage_of,
    standstill,
)
from api.rules.periods import Timetable, WorkCalendar
from api.rules.policy import Policy
from api.rules.states import IllegalTransition
from api.rules.tenders import LotStatus, TenderStage

_A = AwardStatus
NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)
TABLE = Timetable(WorkCalendar("KG", {2027: frozenset({6, 7})}, {}))
SEVEN = {"days": 7, "unit": "calendar", "rounding": "none"}


def policy(**changed: Any) -> Policy:
    ten = {"days": 10, "unit": "calendar", "rounding": "none"}
    base = {"calendar": "KG", "min_tendering_duration": ten, "min_extension": ten}
    return policies.parse(completed({**base, **changed}))


@pytest.mark.parametrize("status", list(_A))
@pytest.mark.parametrize("action", ["approve", "reject", "cancel"])
def test_an_award_moves_as_the_paper_says_and_in_no_other_way(
    status: AwardStatus, action: str
) -> None:
    legal = {
        ("approve", _A.PENDING): _A.ACTIVE,
        ("reject", _A.PENDING): _A.UNSUCCESSFUL,
        ("cancel", _A.ACTIVE): _A.CANCELLED,
        ("cancel", _A.UNSUCCESSFUL): _A.CANCELLED,
    }
    if (action, status) in legal:
        assert AWARD.apply(action, status) is legal[action, status]
    else:
        with pytest.raises(IllegalTransition):
            AWARD.apply(action, status)


def test_a_standstill_lasts_as_long_as_the_policy_says_and_its_end_is_outside() -> None:
    found = standstill(TABLE, policy(standstill_duration=SEVEN), decided_at=NOW, bids=3)

    assert found is not None
    assert (found.start, found.end) == (NOW, NOW + timedelta(days=7))
    assert is_standing_still(found.end, found.end - timedelta(microseconds=1))
    assert not is_standing_still(found.end, found.end)


@pytest.mark.parametrize(
    ("bids", "single", "expected"), [(1, False, False), (1, True, True), (2, False, True)]
)
def test_a_single_bid_has_a_standstill_only_where_the_policy_wants_it(
    bids: int, single: bool, expected: bool
) -> None:
    law = policy(standstill_duration=SEVEN, standstill_for_single_bid=single)
    assert (standstill(TABLE, law, decided_at=NOW, bids=bids) is not None) is expected


def test_without_a_duration_there_is_no_standstill() -> None:
    assert standstill(TABLE, policy(), decided_at=NOW, bids=5) is None
    assert not is_standing_still(None, NOW)


@given(st.lists(st.integers(), unique=True), st.sets(st.integers()))
def test_the_next_bid_is_the_best_one_that_nobody_decided_about(
    ranking: list[int], decided: set[int]
) -> None:
    found = next_bid(ranking, decided=decided)
    left = [bid for bid in ranking if bid not in decided]
    assert found == (left[0] if left else None)


@given(st.lists(st.tuples(st.sampled_from(LotStatus), st.booleans()), min_size=1))
def test_contracts_are_signed_once_every_active_lot_is_awarded(
    lots: list[tuple[LotStatus, bool]],
) -> None:
    waiting = [lot for lot in lots if lot == (LotStatus.ACTIVE, False)]
    expected = (
        TenderStage.EVALUATION_RESULTS_PENDING if waiting else TenderStage.CONTRACT_SIGN_PENDING
    )
    assert stage_of([LotState(*lot) for lot in lots]) is expected
