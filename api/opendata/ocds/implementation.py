"""What of a signed contract has been done: a milestone for each row that anything was told of.

A row stays when what was told is taken back: a merge of releases removes no milestone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from api.contracts import performance, schedule_rows
from api.contracts.models import Contract, DeliveryScheduleRow
from api.core import ids
from api.opendata.ocds.values import Json, compact, day, instant
from api.rules.offers import plain
from api.rules.schedules import PerformanceEvent


def implementation(session: Session, contract: Contract) -> Json | None:
    """`contract.implementation`; None before anything has happened to the goods."""
    told = performance.rows_told(session, contract.id)
    rows = [row for row in schedule_rows.in_force(session, contract.id) if row.id in told]
    if not rows:
        return None
    last = _last_receipts(session, [row.id for row in rows])
    return {"milestones": [_milestone(row, last) for row in rows]}


def _milestone(row: DeliveryScheduleRow, last: Mapping[UUID, datetime]) -> Json:
    met = row.received_quantity >= row.quantity
    status = "met" if met else "partiallyMet" if row.received_quantity else "scheduled"
    sent, came = plain(row.despatched_quantity), plain(row.received_quantity)
    return compact(
        {
            "id": ids.show("schedule_row", row.id),
            "type": "delivery",
            "code": row.contractual_event.value,
            "description": f"{plain(row.quantity)} {row.unit_code}: {sent} despatched, {came} received",
            "dueDate": day(row.due, end=True),
            "dateMet": instant(last.get(row.id)) if met else None,
            "status": status,
        }
    )


def _last_receipts(session: Session, row_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    return {
        fact.schedule_row_id: fact.occurred_at
        for fact in performance.facts(session, row_ids)
        if fact.event is PerformanceEvent.RECEIVED
    }
