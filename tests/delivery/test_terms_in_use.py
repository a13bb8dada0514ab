"""Terms of delivery where prices enter: offers, and the contracts about awarded bids."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select

from api.catalog.models import Offer
from api.core import ids
from api.identity.models import Organisation
from api.procurement.models import BidLot
from api.rules.incoterms import Incoterm
from tests.catalog import samples as catalog
from tests.contracts import signing
from tests.opendata import test_releases
from tests.procurement import awarding

type AsOrg = Callable[..., Any]


def test_an_offer_for_a_country_without_a_sea_is_not_taken_under_a_sea_rule(
    as_org: AsOrg, session: Session
) -> None:
    seller = as_org(["supplier"])
    terms = {"incoterm": "FOB", "place_code": "cn-ningbo"}

    refused = seller.post("/v1/offers", json=catalog.offer(**terms, markets=["KG", "UZ"]))

    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/incoterm", "mode_conflict")
    assert "FCA" in error["detail"]
    assert session.exec(select(func.count()).select_from(Offer)).one() == 0
    by_sea = catalog.offer(**terms, markets=["KG", "RU"])
    assert seller.post("/v1/offers", json=by_sea).status_code == 201


def test_a_contract_says_where_cost_and_risk_end_and_what_the_buyer_must_know(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    for row in session.exec(select(BidLot)):
        row.incoterm, row.place_code, row.named_place = Incoterm.CIP, "kg-osh", "Ош"
        session.add(row)
    session.commit()
    made = signing.offered(case, awarding.awarded(case))

    document = case.parties.buyer.get(f"/v1/contracts/{made['id']}/document").json()

    terms = document["awards"][0]["delivery_terms"]
    assert (terms["incoterm"], terms["incoterm_version"]) == ("CIP", "2020")
    assert (terms["place_code"], terms["named_place"]) == ("kg-osh", "Ош")
    assert (terms["un_locode"], terms["mode"]) == ("KGOSS", "any")
    assert terms["insurance"] == {"cover": "ICC(A)", "coverage_percent": 110}
    assert terms["importer_of_record"] is None
    assert terms["deviations"] == []
    (supplier,) = made["suppliers"]
    assert terms["exporter_of_record_id"] == supplier
    who = terms["obligations"]
    assert (who["insurance"], who["export_clearance"], who["main_carriage"]) == ("seller",) * 3
    assert (who["transit_formalities"], who["unloading_at_destination"]) == ("buyer",) * 2
    assert terms["cost_point"] == "at_the_place_of_destination"
    assert terms["risk_point"] == "handed_to_the_first_carrier"
    assert [each["code"] for each in terms["findings"]] == ["RISK_PASSES_AT_ORIGIN"]


@pytest.mark.parametrize(
    ("deviations", "exporter", "clears"),
    [([], "buyer", "buyer"), (["loaded", "cleared"], "supplier", "seller")],
)
def test_a_contract_carries_what_is_agreed_otherwise_and_who_declares_the_export(
    as_org: AsOrg, session: Session, deviations: list[str], exporter: str, clears: str
) -> None:
    case = awarding.ranked(session, as_org)
    for row in session.exec(select(BidLot)):
        row.incoterm, row.place_code, row.named_place = Incoterm.EXW, "cn-yiwu", "Иу"
        row.deviations = deviations
        session.add(row)
    session.commit()
    made = signing.offered(case, awarding.awarded(case))

    document = case.parties.buyer.get(f"/v1/contracts/{made['id']}/document").json()

    terms = document["awards"][0]["delivery_terms"]
    parties = {"buyer": document["buyer"]["id"], "supplier": document["suppliers"][0]["id"]}
    assert terms["exporter_of_record_id"] == parties[exporter]
    assert [each["code"] for each in terms["deviations"]] == deviations
    assert terms["obligations"]["export_clearance"] == clears
    assert terms["obligations"]["loading_at_sellers_premises"] == clears
    warned = "EXW_CROSS_BORDER" in [each["code"] for each in terms["findings"]]
    assert warned == (clears == "buyer")


def test_a_contract_and_its_release_name_the_exporter_and_the_deviations_of_the_bid(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    agent = as_org(["supplier"])
    for row in session.exec(select(BidLot)):
        row.incoterm, row.place_code, row.named_place = Incoterm.FCA, "cn-yiwu", "Иу"
        row.exporter_of_record_id, row.deviations = agent.org_id, ["unloaded"]
        session.add(row)
    session.commit()
    made = signing.in_force(case, awarding.awarded(case))

    document = case.parties.buyer.get(f"/v1/contracts/{made['id']}/document").json()

    exporter = ids.show("organisation", agent.org_id)
    assert document["awards"][0]["delivery_terms"]["exporter_of_record_id"] == exporter
    release = test_releases.releases(session)[-1]
    (told,) = release["contracts"][0]["deliveryTerms"]
    (party,) = [each for each in release["parties"] if each["id"] == told["exporterOfRecord"]["id"]]
    number = session.get_one(Organisation, agent.org_id).identifier_id
    assert party["identifier"]["id"] == number
    assert told == {
        "incoterms": "FCA",
        "place": "Иу",
        "deviations": ["unloaded"],
        "exporterOfRecord": {"id": party["id"], "name": party["name"]},
    }
