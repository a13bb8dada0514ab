"""Quotes: whose they are, how they change, until when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def test_the_buyer_sees_a_quote_at_once_and_no_other_seller_ever(
    buyer: Any, seller: Any, as_org: AsOrg
) -> None:
    rfq, other = samples.published(buyer), as_org(["supplier"])
    quote = samples.quoted(seller, rfq)
    url = f"/v1/quotes/{quote['id']}"
    assert buyer.get(url).json() == quote
    assert buyer.get(f"/v1/quotes?rfq={rfq['id']}").json()["items"] == [quote]
    samples.quoted(other, rfq)
    for stranger in (other, as_org(["operator"]), as_org(["supplier"])):
        assert stranger.get(url).status_code in (403, 404)
        assert stranger.get(f"{url}/versions").status_code in (403, 404)
        assert stranger.get(f"/v1/rfqs/{rfq['id']}/comparison").status_code in (403, 404)
    assert [each["id"] for each in seller.get("/v1/quotes").json()["items"]] == [quote["id"]]
    assert "quote.submitted" in [e["type"] for e in buyer.get("/v1/events").json()["items"]]
    assert "quote.submitted" not in [
        e["type"]
        for e in other.get("/v1/events").json()["items"]
        if e["resource"]["id"] == quote["id"]
    ]


def test_every_version_of_a_quote_is_kept(buyer: Any, seller: Any) -> None:
    rfq = samples.published(buyer)
    first = samples.quoted(seller, rfq)
    url = f"/v1/quotes/{first['id']}"
    cheaper = samples.quote(rfq, samples.line(rfq, ("1", "6200")), number="Q-2027-018/2")
    stale = seller.post(f"{url}/revise", json=cheaper, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    second = seller.post(f"{url}/revise", json=cheaper).json()
    assert second["content"]["number"] == "Q-2027-018/2"
    versions = buyer.get(f"{url}/versions").json()["items"]
    assert [each["content"] for each in versions] == [first["content"], second["content"]]
    taken_back = seller.post(f"{url}/withdraw").json()
    assert taken_back["status"] == "withdrawn"
    assert seller.post(f"{url}/revise", json=cheaper).status_code == 409
    assert samples.compared(buyer, rfq)["volumes"][0]["quotes"] == []
    assert samples.quoted(seller, rfq)["id"] != first["id"]


def test_a_quote_that_has_lapsed_is_not_changed_and_makes_way_for_another(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    rfq = samples.published(buyer)
    quote = samples.quoted(seller, rfq, valid_until=samples.ahead(days=1))
    url = f"/v1/quotes/{quote['id']}"
    again = seller.post(f"/v1/rfqs/{rfq['id']}/quotes", json=samples.quote(rfq))
    assert again.json()["code"] == "quote_stands"
    bidding.advance(datetime.fromisoformat(quote["valid_until"]))
    for act, body in (("revise", samples.quote(rfq)), ("withdraw", None)):
        assert seller.post(f"{url}/{act}", json=body).json()["code"] == "quote_lapsed"
    assert seller.get(url).json()["status"] == "submitted"
    renewed = samples.quoted(seller, rfq, valid_until=samples.ahead(days=2))
    assert seller.get(url).json()["status"] == "expired"
    bidding.advance(datetime.fromisoformat(renewed["valid_until"]))
    clock.tick()
    drain()
    assert buyer.get(f"/v1/quotes/{renewed['id']}").json()["status"] == "expired"


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"currency": "XXX"}, "#/currency", "unknown_currency"),
        ({"place_code": "cn-nowhere"}, "#/place_code", "unknown_place"),
        ({"dispatch_country": "XX"}, "#/dispatch_country", "unknown_country"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "#/valid_until", "in_the_past"),
    ],
)
def test_a_quote_that_says_what_cannot_be_is_not_kept(
    buyer: Any, seller: Any, changed: dict[str, Any], pointer: str, code: str
) -> None:
    rfq = samples.published(buyer)
    answer = seller.post(f"/v1/rfqs/{rfq['id']}/quotes", json=samples.quote(rfq, **changed))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert seller.get("/v1/quotes").json()["items"] == []


def test_lines_of_a_quote_are_of_the_request_and_their_prices_fall(buyer: Any, seller: Any) -> None:
    rfq = samples.published(buyer)
    lines = [
        samples.line(rfq, ("1", "10"), ("50", "11")),
        samples.line(rfq, ("1", "9")),
        samples.line(rfq, ("1", "9"), item_id=f"rfqitem_{'0' * 32}"),
    ]
    answer = seller.post(f"/v1/rfqs/{rfq['id']}/quotes", json=samples.quote(rfq, *lines))
    told = {(each["pointer"], each["code"]) for each in answer.json()["errors"]}
    assert ("#/lines/1/item_id", "item_twice") in told
    assert ("#/lines/2/item_id", "unknown_item") in told
    assert any(pointer.startswith("#/lines/0/price_tiers") for pointer, _ in told)
    own = buyer.post(f"/v1/rfqs/{rfq['id']}/quotes", json=samples.quote(rfq))
    assert own.status_code == 403  # a buyer alone sells nothing


def test_of_two_quotes_of_one_seller_at_once_one_stands(buyer: Any, seller: Any) -> None:
    rfq = samples.published(buyer)
    body = samples.quote(rfq)
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(
            lambda _: seller.post(f"/v1/rfqs/{rfq['id']}/quotes", json=body), range(2)
        )
        statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, 409]
    assert len(seller.get("/v1/quotes").json()["items"]) == 1
