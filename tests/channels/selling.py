"""An exporter of honey, and what it needs to show it in China."""

from datetime import UTC, date, datetime, time
from typing import Any

from tests.catalog import samples
from tests.contracts import delivering
from tests.procurement import bidding

CERTIFICATE = {
    "scheme": "CT-1",
    "number": "KG-2026-417",
    "issued_by": "Chamber of Commerce and Industry of the Kyrgyz Republic",
    "expires_on": "2099-12-31",
}
HONEY = {
    "hs_code": "040900",
    "cpv_code": "15831600-8",
    "country_of_origin": "KG",
    "brand": "Ат-Башы",
    "names": {"ru": "Мёд горный", "zh": "高山蜂蜜"},
    "names_origin": {"zh": "human"},
    "attributes": {},
}


def permission(document_id: str, **changed: Any) -> dict[str, Any]:
    """An export permission as POST /v1/export-permissions takes it."""
    return {
        "market": "CN",
        "authority": "GACC",
        "registration_no": "CKGZ09042402190001",
        "commodity": "Natural honey",
        "hs_codes": ["0409"],
        "protocol": "GACC and the Ministry of Agriculture, 2018",
        "valid_from": "2026-01-01",
        "valid_to": "2098-12-31",
        "document_id": document_id,
        **changed,
    }


def entered(exporter: Any, **changed: Any) -> dict[str, Any]:
    """A permission as the API answers, not verified yet."""
    paper = delivering.uploaded(exporter, b"%PDF-1.7 registration")
    answer = exporter.post("/v1/export-permissions", json=permission(paper, **changed))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def verified(exporter: Any, operator: Any, **changed: Any) -> dict[str, Any]:
    """A permission that the operator has verified."""
    made = entered(exporter, **changed)
    answer = operator.post(
        f"/v1/export-permissions/{made['id']}/verify", json={"verification": "CIFER, valid"}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def labelled(exporter: Any, product_id: str, **changed: Any) -> dict[str, Any]:
    """The label of a product, kept."""
    paper = delivering.uploaded(exporter, b"%PDF-1.7 label")
    body = {"market": "CN", "language": "zh", "document_id": paper, **changed}
    answer = exporter.post(f"/v1/products/{product_id}/labels", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def offered(exporter: Any, sku: str = "HONEY-1", **changed: Any) -> dict[str, Any]:
    """An active offer of honey; `changed` are fields of its product."""
    return samples.activated(
        exporter,
        sku=sku,
        product={**HONEY, **changed},
        unit_code="KGM",
        currency="USD",
        place_code="kg-bishkek",
    )


def feed(exporter: Any, **changed: Any) -> dict[str, Any]:
    """A feed for China, as the API answers once."""
    body = {"format": "schema_org", "market": "CN", "language": "zh", **changed}
    answer = exporter.post("/v1/feeds", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ready(exporter: Any, operator: Any) -> dict[str, Any]:
    """An active offer of honey with everything that China asks for it."""
    made = offered(exporter)
    verified(exporter, operator)
    verified(exporter, operator, authority="KG_VET", registration_no="KG-VET-77")
    labelled(exporter, made["product"]["id"])
    return made


def readiness(exporter: Any, product_id: str, market: str = "CN") -> Any:
    """The answer about a product."""
    answer = exporter.get(f"/v1/products/{product_id}/readiness", params={"market": market})
    assert answer.status_code == 200, answer.text
    return answer.json()


def missing(exporter: Any, product_id: str, market: str = "CN") -> dict[str, str]:
    """By code of what blocks and is missing: why."""
    answer = readiness(exporter, product_id, market)
    return {each["code"]: each["reason"] for each in answer["missing"] if each["blocking"]}


def move_to(day: date) -> None:
    """Let it be noon of a day."""
    bidding.advance(datetime.combine(day, time(6), UTC))
