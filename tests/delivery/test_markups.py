"""Matching measures prices at their delivered cost, by the parameters of the day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from api.core import db
from api.delivery.service import markups
from api.matching.scoring import Scorer
from api.rules.clock import local_date
from tests.delivery import landed
from tests.rules import test_matching as matching

DAY = date(2026, 11, 24)
D = Decimal


def test_an_imported_offer_costs_more_than_its_price_and_a_domestic_one_does_not(
    session: Session,
) -> None:
    factor = markups.of_day(session, DAY)
    imported = replace(matching.SUPPLY, hs_code="841370")

    # Duty 5 %, fee 0.4 %, VAT 12 % of value and duty: the rows that the package ships.
    assert factor(matching.DEMAND, imported) == D("1.18")
    untaxed = replace(imported, hs_code=None)
    assert factor(matching.DEMAND, untaxed) == D("1.124")
    fob = replace(imported, incoterm="FOB", place_country="CN")
    fca = replace(imported, incoterm="FCA", place_country="CN")
    assert factor(matching.DEMAND, fob) == factor(matching.DEMAND, fca) > D("1.28")
    assert factor(matching.DEMAND, replace(imported, seller_country="KG")) == 1
    abroad = replace(matching.DEMAND, delivery_country="DE")
    assert factor(abroad, imported) is None
    assert markups.of_day(session, date(2020, 1, 1))(matching.DEMAND, imported) is None


def test_carriage_is_what_a_unit_takes_of_a_vehicle_where_its_weight_is_known(
    session: Session,
) -> None:
    landed.know_rates()
    day = local_date(db.now(session))
    demand = replace(matching.DEMAND, delivery_place_code="kg-bishkek")
    supply = replace(
        matching.SUPPLY, incoterm="FCA", place_code="cn-kashi", place_country="CN", hs_code=None
    )
    factor = markups.of_day(session, day)
    guessed = factor(demand, supply, D(100))

    # By Torugart, 22 t and 86 m³ a lorry: yard 2,500, to the border 5,000, transshipment 2,200 and
    # to Bishkek 14,500 CNY are the buyer's from Kashi on: 4.4 CNY for 4 kg of goods at 100 CNY.
    light = replace(supply, gross_weight_kg=D(4))
    taxes = (D("1") - D("0.0033")) ** -1 * D("1.124")
    assert factor(demand, light, D(100)) == ((1 + D("0.044")) * taxes).quantize(D("0.000001"))
    heavy = replace(supply, gross_weight_kg=D(80))
    assert factor(demand, heavy, D(100)) > guessed > factor(demand, light, D(100))
    bulky = replace(light, volume_m3=D("0.3"))
    assert factor(demand, bulky, D(100)) > factor(demand, light, D(100)), "volume fills it first"
    for unknown in (replace(heavy, place_code="cn-linyi"), replace(heavy, place_code=None), supply):
        assert factor(demand, unknown, D(100)) == guessed, "a share of the price"
    assert factor(demand, heavy, None) == guessed
    dap = replace(heavy, incoterm="DAP", place_code="kg-bishkek", place_country="KG")
    assert factor(demand, dap, D(100)) == D("1.124"), "its carriage is in the price"


def test_every_process_that_scores_uses_the_port(session: Session) -> None:
    scorer = Scorer(session, {}, matching.PARAMETERS, DAY)
    demand = replace(matching.DEMAND, lot_budget_currency="CNY")
    around = scorer._around(demand, matching.SUPPLY)
    assert around.delivered_factor == D("1.124")
    landed.know_rates()
    scorer = Scorer(session, {}, matching.PARAMETERS, local_date(db.now(session)))
    sent = replace(matching.SUPPLY, incoterm="FCA", place_code="cn-kashi", place_country="CN")
    light, heavy = (replace(sent, gross_weight_kg=D(kg)) for kg in (1, 500))
    near, far = (scorer._around(demand, each).delivered_factor for each in (light, heavy))
    assert near is not None
    assert far is not None
    assert far > near, "the weight of an offer is used"
    assert scorer._around(replace(demand, lot_budget=None), matching.SUPPLY).rate is None
