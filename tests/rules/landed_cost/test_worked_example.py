"""The worked example to the tyiyn, and what the document says of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from api.rules.incoterms import Incoterm, Point
from api.rules.landed_cost import compute
from tests.rules.landed_cost import worked

D = Decimal
# bid: (buyer's logistics, insurance, customs value, fee, duty, VAT, total, net of VAT)
FIGURES = {
    "EXW": "52200 2159.39 7870270.50 31481.08 393513.53 991654.08 9480269.19 8488615.11",
    "FCA": "24200 2172.63 7919633.35 31678.53 395981.67 997873.80 9538517.35 8540643.55",
    "FOB": "47600 2183.89 8004641.85 32018.57 400232.09 1008584.87 9604777.38 8596192.51",
    "CPT": "0 2168.66 7904824.52 31619.30 395241.23 996007.89 9521042.94 8525035.05",
    "CIP": "0 0 7915050.00 31660.20 395752.50 997296.30 9533109.00 8535812.70",
    "DAP": "0 0 8118000.00 32472.00 405900.00 1022868.00 9594240.00 8571372.00",
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_bid_of_the_worked_example_comes_out_to_the_tyiyn(name: str) -> None:
    found = compute(worked.BIDS[name])

    assert (
        found.buyer_logistics,
        found.insurance,
        found.customs_value,
        found.fee,
        found.duty,
        found.vat,
        found.total_gross,
        found.total_net,
    ) == tuple(map(D, FIGURES[name].split()))


def test_a_ddp_price_has_everything_inside_and_its_net_is_unknown_until_vat_is_stated() -> None:
    found = compute(worked.DDP)

    assert found.total_gross == D("9781500.00")
    assert (found.customs_value, found.duty, found.vat, found.total_net) == (None,) * 4
    assert "DDP_VAT_UNSTATED" in [each.code for each in found.notices]


def test_delivered_costs_rank_the_bids_otherwise_than_their_prices() -> None:
    totals = {name: compute(each).total_gross for name, each in worked.BIDS.items()}

    assert sorted(totals, key=totals.__getitem__) == [
        "EXW", "CPT", "CIP", "FCA", "DAP", "FOB", "DDP",
    ]  # fmt: skip


def test_a_separate_invoice_of_the_carriage_inland_would_save_what_the_document_says() -> None:
    found = compute(worked.DAP).freight_split

    assert found is not None
    assert (found.carriage, found.saving, found.total_gross) == (
        D("14500.00"),
        D("32103.00"),
        D("9562137.00"),
    )
    assert compute(worked.CPT).freight_split is None


def test_the_rate_of_the_fee_and_its_place_in_the_base_of_vat_matter_as_the_document_says() -> None:
    total = compute(worked.EXW).total_gross
    lower = replace(worked.PARAMETERS, fee_rate=D("0.0025"))
    taxed = replace(worked.PARAMETERS, vat_base_includes_fee=True)

    assert round(compute(replace(worked.EXW, parameters=lower)).total_gross - total) == -11805
    assert round(compute(replace(worked.EXW, parameters=taxed)).total_gross - total) == 3778


def test_a_sea_rule_is_taken_for_fca_at_the_port_and_flagged() -> None:
    found = compute(worked.FOB)

    assert found.evaluated_as is Incoterm.FCA
    assert [(each.code, each.proposal) for each in found.notices] == [
        ("DEEMED_FOR_LAND", Incoterm.FCA)
    ]


def test_a_c_rule_shows_that_its_cost_ends_in_bishkek_and_its_risk_in_china() -> None:
    found = compute(worked.CPT)

    assert found.cost_point is Point.AT_DESTINATION
    assert found.risk_point is Point.HANDED_TO_FIRST_CARRIER
    assert "RISK_PASSES_AT_ORIGIN" in [each.code for each in found.notices]


def test_what_is_paid_by_whom_is_told_charge_by_charge() -> None:
    payers = {each.code: each.payer.value for each in compute(worked.FCA).components}

    assert payers == {
        "loading": "seller",
        "main_haul": "seller",
        "export": "seller",
        "yard": "buyer",
        "to_border": "buyer",
        "transship": "buyer",
        "inland": "buyer",
        "broker": "buyer",
        "unloading": "buyer",
    }
