"""Bids of a tender compared at one delivered cost: after the opening alone, for the buyer alone."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import ids, spreadsheets
from api.delivery.models import LandedCostTerms
from api.delivery.service import charts, sheets
from api.procurement.sealing import canonical
from tests.delivery import landed
from tests.procurement import bidding
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def test_seven_bids_are_compared_at_ddp_only_once_they_are_opened(
    as_org: AsOrg, buyer: Any
) -> None:
    landed.know_rates(*range(20, 26))
    made = landed.published(as_org, buyer)
    handed = landed.handed(as_org, made, *landed.BIDS)
    url = landed.lot_url(made)
    for path in ("", "/workbook", "/chart"):
        sealed = buyer.get(f"{url}{path}")
        assert (sealed.status_code, sealed.json()["code"]) == (409, "prices_sealed")
    one = buyer.post("/v1/landed-costs", json={"bid_id": handed[0]["id"], "lot_id": _lot(made)})
    assert one.status_code == 404, "a sealed bid is nobody's business"

    over = bidding.finished(made, handed)

    table = buyer.get(url).json()
    by_id = {bid["id"]: term for bid, term in zip(over.bids, landed.BIDS, strict=True)}
    assert [by_id[row["bid_id"]] for row in table["bids"]] == [*landed.BIDS]
    for row in table["bids"]:
        _, _, _, gross, net = landed.BIDS[by_id[row["bid_id"]]]
        assert (row["total_gross"], row["total_net"], row["faults"]) == (gross, net, [])
    assert [row["rank_gross"] for row in table["bids"]] == [1, 2, 3, 4, 5, 6, 7]
    assert table["bids"][-1]["rank_net"] is None, "a DDP price does not say its VAT"
    fob = table["bids"][5]
    assert (fob["incoterm"], fob["evaluated_as"], fob["route_code"]) == ("FOB", "FCA", landed.RAIL)
    assert [each["code"] for each in fob["notices"]] == ["DEEMED_FOR_LAND"]
    assert table["bids"][4]["freight_split_saving"] == "32103"
    assert table["fx_source"] == landed.NBKR
    _files_say_the_same(buyer, url, table)
    stranger = over.bidding.openers[-1].actor
    assert stranger.get(url).status_code in (403, 404)
    kept = buyer.post("/v1/landed-costs", json={"bid_id": over.bids[3]["id"], "lot_id": _lot(made)})
    assert kept.status_code == 201, kept.text
    row = next(each for each in table["bids"] if each["bid_id"] == over.bids[3]["id"])
    assert kept.json()["total_gross"] == row["total_gross"]
    assert kept.json()["inputs_sha256"] == row["inputs_sha256"]


def _lot(made: bidding.Bidding) -> str:
    return str(made.tender["lots"][0]["id"])


def _sheet(buyer: Any, url: str) -> list[dict[str, Any]]:
    """The rows of the workbook by the names of their columns."""
    book = buyer.get(f"{url}/workbook")
    assert book.headers["content-type"] == spreadsheets.MEDIA_TYPE
    rows = [*load_workbook(BytesIO(book.content)).active.iter_rows(values_only=True)][2:]
    return [dict(zip(sheets._COLUMNS, row, strict=True)) for row in rows]


def _files_say_the_same(buyer: Any, url: str, table: Any) -> None:
    rows = _sheet(buyer, url)
    assert [row["bid"] for row in rows] == [each["bid_id"] for each in table["bids"]]
    totals = [row["total_gross"] for row in rows]
    assert [f"{each:.2f}" for each in totals] == [
        f"{float(each['total_gross']):.2f}" for each in table["bids"]
    ]
    svg = buyer.get(f"{url}/chart")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    text = re.sub(r"\s+", " ", svg.text)
    assert "9 480 269.19" in text
    assert buyer.get(f"{url}/chart").content == svg.content, "the same table, the same bytes"
    png = buyer.get(f"{url}/chart?format=png")
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(PNG)
    assert len(png.content) > 5000
    assert buyer.get(f"{url}/chart?format=gif").status_code == 422


def test_bids_are_evaluated_at_their_delivered_cost_and_the_file_recomputes(
    as_org: AsOrg, buyer: Any
) -> None:
    award = {"currency": "KGS", "vat_mode": "gross", "lots": []}
    over = landed.opened(as_org, buyer, "FOB", "EXW", "DAP", award=award)
    second = bidding.another_client(buyer)

    draft = deciding.propose(over, buyer)

    # By price EXW < FOB < DAP; delivered EXW < DAP < FOB.
    order = [over.bids[n]["id"] for n in (1, 2, 0)]
    assert draft["result"]["ranking"] == order
    found = {each["id"]: each for each in draft["result"]["bids"]}
    for bid, term in zip(over.bids, ("FOB", "EXW", "DAP"), strict=True):
        prices = found[bid["id"]]["figures"]
        assert float(prices["comparable"]) == float(landed.BIDS[term][3])
        assert "landedCost" in [each["reason"] for each in prices["adjustments"]]
    done = deciding.complete(draft, second)
    assert done.status_code == 200, done.text


def test_bids_that_deviate_from_their_incoterm_are_compared_and_evaluated_as_agreed(
    as_org: AsOrg, buyer: Any, tmp_path: Path
) -> None:
    landed.know_rates(*range(20, 26))
    award = {"currency": "KGS", "vat_mode": "gross", "lots": []}
    made = landed.published(as_org, buyer, award=award)
    loaded, unpaid = (landed.content(made.tender, term) for term in ("EXW", "DDP"))
    loaded["lots"][0]["deviations"] = ["loaded", "cleared"]
    unpaid["lots"][0]["deviations"] = ["vat_unpaid"]
    bids = [*landed.handed(as_org, made, "EXW")]
    bids += [
        bidding.submit(made, as_org(["supplier"], country="CN"), each) for each in (loaded, unpaid)
    ]
    over = bidding.finished(made, bids)

    table = buyer.get(landed.lot_url(over)).json()["bids"]

    rows = {row["bid_id"]: row for row in table}
    plain, agreed, ddp = (rows[bid["id"]] for bid in over.bids)
    assert (plain["deviations"], agreed["deviations"]) == ([], ["loaded", "cleared"])
    # (600,000 + 50,200 CNY) with the premium, and 14,500 of them after the border.
    assert agreed["buyer_logistics"] == "50200"
    assert float(agreed["total_gross"]) < float(plain["total_gross"]) == 9480269.19
    assert plain["notices"][0]["code"] == "EXW_CROSS_BORDER"
    assert agreed["notices"] == []
    suppliers = [bid["supplier_id"] for bid in over.bids]
    exporters = [row["exporter_of_record_id"] for row in (plain, agreed, ddp)]
    assert exporters == [ids.show("organisation", buyer.org_id), *suppliers[1:]]
    sheet = _sheet(buyer, landed.lot_url(over))
    assert [row["deviations"] for row in sheet] == [
        ", ".join(row["deviations"]) or None for row in table
    ]
    assert all(row["exporter"].startswith("Organisation ") for row in sheet)
    assert (ddp["duty"], ddp["customs_value"], ddp["vat"]) == (None, "9778500", "1232091")
    assert (ddp["total_gross"], ddp["total_net"]) == ("11013591", "9781500")
    draft = deciding.propose(over, buyer)
    found = {each["id"]: each["figures"] for each in draft["result"]["bids"]}
    for bid in over.bids:
        assert float(found[bid["id"]]["comparable"]) == float(rows[bid["id"]]["total_gross"])
    done = deciding.complete(draft, bidding.another_client(buyer))
    assert done.status_code == 200, done.text
    kept = buyer.post("/v1/landed-costs", json={"bid_id": over.bids[1]["id"], "lot_id": _lot(made)})
    assert kept.json()["inputs_sha256"] == agreed["inputs_sha256"]
    got = buyer.get(f"/v1/landed-costs/{kept.json()['id']}/file").content
    file = tmp_path / "landed-cost.json"
    file.write_bytes(got)
    told = CliRunner().invoke(main, ["verify", "landed-cost", str(file)])
    assert told.exit_code == 0, told.output
    document = json.loads(got)
    assert document["inputs"]["terms"].pop("deviations") == ["loaded", "cleared"]
    file.write_bytes(canonical.dumps(document))
    told = CliRunner().invoke(main, ["verify", "landed-cost", str(file)])
    assert (told.exit_code, "#/result/total_gross: changed" in told.output) == (1, True)


def test_a_bid_whose_place_is_text_alone_cannot_be_compared_and_is_named(
    as_org: AsOrg, buyer: Any
) -> None:
    landed.know_rates(*range(20, 26))
    made = landed.published(as_org, buyer)
    content = landed.content(made.tender, "DAP")
    content["lots"][0]["place_code"] = None
    bids = [*landed.handed(as_org, made, "EXW")]
    bids.append(bidding.submit(made, as_org(["supplier"], country="CN"), content))
    over = bidding.finished(made, bids)

    first, last = buyer.get(landed.lot_url(over)).json()["bids"]

    assert first["total_gross"] == "9480269.19"
    assert (last["total_gross"], last["rank_gross"]) == (None, None)
    assert [(each["pointer"], each["code"]) for each in last["faults"]] == [
        ("#/terms/place_code", "place_unknown")
    ]
    refused = buyer.post(f"{deciding.lot_url(over)}/evaluations")
    assert refused.status_code == 409, refused.text
    (error,) = refused.json()["errors"]
    assert error["pointer"] == f"#/bids/{over.bids[1]['id']}/delivery_terms/place_code"


def test_the_terms_of_comparison_are_fixed_with_the_publication_and_name_every_item(
    as_org: AsOrg, buyer: Any, session: Session
) -> None:
    made = landed.published(as_org, buyer)
    url = f"/v1/tenders/{made.id}/landed-cost-terms"
    terms = buyer.get(url).json()
    again = {name: terms[name] for name in ("fx_source", "routes", "goods")}

    refused = buyer.request("PUT", url, json=again)

    assert (refused.status_code, refused.json()["code"]) == (409, "not_draft")
    draft = buyer.post("/v1/tenders", json=bidding.samples.tender()).json()
    item = draft["lots"][0]["items"][0]["id"]
    url = f"/v1/tenders/{draft['id']}/landed-cost-terms"
    assert buyer.get(url).json()["code"] == "comparison_not_set_up"
    bad = {"routes": ["road-nowhere"], "goods": {"item_" + "0" * 32: {}}}
    refused = buyer.request("PUT", url, json=bad)
    assert {(each["pointer"], each["code"]) for each in refused.json()["errors"]} == {
        ("#/routes/0", "unknown_route"),
        ("#/goods/item_" + "0" * 32, "unknown_item"),
        (f"#/goods/{item}", "missing"),
    }
    assert len(session.exec(select(LandedCostTerms)).all()) == 1
    other = as_org(["buyer"])
    assert other.request("PUT", url, json={"goods": {item: {}}}).status_code == 404


def test_a_cell_of_the_workbook_is_never_a_formula() -> None:
    assert spreadsheets.escaped("=1+1") == "'=1+1"


def test_a_picture_names_suppliers_in_letters_that_its_font_has() -> None:
    assert charts.label({"zh": "义乌水泵", "en": "Yiwu Pumps"}, "bid_0") == "Yiwu Pumps"
    assert charts.label({"zh": "义乌水泵"}, "bid_0123456789ab") == "…456789ab"
    assert charts.label({"ru": "Ж" * 40}, "bid_0") == "Ж" * 27 + "…"
