"""Contracts in force with rows of a delivery schedule, and facts about them, for tests.

The rows are proposed by the buyer and accepted by the supplier. Facts of the past are recorded as
tracking records them; everything else is done through the API, the clock or the tasks.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from api.contracts import performance
from api.contracts.models import DeliveryScheduleRow
from api.contracts.schemas import ScheduleRowIn
from api.core import db, ids
from api.core.outbox import OutboxEvent
from api.rules.clock import local_date
from api.rules.incoterms import Incoterm
from api.rules.schedules import decisive_event
from tests.contracts import signing
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.procurement import awarding
from tests.remembered import remembered

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


@remembered
def begun(session: Session, as_org: AsOrg, *rows: Mapping[str, Any]) -> Delivery:
    """A contract about 600 desks that is in force, with these rows (one of all by default)."""
    case = awarding.ranked(session, as_org)
    contract = signing.in_force(case, awarding.awarded(case))
    who = case.parties
    item = case.tender["lots"][0]["items"][0]["id"]
    made = Execution(who.buyer, who.suppliers[0], contract, item)
    wanted = [_given(session, n, each) for n, each in enumerate(rows or ({},), start=1)]
    executing.agree(made, *wanted)
    agreed = [row["id"] for row in made.rows()]
    return Delivery(contract, who.buyer, who.chief, who.suppliers[0], who.reviewer, agreed)


def _given(session: Session, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """A row that binds on one day: as a test names it, as the API takes it."""
    due = today(session, given.get("due_in", 10)).isoformat()
    return {
        "number": number,
        "quantity": given.get("quantity", "600"),
        "incoterm": given.get("incoterm", Incoterm.DAP),
        "tolerance_pct": "0",
        "ready_by": None,
        "ship_by": due,
        "deliver_by": due,
    }


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


def received(made: Delivery, quantity: str) -> None:
    """Send and receive so much of the first row."""
    sides = Execution(made.buyer, made.supplier, made.contract, "")
    answer = executing.receive(sides, executing.despatched(sides, quantity), quantity)
    assert answer.status_code == 201, answer.text


def amended(made: Delivery, row: str, due: date) -> None:
    """Move the due day of a row, by a change of the contract to which both sides agree."""
    shown = made.supplier.get(made.url("delivery-schedule")).json()["items"]
    kept = [{name: each[name] for name in ScheduleRowIn.model_fields} for each in shown]
    for wanted, each in zip(kept, shown, strict=True):
        if each["id"] == row:
            wanted |= {"ship_by": due.isoformat(), "deliver_by": due.isoformat()}
    body = {
        "rationale_type": "durationExtension",
        "rationale": "Граница закрыта",
        "value_delta": "0",
        "schedule": kept,
    }
    answer = made.supplier.post(made.url("changes"), json=body)
    assert answer.status_code == 201, answer.text
    answer = made.buyer.post(made.url(f"changes/{answer.json()['changes'][-1]['number']}/agree"))
    assert answer.status_code == 200, answer.text


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


def _row(session: Session, row: str) -> DeliveryScheduleRow:
    found = session.get(DeliveryScheduleRow, ids.parse("schedule_row", row), populate_existing=True)
    assert found is not None
    return found
