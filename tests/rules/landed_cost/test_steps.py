"""Steps of the computation that the worked example does not show."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from api.rules.incoterms import Party
from api.rules.landed_cost import NotComputable, compute
from api.rules.landed_cost.inputs import Duty, Excise, PriceTier, Remedy, Stated
from api.rules.landed_cost.kinds import (
    Basis,
    DutyKind,
    Regime,
    RemedyKind,
    StatedKind,
)
from api.rules.landed_cost.sensitivity import moves
from tests.rules.landed_cost import worked
from tests.rules.landed_cost.worked import ASSUMED, BISHKEK, KASHI, YIWU

D = Decimal
VALUE = D("8118000.00")


def duty(kind: DutyKind, rate: str, amount: str) -> Duty:
    return Duty(kind, ASSUMED, D(rate), D(amount), "EUR", "KGM")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (DutyKind.AD_VALOREM, VALUE * D("0.05")),
        (DutyKind.SPECIFIC, 8200 * D("0.6") * 101),
        (DutyKind.COMBINED_MAX, 8200 * D("0.6") * 101),
        (DutyKind.COMBINED_SUM, VALUE * D("0.05") + 8200 * D("0.6") * 101),
    ],
)
def test_a_duty_is_of_the_value_of_the_quantity_or_of_both(
    kind: DutyKind, expected: Decimal
) -> None:
    line = worked.pumps("660000", duty=duty(kind, "0.05", "0.6"))
    assert compute(replace(worked.DAP, lines=(line,))).duty == expected


def test_anti_dumping_is_the_producers_own_rate_and_everybody_elses_otherwise() -> None:
    rates = (
        Remedy(RemedyKind.ANTI_DUMPING, D("0.30"), None, ASSUMED),
        Remedy(RemedyKind.ANTI_DUMPING, D("0.12"), "Zhejiang Works", ASSUMED),
        Remedy(RemedyKind.SAFEGUARD, D("0.01"), None, ASSUMED),
    )

    def due(producer: str | None) -> Decimal | None:
        line = worked.pumps("660000", remedies=rates, producer=producer)
        return compute(replace(worked.DAP, lines=(line,))).remedies

    assert due("Zhejiang Works") == VALUE * D("0.13")
    assert due("Another") == due(None) == VALUE * D("0.31")


def test_excise_is_in_the_base_of_vat() -> None:
    line = worked.pumps("660000", excise=Excise(ASSUMED, D("0.02"), D(20), "KGS", "KGM"))

    found = compute(replace(worked.DAP, lines=(line,)))

    assert found.excise == (VALUE + D("405900")) * D("0.02") + 8200 * 20
    assert found.vat == ((VALUE + D("405900") + found.excise) * D("0.12")).quantize(D("0.01"))


def test_the_fee_is_clamped() -> None:
    low = replace(worked.PARAMETERS, fee_min=D(50000))
    high = replace(worked.PARAMETERS, fee_max=D(20000))
    assert compute(replace(worked.DAP, parameters=low)).fee == 50000
    assert compute(replace(worked.DAP, parameters=high)).fee == 20000


def test_the_tier_is_that_of_the_quantity_and_the_discount_comes_after() -> None:
    tiers = (PriceTier(D(1), D(7000)), PriceTier(D(100), D(6600)), PriceTier(D(500), D(6000)))
    line = worked.pumps("0", price_tiers=tiers, discount_rate=D("0.1"))
    found = compute(replace(worked.DAP, lines=(line,)))
    assert (found.goods, found.lines[0].unit_price) == (594000, 5940)


def test_a_quantity_under_the_minimum_order_needs_a_waiver() -> None:
    line = worked.pumps("660000", min_order_quantity=D(200))
    with pytest.raises(NotComputable) as refused:
        compute(replace(worked.DAP, lines=(line,)))
    assert [(each.pointer, each.code) for each in refused.value.faults] == [
        ("#/lines/0/quantity", "below_minimum_order")
    ]
    waived = replace(line, minimum_waived=True)
    assert compute(replace(worked.DAP, lines=(waived,))).total_gross == D("9594240.00")


def test_fca_at_the_sellers_premises_leaves_the_way_from_there_to_the_buyer() -> None:
    inputs = worked.bid("FCA", YIWU, "600800", term_fields={"is_seller_premises": True})
    found = compute(inputs)
    payers = {each.code: each.payer for each in found.components}
    assert payers["loading"] is payers["export"] is Party.SELLER
    assert payers["main_haul"] is payers["yard"] is Party.BUYER
    assert found.buyer_logistics == 52200 - 800 - 1200


def test_goods_that_start_at_kashi_are_not_hauled_to_kashi() -> None:
    found = compute(worked.bid("EXW", KASHI, "630000"))
    assert "main_haul" not in {each.code for each in found.components}
    assert found.buyer_logistics == 52200 - 26000


def test_a_c_rule_that_ends_at_the_station_leaves_the_last_mile_to_the_buyer() -> None:
    inputs = worked.bid("CPT", worked.ALAMEDIN, "650000", route=worked.RAIL)
    found = compute(inputs)
    buyers = {each.code for each in found.components if each.payer is Party.BUYER}
    assert buyers == {"last_mile", "broker", "unloading"}
    assert found.local_charges == 9000 + 12000 + 3000


def test_dpu_has_unloading_in_its_price_and_cpt_has_it_by_contract_only() -> None:
    def local(term: str, **fields: Any) -> Decimal:
        inputs = worked.bid(term, BISHKEK, "660000", term_fields=fields)
        return compute(inputs).local_charges

    assert local("DPU") == 12000
    assert local("DAP") == local("CPT") == 15000
    assert local("CPT", unloading_in_carriage=True) == 12000


def test_what_is_stated_without_documents_stays_in_the_customs_value() -> None:
    stated = replace(worked.CPT, stated=(worked.inland(documented=False),))
    found = compute(stated)
    assert found.customs_value == D("8083174.52")
    assert "STATED_UNDOCUMENTED" in [each.code for each in found.notices]


def test_a_ddp_price_that_states_its_vat_has_a_net_total() -> None:
    vat = Stated(StatedKind.VAT, D("80000"), "CNY", documented=True)
    found = compute(replace(worked.DDP, stated=(vat,)))
    assert found.vat == 984000
    assert found.total_net == D("9781500") - 984000


def test_goods_of_the_union_pay_vat_but_no_duty_and_goods_at_home_what_they_state() -> None:
    union = compute(replace(worked.DAP, regime=Regime.UNION, route=None))
    assert (union.duty, union.fee, union.customs_value) == (0, 0, None)
    assert union.total_gross == (VALUE * D("1.12")).quantize(D("0.01"))
    home = compute(replace(worked.DAP, regime=Regime.DOMESTIC, route=None, price_includes_vat=True))
    assert home.total_gross == VALUE
    assert home.total_net == VALUE - (VALUE * D("0.12") / D("1.12")).quantize(D("0.01"))


def test_vehicles_are_counted_by_weight_or_volume_whichever_needs_more() -> None:
    charges = tuple(replace(each, basis=Basis.VEHICLE) for each in worked.ROAD.charges)
    inputs = replace(worked.EXW, route=replace(worked.ROAD, charges=charges))
    assert compute(inputs).buyer_logistics == 52200
    bulky = replace(inputs, lines=(worked.pumps("600000", volume_m3=D(100)),))
    assert compute(bulky).buyer_logistics == 52200 * 2
    heavy = replace(inputs, lines=(worked.pumps("600000", gross_weight_kg=D(45000)),))
    assert compute(heavy).buyer_logistics == 52200 * 3


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"lines": ()}, "#/lines", "missing"),
    ({"route": None}, "#/route", "missing"),
    ({"currency": "JPY"}, "#/currency", "rate_missing"),
    ({"stated": (worked.inland("-1"),)}, "#/stated/0/amount", "negative"),
    ({"stated": (worked.inland("700000"),)}, "#/stated", "exceeds_price"),
    (
        {"stated": (Stated(StatedKind.VAT, D(1), "CNY", True),)},
        "#/stated/0/kind",
        "not_in_price",
    ),
    ({"lines": (worked.pumps("1", duty=None),)}, "#/lines/0/tnved_code", "tariff_missing"),
    ({"lines": (worked.pumps("-1"),)}, "#/lines/0/price_tiers/0/unit_price", "negative"),
    ({"terms": worked.terms("FCA", KASHI, is_seller_premises=None)}, "#/terms/is_seller_premises",
     "premises_unstated"),
    ({"terms": worked.terms("DAP", "kg-osh")}, "#/terms/place_code", "place_not_on_route"),
    ({"terms": worked.terms("CIF", BISHKEK)}, "#/terms/incoterm", "mode_conflict"),
    ({"terms": worked.terms("DAP", BISHKEK, version="2010")}, "#/terms/version",
     "incoterm_version"),
    ({"price_includes_vat": True}, "#/price_includes_vat", "not_in_price"),
    ({"destination": "kg-osh"}, "#/route/places", "ends_elsewhere"),
    (
        {"route": replace(worked.ROAD, charges=(
            replace(worked.ROAD.charges[0], rate=D("-800")),))},
        "#/route/charges/0/rate",
        "negative",
    ),
    ({"parameters": replace(worked.PARAMETERS, vat_rate=D("-0.1"))}, "#/parameters/vat_rate",
     "negative"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "pointer", "code"), BAD)
def test_what_cannot_be_computed_is_refused_by_its_field(
    changed: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(NotComputable) as refused:
        compute(replace(worked.DAP, **changed))
    assert (pointer, code) in {(each.pointer, each.code) for each in refused.value.faults}


def test_sensitivity_moves_one_input_at_a_time_and_sorts_by_strength() -> None:
    found = moves(worked.EXW, 1000)
    assert [each.input for each in found][:2] == ["fx CNY", "price"]
    by = {each.input: each for each in found}
    assert by["vat_rate"].difference == D("99165.41")
    assert 0 < by["price"].elasticity < 1


def test_customs_go_by_the_rates_of_the_declaration_and_the_price_is_paid_at_its_own() -> None:
    paid, declared = worked.BIDS["EXW"], replace(worked.BIDS["EXW"].rates, day=date(2026, 12, 9))
    later = {code: replace(rate, value=D("12.50")) for code, rate in declared.rates.items()}
    two = replace(paid, declaration_rates=replace(declared, rates=later))
    one, other = compute(paid), compute(two)
    at_later = compute(replace(paid, rates=replace(declared, rates=later)))

    assert other.customs_value == at_later.customs_value == D("7998242.38")
    taxes = [sum((r.fee, r.duty, r.vat), D()) for r in (one, other, at_later)]  # type: ignore[arg-type]
    assert taxes[1] == taxes[2]
    assert other.total_gross - one.total_gross == taxes[1] - taxes[0]
    assert other.components == one.components
    same = replace(paid, declaration_rates=paid.rates)
    assert compute(same) == one
    missing = replace(paid, declaration_rates=replace(declared, rates={}))
    with pytest.raises(NotComputable) as refused:
        compute(missing)
    assert {fault.pointer for fault in refused.value.faults} == {"#/declaration_rates"}
    moved = {each.input for each in moves(two, 100)}
    assert {"fx CNY", "declaration fx CNY"} <= moved
