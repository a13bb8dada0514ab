"""Orders and requests that come back from Alibaba.com, asked for and pushed."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.alibaba_double.app import KEY, SECRET, Fault
from tests.channels.listing import Shop
from tests.tenancy.world import ok

T0 = 1793000000000


def order(status: str, moment: int, **changed: Any) -> dict[str, Any]:
    """An order as the platform tells it."""
    return {
        "trade_id": "12345",
        "trade_status": status,
        "modify_date": {"timestamp": moment},
        "create_date": {"timestamp": T0},
        "buyer": {"full_name": "Jack Ma", "country": "US", "e_account_id": "x"},
        "shipping_address": {"contact_person": "Jack Ma", "country_code": "US", "address": "1"},
        "remark": "call me \u0000on 555",
        "total_amount": {"amount": "123.50", "currency": "USD"},
        "order_products": {
            "trade_ecology_order_product": [
                {"product_id": "1", "model_number": "KB-1", "quantity": "12.0000", "unit": "kg"}
            ]
        },
        **changed,
    }


RFQ = {
    "unique_rfq_id": "8817",
    "subject": "Mountain honey, 20 t",
    "description": "In drums",
    "quantity": 20,
    "quantity_unit": "Ton",
    "country_simple": "DE",
    "open_time": T0,
}


def the_order(shop: Shop) -> dict[str, Any]:
    (found,) = ok(shop.seller.get("/v1/channel-orders"))["items"]
    assert found == ok(shop.seller.get(f"/v1/channel-orders/{found['id']}"))
    return dict(found)


@pytest.fixture
def push(shop: Shop) -> Any:
    """What the platform pushes to the operator's source, and the worker takes in."""
    body = {"name": "Alibaba", "provider": "alibaba", "secret": f"{KEY}:{SECRET}"}
    path = ok(shop.operator.post("/v1/intake-sources", json=body))["webhook_path"]

    def send(told: Any, key: str = KEY) -> Any:
        content = json.dumps(told).encode()
        signed = hmac.new(SECRET.encode(), key.encode() + content, hashlib.sha256).hexdigest()
        headers = {"Authorization": signed, "Content-Type": "application/json"}
        answer = shop.seller.client.post(path, content=content, headers=headers)
        if answer.status_code == 200:
            shop.drain()
        return answer

    return send


def pushed(status: str, moment: int, **data: Any) -> dict[str, Any]:
    return {
        "seller_id": "ala-too@example.kg",
        "message_type": 0,
        "data": {"trade_id": "12345", "trade_status": status, "modify_date": moment, **data},
        "timestamp": moment,
        "site": "icbu",
    }


def test_orders_and_requests_are_taken_in_once_and_followed(shop: Shop) -> None:
    shop.platform.orders["12345"] = order("unpay", T0)
    shop.platform.rfqs.append(RFQ)
    shop.wait()
    shop.wait()

    found = the_order(shop)
    assert (found["status"], found["state"], found["whole"]) == ("unpay", "unpaid", True)
    assert (found["amount"], found["currency"], found["buyer_country"]) == ("123.5", "USD", "US")
    assert found["lines"][0]["model_number"] == "KB-1"
    assert "Jack" not in json.dumps(found)
    assert "555" not in json.dumps(found)
    (inquiry,) = ok(shop.seller.get("/v1/channel-inquiries"))["items"]
    assert (inquiry["external_id"], inquiry["quantity"], inquiry["country"]) == ("8817", "20", "DE")
    assert len(shop.platform.called("alibaba.seller.order.get")) == 1

    shop.platform.orders["12345"] = order("a_state_of_tomorrow", T0 + 1000)
    shop.platform.fail("alibaba.seller.order.list", Fault(429, headers={"Retry-After": "60"}))
    shop.wait()
    shop.wait()
    found = the_order(shop)
    assert (found["status"], found["state"]) == ("a_state_of_tomorrow", "unknown")
    assert shop.events("channel_order") == ["channel_order.received", "channel_order.changed"]
    assert shop.events("channel_inquiry") == ["channel_inquiry.received"]


def test_pushes_come_in_any_order_and_the_rest_is_asked_for(shop: Shop, push: Any) -> None:
    assert push(pushed("undeliver", T0 + 5000)).status_code == 200
    found = the_order(shop)
    assert (found["state"], found["whole"], found["lines"]) == ("paid", False, [])

    push(pushed("unpay", T0))
    assert push(pushed("undeliver", T0 + 5000)).json()["duplicate"] is True
    assert the_order(shop)["state"] == "paid"
    shop.platform.orders["12345"] = order("undeliver", T0 + 5000)
    shop.wait()
    found = the_order(shop)
    assert (found["state"], found["whole"], found["amount"]) == ("paid", True, "123.5")
    push(pushed("trade_success", T0 + 9000))
    assert the_order(shop)["state"] == "completed"
    assert the_order(shop)["whole"] is True


def test_a_push_that_is_not_signed_or_not_understood_changes_nothing(shop: Shop, push: Any) -> None:
    refused = push(pushed("unpay", T0), key="another")
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_wrong")
    for told in ([], {"seller_id": "nobody", "data": {"trade_id": "1", "trade_status": "unpay"}}):
        assert push(told).status_code == 200
    unknown = {"seller_id": "ala-too@example.kg", "message_type": 99, "data": {"what": "else"}}
    assert push(unknown).status_code == 200
    assert ok(shop.seller.get("/v1/channel-orders"))["items"] == []
    kept = ok(shop.operator.get("/v1/intake-messages"))["items"]
    assert [each["state"] for each in kept] == ["worked"] * 3
