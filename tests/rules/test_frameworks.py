"""Allocation, the ceiling, the machines and the bounds of framework agreements."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import awards, frameworks
from api.rules.frameworks import (
    FRAMEWORK,
    PARTICIPANT,
    Agreement,
    Allocation,
    Candidate,
    FrameworkMethod,
    FrameworkStatus,
    ParticipantStatus,
    PriceOffered,
)
from api.rules.periods import DayUnit, Duration, Rounding
from api.rules.policy import FrameworkTerms
from api.rules.states import IllegalTransition
from api.rules.tenders import Value

NOW = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_DAYS = Duration(10, DayUnit.CALENDAR, Rounding.DAY_END)
BOUNDS = FrameworkTerms(365, 1461, _DAYS, _DAYS, 10)
MONEY = st.decimals("0.01", "100000", places=2)
PEOPLE = st.integers(1, 8)


def candidates(totals: list[Decimal]) -> list[Candidate[int]]:
    return [Candidate(rank, rank, total) for rank, total in enumerate(totals, start=1)]


@given(st.lists(MONEY, min_size=1, max_size=8), st.randoms())
def test_who_gets_a_call_off_does_not_depend_on_the_order_of_the_list(
    totals: list[Decimal], random: object
) -> None:
    some = candidates(totals)
    shuffled = [*some]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for rule in Allocation:
        order = frameworks.allocate(rule, shuffled)
        assert order == frameworks.allocate(rule, some)
        assert sorted(each.rank for each in order) == [each.rank for each in some]


@given(st.lists(MONEY, min_size=1, max_size=8))
def test_a_cascade_goes_by_rank_and_the_best_price_by_price_then_rank(
    totals: list[Decimal],
) -> None:
    some = candidates(totals)
    assert frameworks.allocate(Allocation.CASCADE, some) == some
    best = frameworks.allocate(Allocation.BEST_PRICE, some)[0]
    assert (best.total, best.rank) == min((each.total, each.rank) for each in some)


@given(PEOPLE, st.integers(0, 40))
def test_by_rotation_nobody_gets_two_call_offs_more_than_another(people: int, calls: int) -> None:
    turns: dict[int, int] = {}
    given_to: list[int] = []
    for number in range(1, calls + 1):
        some = [Candidate(n, n, Decimal(n), turns.get(n)) for n in range(1, people + 1)]
        chosen = frameworks.allocate(Allocation.ROTATION, some)[0].supplier
        turns[chosen] = number
        given_to.append(chosen)
    counted = Counter(given_to)
    assert max(counted.values(), default=0) - min(counted[n] for n in range(1, people + 1)) <= 1
    assert given_to[:people] == [*range(1, min(people, calls) + 1)]


@given(st.lists(st.tuples(st.booleans(), MONEY), max_size=40), MONEY)
def test_what_is_drawn_and_released_never_passes_the_ceiling_and_conserves(
    acts: list[tuple[bool, Decimal]], ceiling: Decimal
) -> None:
    drawn, live = Decimal(), list[Decimal]()
    for takes, amount in acts:
        if takes and frameworks.fits(drawn=drawn, amount=amount, ceiling=ceiling):
            drawn += amount
            live.append(amount)
        elif not takes and live:
            drawn -= live.pop()
        assert drawn == sum(live, Decimal())
        assert 0 <= drawn <= ceiling
    left = ceiling - drawn
    assert frameworks.fits(drawn=drawn, amount=left, ceiling=ceiling)
    assert not frameworks.fits(drawn=drawn, amount=left + Decimal("0.01"), ceiling=ceiling)


@given(st.lists(st.tuples(MONEY, MONEY), max_size=10))
def test_a_total_is_the_sum_to_two_decimals(lines: list[tuple[Decimal, Decimal]]) -> None:
    exact = sum((quantity * price for quantity, price in lines), Decimal())
    assert abs(frameworks.total(lines) - exact) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"status": FrameworkStatus.TERMINATED}, "framework_terminated"),
        ({"period_end": NOW}, "outside_period"),
        ({"period_start": NOW + DAY}, "outside_period"),
        ({"buyers": ["other"]}, "buyer_not_named"),
        ({"method": FrameworkMethod.WITH_REOPENING}, "method_not_agreed"),
    ],
)
def test_nothing_is_called_off_that_the_agreement_does_not_allow(
    changed: dict[str, object], code: str
) -> None:
    fields = {
        "status": FrameworkStatus.ACTIVE,
        "method": FrameworkMethod.BOTH,
        "period_start": NOW,
        "period_end": NOW + DAY,
        "buyers": ["buyer"],
    }

    def codes(**values: object) -> list[str]:
        agreement = Agreement[str](**values)  # type: ignore[arg-type]
        made = FrameworkMethod.WITHOUT_REOPENING
        faults = frameworks.call_off_faults(agreement, made=made, buyer="buyer", now=NOW)
        return [each.code for each in faults]

    assert codes(**fields) == []
    assert codes(**{**fields, **changed}) == [code]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"duration_days": 364}, "duration_out_of_bounds"),
        ({"duration_days": 1462}, "duration_out_of_bounds"),
        ({"maximum_participants": 11}, "too_many_participants"),
        ({"minimum_participants": 5}, "bounds_reversed"),
        ({"value": None}, "missing"),
    ],
)
def test_terms_are_bounded(changed: dict[str, object], code: str) -> None:
    good = {
        "duration_days": 365,
        "minimum_participants": 2,
        "maximum_participants": 4,
        "value": Value(Decimal(1), "KGS"),
    }
    assert frameworks.terms_faults(BOUNDS, **good) == []  # type: ignore[arg-type]
    [fault] = frameworks.terms_faults(BOUNDS, **{**good, **changed})  # type: ignore[arg-type]
    assert fault.code == code


def test_prices_are_held_to_the_agreement_only_where_it_says_so() -> None:
    prices = [
        PriceOffered("#/a", Decimal(10), Decimal(10)),
        PriceOffered("#/b", Decimal("10.01"), Decimal(10)),
        PriceOffered("#/c", Decimal(1), None),
    ]

    def found(*, within: bool) -> list[tuple[str, str]]:
        return [(f.pointer, f.code) for f in frameworks.price_faults(prices, within=within)]

    assert found(within=True) == [("#/b", "above_agreed_price"), ("#/c", "not_admitted")]
    assert found(within=False) == [("#/c", "not_admitted")]


def test_a_criterion_that_was_not_announced_is_named() -> None:
    used = [("#/criteria/0", "warranty"), ("#/criteria/1", "colour")]
    [fault] = frameworks.unannounced({"warranty"}, used)
    assert (fault.pointer, fault.code) == ("#/criteria/1", "criterion_not_announced")


@given(st.lists(st.sampled_from(["suspend", "reinstate", "terminate"]), max_size=20))
def test_a_supplier_that_was_terminated_never_comes_back(actions: list[str]) -> None:
    status, over = ParticipantStatus.ACTIVE, False
    for action in actions:
        try:
            status = PARTICIPANT.apply(action, status)
        except IllegalTransition:
            pass
        over = over or status is ParticipantStatus.TERMINATED
        assert over == (status is ParticipantStatus.TERMINATED)
    assert FRAMEWORK.allowed(FrameworkStatus.TERMINATED) == []


@given(st.integers(1, 5), st.lists(st.integers(1, 9), unique=True, max_size=5), st.integers(1, 9))
def test_an_award_that_returns_pushes_out_only_as_many_as_there_are_no_seats_for(
    seats: int, ranks: list[int], rank: int
) -> None:
    standing = [(each, each) for each in ranks if each != rank][:seats]
    fallen = awards.displaced(standing, rank=rank, seats=seats)
    assert all(each > rank for each in fallen)
    behind = [each for each, _ in standing if each > rank]
    surplus = max(0, len(standing) + 1 - seats)
    assert fallen == sorted(behind)[len(behind) - min(surplus, len(behind)) :]
    assert awards.free_seat([*range(1, seats + 1)], seats) is None
    assert awards.free_seat([*range(2, seats + 1)], seats) == 1
