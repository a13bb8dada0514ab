"""How far a signed contract has come: a milestone for each row of its delivery schedule."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from api.contracts import damages, performance, schedule_rows
from api.contracts.models import Contract, DeliveryScheduleRow
from api.core import db
from api.opendata.ocds.values import Json, compact, day, instant
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.penalties import performances
from api.rules.schedules import PerformanceEvent


def implementation(session: Session, contract: Contract) -> Json | None:
    """`contract.implementation`; None before a schedule is in force."""
    rows = schedule_rows.in_force(session, contract.id)
    if not rows:
        return None
    known = performance.facts(session, [row.id for row in rows])
    last = {
        fact.schedule_row_id: fact.occurred_at
        for fact in known
        if fact.event is PerformanceEvent.RECEIVED
    }
    now = db.now(session)
    facts = damages.by_row(known, until=now)
    failed = {
        row.id
        for row in rows
        if row.due is not None
        and local_date(now) > row.due
        and not performances(facts[row.id], row.incoterm)
    }
    return {"milestones": [_milestone(row, last, row.id in failed) for row in rows]}


def _milestone(row: DeliveryScheduleRow, last: Mapping[UUID, datetime], failed: bool) -> Json:
    """`failed`: its day is over, and nothing of what binds the seller has happened."""
    met = row.received_quantity >= row.quantity
    started = "partiallyMet" if row.received_quantity else "notMet" if failed else "scheduled"
    received, ordered = plain(row.received_quantity), plain(row.quantity)
    return compact(
        {
            "id": str(row.number),
            "type": "delivery",
            "code": row.contractual_event,
            "description": f"{received} of {ordered} {row.unit_code} received",
            "dueDate": day(row.due, end=True),
            "dateMet": instant(last.get(row.id)) if met else None,
            "status": "met" if met else started,
        }
    )
