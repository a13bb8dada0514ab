"""Goods that are not ready for a market are withheld from its buyers, and their seller is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.rules.clock import local_date
from tests.channels import selling
from tests.procurement import samples

Drain = Callable[[], int]


@pytest.fixture
def exporter(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def operator(as_org: Callable[..., Any]) -> Any:
    return as_org(["operator"])


@pytest.fixture
def chinese(as_org: Callable[..., Any]) -> Any:
    """A buyer in China."""
    return as_org(["buyer"], country="CN")


def seen(buyer: Any) -> list[str]:
    """The skus that a search finds, and that can be read one by one."""
    found = buyer.get("/v1/offers").json()["items"]
    for each in found:
        assert buyer.get(f"/v1/offers/{each['id']}").status_code == 200
    return sorted(each["sku"] for each in found)


def standing(exporter: Any) -> dict[str, Any]:
    (found,) = exporter.get("/v1/market-standings", params={"market": "CN"}).json()["items"]
    answer: dict[str, Any] = found
    return answer


def test_buyers_of_a_market_see_what_is_ready_for_it(
    exporter: Any, operator: Any, chinese: Any, as_org: Callable[..., Any], drain: Drain
) -> None:
    offer = selling.offered(exporter)
    drain()

    assert seen(chinese) == []
    assert chinese.get(f"/v1/offers/{offer['id']}").status_code == 404
    assert seen(as_org(["buyer"])) == ["HONEY-1"], "another country asks nothing"
    told = standing(exporter)
    assert not told["ready"]
    reasons = {(e["requirement"], e["field"], e["reason"]) for e in told["missing"]}
    assert ("gacc_registration", "export_permissions", "absent") in reasons
    assert ("label_zh", "labels", "absent") in reasons
    assert chinese.get("/v1/market-standings").json()["items"] == []

    selling.verified(exporter, operator)
    vet = selling.verified(exporter, operator, authority="KG_VET", registration_no="KG-VET-77")
    selling.labelled(exporter, offer["product"]["id"])
    drain()

    assert seen(chinese) == ["HONEY-1"]
    told = standing(exporter)
    assert (told["ready"], told["missing"], told["until"]) == (True, [], "2098-12-31")
    assert (
        operator.post(
            f"/v1/export-permissions/{vet['id']}/refuse", json={"reason": "Struck off"}
        ).status_code
        == 200
    )
    drain()
    assert seen(chinese) == []
    assert [e["reason"] for e in standing(exporter)["missing"]] == ["absent"]


def test_what_lapses_is_withheld_from_the_next_day_on_whatever_workers_do(
    exporter: Any, operator: Any, chinese: Any, drain: Drain
) -> None:
    last = local_date(datetime.now(UTC)) + timedelta(days=60)
    offer = selling.offered(exporter)
    selling.verified(exporter, operator, valid_to=last.isoformat())
    selling.verified(exporter, operator, authority="KG_VET", registration_no="KG-VET-77")
    selling.labelled(exporter, offer["product"]["id"])
    drain()
    selling.move_to(last)
    assert seen(chinese) == ["HONEY-1"]

    selling.move_to(last + timedelta(days=1))

    assert seen(chinese) == []
    assert not standing(exporter)["ready"]


def test_goods_are_matched_with_requests_of_a_market_once_they_are_ready(
    exporter: Any, operator: Any, as_org: Callable[..., Any], drain: Drain
) -> None:
    buyer = as_org(["buyer"])
    offer = selling.offered(exporter)
    item = samples.item(
        description={"zh": "高山蜂蜜", "ru": "Мёд горный"},
        classification={"scheme": "CPV", "id": "15831600-8"},
        unit_code="KGM",
    )
    lot = samples.lot(
        items=[item], delivery_place_code="cn-urumqi", required_certificates=[], incoterms=[]
    )
    tender = samples.published(buyer, lots=[lot])
    drain()
    path, query = (
        f"/v1/offers/{offer['id']}/match-explanations",
        {"item": tender["lots"][0]["items"][0]["id"]},
    )
    assert exporter.get(path, params=query).json()["reason"] == "not_ready_for_market"
    assert buyer.get(f"/v1/tenders/{tender['id']}/matches").json()["items"] == []

    selling.verified(exporter, operator)
    selling.verified(exporter, operator, authority="KG_VET", registration_no="KG-VET-77")
    selling.labelled(exporter, offer["product"]["id"])
    drain()

    (match,) = buyer.get(f"/v1/tenders/{tender['id']}/matches").json()["items"]
    assert match["offer_id"] == offer["id"]
    assert exporter.get(path, params=query).json()["matched"]
