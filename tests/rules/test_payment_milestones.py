"""Parts that are the value to the coin, payments that never add up to more, machines that end."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import payment_milestones as rules
from api.rules.disputes import MilestoneKind
from api.rules.payment_milestones import (
    Fact,
    NotComputable,
    Ordered,
    Owed,
    Part,
    PaymentInputs,
    PaymentStatus,
    Settlement,
)

START = datetime(2027, 1, 1, tzinfo=UTC)
COIN = Decimal("0.01")
coins = st.integers(1, 10**9).map(lambda n: Decimal(n) * COIN)


def inputs(**changed: Any) -> PaymentInputs:
    given_ = {
        "contract": "contract_1",
        "number": 1,
        "kind": MilestoneKind.ON_ACCEPTANCE,
        "lot": None,
        "settlement": Settlement.ESCROW,
        "currency": "KGS",
        "places": 2,
        "amount": Decimal(1000),
        "term_days": 0,
        "as_of": START,
        "ordered": (Ordered("a", Decimal(3), Decimal(1)),),
        "facts": (),
        "called": Decimal(),
        "owed": (),
        "netted": Decimal(),
        "commission": Decimal(),
    }
    return PaymentInputs(**{**given_, **changed})


@given(coins, st.lists(st.integers(1, 10_000), min_size=1, max_size=12), st.sampled_from([0, 2, 3]))
def test_shares_are_the_value_and_each_is_within_a_coin_of_its_part(
    value: Decimal, weights: list[int], places: int
) -> None:
    coin = Decimal(1).scaleb(-places)
    value = value.quantize(coin, ROUND_UP)
    shares = rules.apportioned(value, weights, places)
    assert sum(shares) == value
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - value * weight / sum(weights)) < coin
        assert share >= 0


def test_the_largest_remainder_gets_the_coin() -> None:
    assert rules.apportioned(Decimal("100.00"), [1, 1, 1], 2) == [
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    ]
    assert rules.apportioned(Decimal(10), [3333, 3334, 3333], 0) == [3, 4, 3]


@given(coins, st.lists(st.integers(1, 9999), min_size=1, max_size=5, unique=True))
def test_sound_parts_are_the_value_of_each_lot(value: Decimal, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 10_000]
    points = [b - a for a, b in itertools.pairwise(edges)]
    lots = {"x": value, "y": Decimal(7)}
    parts = [
        Part(n, MilestoneKind.ON_ACCEPTANCE, "x", each, None) for n, each in enumerate(points, 1)
    ]
    parts.append(Part(99, MilestoneKind.ON_DELIVERY, "y", None, Decimal(7)))
    whole = value + 7
    assert [*rules.part_faults(parts, whole=whole, lots=lots, places=2)] == []
    shares = rules.amounts(parts, whole=whole, lots=lots, places=2)
    assert sum(shares.values()) == whole
    left = [*rules.part_faults(parts[1:], whole=whole, lots=lots, places=2)]
    assert [fault.code for fault in left] == ["parts_incomplete"]


facts = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 40), st.integers(0, 20)), max_size=8
)


@given(
    amount=coins,
    prices=st.tuples(st.integers(1, 999), st.integers(1, 999)),
    told=facts,
    term=st.integers(0, 10),
    owed=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10**7)), max_size=3),
    share=st.integers(0, 10_000),
)
def test_at_every_step_what_is_paid_kept_and_taken_off_is_what_was_called_and_never_more(
    amount: Decimal,
    prices: tuple[int, int],
    told: list[tuple[str, int, int]],
    term: int,
    owed: list[tuple[int, int]],
    share: int,
) -> None:
    """A whole life, day by day: money in is money out, kept, taken off, and held."""
    ordered = tuple(
        Ordered(row, Decimal(60), Decimal(price)) for row, price in zip("ab", prices, strict=True)
    )
    known = tuple(
        Fact(str(n), row, Decimal(quantity), START + timedelta(days=day))
        for n, (row, quantity, day) in enumerate(told)
    )
    called = netted = released = fees = Decimal()
    for day in range(32):
        now = START + timedelta(days=day)
        claims = tuple(
            Owed(str(n), Decimal(coins_) * COIN) for n, (at, coins_) in enumerate(owed) if at <= day
        )
        base = inputs(
            amount=amount,
            ordered=ordered,
            facts=tuple(fact for fact in known if fact.at <= now),
            term_days=term,
            as_of=now,
            called=called,
            owed=claims,
            netted=netted,
        )
        net = rules.compute(base).net
        result = rules.compute(replace(base, commission=(net * share / 10_000).quantize(COIN)))
        assert result.gross == result.penalty + result.commission + result.net
        assert min(result.gross, result.penalty, result.commission, result.net) >= 0
        called += result.gross
        netted += result.penalty
        released += result.net
        fees += result.commission
        assert called == result.entitled <= amount
        assert netted <= sum(each.amount for each in claims)
        held = amount - released - fees
        assert held >= netted
        assert rules.refundable(amount, Decimal(), released + fees, amount - called) == netted
    came = {row: sum(q for each, q, _ in told if each == row) for row in "ab"}
    assert (called == amount) == all(quantity >= 60 for quantity in came.values())


def test_a_term_counts_from_the_fact_and_the_next_is_known() -> None:
    fact = Fact("1", "a", Decimal(3), START)
    early = inputs(facts=(fact,), term_days=5, as_of=START + timedelta(days=5, microseconds=-1))
    assert rules.compute(early).gross == 0
    assert rules.compute(replace(early, as_of=START + timedelta(days=5))).gross == 1000
    assert rules.next_due([fact], 5, START) == START + timedelta(days=5)
    assert rules.next_due([fact], 5, START + timedelta(days=5)) is None


def test_more_than_was_ordered_of_one_row_does_not_pay_for_another() -> None:
    rows = (Ordered("a", Decimal(1), Decimal(1)), Ordered("b", Decimal(1), Decimal(1)))
    over = inputs(ordered=rows, facts=(Fact("1", "a", Decimal(2), START),))
    assert rules.compute(over).gross == 500


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"facts": (Fact("1", "z", Decimal(1), START),)}, "#/facts/0/row"),
        ({"facts": (Fact("1", None, Decimal(1), START),)}, "#/facts/0/row"),
        ({"called": Decimal(-1)}, "#/amount"),
    ],
)
def test_inputs_that_contradict_themselves_are_not_computed(
    changed: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(NotComputable) as refused:
        rules.compute(inputs(**changed))
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


@given(st.lists(st.sampled_from([*rules.PAYMENT.actions]), max_size=12))
def test_nothing_leads_out_of_cancelled_and_only_an_approval_to_money(actions: list[str]) -> None:
    status, approved = PaymentStatus.DUE, False
    for action in actions:
        if action not in rules.PAYMENT.allowed(status):
            continue
        approved = action == "approve" or (approved and action not in ("unfreeze", "freeze"))
        status = rules.PAYMENT.apply(action, status)
        if status in rules.MONEY_OUT:
            assert approved
    assert rules.PAYMENT.allowed(PaymentStatus.CANCELLED) == []


@pytest.mark.parametrize(
    ("net", "threshold", "people"),
    [
        ("100", None, 2),
        ("100", (Decimal(100), "KGS"), 1),
        ("100.01", (Decimal(100), "KGS"), 2),
        ("1", (Decimal(100), "CNY"), 2),
    ],
)
def test_pay_02_above_the_threshold_two_people_approve(
    net: str, threshold: tuple[Decimal, str] | None, people: int
) -> None:
    assert rules.approvals_needed(Decimal(net), "KGS", threshold) == people


def test_money_covers_parts_in_their_order() -> None:
    parts = [(2, Decimal(5)), (1, Decimal(3)), (3, Decimal(1))]
    assert rules.funded(parts, Decimal(7)) == {1}
    assert rules.funded(parts, Decimal(9)) == {1, 2, 3}
