"""Requests for quotation: who may post one, who sees it, how it changes, when it ends."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.procurement import bidding
from tests.sourcing import samples
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return samples.private(as_org)


@pytest.mark.parametrize(
    ("roles", "fields"),
    [
        (["buyer"], {}),
        (["buyer", "manufacturer"], {"procurement_regime": "state_enterprise"}),
        (["buyer"], {"procurement_regime": "state", "country": "CN"}),
    ],
)
def test_a_public_body_is_refused_since_public_money_goes_by_tender(
    as_org: AsOrg, roles: list[str], fields: dict[str, Any]
) -> None:
    body = as_org(roles, **fields)
    answer = body.post("/v1/rfqs", json=samples.rfq())
    assert (answer.status_code, answer.json()["code"]) == (403, "public_buyer_tenders")
    assert body.get("/v1/rfqs").json()["items"] == []


def test_a_manufacturer_and_a_buyer_from_china_ask_for_quotes(as_org: AsOrg) -> None:
    for asker in (as_org(["manufacturer"]), as_org(["buyer"], country="CN")):
        assert samples.published(asker)["status"] == "published"


def test_who_is_not_verified_drafts_and_does_not_publish(as_org: AsOrg) -> None:
    newcomer = as_org(["manufacturer"], status="under_review")
    draft = samples.drafted(newcomer)
    answer = newcomer.post(f"/v1/rfqs/{draft['id']}/publish")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_verified")
    assert newcomer.get(f"/v1/rfqs/{draft['id']}").json() == draft


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"currency": "XXX"}, "#/currency", "unknown_currency"),
        ({"destination_place_code": "kg-nowhere"}, "#/destination_place_code", "unknown_place"),
        ({"items": [samples.item(unit_code="ZZZ")]}, "#/items/0/unit_code", "unknown_unit"),
        ({"items": [samples.item(hs_code="000000")]}, "#/items/0/hs_code", "unknown_hs_code"),
        ({"items": [samples.item(further_quantities=["100"])]}, "#/items/0", "value_error"),
        (
            {"items": [samples.item(id=f"rfqitem_{'0' * 32}")]},
            "#/items/0/id",
            "unknown_item",
        ),
        ({"invited": [f"organisation_{'0' * 32}"]}, "#/invited/0", "unknown_seller"),
    ],
)
def test_a_request_that_names_what_there_is_not_leaves_nothing(
    buyer: Any, changed: dict[str, Any], pointer: str, code: str
) -> None:
    answer = buyer.post("/v1/rfqs", json=samples.rfq(**changed))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert buyer.get("/v1/rfqs").json()["items"] == []


def test_an_open_request_is_every_sellers_and_one_to_the_invited_is_theirs_alone(
    buyer: Any, as_org: AsOrg
) -> None:
    guest, other = as_org(["supplier"]), as_org(["supplier"])
    draft = samples.drafted(buyer)
    url = f"/v1/rfqs/{draft['id']}"
    assert other.get(url).status_code == 404
    buyer.post(f"{url}/publish")
    assert other.get(url).json()["items"] == draft["items"]

    alone = samples.drafted(buyer, audience="invited")
    url = f"/v1/rfqs/{alone['id']}"
    refused = buyer.post(f"{url}/publish")
    assert refused.json()["errors"][0]["code"] == "nobody_invited"
    guest_id = f"organisation_{guest.org_id.hex}"
    assert buyer.patch(url, json={"invited": [guest_id]}).status_code == 200
    assert buyer.post(f"{url}/publish").status_code == 200
    assert guest.get(url).json()["id"] == alone["id"]
    assert other.get(url).status_code == 404
    assert [each["id"] for each in other.get("/v1/rfqs").json()["items"]] == [draft["id"]]
    assert buyer.get(f"{url}/invited").json()["items"][0]["seller_id"] == guest_id
    assert guest.get(f"{url}/invited").status_code in (403, 404)


def test_an_amendment_is_kept_and_told_and_a_quote_before_it_is_marked(
    buyer: Any, as_org: AsOrg
) -> None:
    samples.know_rates()
    seller = as_org(["supplier"], country="CN")
    rfq = samples.published(buyer)
    url = f"/v1/rfqs/{rfq['id']}"
    assert buyer.patch(url, json={"title": {"ru": "Иное"}}).json()["code"] == "rfq_not_draft"
    samples.quoted(seller, rfq)
    items = [samples.item(id=rfq["items"][0]["id"], quantity="120"), samples.item()]
    body = {"reason": "Нужно больше", "changes": {"items": items}}
    amended = buyer.post(f"{url}/amend", json=body).json()
    assert (amended["revision"], amended["items"][0]["quantity"]) == (1, "120")
    (row,) = seller.get(f"{url}/amendments").json()["items"]
    assert row["changes"]["items"]["before"][0]["quantities"] == ["100.000000"]
    told = [each["type"] for each in seller.get("/v1/events").json()["items"]]
    assert "rfq.amended" in told
    ((compared,),) = [each["quotes"] for each in samples.compared(buyer, rfq)["volumes"]]
    assert (compared["outdated"], compared["complete"], compared["rank"]) == (True, False, None)
    assert compared["faults"][0]["code"] == "not_quoted"
    same = buyer.post(f"{url}/amend", json={**body, "changes": {"incoterm": None}})
    assert same.json()["errors"][0]["code"] == "nothing_changes"


def test_the_deadline_of_the_database_ends_quotes_whatever_the_workers_do(
    buyer: Any, as_org: AsOrg, drain: Drain
) -> None:
    seller = as_org(["supplier"], country="CN")
    rfq = samples.published(buyer)
    url = f"/v1/rfqs/{rfq['id']}"
    bidding.advance(datetime.fromisoformat(rfq["closes_at"]))
    late = seller.post(f"{url}/quotes", json=samples.quote(rfq))
    assert (late.status_code, late.json()["code"]) == (409, "rfq_deadline_passed")
    assert seller.get("/v1/quotes").json()["items"] == []
    body = {"reason": "Позже", "changes": {"closes_at": samples.ahead(days=5)}}
    assert buyer.post(f"{url}/amend", json=body).json()["code"] == "rfq_deadline_passed"
    clock.tick()
    drain()
    closed = buyer.get(url).json()
    assert (closed["status"], closed["closed_at"]) == ("closed", rfq["closes_at"])
    assert buyer.post(f"{url}/close").status_code == 409


def test_a_cancelled_request_takes_no_quotes(buyer: Any, as_org: AsOrg) -> None:
    seller = as_org(["supplier"], country="CN")
    rfq = samples.published(buyer)
    quote = samples.quoted(seller, rfq)
    assert buyer.post(f"/v1/rfqs/{rfq['id']}/cancel", json={"reason": "Нет"}).status_code == 200
    answer = as_org(["supplier"]).post(f"/v1/rfqs/{rfq['id']}/quotes", json=samples.quote(rfq))
    assert answer.json()["code"] == "rfq_not_open"
    again = seller.post(f"/v1/quotes/{quote['id']}/revise", json=samples.quote(rfq))
    assert again.json()["code"] == "rfq_not_open"
    assert seller.get(f"/v1/quotes/{quote['id']}").json() == quote
