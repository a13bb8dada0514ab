"""Feeds: made, built by a worker, read at a secret address, compared with the build before."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.channels.service import feed_renewal
from api.core import db, deadlines
from api.core.deadlines import Deadline
from tests.channels import selling

FEED = {"format": "schema_org", "market": "CN", "language": "zh"}


@pytest.fixture
def exporter(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def operator(as_org: Callable[..., Any]) -> Any:
    return as_org(["operator"])


def built(owner: Any, feed: dict[str, Any], drain: Callable[[], int]) -> dict[str, Any]:
    """The newest build, made now."""
    answer = owner.post(f"/v1/feeds/{feed['id']}/builds")
    assert answer.status_code == 202, answer.text
    drain()
    job = owner.get(f"/v1/jobs/{answer.json()['job_id']}").json()
    assert (job["status"], job["progress"]["done"]) == ("succeeded", job["progress"]["total"])
    found: dict[str, Any] = owner.get(f"/v1/feeds/{feed['id']}/builds").json()["items"][0]
    assert found["finished_at"] is not None
    return found


def counts(build: dict[str, Any]) -> tuple[int, ...]:
    names = ("items", "left_out", "added", "changed", "removed", "unchanged")
    return tuple(build[name] for name in names)


def lines(client: TestClient, url: str) -> list[dict[str, Any]]:
    """What a document in JSON Lines says, without its head."""
    answer = client.get(url.removeprefix("http://127.0.0.1:8000"))
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()[1:]]


def test_a_feed_has_what_is_ready_and_says_why_the_rest_is_not_in_it(
    client: TestClient, exporter: Any, operator: Any, drain: Callable[[], int]
) -> None:
    offer = selling.ready(exporter, operator)
    selling.offered(exporter, sku="HONEY-2", names={"ru": "Мёд"}, names_origin={})
    feed = selling.feed(exporter)
    address = feed["url"].removeprefix("http://127.0.0.1:8000")
    assert client.get(address).status_code == 404, "nothing was built"

    build = built(exporter, feed, drain)

    assert counts(build) == (1, 1, 1, 0, 0, 0)
    (item,) = lines(client, feed["url"])
    assert (item["sku"], item["name"]) == ("HONEY-1", "高山蜂蜜")
    assert item["@context"][1] == {"@language": "zh"}
    origins = [e for e in item["additionalProperty"] if e["propertyID"] == "kerben:text-origin"]
    assert [(each["name"], each["value"]) for each in origins] == [("name", "human")]
    assert item["offers"][0]["priceCurrency"] == "USD"
    answer = exporter.get(f"/v1/feeds/{feed['id']}/builds/1/omissions").json()["items"]
    told = {(each["sku"], each["field"], each["requirement"], each["code"]) for each in answer}
    assert told == {
        ("HONEY-2", "labels", "label_zh", "absent"),
        ("HONEY-2", "names", "name_zh", "absent"),
        ("HONEY-2", "name", None, "absent"),
    }
    assert item["@id"] == f"urn:kerben:{offer['id']}"


def test_a_build_without_changes_is_the_same_document(
    client: TestClient, exporter: Any, operator: Any, drain: Callable[[], int]
) -> None:
    offer = selling.ready(exporter, operator)
    feed = selling.feed(exporter)
    address = feed["url"].removeprefix("http://127.0.0.1:8000")
    built(exporter, feed, drain)
    before = client.get(address)

    again = built(exporter, feed, drain)

    assert counts(again) == (1, 0, 0, 0, 0, 1)
    known = client.get(address, headers={"If-None-Match": before.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert client.get(address).content == before.content
    assert lines(client, feed["delta_url"]) == []
    terms = {"price_tiers": [{"min_quantity": "100", "unit_price": "7.5"}]}
    changed = exporter.patch(f"/v1/offers/{offer['id']}", json=terms)
    assert changed.status_code == 200, changed.text
    assert counts(built(exporter, feed, drain)) == (1, 0, 0, 1, 0, 0)
    (item,) = lines(client, feed["delta_url"])
    assert item["offers"][0]["price"] == "7.50"
    assert exporter.post(f"/v1/offers/{offer['id']}/suspend").status_code == 200
    assert counts(built(exporter, feed, drain)) == (0, 0, 0, 0, 1, 0)
    (gone,) = lines(client, feed["delta_url"])
    assert (gone["@type"], gone["object"]["@id"]) == ("DeleteAction", item["@id"])
    assert lines(client, feed["url"]) == []


def test_readers_have_the_build_before_until_the_next_is_whole(
    client: TestClient, exporter: Any, operator: Any, drain: Callable[[], int]
) -> None:
    selling.ready(exporter, operator)
    feed = selling.feed(exporter)
    address = feed["url"].removeprefix("http://127.0.0.1:8000")
    built(exporter, feed, drain)
    before = client.get(address)

    assert exporter.post(f"/v1/feeds/{feed['id']}/builds").status_code == 202

    refused = exporter.post(f"/v1/feeds/{feed['id']}/builds")
    assert (refused.status_code, refused.json()["code"]) == (409, "feed_being_built")
    assert client.get(address).headers["ETag"] == before.headers["ETag"]
    assert client.get(address).headers["Feed-Build"] == "1"
    drain()
    assert client.get(address).headers["Feed-Build"] == "2"


def test_an_address_ends_when_it_is_replaced_or_the_feed_is_closed(
    client: TestClient, exporter: Any, drain: Callable[[], int]
) -> None:
    feed = selling.feed(exporter)
    built(exporter, feed, drain)
    first = feed["url"].removeprefix("http://127.0.0.1:8000")
    assert client.get(first).status_code == 200

    rotated = exporter.post(f"/v1/feeds/{feed['id']}/rotate").json()

    second = rotated["url"].removeprefix("http://127.0.0.1:8000")
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    assert client.get(second + "x").status_code == 404
    assert exporter.post(f"/v1/feeds/{feed['id']}/close").status_code == 200
    assert client.get(second).status_code == 404
    refused = exporter.post(f"/v1/feeds/{feed['id']}/builds")
    assert (refused.status_code, refused.json()["code"]) == (409, "feed_closed")
    assert len(exporter.get(f"/v1/feeds/{feed['id']}/builds").json()["items"]) == 1
    assert selling.feed(exporter)["id"] != feed["id"], "the same may be made again"


def test_the_operator_has_a_feed_of_everybody(
    client: TestClient, exporter: Any, operator: Any, drain: Callable[[], int]
) -> None:
    offer = selling.ready(exporter, operator)

    refused = exporter.post("/v1/feeds", json={**FEED, "everybody": True})
    feed = selling.feed(operator, everybody=True)

    assert refused.status_code == 403
    assert exporter.get("/v1/feeds").json()["items"] == []
    built(operator, feed, drain)
    assert [each["@id"] for each in lines(client, feed["url"])] == [f"urn:kerben:{offer['id']}"]


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"market": "XX"}, "#/market", "unknown_market"),
        ({"format": "google_merchant"}, "#/link_template", "missing"),
        ({"link_template": "https://shop.example/"}, "#/link_template", "link_template"),
        ({"link_template": "http://shop.example/{sku}"}, "#/link_template", "url_scheme"),
    ],
)
def test_what_is_wrong_with_a_feed_is_told_by_its_field(
    exporter: Any, changed: dict[str, Any], pointer: str, code: str
) -> None:
    refused = exporter.post("/v1/feeds", json={**FEED, **changed})

    assert refused.status_code == 422
    errors = [(each["pointer"], each["code"]) for each in refused.json()["errors"]]
    assert errors == [(pointer, code)]
    assert exporter.get("/v1/feeds").json()["items"] == []


def test_goods_that_change_are_in_the_feed_after_a_while_by_one_build(
    client: TestClient,
    exporter: Any,
    operator: Any,
    drain: Callable[[], int],
    session: Session,
) -> None:
    offer = selling.ready(exporter, operator)
    feed, unbuilt = selling.feed(exporter), selling.feed(exporter, format="csv")
    built(exporter, feed, drain)
    (item,) = lines(client, feed["url"])
    assert item["offers"][0]["availability"] == "https://schema.org/InStock", "nothing is told"

    said = {"place_code": "kg-osh", "backorders": False}
    url = f"/v1/offers/{offer['id']}"
    assert exporter.request("PUT", f"{url}/stock", json=said).status_code == 200
    terms = {"price_tiers": [{"min_quantity": "100", "unit_price": "7.5"}]}
    assert exporter.patch(url, json=terms).status_code == 200
    drain()
    (due,) = session.exec(select(Deadline).where(Deadline.kind == feed_renewal.DUE)).all()
    session.rollback()
    terms["price_tiers"][0]["unit_price"] = "7.6"
    assert exporter.patch(url, json=terms).status_code == 200
    drain()
    (same,) = session.exec(select(Deadline).where(Deadline.kind == feed_renewal.DUE)).all()
    assert (same.id, same.due_at) == (due.id, due.due_at), "a heap of changes waits for one build"
    assert exporter.get(f"/v1/feeds/{feed['id']}/builds").json()["items"][0]["number"] == 1

    with db.worker_unit_of_work() as later:
        assert deadlines.fire_due(later, same.due_at) >= 1
    drain()

    build, first = exporter.get(f"/v1/feeds/{feed['id']}/builds").json()["items"]
    assert (first["number"], counts(build)) == (1, (1, 0, 0, 1, 0, 0))
    (item,) = lines(client, feed["delta_url"])
    assert item["offers"][0]["price"] == "7.60"
    assert item["offers"][0]["availability"] == "https://schema.org/OutOfStock"
    assert exporter.get(f"/v1/feeds/{unbuilt['id']}/builds").json()["items"] == []
