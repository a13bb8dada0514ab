"""Input for catalogue tests: one good offer, changed as each test needs."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

from api.rules.clock import local_date, utcnow

HEADER = [
    "sku",
    "name_ky",
    "name_ru",
    "name_en",
    "name_zh",
    "description_ky",
    "description_ru",
    "description_en",
    "description_zh",
    "brand",
    "model",
    "hs_code",
    "cpv_code",
    "unit_code",
    "country_of_origin",
    "min_order_quantity",
    "order_multiple",
    "currency",
    "incoterm",
    "place",
    "price_tiers",
    "lead_time_tiers",
    "supply_quantity",
    "supply_period",
    "warranty_months",
    "certificates",
    "attributes",
]
DESK = {
    "sku": "RX-101",
    "name_en": "Single height-adjustable school desk and chair set",
    "name_zh": "学生课桌椅套装 单人可升降",
    "description_en": "Height 620-760 mm in eight steps.",
    "brand": "睿学",
    "model": "RX-K101",
    "hs_code": "940320",
    "cpv_code": "39160000-1",
    "unit_code": "SET",
    "country_of_origin": "CN",
    "min_order_quantity": "100",
    "order_multiple": "10",
    "currency": "CNY",
    "incoterm": "FCA",
    "place": "cn-linyi",
    "price_tiers": "100=118.00;500=109.1234;2000=102.00",
    "lead_time_tiers": "100=15;1000=28",
    "supply_quantity": "12000",
    "supply_period": "month",
    "warranty_months": "24",
    "attributes": "height=620-760 mm;seats=1",
}
CAPACITY = {
    "quantity": "500",
    "unit_code": "SET",
    "period": "week",
    "lead_days": 5,
    "calendar": "KG",
}
CHANGE = {"changes": {"mpn": "RX-K101-2"}, "cause": "На упаковке другой номер"}
CERTIFICATE = {
    "scheme": "ISO9001",
    "number": "CN25Q31807R2M",
    "issued_by": "Huaheng System Certification (Jinan)",
    "expires_on": "2030-12-31",
}


def product(**changed: Any) -> dict[str, Any]:
    """A product as POST /v1/products takes it."""
    return {
        "brand": "睿学",
        "hs_code": "940320",
        "cpv_code": "39160000-1",
        "country_of_origin": "CN",
        "names": {"en": "School desk set", "zh": "学生课桌椅套装"},
        "attributes": {"height": "620-760 mm"},
        **changed,
    }


def offer(**changed: Any) -> dict[str, Any]:
    """An offer as POST /v1/offers takes it; its product comes along."""
    fields = {
        "sku": "RX-101",
        "product": product(),
        "unit_code": "SET",
        "min_order_quantity": "100",
        "order_multiple": "10",
        "currency": "CNY",
        "incoterm": "FCA",
        "place_code": "cn-linyi",
        "price_tiers": [
            {"min_quantity": "100", "unit_price": "118.00"},
            {"min_quantity": "500", "unit_price": "109.1234"},
        ],
        "lead_time_tiers": [{"min_quantity": "100", "days": 15}],
        "supply_quantity": "12000",
        "supply_period": "month",
        "warranty_months": 24,
        **changed,
    }
    return {key: value for key, value in fields.items() if value is not None}


def csv_file(*rows: dict[str, str], header: list[str] | None = None) -> bytes:
    """A CSV file of desks, each changed by one of `rows`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header or HEADER, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({**DESK, **row} for row in rows)
    return text.getvalue().encode()


def ndjson_file(*offers: dict[str, Any]) -> bytes:
    """An NDJSON file of offers."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in offers).encode()


def added(seller: Any, **changed: Any) -> dict[str, Any]:
    """A product of the seller."""
    answer = seller.post("/v1/products", json=product(**changed))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def drafted(seller: Any, **changed: Any) -> dict[str, Any]:
    """An offer as the API answers, not yet shown."""
    answer = seller.post("/v1/offers", json=offer(**changed))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def activated(seller: Any, **changed: Any) -> dict[str, Any]:
    """An offer as the API answers, shown to buyers."""
    made = drafted(seller, **changed)
    answer = seller.post(f"/v1/offers/{made['id']}/activate")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def promised(seller: Any, product: str) -> dict[str, Any]:
    """A unit of the capacity of a product, promised for a day two months from now."""
    url = f"/v1/products/{product}"
    stated = seller.request("PUT", f"{url}/capacity", json=CAPACITY)
    assert stated.status_code == 200, stated.text
    due_on = (local_date(utcnow()) + timedelta(days=60)).isoformat()
    body = {"quantity": "1", "due_on": due_on, "reference": "SO-1"}
    answer = seller.post(f"{url}/capacity-promises", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fact(kind: str, quantity: str, reference: str, **changed: Any) -> dict[str, Any]:
    """What happened to goods of an offer at a place."""
    return {
        "sku": "RX-101",
        "place_code": "cn-linyi",
        "kind": kind,
        "quantity": quantity,
        "reference": reference,
        "occurred_at": "2026-01-10T09:00:00+06:00",
        **changed,
    }


def sample(offer: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A request for a sample of an offer."""
    return {"offer_id": offer["id"], "quantity": "1", "place_code": "kg-bishkek", **changed}


def group() -> dict[str, Any]:
    """A group of one variant as POST /v1/product-groups takes it."""
    return {
        "names": {"en": "School desks"},
        "axes": ["colour"],
        "base": product(),
        "variants": [{"values": {"colour": "grey"}}],
    }


def price_point(**changed: Any) -> dict[str, Any]:
    """Other prices of the sample offer as POST …/price-points takes them."""
    return {
        "currency": "KGS",
        "incoterm": "DAP",
        "place_code": "kg-bishkek",
        "price_tiers": [
            {"min_quantity": "100", "unit_price": "1600"},
            {"min_quantity": "500", "unit_price": "1500.50"},
        ],
        **changed,
    }
