"""Input for procurement tests: one good tender, changed as each test needs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from api.core import db, ids
from api.procurement.models import Bid, Tender


def in_days(days: float) -> str:
    """An instant so many days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def day(days: int) -> str:
    """A calendar day so many days from today."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def item(**changed: Any) -> dict[str, Any]:
    """An item: 600 school desks."""
    return {
        "description": {"ru": "Парта ученическая двухместная"},
        "specification": {"ru": "Столешница ЛДСП 18 мм"},
        "classification": {"scheme": "CPV", "id": "39160000-1"},
        "quantity": "600",
        "unit_code": "SET",
        **changed,
    }


def lot(**changed: Any) -> dict[str, Any]:
    """A lot of one item, delivered to Osh within a budget."""
    return {
        "title": {"ru": "Парты", "ky": "Парталар"},
        "value": {"amount": "6700000", "currency": "KGS"},
        "delivery_place_code": "kg-osh",
        "delivery_address": "ул. Школьная, 12",
        "delivery_period_start": day(60),
        "delivery_period_end": day(100),
        "incoterms": ["DAP", "DDP"],
        "required_certificates": ["ISO9001"],
        "items": [item()],
        **changed,
    }


def tender(**changed: Any) -> dict[str, Any]:
    """A tender of one lot that can be published as it is."""
    return {
        "title": {"ru": "Школьная мебель", "ky": "Мектеп эмереги"},
        "description": {"ru": "Поставка и сборка"},
        "tender_period_end": in_days(22),
        "lots": [lot()],
        **changed,
    }


def drafted(buyer: Any, **changed: Any) -> Any:
    """A draft made through the API, as it answers."""
    answer = buyer.post("/v1/tenders", json=tender(**changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def published(buyer: Any, **changed: Any) -> Any:
    """A tender published through the API, as it answers."""
    made = drafted(buyer, **changed)
    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")
    assert answer.status_code == 200, answer.text
    return answer.json()


def bid_on(session: Session, made: Any, supplier: Any) -> Bid:
    """A sealed bid of a supplier, as far as counting goes: its row."""
    bid = Bid(tender_id=tender_id(made), supplier_id=supplier.org_id, received_at=datetime.now(UTC))
    session.rollback()
    session.add(bid)
    session.commit()
    return bid


def ended(session: Session, made: Any) -> Tender:
    """Let the period of a published tender, its windows included, have ended just now."""
    found = row(session, made)
    now = db.now(session)
    found.tender_period_start = now - timedelta(days=30)
    for name in ("enquiry_period_end", "clarification_until", "complaint_period_end"):
        setattr(found, name, now - timedelta(days=1))
    found.tender_period_end = now
    session.commit()
    return found


def row(session: Session, made: Any) -> Tender:
    """The tender's row as it stands in the database now."""
    session.rollback()
    session.expire_all()
    found = session.get(Tender, tender_id(made))
    assert found is not None
    return found


def tender_id(made: Any) -> UUID:
    """The UUID of an answered tender."""
    return ids.parse("tender", made["id"])


def pointers(answer: Any) -> list[str]:
    """The fields that a problem names."""
    return [error["pointer"] for error in answer.json()["errors"]]
