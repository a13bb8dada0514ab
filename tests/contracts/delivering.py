"""Contracts in force with rows of a delivery schedule, and facts about them, for tests.

The rows are written as the agreement of both sides leaves them, received quantities as the receipts
do; everything after is done through the API, the clock or the tasks.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from sqlmodel import Session, col, select

from api.contracts import performance
from api.contracts.models import DeliverySchedule, DeliveryScheduleRow
from api.core import db, ids
from api.core.outbox import OutboxEvent
from api.rules.clock import local_date
from api.rules.incoterms import Incoterm
from api.rules.schedules import ScheduleStatus, contractual_event, decisive_event
from tests.contracts import signing
from tests.procurement import awarding

type AsOrg = Callable[..., Any]
PRICE = Decimal("1666.666667")
"""A million for 600 desks, to six digits."""
MEMBERS = [{"name": "Асанова А.", "position": "Chief of the warehouse"}]
PROTOCOL = {"protocol_number": "2026/16", "commission_members": MEMBERS}


class Delivery(NamedTuple):
    """A contract in force, its two sides, other credentials of the buyer, the commission."""

    contract: Any
    buyer: Any
    chief: Any
    supplier: Any
    reviewer: Any
    rows: list[str]

    def url(self, path: str) -> str:
        return f"/v1/contracts/{self.contract['id']}/{path}"


def begun(session: Session, as_org: AsOrg, *rows: Mapping[str, Any]) -> Delivery:
    """A contract about 600 desks that is in force, with these rows (one of all by default)."""
    case = awarding.ranked(session, as_org)
    contract = signing.in_force(case, awarding.awarded(case))
    who = case.parties
    made = _scheduled(session, contract, case.tender, rows or ({},))
    return Delivery(contract, who.buyer, who.chief, who.suppliers[0], who.reviewer, made)


def today(session: Session, days: int = 0) -> date:
    """The day in Bishkek by the clock that decides, so many days on."""
    return local_date(db.now(session)) + timedelta(days=days)


def noon(day: date) -> datetime:
    """Noon in Bishkek."""
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC)


def performed(session: Session, row: str, quantity: str, day: date, *, source: str) -> None:
    """Tell the fact that decides about a row."""
    session.rollback()
    found = _row(session, row)
    done = Decimal(quantity), noon(day), source
    assert performance.record(session, found, decisive_event(found.incoterm), *done)
    session.commit()


def received(superuser: psycopg.Connection[Any], row: str, quantity: str) -> None:
    """Leave a row as receipts of so much of it leave it."""
    superuser.execute(
        "UPDATE delivery_schedule_row SET despatched_quantity = %s, received_quantity = %s"
        " WHERE id = %s",
        (quantity, quantity, ids.parse("schedule_row", row)),
    )


def amended(session: Session, row: str, due: date) -> None:
    """Move the due day of a row, as an agreed amendment does, and tell it."""
    session.rollback()
    found = _row(session, row)
    found.ship_by = found.deliver_by = due
    session.add(found)
    session.commit()


def uploaded(actor: Any, text: bytes = b"%PDF-1.7 report") -> str:
    """The id of an uploaded document."""
    answer = actor.post(
        "/v1/documents",
        params={"name": "paper.txt"},
        content=text,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def presented(made: Delivery, quantity: str, **changed: Any) -> Any:
    """Try to present so much of the first row, as the supplier."""
    with db.worker_unit_of_work() as session:
        signed_at = db.now(session).isoformat()
    body = {
        "schedule_row_id": made.rows[0],
        "delivered_quantity": quantity,
        "proof_of_delivery": {"signatory": "Асанов Бакыт", "signed_at": signed_at},
        **changed,
    }
    return made.supplier.post(made.url("acceptances"), json=body)


def events(session: Session, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """Events whose type begins so, in order: (type, payload)."""
    session.rollback()
    query = select(OutboxEvent).where(col(OutboxEvent.type).startswith(prefix))
    rows = session.exec(query.order_by(col(OutboxEvent.id))).all()
    return [(row.type, row.payload) for row in rows]


def _scheduled(
    session: Session, contract: Any, tender: Any, rows: tuple[Mapping[str, Any], ...]
) -> list[str]:
    signed = signing.row(session, contract)
    schedule = DeliverySchedule(
        contract_id=signed.id,
        number=1,
        status=ScheduleStatus.AGREED,
        rows=[],
        proposed_by=signed.buyer_id,
        proposed_at=db.now(session),
        agreed_by=signed.supplier_id,
        agreed_at=db.now(session),
    )
    session.add(schedule)
    session.flush()
    made: list[UUID] = []
    for number, given in enumerate(rows, start=1):
        incoterm = given.get("incoterm", Incoterm.DAP)
        due = today(session, given.get("due_in", 10))
        row = DeliveryScheduleRow(
            contract_id=signed.id,
            schedule_id=schedule.id,
            number=number,
            item_id=ids.parse("item", tender["lots"][0]["items"][0]["id"]),
            quantity=Decimal(given.get("quantity", "600")),
            unit_code="SET",
            ship_by=due,
            deliver_by=due,
            place_code="kg-osh",
            incoterm=incoterm,
            incoterm_version="2020",
            contractual_event=contractual_event(incoterm),
        )
        session.add(row)
        made.append(row.id)
    session.commit()
    return [ids.show("schedule_row", each) for each in made]


def _row(session: Session, row: str) -> DeliveryScheduleRow:
    found = session.get(DeliveryScheduleRow, ids.parse("schedule_row", row), populate_existing=True)
    assert found is not None
    return found


def row_id(row: str) -> UUID:
    """The id of a row as the database has it."""
    return ids.parse("schedule_row", row)
