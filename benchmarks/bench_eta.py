"""ETA: p50 and p90 from own history, back-tested against the constant estimate.

Each crossing or leg is met in the order of time: what is known when a lorry sets out are the seed
and the segments that were over before, and the estimate is compared with what the lorry took then.

Baseline "constant": one figure for a segment, as a planner writes it: the published average, for
p50 and, since it knows no other, for p90. "Constant of history" is the mean of everything before.

Histories are SIMULATED, in the shape of what CAREC reports, because no public record of single
passages is at hand: Torugart outbound with yearly averages of 2.4, 25.8 and 50.1 hours (2020-22),
a steady crossing of 3.2 hours, a road leg of 20 hours, and a crossing with weekly closures. Most of
those are lognormal, as the model is. Histories of another kind follow, which it was not made for: a
queue at a booth (today's wait depends on yesterday's), two kinds of lorries (waved through or sent to
the examination shed), a heavy tail (Pareto), a closing time (whoever comes late waits for the morning),
and hours that are uniform. They are summed up by themselves. A CSV with the columns
`segment,observed_at,hours` given as an argument is tested instead.

Measures: pinball loss at 0.5 and 0.9 (lower is better; at 0.5 it is half the mean absolute error),
and how often what happened stayed under p90 (should be 90 %).
"""

import csv
import math
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from api.rules.tracking import eta
from api.rules.tracking.eta import Observation, Seed

START = datetime(2020, 1, 1)  # noqa: DTZ001  (days are counted, no clock is read)
WARM_UP = 5
WINDOW = 500
console = Console()
type Passages = list[tuple[datetime, float]]


@dataclass(frozen=True)
class History:
    """What a segment took, the seed that was published of it, and the planner's figure."""

    name: str
    seed: Seed
    constant: float
    passages: Passages
    kind: str = "shaped as the model"


def main() -> None:
    """Print the losses of each way on each history, and of all together."""
    given = sys.argv[1:]
    histories = [*read(given[0])] if given else [*simulated(), *of_another_kind()]
    kind = f"given: {given[0]}" if given else "SIMULATED"
    table = Table(title=f"Back-test of ETA on {len(histories)} histories ({kind})")
    for name in ("history", "n", "way", "pinball 0.5, h", "pinball 0.9, h", "under p90"):
        table.add_column(name, justify="left" if name in ("history", "way") else "right")
    totals: dict[str, dict[str, list[tuple[float, float, bool]]]] = {}
    for history in histories:
        of_kind = totals.setdefault(history.kind, defaultdict(list))
        for way, found in tested(history).items():
            of_kind[way] += found
            table.add_row(history.name, str(len(found)), way, *summed(found))
        table.add_section()
    for named, ways in totals.items():
        for way, found in ways.items():
            table.add_row(f"all {named}", str(len(found)), way, *summed(found))
        table.add_section()
    console.print(table)
    for named, ways in totals.items():
        ours, constant = ways["shrunk history"], ways["constant"]
        for place, level in enumerate(("0.5", "0.9")):
            ratio = statistics.mean(row[place] for row in ours) / statistics.mean(
                row[place] for row in constant
            )
            console.print(f"{named}: pinball at {level}, shrunk history / constant: {ratio:.2f}")


def tested(history: History) -> dict[str, list[tuple[float, float, bool]]]:
    """Losses of each way for each passage, knowing only what was over before it began."""
    ways: dict[str, Callable[[datetime, Sequence[tuple[datetime, float]]], tuple[float, float]]] = {
        "constant": lambda _, __: (history.constant, history.constant),
        "constant of history": lambda _, past: (
            (statistics.mean(h for _, h in past),) * 2 if past else (history.constant,) * 2
        ),
        "seed alone": lambda _, __: (history.seed.p50_hours, history.seed.p90_hours),
        "shrunk history": lambda at, past: shrunk(history.seed, at, past),
    }
    found: dict[str, list[tuple[float, float, bool]]] = {way: [] for way in ways}
    for at, hours in history.passages:
        past = [
            (over, lasted)
            for begun, lasted in history.passages
            if (over := begun + timedelta(hours=lasted)) <= at
        ][-WINDOW:]
        if len(past) < WARM_UP:
            continue
        for way, estimate in ways.items():
            p50, p90 = estimate(at, past)
            found[way].append((pinball(0.5, p50, hours), pinball(0.9, p90, hours), hours <= p90))
    return found


def shrunk(seed: Seed, at: datetime, past: Sequence[tuple[datetime, float]]) -> tuple[float, float]:
    """What the service tells."""
    duration = eta.learned(seed, [Observation(lasted, at - over) for over, lasted in past])
    return duration.quantile(0.5), duration.quantile(0.9)


def pinball(level: float, told: float, happened: float) -> float:
    """The loss of a quantile: what it is too low costs `level`, too high `1 - level`, an hour."""
    return max(level * (happened - told), (level - 1) * (happened - told))


def summed(rows: Sequence[tuple[float, float, bool]]) -> tuple[str, str, str]:
    """Means, written."""
    if not rows:
        return "-", "-", "-"
    low, high, under = zip(*rows, strict=True)
    return (
        f"{statistics.mean(low):.2f}",
        f"{statistics.mean(high):.2f}",
        f"{statistics.mean(under):.0%}",
    )


def simulated() -> Iterator[History]:
    """Histories of three years, one passage a day, from a fixed seed of the generator."""
    rng = random.Random(20260308)

    def lognormal(mean: float, sigma: float) -> float:
        return rng.lognormvariate(math.log(mean) - sigma**2 / 2, sigma)

    def daily(hours: Callable[[int], float]) -> Passages:
        return [(START + timedelta(days=day), hours(day)) for day in range(3 * 365)]

    years = (2.4, 25.8, 50.1)
    yield History(
        "Torugart outbound, 2.4 -> 25.8 -> 50.1 h",
        Seed(25.8, 50.1),
        25.8,
        daily(lambda day: lognormal(years[day // 365], 0.8)),
    )
    yield History(
        "steady crossing, 3.2 h", Seed(2.32, 6.48), 3.2, daily(lambda _: lognormal(3.2, 0.8))
    )
    yield History("road leg, 20 h", Seed(18.8, 29.5), 20.0, daily(lambda _: lognormal(20.0, 0.25)))
    yield History(
        "crossing with weekly closures",
        Seed(2.32, 6.48),
        3.2,
        daily(lambda day: lognormal(3.2, 0.6) + (24.0 if day % 7 == 6 else 0.0)),
    )
    yield History(
        "crossing unlike its seed, 12 h",
        Seed(2.03, 5.67),
        2.8,
        daily(lambda _: lognormal(12.0, 0.5)),
    )


def of_another_kind() -> Iterator[History]:
    """Histories that are not lognormal, or whose passages depend on each other; seeds are those that
    are shipped for such a segment, made without looking."""
    rng = random.Random(20261128)
    crossing, road, train = Seed(2.32, 6.48), Seed(18.8, 29.5), Seed(29.48, 82.19)

    def history(name: str, seed: Seed, constant: float, hours: Callable[[int], float]) -> History:
        passages = [(START + timedelta(days=day), hours(day)) for day in range(3 * 365)]
        return History(name, seed, constant, passages, "of another kind")

    waiting = 0.0

    def queue(_: int) -> float:
        nonlocal waiting
        waiting = max(0.0, waiting + rng.expovariate(1 / 5.5) - rng.expovariate(1 / 6.0))
        return 0.5 + waiting

    yield history("queue at a booth", crossing, 3.2, queue)
    yield history(
        "two kinds of lorries",
        crossing,
        3.2,
        lambda _: rng.gauss(1.5, 0.3) if rng.random() < 0.75 else rng.gauss(30.0, 6.0),
    )
    yield history("heavy tail (Pareto 1.5)", crossing, 3.2, lambda _: rng.paretovariate(1.5))
    yield history(
        "closing time",
        crossing,
        3.2,
        lambda _: rng.uniform(1, 3) if (come := rng.uniform(0, 24)) < 10 else 24.0 - come + 2.0,
    )
    yield history("uniform road leg", road, 20.0, lambda _: rng.uniform(14.0, 34.0))
    yield history(
        "trains by the timetable of a week",
        train,
        40.6,
        lambda day: 18.0 + 12.0 * (day % 4) + rng.expovariate(1 / 6.0),
    )


def read(path: str) -> Iterator[History]:
    """Histories of a CSV; the seed is that of crossings, the constant the mean of the first ten."""
    found: dict[str, Passages] = defaultdict(list)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["observed_at"]).replace(tzinfo=None)
            hours = float(row["hours"])
            found[row["segment"]].append((at - timedelta(hours=hours), hours))
    for name, passages in found.items():
        passages.sort()
        first = statistics.mean(hours for _, hours in passages[:10])
        yield History(name, Seed(first * 0.73, first * 2.03), first, passages)


if __name__ == "__main__":
    main()
