"""Requests for quotation meet offers by the engine of tenders, in both directions."""

from collections.abc import Callable
from typing import Any

from tests.catalog import samples as catalog
from tests.matching import samples as matched
from tests.sourcing import samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
CARPET = {
    "sku": "FELT-1",
    "product": catalog.product(
        names={"ru": "Войлочный ковёр из шерсти", "zh": "羊毛毡地毯"},
        cpv_code="39531000-3",
        hs_code="570500",
        country_of_origin="KG",
    ),
    "unit_code": "MTK",
    "currency": "KGS",
    "incoterm": "FCA",
    "place_code": "kg-osh",
    "price_tiers": [{"min_quantity": "100", "unit_price": "900"}],
}
WANTED = {
    "description": {"zh": "羊毛毡地毯"},
    "quantity": "500",
    "unit_code": "MTK",
    "hs_code": "570500",
}


def wanted(buyer: Any, **changed: Any) -> Any:
    there = {"destination_place_code": "cn-kashi", "currency": "CNY", "items": [WANTED]}
    return samples.published(buyer, title={"zh": "地毯采购"}, **there, **changed)


def test_a_request_from_china_finds_kyrgyz_goods_and_their_seller_is_alerted(
    as_org: AsOrg, drain: Drain
) -> None:
    buyer, seller = as_org(["buyer"], country="CN"), as_org(["manufacturer"])
    matched.stock(as_org(["supplier"], country="CN"))
    felt = catalog.activated(seller, **CARPET)
    drain()
    rfq = wanted(buyer)
    drain()
    (mine,) = seller.get("/v1/rfqs-for-me").json()["items"]
    assert (mine["match"]["rfq_id"], mine["match"]["offer_id"]) == (rfq["id"], felt["id"])
    assert mine["title"] == {"zh": "羊毛毡地毯"}
    assert seller.get("/v1/requests-for-me").json()["items"] == []
    assert mine["match"]["blockers"] == []
    events = {each["type"]: each for each in seller.get("/v1/events").json()["items"]}
    assert events["matching.rfq_alerted"]["resource"]["id"] == rfq["id"]
    item = rfq["items"][0]["id"]
    found = buyer.get(f"/v1/rfqs/{rfq['id']}/matches").json()["items"]
    assert felt["id"] in [each["offer_id"] for each in found]
    match = f"/v1/matches/{mine['match']['id']}"
    assert "1" in seller.get(f"{match}/explanation?language=zh").json()["text"]
    assert seller.get(f"{match}/replay").json()["same"] is True
    assert seller.get(match).status_code == 404  # a match of a tender is shown there
    why = seller.get(
        f"/v1/rfqs/{rfq['id']}/match-explanations", params={"offer": felt["id"], "item": item}
    ).json()
    assert (why["item_id"], why["matched"]) == (item, True)


def test_an_offer_that_comes_later_finds_the_request_until_it_is_closed(
    as_org: AsOrg, drain: Drain
) -> None:
    buyer, seller = as_org(["buyer"], country="CN"), as_org(["manufacturer"])
    rfq = wanted(buyer)
    drain()
    catalog.activated(seller, **CARPET)
    drain()
    assert len(seller.get("/v1/rfqs-for-me").json()["items"]) == 1
    buyer.post(f"/v1/rfqs/{rfq['id']}/close")
    drain()
    assert seller.get("/v1/rfqs-for-me").json()["items"] == []
    assert len(seller.get("/v1/rfqs-for-me?include_closed=true").json()["items"]) == 1
    buyer.post(f"/v1/rfqs/{rfq['id']}/cancel", json={"reason": "Нет"})
    drain()
    assert seller.get("/v1/rfqs-for-me?include_closed=true").json()["items"] == []


def test_a_request_to_the_invited_is_matched_for_its_buyer_alone(
    as_org: AsOrg, drain: Drain
) -> None:
    buyer, seller = as_org(["buyer"], country="CN"), as_org(["manufacturer"])
    catalog.activated(seller, **CARPET)
    guest = f"organisation_{as_org(['supplier']).org_id.hex}"
    rfq = wanted(buyer, audience="invited", invited=[guest])
    drain()
    (found,) = buyer.get(f"/v1/rfqs/{rfq['id']}/matches").json()["items"]
    assert seller.get("/v1/rfqs-for-me").json()["items"] == []
    assert seller.get(f"/v1/matches/{found['id']}/explanation").status_code == 404
    asked = buyer.post(
        f"/v1/tenders/{rfq['id'].replace('rfq_', 'tender_')}/invitations",
        json={"seller_id": f"organisation_{seller.org_id.hex}"},
    )
    assert asked.status_code == 404
