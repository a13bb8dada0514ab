"""Input for procurement tests: one good tender, changed as each test needs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import db, ids
from api.procurement import service as procurement
from api.procurement.models import Bid, Cancellation, Tender
from api.rules.clock import BISHKEK


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


def plan(**changed: Any) -> dict[str, Any]:
    """The plan of a year with one line of ten million som."""
    line = {
        "description": {"ru": "Школьная мебель"},
        "classification": {"scheme": "CPV", "id": "39160000-1"},
        "budget_amount": "10000000",
        "budget_source": "Республиканский бюджет",
        "period_start": "2027-01-01",
        "period_end": "2027-12-31",
    }
    year = datetime.now(BISHKEK).year
    return {"year": year, "title": {"ru": "План закупок"}, "items": [line], **changed}


def planned(buyer: Any, **changed: Any) -> Any:
    """A published plan, as it answers."""
    made = buyer.post("/v1/plans", json=plan(**changed))
    assert made.status_code == 201, made.text
    answer = buyer.post(f"/v1/plans/{made.json()['id']}/publish")
    assert answer.status_code == 200, answer.text
    return answer.json()


def bid_on(session: Session, made: Any, supplier: Any) -> Bid:
    """A sealed bid of a supplier, as far as counting goes: its row."""
    bid = Bid(tender_id=tender_id(made), supplier_id=supplier.org_id, received_at=datetime.now(UTC))
    session.rollback()
    session.add(bid)
    session.commit()
    return bid


def cancelled(buyer: Any, made: Any) -> Any:
    """A published tender that was cancelled, its complaint period over; as it answers."""
    url = f"/v1/tenders/{made['id']}"
    answer = buyer.post(f"{url}/cancel", json={"reason": "Нет средств"})
    assert answer.status_code == 200, answer.text
    complaints_over(made)
    return buyer.get(url).json()


def complaints_over(made: Any) -> None:
    """Let the time to complain about the cancellation of a tender have ended, and the clock run."""
    with db.worker_unit_of_work() as worker:
        query = select(Cancellation).where(
            Cancellation.tender_id == tender_id(made), Cancellation.status == "pending"
        )
        pending = worker.exec(query).all()
        for each in pending:
            each.complaint_period_end = db.now(worker)
        worker.flush()
        for each in pending:
            assert procurement.activate_due(worker, each.id)


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
