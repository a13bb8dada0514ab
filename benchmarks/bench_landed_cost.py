"""Landed cost of 1,000 bids of 50 lines, against the same arithmetic in numpy.

    python benchmarks/bench_landed_cost.py [--bids 1000] [--lines 50]

Measured: `compute` of inputs that lie in memory, with every component, allocation and line; and
`files.write`, which adds the canonical JSON and its hash as a stored landed cost has them.
Baseline: the bare formula in binary floating point over whole arrays, without lines that sum to
the tyiyn, without payers, faults or sources: what a notebook would do. Both totals are compared.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from rich.console import Console

from api.delivery.landed_cost import files
from api.rules.evaluation.inputs import Rate, RateSet
from api.rules.incoterms import Incoterm
from api.rules.landed_cost import Inputs, compute
from api.rules.landed_cost.inputs import (
    Charge,
    Duty,
    Line,
    Parameters,
    PriceTier,
    Route,
    Sourced,
    Terms,
)
from api.rules.landed_cost.kinds import (
    Basis,
    ChargeKind,
    Driver,
    DutyKind,
    Regime,
    Segment,
)
from api.rules.transport import TransportMode

D = Decimal
console = Console(highlight=False)
DAY = date(2026, 11, 24)
SOURCED = Sourced("benchmark", DAY, reviewed=False)
FX, FEE, VAT, PREMIUM = 12.3, 0.004, 0.12, 0.003 * 1.1
PRE, POST, LOCAL = 37700.0, 14500.0, 15000.0


def charge(
    code: str, kind: ChargeKind, segment: Segment, ends: tuple[str, str | None], rate: float
) -> Charge:
    currency = "KGS" if segment is Segment.LOCAL else "CNY"
    amount = D(str(rate))
    return Charge(
        code, kind, segment, *ends, Basis.SHIPMENT, amount, currency, Driver.WEIGHT, SOURCED
    )


ROUTE = Route(
    "road",
    TransportMode.ROAD,
    "torugart",
    ("cn-yiwu", "kg-torugart", "kg-bishkek"),
    D(22000),
    D(86),
    "benchmark",
    (
        charge("haul", ChargeKind.CARRIAGE, Segment.PRE_BORDER, ("cn-yiwu", "kg-torugart"), PRE),
        charge(
            "inland", ChargeKind.CARRIAGE, Segment.POST_BORDER, ("kg-torugart", "kg-bishkek"), POST
        ),
        charge("broker", ChargeKind.IMPORT_CLEARANCE, Segment.LOCAL, ("kg-bishkek", None), LOCAL),
    ),
)
NUMBERS = Parameters(D(str(FEE)), D(0), D(10**12), D(str(VAT)), False, D("0.003"), D("1.1"))
RATES = RateSet("benchmark", DAY, {"CNY": Rate(D(str(FX)), DAY, "benchmark")})


def bids(prices: Any, weights: Any, quantities: Any, duties: Any) -> list[Inputs]:
    """The same figures as inputs of the rules."""
    base = Inputs(
        subject="free",
        day=DAY,
        home="KGS",
        destination="kg-bishkek",
        destination_country="KG",
        regime=Regime.IMPORT,
        terms=Terms(Incoterm.EXW, "cn-yiwu", "CN"),
        currency="CNY",
        price_includes_vat=False,
        lines=(),
        parameters=NUMBERS,
        rates=RATES,
        route=ROUTE,
    )
    found = []
    for n in range(len(prices)):
        lines = tuple(
            Line(
                id=str(m),
                quantity=D(int(quantities[n, m])),
                unit_code="C62",
                price_tiers=(PriceTier(D(1), D(str(prices[n, m]))),),
                tnved_code="8413703000",
                gross_weight_kg=D(str(weights[n, m])),
                duty=Duty(DutyKind.AD_VALOREM, SOURCED, D(str(duties[n, m]))),
            )
            for m in range(prices.shape[1])
        )
        found.append(replace(base, lines=lines))
    return found


def bare(prices: Any, weights: Any, quantities: Any, duties: Any) -> Any:
    """The formula over whole arrays: the gross total of each bid."""
    goods = prices * quantities
    whole = goods.sum(axis=1, keepdims=True)
    premium = PREMIUM * (whole + PRE + POST) / (1 - PREMIUM)
    by_weight = weights / weights.sum(axis=1, keepdims=True)
    by_value = goods / whole
    value = np.round((goods + PRE * by_weight + premium * by_value) * FX, 2)
    duty = np.round(value * duties, 2)
    vat = np.round((value + duty) * VAT, 2)
    fee = np.round(value.sum(axis=1) * FEE, 2)
    paid = (whole + PRE + POST + premium)[:, 0] * FX + LOCAL
    return paid + fee + (duty + vat).sum(axis=1)


def timed(call: Any, values: Sequence[Any]) -> tuple[float, list[Any]]:
    """Seconds for all of the values, and what came out."""
    started = time.perf_counter()
    found = [call(value) for value in values]
    return time.perf_counter() - started, found


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bids", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=50)
    options = parser.parse_args()
    random = np.random.default_rng(7)
    shape = (options.bids, options.lines)
    figures = (
        np.round(random.uniform(5, 5000, shape), 2),
        np.round(random.uniform(1, 400, shape), 2),
        random.integers(1, 500, shape),
        random.choice([0.0, 0.05, 0.075, 0.1, 0.15], shape),
    )
    inputs = bids(*figures)
    compute(inputs[0])

    seconds, results = timed(compute, inputs)
    stored, _ = timed(files.write, inputs)
    runs = []
    for _ in range(20):
        started = time.perf_counter()
        totals = bare(*figures)
        runs.append(time.perf_counter() - started)
    baseline = sorted(runs)[len(runs) // 2]

    off = max(
        abs(float(result.total_gross) - total)
        for result, total in zip(results, totals, strict=True)
    )
    whole = options.bids * options.lines
    console.print(f"{options.bids} bids x {options.lines} lines = {whole} lines")
    console.print(f"compute     {seconds:8.3f} s  {whole / seconds:12,.0f} lines/s")
    console.print(f"with file   {stored:8.3f} s  {whole / stored:12,.0f} lines/s")
    console.print(f"numpy       {baseline:8.4f} s  {whole / baseline:12,.0f} lines/s")
    console.print(
        f"ratio compute / numpy {seconds / baseline:,.0f}; with file {stored / baseline:,.0f}"
    )
    console.print(f"largest difference of a total: {off:.2f} KGS")


if __name__ == "__main__":
    main()
