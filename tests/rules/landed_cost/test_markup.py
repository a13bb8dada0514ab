"""The factor by which matching puts prices in order, and what it does to how a price fits."""

from dataclasses import replace
from decimal import Decimal

import pytest

from api.rules import matching_fit
from api.rules.incoterms import Incoterm
from api.rules.landed_cost import compute
from api.rules.landed_cost.kinds import Regime
from api.rules.landed_cost.markup import delivered_factor
from tests.rules import test_matching as matching
from tests.rules.landed_cost import worked

D = Decimal


def factor(term: str, regime: Regime = Regime.IMPORT, duty: str = "0.05") -> Decimal:
    return delivered_factor(
        Incoterm(term), regime, worked.PARAMETERS, freight_share=D("0.087"), duty_rate=D(duty)
    )


@pytest.mark.parametrize(("term", "price"), [("EXW", 600_000), ("DAP", 660_000), ("DDP", 795_000)])
def test_the_factor_comes_within_three_per_cent_of_the_whole_computation(
    term: str, price: int
) -> None:
    exact = compute(worked.BIDS[term]).total_gross
    assert abs(factor(term) * price * D("12.3") / exact - 1) < D("0.03")


def test_the_factor_grows_with_what_the_buyer_pays_and_is_one_at_home() -> None:
    assert factor("EXW") > factor("CPT") > factor("DAP") > factor("DDP") == 1
    assert factor("DAP", duty="0.15") > factor("DAP")
    assert factor("EXW", Regime.DOMESTIC) == 1
    assert factor("DAP", Regime.UNION) == D("1.12")


def test_a_price_fits_by_what_it_comes_to_delivered() -> None:
    supply = replace(
        matching.SUPPLY, price_tiers=(matching.PriceTier(D(100), D(800)),), lead_time_tiers=()
    )
    around = replace(matching.AROUND, delivered_factor=factor("DAP"))

    def fit(circumstances: matching.Circumstances) -> tuple[Decimal | None, Decimal]:
        found = matching_fit.facts(matching.DEMAND, supply, circumstances, matching.PARAMETERS)
        return found.delivered, matching_fit.price_fit(matching.DEMAND, found)

    stated, landed = fit(matching.AROUND), fit(around)

    assert stated[0] == 800 * 600 * 12
    assert landed[0] == 800 * 600 * 12 * factor("DAP")
    assert landed[1] < stated[1]
