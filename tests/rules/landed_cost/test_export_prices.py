"""Prices of an exporter under each rule: monotone, and worth the same to the seller."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.rules.evaluation.inputs import Rate, RateSet
from api.rules.incoterms import Incoterm
from api.rules.landed_cost import Inputs, compute
from api.rules.landed_cost.export_prices import ExportPrice, export_prices
from api.rules.landed_cost.inputs import (
    Charge,
    Duty,
    ImportVat,
    Line,
    Parameters,
    PriceTier,
    Route,
    Sourced,
    Terms,
)
from api.rules.landed_cost.kinds import Basis, ChargeKind, Driver, DutyKind, Regime, Segment
from api.rules.transport import TransportMode

DAY = date(2026, 11, 28)
OWN = Sourced("test", DAY, True)
PRICE = st.decimals(min_value="0.5", max_value=500, places=2)
RATE = st.decimals(min_value="0.01", max_value="0.5", places=4)


def charge(
    code: str, kind: ChargeKind, segment: Segment, at: str, to: str | None, rate: int
) -> Charge:
    currency = "KGS" if segment is Segment.PRE_BORDER else "CNY"
    return Charge(
        code, kind, segment, at, to, Basis.VEHICLE, Decimal(rate), currency, Driver.WEIGHT, OWN
    )  # fmt: skip


K, S = ChargeKind, Segment
ROUTE = Route(
    code="road",
    mode=TransportMode.ROAD,
    crossing="torugart",
    places=("kg-bishkek", "kg-torugart", "cn-kashi"),
    capacity_kg=Decimal(22000),
    capacity_m3=Decimal(86),
    card="test",
    charges=(
        charge("loading", K.LOADING, S.PRE_BORDER, "kg-bishkek", None, 6000),
        charge("clearance", K.EXPORT_CLEARANCE, S.PRE_BORDER, "kg-bishkek", None, 15000),
        charge("to_border", K.CARRIAGE, S.PRE_BORDER, "kg-bishkek", "kg-torugart", 60000),
        charge("onwards", K.CARRIAGE, S.POST_BORDER, "kg-torugart", "cn-kashi", 5000),
        charge("import", K.IMPORT_CLEARANCE, S.LOCAL, "cn-kashi", None, 1500),
        charge("unloading", K.UNLOADING, S.LOCAL, "cn-kashi", None, 400),
    ),
)


def inputs(price: Decimal, som: Decimal, term: Incoterm = Incoterm.FCA) -> Inputs:
    """20 t at a price in yuan; `som` is what a som costs in yuan."""
    at = "kg-bishkek" if term in (Incoterm.EXW, Incoterm.FCA) else "cn-kashi"
    return Inputs(
        subject="free",
        day=DAY,
        home="CNY",
        destination="cn-kashi",
        destination_country="CN",
        regime=Regime.IMPORT,
        terms=Terms(
            term, at, at[:2].upper(), is_seller_premises=False if term is Incoterm.FCA else None
        ),
        currency="CNY",
        price_includes_vat=False,
        lines=(
            Line(
                id="1",
                quantity=Decimal(20000),
                unit_code="KGM",
                price_tiers=(PriceTier(Decimal(1), price),),
                tnved_code="040900",
                gross_weight_kg=Decimal(21000),
                duty=Duty(DutyKind.AD_VALOREM, OWN, Decimal("0.15")),
                vat=ImportVat(Decimal("0.09"), OWN),
            ),
        ),
        parameters=Parameters(
            *(Decimal(0) for _ in range(3)),
            vat_rate=Decimal("0.13"),
            vat_base_includes_fee=False,
            insurance_rate=Decimal("0.003"),
            insurance_coverage=Decimal("1.1"),
        ),
        rates=RateSet("test", DAY, {"KGS": Rate(som, DAY, "test")}),
        route=ROUTE,
    )


def by_term(
    price: Decimal, som: Decimal, term: Incoterm = Incoterm.FCA
) -> dict[Incoterm, ExportPrice]:
    return {each.incoterm: each for each in export_prices(inputs(price, som, term), "KG")}


@given(PRICE, PRICE, RATE, RATE)
def test_prices_and_delivered_costs_rise_with_the_price_and_with_the_rate(
    one: Decimal, other: Decimal, low: Decimal, high: Decimal
) -> None:
    (one, other), (low, high) = sorted((one, other)), sorted((low, high))

    cheap, dear = by_term(one, low), by_term(other, high)

    for term, each in cheap.items():
        # The seller under FCA has loading and clearance in its price: without them EXW is cheaper
        # the more a som costs, and what the buyer pays in the end is not.
        if term is not Incoterm.EXW:
            assert each.unit_price <= dear[term].unit_price
        assert each.delivered <= dear[term].delivered
    assert compute(inputs(one, low)).total_gross <= compute(inputs(other, high)).total_gross


@given(PRICE, RATE)
def test_a_price_made_under_another_rule_leads_back_to_the_one_it_was_made_from(
    price: Decimal, som: Decimal
) -> None:
    made = by_term(price, som)
    assert made[Incoterm.FCA].unit_price == price

    for term in (Incoterm.EXW, Incoterm.CPT, Incoterm.CIP, Incoterm.DAP, Incoterm.DPU):
        again = {
            each.incoterm: each
            for each in export_prices(inputs(made[term].unit_price, som, term), "KG")
        }
        # Each of the two prices was rounded to a hundredth of a fen.
        assert abs(again[Incoterm.FCA].unit_price - price) <= Decimal("0.0002")
    order = [made[each].unit_price for each in (Incoterm.EXW, Incoterm.FCA, Incoterm.CPT)]
    assert order == sorted(order)
    assert made[Incoterm.CPT].unit_price <= made[Incoterm.CIP].unit_price
    assert made[Incoterm.DAP].unit_price <= made[Incoterm.DPU].unit_price
    assert made[Incoterm.DPU].unit_price < made[Incoterm.DDP].unit_price + Decimal("0.03")


def test_goods_without_a_rate_of_their_own_pay_the_usual_vat() -> None:
    given_ = inputs(Decimal(20), Decimal("0.08"))
    usual = replace(given_, lines=(replace(given_.lines[0], vat=None),))

    ratio = (compute(usual).vat or 0) / (compute(given_).vat or 1)

    assert abs(ratio - Decimal(13) / Decimal(9)) < Decimal("0.000001")
