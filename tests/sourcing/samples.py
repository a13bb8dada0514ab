"""Requests for quotation, sellers and quotes as tests need them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from api.core import db
from api.reference.models import FxRate
from api.rules.clock import local_date
from tests.conftest import Actor
from tests.delivery import landed

type AsOrg = Callable[..., Any]
UNIT = {"net_weight_kg": "82", "gross_weight_kg": "86", "volume_m3": "0.24", "packages": "1"}
"""The goods of the worked example of landed costs, of one pump."""


def ahead(**time: float) -> str:
    """An instant from now on, by the database's clock."""
    with db.worker_unit_of_work() as session:
        return (db.now(session) + timedelta(**time)).isoformat()


def know_rates() -> None:
    """Today's rates of the yuan, the euro and the dollar."""
    landed.know_rates()
    with db.worker_unit_of_work() as session:
        row = {"base": "USD", "quote": "KGS", "rate": Decimal("87.45"), "source": landed.NBKR}
        session.add(FxRate(day=local_date(db.now(session)), **row))


def private(as_org: AsOrg, **fields: Any) -> Actor:
    """A buyer that spends its own money."""
    made: Actor = as_org(["buyer"], procurement_regime="generic", **fields)
    return made


def item(**changed: Any) -> dict[str, Any]:
    return {
        "description": {"ru": "Насос погружной скважинный 1,1 кВт", "zh": "深井潜水泵 1.1kW"},
        "quantity": "100",
        "unit_code": "C62",
        "hs_code": "841370",
        "tnved_code": "8413703000",
        **changed,
    }


def rfq(**changed: Any) -> dict[str, Any]:
    return {
        "title": {"ru": "Насосы для фермы"},
        "currency": "KGS",
        "destination_place_code": "kg-bishkek",
        "deliver_by": ahead(days=200)[:10],
        "closes_at": ahead(days=10),
        "items": [item()],
        **changed,
    }


def drafted(buyer: Actor, **changed: Any) -> Any:
    answer = buyer.post("/v1/rfqs", json=rfq(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def published(buyer: Actor, **changed: Any) -> Any:
    answer = buyer.post(f"/v1/rfqs/{drafted(buyer, **changed)['id']}/publish")
    assert answer.status_code == 200, answer.text
    return answer.json()


def line(asked: Any, *prices: tuple[str, str], **changed: Any) -> dict[str, Any]:
    """What is offered for an item, the first of the request unless another is named."""
    tiers = [{"min_quantity": least, "unit_price": price} for least, price in prices]
    named = {"item_id": asked["items"][0]["id"]}
    return {**named, "price_tiers": tiers, "lead_time_days": 30, "origin": "CN", **UNIT, **changed}


def quote(asked: Any, *lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A quote as in the worked example: pumps from Kashi, in yuan."""
    return {
        "number": "Q-2027-018",
        "currency": "CNY",
        "valid_until": ahead(days=30),
        "incoterm": "FCA",
        "place_code": "cn-kashi",
        "is_seller_premises": False,
        "dispatch_country": "CN",
        "lines": [*lines] or [line(asked, ("1", "6320"))],
        **changed,
    }


def quoted(seller: Actor, asked: Any, *lines: dict[str, Any], **changed: Any) -> Any:
    url = f"/v1/rfqs/{asked['id']}/quotes"
    answer = seller.post(url, json=quote(asked, *lines, **changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def compared(buyer: Actor, asked: Any) -> Any:
    answer = buyer.get(f"/v1/rfqs/{asked['id']}/comparison")
    assert answer.status_code == 200, answer.text
    return answer.json()
