"""A marketplace without an API of its own: told by signed webhooks, answers by our API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.channels.listing import Shop
from tests.tenancy.world import ok
from tests.webhooks import receiving


@pytest.fixture
def partner(as_org: Callable[..., Any]) -> Any:
    return as_org(["partner"])


def connected(shop: Shop, partner: Any) -> None:
    body = {
        "name": "Silk Road Market",
        "channel": "partner",
        "market": "CN",
        "partner_id": f"organisation_{partner.org_id.hex}",
    }
    shop.connection = ok(shop.seller.post("/v1/channel-connections", json=body))
    shop.drain()
    assert ok(shop.seller.get(shop.url))["status"] == "connected"


def items(partner: Any) -> list[dict[str, Any]]:
    page = ok(partner.get("/v1/events", params={"types": "channel_item.*", "limit": 100}))
    return list(page["items"])


def test_a_partner_is_told_of_what_changed_and_answers_item_by_item(
    shop: Shop, partner: Any
) -> None:
    connected(shop, partner)
    with receiving.receiver() as here:
        endpoint = {"url": here.url, "event_types": ["channel_item.*"]}
        secret = ok(partner.post("/v1/webhook-endpoints", json=endpoint))["secret"]
        made = shop.asked(shop.goods())
        url = f"/v1/channel-listings/{made['id']}"
        assert partner.get(url).status_code == 404
        shop.drain()
        receiving.deliver()
        (request,) = here.received
    Webhook(secret).verify(request.body, {k.lower(): v for k, v in request.headers.items()})
    told = json.loads(request.body)
    assert (told["type"], told["resource"]["id"]) == ("channel_item.offered", made["id"])
    assert told["data"]["content"]["title"] == "高山蜂蜜"
    assert told["data"]["price"]["price_tiers"][0] == {"min_quantity": "10", "unit_price": "9.5"}

    ok(partner.post(f"{url}/accept", json={"external_id": "8842017"}))
    assert shop.told(made)["external_id"] == "8842017"
    assert shop.told(made)["status"] == "live"
    tiers = [{"min_quantity": "10", "unit_price": "9.10"}]
    ok(shop.seller.patch(f"/v1/offers/{made['offer_id']}", json={"price_tiers": tiers}))
    ok(shop.seller.patch(url, json={"stock": "7"}))
    shop.drain()
    price, stock = items(partner)[1:]
    assert (price["type"], price["data"]["content"]) == ("channel_item.price_changed", None)
    assert (stock["type"], stock["data"]["stock"]) == ("channel_item.stock_changed", "7")
    assert price["data"]["external_id"] == "8842017"

    again = partner.post(f"{url}/accept", json={})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    fault = {"pointer": "#/product/media", "code": "too_small", "detail": "800 pixels at least"}
    ok(partner.post(f"{url}/reject", json={"faults": [fault]}))
    found = shop.told(made)
    assert (found["status"], found["faults"]) == ("rejected", [{**fault, "channel_code": None}])
    shop.act(made, "withdraw")
    assert items(partner)[-1]["type"] == "channel_item.hidden"
    assert partner.get(url).status_code == 404


def test_nobody_else_answers_and_no_other_organisation_is_a_marketplace(
    shop: Shop, partner: Any, as_org: Callable[..., Any]
) -> None:
    connected(shop, partner)
    made = shop.asked(shop.goods())
    shop.drain()
    url = f"/v1/channel-listings/{made['id']}/accept"

    assert as_org(["partner"]).post(url, json={}).status_code == 404
    assert shop.seller.post(url, json={}).status_code == 403
    assert shop.told(made)["status"] == "submitted"
    buyer = as_org(["buyer"])
    body = {"name": "x", "channel": "partner", "market": "CN"}
    for each in (None, f"organisation_{buyer.org_id.hex}"):
        answer = shop.seller.post("/v1/channel-connections", json={**body, "partner_id": each})
        assert [e["pointer"] for e in answer.json()["errors"]] == ["#/partner_id"]
