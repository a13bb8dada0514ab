"""When a shipment will be there: p50 and p90 of what is left of its way. Pure.

A way is made of segments: legs, and the crossings at the ends of some. How long one takes is
lognormal: never negative, skewed to the late side, as border queues are. It begins as a *seed*
(published figures, with their source) and moves to what was observed here: the seed counts as much
as `SEED_WEIGHT` observations, and an observation counts half after `HALF_LIFE`, because a crossing
that took two hours in 2020 took fifty in 2022. So one truck changes little, and fifty change all.

Quantiles do not add up. Those of a way are taken from 512 ways, in each of which every segment has
one of its own 512 equally likely durations, dealt out in a fixed order (Latin hypercube: McKay,
Beckman, Conover, Technometrics 1979). The same input gives the same answer, everywhere.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from statistics import NormalDist

HALF_LIFE = timedelta(days=180)
SEED_WEIGHT = 5.0
DRAWS = 512
_NORMAL = NormalDist()
_Z90 = _NORMAL.inv_cdf(0.9)
_LEAST_HOURS = 0.05
_LEAST_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class Seed:
    """What is thought of a segment before anything was observed: hours, p50 <= p90."""

    p50_hours: float
    p90_hours: float


@dataclass(frozen=True, slots=True)
class Observation:
    """How long a segment took, and how long ago that was."""

    hours: float
    age: timedelta


@dataclass(frozen=True, slots=True)
class Duration:
    """A lognormal duration in hours: mean and deviation of its logarithm.

    `weight` is what was observed of it, in observations of today; 0 is the seed alone.
    """

    mu: float
    sigma: float
    weight: float = 0.0

    def quantile(self, share: float, *, after: float = 0.0) -> float:
        """Hours that a `share` (0-1) of such segments stay under, of those that last `after`."""
        passed = _NORMAL.cdf((math.log(after) - self.mu) / self.sigma) if after > 0 else 0.0
        level = passed + (1 - passed) * share
        if level >= 1 - 1e-12:  # longer than anything seen: all that is known is "not yet"
            return after
        return max(after, math.exp(self.mu + self.sigma * _NORMAL.inv_cdf(max(level, 1e-12))))


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hours that are left, as p50 and p90."""

    p50_hours: float
    p90_hours: float


def seeded(seed: Seed) -> Duration:
    """The seed as a duration."""
    mu = math.log(max(seed.p50_hours, _LEAST_HOURS))
    sigma = (math.log(max(seed.p90_hours, _LEAST_HOURS)) - mu) / _Z90
    return Duration(mu, max(sigma, _LEAST_SPREAD))


def learned(seed: Seed, history: Sequence[Observation]) -> Duration:
    """The seed, moved to what was observed as far as there is enough of it.

    Normal-inverse-gamma updating of the logarithm's mean and variance, with the seed as
    `SEED_WEIGHT` observations; the spread has the uncertainty of the mean in it.
    """
    prior = seeded(seed)
    told = [
        (0.5 ** (max(each.age, timedelta()) / HALF_LIFE), math.log(max(each.hours, _LEAST_HOURS)))
        for each in history
    ]
    weight = sum(w for w, _ in told)
    if weight == 0:
        return prior
    mean = sum(w * x for w, x in told) / weight
    squares = sum(w * (x - mean) ** 2 for w, x in told)
    total = SEED_WEIGHT + weight
    mu = (SEED_WEIGHT * prior.mu + weight * mean) / total
    apart = SEED_WEIGHT * weight / total * (mean - prior.mu) ** 2
    variance = (SEED_WEIGHT * prior.sigma**2 + squares + apart) / total
    return Duration(mu, max(math.sqrt(variance * (1 + 1 / total)), _LEAST_SPREAD), weight)


def remaining(segments: Sequence[Duration], *, begun_hours: float = 0.0) -> Estimate:
    """What is left of a way; its first segment has lasted `begun_hours` already."""
    if not segments:
        return Estimate(0.0, 0.0)
    totals = [0.0] * DRAWS
    for place, segment in enumerate(segments):
        after = begun_hours if place == 0 else 0.0
        hours = [
            segment.quantile((rank + 0.5) / DRAWS, after=after) - after for rank in _dealt(place)
        ]
        totals = [a + b for a, b in zip(totals, hours, strict=True)]
    totals.sort()
    return Estimate(_at(totals, 0.5), _at(totals, 0.9))


@cache
def _dealt(place: int) -> tuple[int, ...]:
    """The ranks of a segment's durations in the order of the ways; each place has its own."""
    ranks = list(range(DRAWS))
    random.Random(place).shuffle(ranks)
    return tuple(ranks)


def _at(ordered: Sequence[float], share: float) -> float:
    """A quantile by linear interpolation between the nearest ranks."""
    place = share * len(ordered) - 0.5
    low = int(place)
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)
