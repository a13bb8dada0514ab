"""The reverse auction: prices only fall, late ones never count, the log gives everything back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.auction import (
    Price,
    Refused,
    Standing,
    Terms,
    least_step,
    opened,
    place,
    replay,
)

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
END = START + timedelta(hours=1)
PAUSE = timedelta(minutes=15)
MOMENT = timedelta(microseconds=1)
TERMS = Terms(
    START,
    END,
    Decimal(100),
    PAUSE,
    {"a": Decimal(10_000), "b": Decimal(9_500), "c": Decimal(9_500)},
)

attempts = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "stranger"]),
        st.decimals(min_value=-100, max_value=11_000, places=2),
        st.integers(-600, 7_200),
    ),
    max_size=40,
)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def tried(given: list[tuple[str, Decimal, int]]) -> tuple[Standing, list[Price]]:
    """Every attempt in the order of time: how things stand, and what was taken into the log."""
    standing, log = opened(TERMS), []
    for bid, amount, seconds in sorted(given, key=lambda one: one[2]):
        price = Price(bid, amount, START + timedelta(seconds=seconds))
        try:
            standing = place(TERMS, standing, price)
        except Refused:
            continue
        log.append(price)
    return standing, log


def refusal(price: Price, standing: Standing | None = None) -> str:
    with pytest.raises(Refused) as refused:
        place(TERMS, standing or opened(TERMS), price)
    return refused.value.code


@given(attempts)
def test_the_log_gives_back_what_was_reached(given: list[tuple[str, Decimal, int]]) -> None:
    standing, log = tried(given)

    assert replay(TERMS, log) == standing
    assert standing.entries == len(log)


@given(attempts)
def test_a_bid_never_rises_and_falls_by_whole_steps(given: list[tuple[str, Decimal, int]]) -> None:
    _, log = tried(given)
    last = dict(TERMS.initial)
    for price in log:
        assert Decimal() < price.amount <= last[price.bid] - TERMS.step
        last[price.bid] = price.amount


@given(attempts)
def test_the_end_leaves_everybody_the_pause_to_answer(
    given: list[tuple[str, Decimal, int]],
) -> None:
    standing, log = tried(given)

    assert standing.end == max([END, *(price.at + PAUSE for price in log)])
    assert all(START <= price.at < standing.end for price in log)


@given(attempts)
def test_every_bid_has_a_place_by_price_then_time(given: list[tuple[str, Decimal, int]]) -> None:
    standing, _ = tried(given)
    ranking = standing.ranking()

    assert sorted(bid for _, bid, _ in ranking) == sorted(TERMS.initial)
    assert [amount for *_, amount in ranking] == sorted(standing.prices.values())
    for (place_before, before, low), (place_after, after, high) in pairwise(ranking):
        tied = low == high and before not in standing.since and after not in standing.since
        assert (place_before == place_after) == tied


def test_of_equal_prices_the_earlier_is_ahead() -> None:
    log = [Price("a", Decimal(9_000), at(1)), Price("b", Decimal(9_000), at(2))]

    assert replay(TERMS, log).ranking() == [
        (1, "a", Decimal(9_000)),
        (2, "b", Decimal(9_000)),
        (3, "c", Decimal(9_500)),
    ]


def test_equal_prices_of_the_opening_share_a_place() -> None:
    assert [rank for rank, _, _ in opened(TERMS).ranking()] == [1, 1, 3]


@pytest.mark.parametrize(
    ("price", "code"),
    [
        (Price("a", Decimal(9_000), START - MOMENT), "auction_not_started"),
        (Price("a", Decimal(9_000), END), "auction_ended"),
        (Price("stranger", Decimal(9_000), START), "not_in_auction"),
        (Price("a", Decimal("9000.001"), START), "not_in_cents"),
        (Price("a", Decimal("9900.01"), START), "step_too_small"),
        (Price("a", Decimal(0), START), "step_too_small"),
        (Price("a", Decimal(-1), START), "step_too_small"),
    ],
)
def test_a_price_that_does_not_count_is_refused(price: Price, code: str) -> None:
    assert refusal(price) == code


def test_the_boundaries_themselves_count() -> None:
    first = place(TERMS, opened(TERMS), Price("a", Decimal(9_900), START))
    last = place(TERMS, first, Price("b", Decimal(9_400), END - MOMENT))

    assert last.end == END - MOMENT + PAUSE


def test_when_no_whole_step_is_left_a_price_stays() -> None:
    low = replay(TERMS, [Price("a", Decimal(50), START)])

    assert refusal(Price("a", Decimal("0.01"), at(1)), low) == "step_too_small"


def test_a_tampered_log_does_not_replay() -> None:
    log = [Price("a", Decimal(9_000), at(1)), Price("a", Decimal(8_950), at(2))]

    with pytest.raises(Refused):
        replay(TERMS, log)


@given(st.decimals(min_value="0.01", max_value=10**12, places=2), st.integers(1, 1000))
def test_a_step_is_whole_cents_and_at_least_its_share(value: Decimal, step_bp: int) -> None:
    step = least_step(value, step_bp)

    assert step == step.quantize(Decimal("0.01"))
    assert step >= value * step_bp / 10_000
    assert step - value * step_bp / 10_000 <= Decimal("0.01")
