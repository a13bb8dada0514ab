"""Ranking a thousand bids by five criteria, against a plain sort of the same prices.

The sort is what a spreadsheet does; the ratio is what recomputable figures, thresholds, low
prices and ties cost beside it. Measured in one process, the best of five runs each: the rules
alone, the file (canonical JSON and hashes), and its verification.

    python benchmarks/bench_evaluation.py [--bids 1000]
"""

import argparse
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from rich.console import Console

from api.procurement.evaluation import files, verification
from api.rules import merkle, sealing
from api.rules.evaluation import Inputs, LotTerms, evaluate
from api.rules.evaluation.inputs import (
    Bid,
    Lot,
    PolicyTerms,
    PreferenceClaim,
    Price,
    RateSet,
    VatStatement,
)
from api.rules.evaluation.terms import (
    AwardCriteria,
    AwardCriterion,
    Better,
    CommissionScore,
    CriterionType,
    Linear,
    PointsTable,
    Scoring,
    VatMode,
)

RUNS = 5
console = Console(highlight=False)
CIPHERTEXT = "c" * 64
QUALITY: dict[str, tuple[int, Scoring]] = {
    "warranty": (1500, Linear(Decimal(12), Decimal(60), Better.HIGHER)),
    "delivery": (1000, Linear(Decimal(10), Decimal(90), Better.LOWER)),
    "wood": (500, PointsTable({"oak": Decimal(100), "pine": Decimal(40)})),
    "method": (1000, CommissionScore(Decimal(30))),
}


def inputs(count: int) -> Inputs:
    """So many bids: a price and four criteria of quality, one of them scored by five members."""
    chance = random.Random(8)
    title = {"en": "Criterion"}
    criteria = [AwardCriterion("price", CriterionType.PRICE, title, 6000)] + [
        AwardCriterion(name, CriterionType.QUALITY, title, weight, scoring)
        for name, (weight, scoring) in QUALITY.items()
    ]
    bids = [
        Bid(
            id=f"bid_{number:032x}",
            tenderers=(f"KG-INN-{number:014d}",),
            resident=True,
            received_at=datetime(2027, 3, 1, tzinfo=UTC) + timedelta(seconds=number),
            commitment=f"{number:064x}",
            ciphertext_sha256=CIPHERTEXT,
            price=Price(
                Decimal(chance.randrange(5_000_000, 9_000_000)) / 100,
                "KGS",
                chance.choice((VatStatement.NET, VatStatement.GROSS)),
                1200,
            ),
            answers={
                "warranty": str(chance.randrange(6, 72)),
                "delivery": str(chance.randrange(5, 120)),
                "wood": chance.choice(("oak", "pine", "chipboard")),
            },
            scores={
                "method": {f"member_{n}": Decimal(chance.randrange(40, 101)) for n in range(5)}
            },
            preference=PreferenceClaim("KG", True) if number % 3 == 0 else None,
        )
        for number in range(count)
    ]
    leaves = [
        merkle.leaf_hash(
            sealing.entry(bytes.fromhex(bid.commitment), bytes.fromhex(bid.ciphertext_sha256))
        )
        for bid in bids
    ]
    return Inputs(
        lot=Lot(
            "ocds-kerben0-000001",
            "tender_1",
            "lot_1",
            merkle.root(leaves).hex(),
            tuple(leaf.hex() for leaf in leaves),
        ),
        terms=LotTerms(AwardCriteria.RATED, "KGS", VatMode.NET, tuple(criteria)),
        policy=PolicyTerms("policy_1", 1200, True, 2000, ("KG",), 4000, 3000, 3000),
        rates=RateSet("fx-rates", date(2027, 3, 1)),
        bids=tuple(bids),
    )


def best(call: Callable[[], object]) -> float:
    """Milliseconds of the fastest of some runs."""
    found = []
    for _ in range(RUNS):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return min(found) * 1000


def main() -> None:
    """Print milliseconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bids", type=int, default=1000)
    count = parser.parse_args().bids
    given = inputs(count)
    prices = [bid.price.amount for bid in given.bids]
    text = files.write(given)
    assert verification.check(text) == []
    plain = best(lambda: sorted(prices))
    console.print(
        f"{count} bids, {len(given.terms.criteria)} criteria, file of {len(text) / 1024:.0f} KiB"
    )
    console.print(f"{'plain sort of the prices':<34}{plain:>10.3f} ms")
    for name, call in (
        ("evaluate (rules alone)", lambda: evaluate(given)),
        ("evaluate and write the file", lambda: files.write(given)),
        ("verify the file", lambda: verification.check(text)),
    ):
        taken = best(call)
        console.print(f"{name:<34}{taken:>10.1f} ms{taken / plain:>10.0f} x the sort")


if __name__ == "__main__":
    main()
