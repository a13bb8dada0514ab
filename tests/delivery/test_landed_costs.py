"""Landed costs through the API: computed, kept, recomputed offline, varied; bad input named."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, func, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db
from api.delivery.landed_cost import files, verification
from api.delivery.models import ImportParameter, LandedCostEstimate, RateCharge, TariffRate
from api.procurement.sealing import canonical
from api.rules.clock import local_date
from api.rules.landed_cost.kinds import DutyKind, ParameterCode
from tests.catalog import samples as catalog
from tests.delivery import landed

type AsOrg = Callable[..., Any]
D = Decimal


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    landed.know_rates()
    return as_org(["buyer"])


def errors(answer: Any) -> set[tuple[str, str]]:
    return {(each["pointer"], each["code"]) for each in answer.json()["errors"]}


def test_the_bids_of_the_worked_example_come_out_to_the_tyiyn_with_what_the_package_ships(
    buyer: Any,
) -> None:
    for term, (_, _, _, gross, net) in landed.BIDS.items():
        found = landed.landed(buyer, term=term)
        assert (found["total_gross"], found["total_net"]) == (gross, net), term
        assert "UNREVIEWED_PARAMETERS" in found["flags"]
    listed = buyer.get("/v1/landed-costs").json()["items"]
    assert [each["incoterm"] for each in listed] == [*landed.BIDS][::-1]
    assert buyer.get(f"/v1/landed-costs/{found['id']}").json() == found


def test_a_kept_landed_cost_is_recomputed_offline_and_a_changed_one_is_found(
    buyer: Any, tmp_path: Path
) -> None:
    found = landed.landed(buyer, term="FCA")
    got = buyer.get(f"/v1/landed-costs/{found['id']}/file")
    assert files.sha256(got.content) == found["sha256"] == got.headers["ETag"].strip('"')
    file = tmp_path / "landed-cost.json"
    file.write_bytes(got.content)
    run = CliRunner()

    told = run.invoke(main, ["verify", "landed-cost", str(file), "--sha256", found["sha256"]])

    assert told.exit_code == 0, told.output
    assert "9538517.35 KGS" in told.output
    document = json.loads(got.content)
    document["result"]["total_gross"] = "9000000"
    file.write_bytes(canonical.dumps(document))
    told = run.invoke(main, ["verify", "landed-cost", str(file)])
    assert told.exit_code == 1
    assert "#/result/total_gross: changed" in told.output
    assert "#/result_sha256: changed" in told.output
    document = json.loads(got.content)
    document["inputs"]["parameters"]["vat_rate"] = "0.1"
    file.write_bytes(canonical.dumps(document))
    told = run.invoke(main, ["verify", "landed-cost", str(file)])
    assert "#/inputs_sha256: changed" in told.output
    assert "#/result/vat: changed" in told.output


def test_another_route_day_of_rates_or_of_tariffs_is_asked_what_if(
    buyer: Any, session: Session
) -> None:
    today = local_date(db.now(session))
    later = today + timedelta(days=30)
    landed.know_rates(-3, cny="12.00")
    found = landed.landed(buyer, term="EXW")
    fx_day = (today - timedelta(days=3)).isoformat()
    asked = {
        "route_codes": [landed.ROAD, "road-yiwu-irkeshtam-bishkek", landed.RAIL],
        "fx_days": [today.isoformat(), fx_day],
    }

    told = buyer.post(f"/v1/landed-costs/{found['id']}/what-if", json=asked).json()

    by = {(each["route_code"], each["fx_day"]): each for each in told["scenarios"]}
    assert len(by) == 6
    same = by[landed.ROAD, today.isoformat()]
    assert (same["total_gross"], same["difference"]) == (found["total_gross"], "0")
    cheaper = by[landed.ROAD, fx_day]
    assert D(cheaper["difference"]) < 0
    # Longer inland by 7,000 and to the border by 1,200 CNY.
    longer = by["road-yiwu-irkeshtam-bishkek", today.isoformat()]
    assert D(longer["difference"]) > D("8200") * D("12.3")
    off = by[landed.RAIL, today.isoformat()]
    assert off["total_gross"] is None
    assert [each["code"] for each in off["faults"]] == ["place_not_on_route"]
    totals = [each["total_gross"] for each in told["scenarios"]]
    known = [D(each) for each in totals if each is not None]
    assert known == sorted(known)
    assert totals[len(known) :] == [None, None]
    # A tariff that a later day brings.
    session.add(
        TariffRate(
            tnved_code="8413703000",
            kind=DutyKind.AD_VALOREM,
            ad_valorem=D("0.10"),
            valid_from=later,
            source="test",
        )
    )
    session.commit()
    try:
        ask = {"days": [later.isoformat()]}
        told = buyer.post(f"/v1/landed-costs/{found['id']}/what-if", json=ask).json()
    finally:
        session.delete(session.exec(select(TariffRate).where(TariffRate.source == "test")).one())
        session.commit()
    (dearer,) = told["scenarios"]
    assert D(dearer["difference"]) == D("393513.52") + D("47221.63")


def test_customs_go_by_the_rates_of_the_day_of_the_declaration(
    buyer: Any, session: Session
) -> None:
    day = (local_date(db.now(session)) - timedelta(days=3)).isoformat()
    landed.know_rates(-3, cny="12.00")
    found = landed.landed(buyer, term="EXW", declaration_fx_day=day)
    assert D(found["customs_value"]) == D("7678312.68")
    assert found["inputs"]["rates"]["rates"]["CNY"]["value"] == "12.3"
    assert found["inputs"]["declaration_rates"]["day"] == day
    file = buyer.get(f"/v1/landed-costs/{found['id']}/file").content
    assert verification.check(file, sha256=found["sha256"]) == []
    Draft202012Validator(buyer.get("/public/schemas/kerben-landed-cost-1").json()).validate(
        json.loads(file)
    )
    unknown = {**landed.body("EXW"), "declaration_fx_day": "2020-01-01"}
    refused = buyer.post("/v1/landed-costs", json=unknown)
    assert [each["pointer"] for each in refused.json()["errors"]] == ["#/declaration_fx_day"]


def test_sensitivity_names_the_input_that_moves_the_total_most(buyer: Any) -> None:
    found = landed.landed(buyer, term="EXW")

    told = buyer.get(f"/v1/landed-costs/{found['id']}/sensitivity?change_bp=100").json()

    moves = {each["input"]: each for each in told["moves"]}
    assert [each["input"] for each in told["moves"]][:2] == ["fx CNY", "price"]
    assert D(moves["fx CNY"]["elasticity"]) < 1, "local charges do not move"
    assert D(moves["charge broker"]["difference"]) == 120
    sizes = [abs(D(each["difference"])) for each in told["moves"]]
    assert sizes == sorted(sizes, reverse=True)


def test_an_offer_is_taken_at_its_tier_and_below_its_minimum_only_with_a_waiver(
    buyer: Any, as_org: AsOrg
) -> None:
    seller = as_org(["supplier"])
    terms = catalog.offer(
        incoterm="EXW",
        place_code="cn-yiwu",
        currency="CNY",
        min_order_quantity="50",
        order_multiple="1",
        price_tiers=[
            {"min_quantity": "50", "unit_price": "6500"},
            {"min_quantity": "100", "unit_price": "6000"},
        ],
        lead_time_tiers=[{"min_quantity": "50", "days": 10, "from_event": "po"}],
        gross_weight_kg="86",
        volume_m3="0.24",
        packages="1",
        markets=[],
    )
    offer = seller.post("/v1/offers", json=terms)
    assert offer.status_code == 201, offer.text
    asked = landed.body("EXW")
    for name in ("currency", "delivery_terms"):
        del asked[name]
    (line,) = asked["lines"]
    for name in ("unit_price", "gross_weight_kg", "volume_m3", "packages"):
        del line[name]
    asked |= {"offer_id": offer.json()["id"], "dispatch_country": "CN"}

    stranger = buyer.post("/v1/landed-costs", json=asked)
    assert stranger.status_code == 404, "a draft is its seller's own"
    found = seller.post("/v1/landed-costs", json=asked)

    assert found.status_code == 201, found.text
    assert found.json()["total_gross"] == "9480269.19"
    (used,) = found.json()["inputs"]["lines"]
    measures = [used[name] for name in ("gross_weight_kg", "volume_m3", "packages")]
    assert measures == ["8600", "24", "100"], "a hundred times what the offer says of one"
    line["quantity"] = "40"
    refused = seller.post("/v1/landed-costs", json=asked)
    assert ("#/lines/0/quantity", "below_minimum_order") in errors(refused)


BAD: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"route_code": None, "crossing_code": "kulma"}, ("#/crossing_code", "unknown_crossing")),
    ({"route_code": "road-nowhere"}, ("#/route_code", "unknown_route")),
    ({"destination_place_code": "kg-naryn"}, ("#/route_code", "unknown_route")),
    ({"destination_place_code": "kz-almaty"}, ("#/destination_place_code", "destination_not_served")),
    ({"fx_day": "2020-01-05"}, ("#/fx_day", "rate_missing")),
    ({"fx_source": "nobody"}, ("#/fx_day", "rate_missing")),
    ({"day": "2020-01-05"}, ("#/day", "parameter_missing")),
    ({"currency": None}, ("#/currency", "missing")),
    ({"lines": []}, ("#/lines", "missing")),
    (
        {"stated_charges": [{**landed.STATED, "amount": "-1"}]},
        ("#/stated_charges/0/amount", "greater_than_equal"),
    ),
    (
        {"stated_charges": [{**landed.STATED, "amount": "900000"}]},
        ("#/stated_charges", "exceeds_price"),
    ),
]  # fmt: skip
BAD_TERMS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"incoterm": "FOB", "place_code": "cn-lianyungang"}, ("incoterm", "mode_conflict")),
    ({"incoterm": "DAT"}, ("incoterm", "incoterm_withdrawn")),
    ({"incoterm": "XXX"}, ("incoterm", "enum")),
    ({"incoterm_version": "2010"}, ("incoterm_version", "incoterm_version")),
    ({"incoterm": "FCA"}, ("is_seller_premises", "premises_unstated")),
    (
        {"incoterm": "DDP", "place_code": "kg-bishkek"},
        ("importer_of_record", "ddp_without_importer"),
    ),
    ({"place_code": None, "named_place": "склад"}, ("place_code", "place_unknown")),
    ({"place_code": "cn-nowhere"}, ("place_code", "place_unknown")),
    ({"place_code": "cn-xiamen"}, ("place_code", "place_not_on_route")),
]
BAD_LINES: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"tnved_code": "0000000000"}, ("tnved_code", "tariff_missing")),
    ({"tnved_code": None}, ("tnved_code", "missing")),
    ({"tnved_code": "2203000100"}, ("measures/LTR", "measure_missing")),
    ({"quantity": "0"}, ("quantity", "greater_than")),
    ({"unit_price": "-5"}, ("unit_price", "greater_than_equal")),
    ({"unit_price": None}, ("price_tiers", "price_missing")),
    ({"gross_weight_kg": "-1"}, ("gross_weight_kg", "greater_than_equal")),
    ({"min_order_quantity": "500"}, ("quantity", "below_minimum_order")),
]


def test_bad_input_is_refused_by_name_and_keeps_nothing(buyer: Any, session: Session) -> None:
    cases = [(changed, found) for changed, found in BAD]
    for changed, (field, code) in BAD_TERMS:
        terms = {"delivery_terms": {**landed.body()["delivery_terms"], **changed}}
        cases.append((terms, (f"#/delivery_terms/{field}", code)))
    for changed, (field, code) in BAD_LINES:
        line = {"lines": [{**landed.body()["lines"][0], **changed}]}
        cases.append((line, (f"#/lines/0/{field}", code)))
    for changed, expected in cases:
        answer = buyer.post("/v1/landed-costs", json=landed.body(**changed))
        assert answer.status_code == 422, (changed, answer.text)
        assert expected in errors(answer), (changed, answer.text)
    assert session.exec(select(func.count()).select_from(LandedCostEstimate)).one() == 0


def test_a_price_at_home_costs_what_it_states_and_one_of_the_union_gets_vat(buyer: Any) -> None:
    line = {**landed.body()["lines"][0], "unit_price": "112"}
    at_home = landed.body(
        dispatch_country="KG",
        currency="KGS",
        price_includes_vat=True,
        delivery_terms={"incoterm": "DAP", "place_code": "kg-bishkek"},
        route_code=None,
        lines=[line],
    )
    found = buyer.post("/v1/landed-costs", json=at_home).json()
    assert (found["total_gross"], found["total_net"]) == ("11200", "10000")
    assert (found["route_code"], found["customs_value"]) == (None, None)
    union = {**at_home, "dispatch_country": "KZ", "price_includes_vat": False}
    found = buyer.post("/v1/landed-costs", json=union).json()
    assert (found["total_gross"], found["total_net"]) == ("12544", "11200")


def test_a_sea_rule_is_refused_with_the_rule_to_restate_it_in(buyer: Any) -> None:
    asked = landed.body("FOB")
    asked["delivery_terms"]["accept_deemed"] = False

    refused = buyer.post("/v1/landed-costs", json=asked)

    (fault,) = refused.json()["errors"]
    assert fault["code"] == "mode_conflict"
    assert "FCA" in fault["detail"]


def test_a_stranger_finds_no_landed_cost_of_others(buyer: Any, as_org: AsOrg) -> None:
    found = landed.landed(buyer)
    other = as_org(["buyer"])
    for path in ("", "/file", "/sensitivity"):
        assert other.get(f"/v1/landed-costs/{found['id']}{path}").status_code == 404
    assert other.post(f"/v1/landed-costs/{found['id']}/what-if", json={}).status_code == 404
    assert other.get("/v1/landed-costs").json()["items"] == []


def test_a_kept_landed_cost_is_never_altered(buyer: Any, session: Session) -> None:
    landed.landed(buyer)
    row = session.exec(select(LandedCostEstimate)).one()
    row.total_gross = D(1)
    with pytest.raises(DBAPIError, match="append-only"):
        session.flush()
    session.rollback()


def test_what_counts_can_be_read_with_its_source_and_whether_it_was_reviewed(buyer: Any) -> None:
    crossings = buyer.get("/v1/crossings").json()["items"]
    assert {"torugart", "irkeshtam", "bedel", "khorgos", "altynkol", "dostyk"} == {
        each["code"] for each in crossings
    }
    assert all(each["union_border"] for each in crossings)
    routes = buyer.get("/v1/transport-routes?crossing=torugart").json()["items"]
    inward = [each for each in routes if each["places"][0].startswith("cn-")]
    assert [each["code"] for each in inward] == [landed.ROAD]
    card = buyer.get(f"/v1/transport-routes/{landed.ROAD}/charges").json()["items"]
    assert [each["code"] for each in card][:2] == ["loading", "main_haul"]
    assert not any(each["reviewed"] for each in card)
    assert buyer.get("/v1/transport-routes/road-nowhere/charges").status_code == 404
    duty = buyer.get("/v1/tariff-rates/8413703000").json()
    assert (duty["kind"], duty["ad_valorem"], duty["reviewed"]) == ("ad_valorem", "0.05", False)
    assert buyer.get("/v1/tariff-rates/0000000000").status_code == 404
    numbers = buyer.get("/v1/import-parameters").json()["items"]
    fee = next(each for each in numbers if each["code"] == "customs_fee_rate")
    assert (fee["value"], fee["reviewed"]) == ("0.004", False)
    assert "not verified" in fee["source"]


def test_by_every_route_that_is_shipped_goods_come_to_their_delivered_cost(buyer: Any) -> None:
    routes = buyer.get("/v1/transport-routes").json()["items"]
    assert {(each["mode"], each["crossing_code"]) for each in routes} == {
        ("ROAD", "torugart"),
        ("ROAD", "irkeshtam"),
        ("ROAD", "bedel"),
        ("ROAD", "khorgos"),
        ("RAIL", "altynkol"),
        ("RAIL", "dostyk"),
    }
    inward = [each for each in routes if each["places"][0].startswith("cn-")]
    assert len(inward) == 7
    for route in inward:
        first, *_, last = route["places"]
        terms = {"incoterm": "EXW", "place_code": first}
        asked = landed.body(
            delivery_terms=terms, destination_place_code=last, route_code=route["code"]
        )
        found = buyer.post("/v1/landed-costs", json=asked)
        assert found.status_code == 201, (route["code"], found.text)
        border = {each["in_customs_value"] for each in found.json()["result"]["components"]}
        assert border == {True, False}, "a part of the way lies behind the border"


def test_nobody_but_the_workers_role_writes_what_counts(session: Session) -> None:
    with db.engine("app").connect() as connection, pytest.raises(DBAPIError, match="row-level"):
        connection.execute(
            ImportParameter.__table__.insert(),  # type: ignore[attr-defined]
            ImportParameter(
                country="KG",
                code=ParameterCode.FEE_RATE,
                value=D(0),
                valid_from=local_date(db.now(session)),
                source="nobody",
            ).model_dump(),
        )
    assert session.exec(select(func.count()).select_from(RateCharge)).one() == 91


def test_the_matrix_and_the_checks_of_terms_can_be_asked(buyer: Any) -> None:
    rows = {each["code"]: each for each in buyer.get("/v1/delivery-terms/matrix").json()["items"]}
    assert len(rows) == 11
    assert rows["CIP"]["insurance"] == {"cover": "ICC(A)", "coverage_percent": 110}
    assert rows["EXW"]["obligations"]["export_clearance"] == "buyer"
    assert rows["FCA"]["at_sellers_premises"]["pre_carriage"] == "buyer"

    asked = {"incoterm": "DAT", "place_code": "kg-bishkek"}
    told = buyer.post("/v1/delivery-terms/check", json=asked).json()
    assert not told["usable"]
    assert [(each["code"], each["proposal"]) for each in told["findings"]] == [
        ("INCOTERM_WITHDRAWN", "DPU")
    ]
    asked = {"incoterm": "CPT", "place_code": "kg-bishkek"}
    told = buyer.post("/v1/delivery-terms/check", json=asked).json()
    assert told["usable"]
    assert (told["cost_point"], told["risk_point"]) == (
        "at_the_place_of_destination",
        "handed_to_the_first_carrier",
    )
