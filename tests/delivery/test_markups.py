"""Matching measures prices at their delivered cost, by the parameters of the day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from api.delivery.service import markups
from api.matching.scoring import Scorer
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


def test_every_process_that_scores_uses_the_port(session: Session) -> None:
    scorer = Scorer(session, {}, matching.PARAMETERS, DAY)
    demand = replace(matching.DEMAND, lot_budget_currency="CNY")
    around = scorer._around(demand, matching.SUPPLY)
    assert around.delivered_factor == D("1.124")
    assert scorer._around(replace(demand, lot_budget=None), matching.SUPPLY).rate is None
