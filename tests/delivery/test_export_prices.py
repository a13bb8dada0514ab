"""What Kyrgyz goods cost delivered in China, by hand to the fen, and their price under each rule."""

import json
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from sqlmodel import Session

from api.core import db
from api.delivery.landed_cost import verification
from api.reference.models import FxRate
from api.rules.clock import local_date
from tests.channels import selling

ROUTE = "road-bishkek-torugart-urumqi"
# Incoterm: (place, price of a kilogram, 20 t delivered in Urumqi), as in docs/landed-cost.md
PRICES = {
    "EXW": ("kg-bishkek", "19.916", "529830.05"),
    "FCA": ("kg-bishkek", "20", "529830.05"),
    "CPT": ("cn-urumqi", "21.15", "533886.05"),
    "CIP": ("cn-urumqi", "21.22", "533885.4"),
    "DAP": ("cn-urumqi", "21.15", "532130.5"),
    "DPU": ("cn-urumqi", "21.17", "532231.9"),
    "DDP": ("cn-urumqi", "26.5865", "532130"),
}


@pytest.fixture
def exporter(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def rates(session: Session) -> None:
    """0.08 yuan for a som."""
    day = local_date(db.now(session))
    with db.worker_unit_of_work() as worker:
        rate = D("0.08")
        worker.add(FxRate(day=day, base="KGS", quote="CNY", rate=rate, source="PBOC (test)"))


def honey(exporter: Any, **changed: Any) -> dict[str, Any]:
    """20 t of honey, packed 21 t."""
    terms = {
        "currency": "CNY",
        "min_order_quantity": "20000",
        "order_multiple": "1",
        "price_tiers": [{"min_quantity": "20000", "unit_price": "20"}],
        "lead_time_tiers": [{"min_quantity": "20000", "days": 15}],
        "gross_weight_kg": "1.05",
        **changed,
    }
    made = selling.offered(exporter)
    answer = exporter.patch(f"/v1/offers/{made['id']}", json=terms)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def asked(exporter: Any, offer: dict[str, Any], **query: Any) -> Any:
    path = f"/v1/products/{offer['product']['id']}/export-prices"
    return exporter.get(path, params={"market": "CN", **query})


def by_route(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {each["route_code"]: each for each in answer.json()["items"]}


@pytest.mark.usefixtures("rates")
def test_the_worked_example_comes_to_its_figures(exporter: Any) -> None:
    offer = honey(exporter)

    told = by_route(asked(exporter, offer))[ROUTE]

    assert told["faults"] == []
    assert told["home_currency"] == "CNY"
    figures = [D(told[name]) for name in ("customs_value", "duty", "vat", "delivered")]
    assert figures == [D("408400.52"), D("61260.08"), D("42269.45"), D("529830.05")]
    found = {
        each["incoterm"]: (each["place_code"], D(each["unit_price"]), D(each["delivered"]))
        for each in told["prices"]
    }
    assert found == {
        term: (place, D(price), D(delivered)) for term, (place, price, delivered) in PRICES.items()
    }
    assert "tariff 040900" in told["unreviewed"], "nobody has read the duty in its source"


@pytest.mark.usefixtures("rates")
def test_a_landed_cost_in_china_is_kept_and_recomputed_as_every_other(exporter: Any) -> None:
    offer = honey(exporter)
    body = {
        "offer_id": offer["id"],
        "destination_place_code": "cn-urumqi",
        "route_code": ROUTE,
        "delivery_terms": {"incoterm": "FCA", "is_seller_premises": False},
        "lines": [{"id": "1", "quantity": "20000", "unit_code": "KGM", "tnved_code": "0409000000"}],
    }

    answer = exporter.post("/v1/landed-costs", json=body)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (D(made["total_gross"]), made["currency"]) == (D("529830.05"), "CNY")
    file = exporter.get(f"/v1/landed-costs/{made['id']}/file").content
    assert verification.check(file, sha256=made["sha256"]) == []
    assert json.loads(file)["inputs"]["lines"][0]["vat"]["rate"] == "0.09"
    dearer = file.replace(b'"rate":"0.09"', b'"rate":"0.13"', 1)
    assert verification.check(dearer, sha256=made["sha256"]) != []


@pytest.mark.usefixtures("rates")
def test_what_is_missing_is_told_by_way_and_field(
    exporter: Any, as_org: Callable[..., Any]
) -> None:
    offer = honey(exporter)
    ways = by_route(asked(exporter, offer))
    assert sorted(ways) == [
        "rail-alamedin-altynkol-urumqi",
        "road-bishkek-torugart-kashi",
        ROUTE,
        "road-osh-irkeshtam-kashi",
    ]
    off = ways["road-osh-irkeshtam-kashi"]
    assert (off["prices"], off["delivered"]) == ([], None)
    assert [each["code"] for each in off["faults"]] == ["place_not_on_route"]
    product = exporter.patch(f"/v1/products/{offer['product']['id']}", json={"hs_code": "940320"})
    assert product.status_code == 200, product.text
    unknown = by_route(asked(exporter, offer))[ROUTE]
    assert [(e["pointer"], e["code"]) for e in unknown["faults"]] == [
        ("#/lines/0/tnved_code", "tariff_missing")
    ]
    assert asked(as_org(["manufacturer"]), offer).status_code == 404
    refused = asked(exporter, offer, market="FR")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#?query/market")
