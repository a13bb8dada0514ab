import math
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.tracking import eta
from api.rules.tracking.eta import Duration, Observation, Seed

TORUGART_OUT = Seed(25.8, 50.1)
hours = st.floats(0.2, 400)
seeds = st.tuples(hours, st.floats(1.05, 6)).map(lambda s: Seed(s[0], s[0] * s[1]))
NOW = timedelta()


def today(*lasted: float) -> list[Observation]:
    return [Observation(each, NOW) for each in lasted]


@given(seeds)
def test_without_history_the_seed_is_what_is_expected(seed: Seed) -> None:
    found = eta.learned(seed, [])
    assert found.quantile(0.5) == pytest.approx(seed.p50_hours)
    assert found.quantile(0.9) == pytest.approx(seed.p90_hours)
    alone = eta.remaining([found])
    assert alone.p50_hours == pytest.approx(seed.p50_hours, rel=0.01)
    assert alone.p90_hours == pytest.approx(seed.p90_hours, rel=0.02)


@given(seeds, st.lists(hours, min_size=1, max_size=30))
def test_the_median_lies_between_the_seed_and_history(seed: Seed, lasted: list[float]) -> None:
    middle = math.exp(sum(map(math.log, lasted)) / len(lasted))
    found = eta.learned(seed, today(*lasted)).quantile(0.5)
    low, high = sorted((seed.p50_hours, middle))
    assert low * 0.999 <= found <= high * 1.001


def test_one_lorry_moves_little_and_fifty_move_nearly_all() -> None:
    medians = [
        eta.learned(TORUGART_OUT, today(*[4.0] * count)).quantile(0.5) for count in (0, 1, 5, 50)
    ]
    assert medians == sorted(medians, reverse=True)
    assert medians[1] > 18
    assert medians[3] < 5


def test_history_fades_so_that_a_crossing_that_changed_is_followed() -> None:
    two_years = timedelta(days=730)
    old = [Observation(2.4, two_years)] * 40
    new = [Observation(50.0, NOW)] * 10
    found = eta.learned(Seed(2.4, 6.0), [*old, *new]).quantile(0.5)
    fresh = eta.learned(Seed(2.4, 6.0), [*(Observation(2.4, NOW) for _ in old), *new]).quantile(0.5)
    assert found > 2 * fresh


@given(st.lists(seeds, min_size=1, max_size=6))
def test_of_a_way_p90_is_beyond_p50_and_no_more_than_the_sum_of_parts(way: list[Seed]) -> None:
    segments = [eta.seeded(seed) for seed in way]
    whole = eta.remaining(segments)
    assert 0 < whole.p50_hours <= whole.p90_hours
    worst = sum(segment.quantile(1 - 1 / 1024) for segment in segments)
    assert whole.p90_hours <= worst
    longer = eta.remaining([*segments, eta.seeded(Seed(1, 2))])
    assert longer.p50_hours > whole.p50_hours


def test_a_way_of_several_segments_agrees_with_a_hundred_thousand_random_ones() -> None:
    segments = [eta.seeded(seed) for seed in (Seed(20, 31), Seed(25.8, 50.1), Seed(9, 14))]
    rng = random.Random(1)
    sums = sorted(sum(rng.lognormvariate(s.mu, s.sigma) for s in segments) for _ in range(100_000))
    found = eta.remaining(segments)
    assert found.p50_hours == pytest.approx(sums[50_000], rel=0.02)
    assert found.p90_hours == pytest.approx(sums[90_000], rel=0.03)


def test_the_same_way_has_the_same_estimate_each_time() -> None:
    segments = [eta.seeded(TORUGART_OUT)] * 3
    assert eta.remaining(segments) == eta.remaining(segments)
    assert eta.remaining([]) == eta.Estimate(0.0, 0.0)


@given(seeds, st.floats(0, 1000))
def test_what_has_lasted_already_never_makes_the_end_earlier(seed: Seed, begun: float) -> None:
    segment = eta.seeded(seed)
    left = eta.remaining([segment], begun_hours=begun)
    assert left.p50_hours >= 0
    assert left.p90_hours >= left.p50_hours
    assert begun + left.p90_hours >= segment.quantile(0.9) * 0.98


def test_waiting_long_at_the_border_is_taken_into_account() -> None:
    segment = eta.seeded(TORUGART_OUT)
    fresh, waiting = eta.remaining([segment]), eta.remaining([segment], begun_hours=40)
    assert 40 + waiting.p50_hours > fresh.p50_hours
    assert waiting.p50_hours < fresh.p50_hours


def test_a_duration_longer_than_anything_known_is_only_not_over() -> None:
    assert Duration(0.0, 0.1).quantile(0.9, after=1e6) == 1e6
