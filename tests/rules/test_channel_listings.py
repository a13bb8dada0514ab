"""What is to be done next for a listing, whatever has happened to it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.channel_listings import (
    LISTING,
    MOST_RETRY_AFTER,
    ListingStatus,
    ListingTarget,
    Part,
    Standing,
    Work,
    changed,
    next_work,
    supersedes,
    wait_seconds,
)
from api.rules.states import IllegalTransition

SENDING = {Work.ADD, Work.REVISE, Work.PRICE, Work.STOCK, Work.RESUME}
standings = st.builds(
    Standing,
    status=st.sampled_from(ListingStatus),
    target=st.sampled_from(ListingTarget),
    ready=st.booleans(),
    known=st.booleans(),
    in_doubt=st.booleans(),
    changed=st.frozensets(st.sampled_from(Part)),
)
_DONE = {
    Work.REFUSE: "reject",
    Work.ADD: "submit",
    Work.REVISE: "submit",
    Work.PAUSE: "pause",
    Work.RESUME: "go_live",
    Work.WITHDRAW: "withdraw",
}


@given(standings)
def test_nothing_is_sent_that_may_not_be_shown_and_nothing_twice(now: Standing) -> None:
    work = next_work(now)

    if not now.ready or now.target is ListingTarget.WITHDRAWN:
        assert work not in SENDING
    if now.known or now.in_doubt:
        assert work is not Work.ADD
    if work is Work.LOOK_UP:
        assert now.in_doubt
        assert not now.known
    if work in {Work.PRICE, Work.STOCK, Work.PAUSE, Work.RESUME, Work.ASK}:
        assert now.status not in {ListingStatus.PENDING, ListingStatus.FAILED}


@given(standings)
def test_whatever_is_done_may_be_noted(now: Standing) -> None:
    work = next_work(now)
    if work in _DONE:
        LISTING.apply(_DONE[work], now.status)


@given(standings)
def test_what_must_go_is_gone_after_a_few_steps(now: Standing) -> None:
    """Once the market does not let it be shown, work ends with nothing of it at the channel."""
    status, target, known, doubt = now.status, now.target, now.known, now.in_doubt
    if status in {ListingStatus.WITHDRAWN, ListingStatus.PENDING, ListingStatus.REJECTED}:
        known = known and status is not ListingStatus.WITHDRAWN
    else:
        known = True
    for _ in range(5):
        work = next_work(Standing(status, target, False, known, doubt, now.changed))
        if work is Work.LAPSE:
            target = ListingTarget.WITHDRAWN
        elif work is Work.LOOK_UP:
            doubt, known = False, True
        elif work in {Work.REFUSE, Work.WITHDRAW}:
            status = LISTING.apply(_DONE[work], status)
            known = known and work is Work.REFUSE
    assert work is Work.NOTHING
    assert not known


@given(
    st.integers(1, 40),
    st.floats(0, 1, exclude_max=True),
    st.one_of(st.none(), st.floats(-1e12, 1e12)),
)
def test_a_channel_is_not_asked_sooner_than_it_wants(
    attempts: int, jitter: float, retry_after: float | None
) -> None:
    seconds = wait_seconds(attempts, jitter=jitter, retry_after=retry_after)

    assert 15 <= seconds <= MOST_RETRY_AFTER
    assert seconds >= min(retry_after or 0, MOST_RETRY_AFTER)
    assert wait_seconds(attempts + 1, jitter=jitter, retry_after=None) >= wait_seconds(
        attempts, jitter=jitter, retry_after=None
    )


def test_parts_are_compared_each_for_itself() -> None:
    sent = {"content": {"a": 1}, "price": {"b": 2}, "stock": 3}

    assert changed(sent, sent) == frozenset()
    assert changed({**sent, "price": {"b": 3}}, sent) == {Part.PRICE}
    assert changed(sent, None) == frozenset(Part)


def test_what_was_told_later_counts_in_whatever_order_it_comes() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)

    assert supersedes(None, None)
    assert supersedes(early, late)
    assert not supersedes(late, early)
    assert not supersedes(early, early)
    assert not supersedes(early, None)


def test_a_listing_that_is_withdrawn_is_not_shown_by_an_answer_that_comes_late() -> None:
    for action in ("submit", "go_live", "pause", "reject"):
        with pytest.raises(IllegalTransition):
            LISTING.apply(action, ListingStatus.WITHDRAWN)
