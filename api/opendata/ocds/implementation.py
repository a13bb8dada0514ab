"""How far a signed contract has come: a milestone for each row of its delivery schedule and for each
part of its value, the protocols that goods were accepted by, and what was paid."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from api.contracts import acceptances, damages, performance, schedule_rows
from api.contracts.models import Contract, DeliveryScheduleRow
from api.core import db, ids
from api.opendata.ocds.process import Process
from api.opendata.ocds.values import Json, compact, day, instant, money
from api.payments.models import PaymentMilestone
from api.payments.service import milestone_payments as payments
from api.payments.service import milestones
from api.rules.acceptance import DECIDED
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.payment_milestones import MilestoneStatus
from api.rules.penalties import performances
from api.rules.schedules import PerformanceEvent
from api.rules.tenders import Value

_STATUS = {MilestoneStatus.COMPLETED: "met", MilestoneStatus.CANCELLED: "notMet"}


def implementation(process: Process, contract: Contract) -> Json | None:
    """`contract.implementation`; None before a schedule is in force."""
    session = process.session
    rows = schedule_rows.in_force(session, contract.id)
    parts = milestones.list_milestones(session, contract)
    told = {
        "milestones": [*_deliveries(session, rows), *_parts(parts)],
        "documents": _protocols(session, contract, rows),
        "transactions": _transactions(process, contract, parts),
    }
    return compact(told) or None


def _parts(parts: Sequence[PaymentMilestone]) -> list[Json]:
    """The parts of the value, as payment milestones."""
    return [
        compact(
            {
                "id": f"payment-{each.number}",
                "type": "payment",
                "code": each.kind,
                "description": f"{plain(each.paid)} of {plain(each.worth)} {each.currency} paid",
                "status": _STATUS.get(each.status)
                or ("partiallyMet" if each.paid else "scheduled"),
            }
        )
        for each in parts
    ]


def _protocols(
    session: Session, contract: Contract, rows: Sequence[DeliveryScheduleRow]
) -> list[Json]:
    """What was decided of goods that were presented: by which protocol, or by silence."""
    known = {row.id: row for row in rows}
    found = []
    for each in acceptances.acceptances(session, contract):
        row = known.get(each.schedule_row_id)
        if each.status not in DECIDED or row is None:
            continue
        number, unit = each.protocol_number, row.unit_code
        accepted, rejected = plain(each.accepted_quantity), plain(each.rejected_quantity)
        found.append(
            {
                "id": ids.show("acceptance", each.id),
                "documentType": "completionCertificate",
                "title": f"Protocol {number}" if number else "Deemed acceptance",
                "description": f"Row {row.number}: {accepted} {unit} accepted, {rejected} rejected",
                "datePublished": instant(each.decided_at),
            }
        )
    return found


def _transactions(
    process: Process, contract: Contract, parts: Sequence[PaymentMilestone]
) -> list[Json]:
    """What the supplier was paid, by whichever way."""
    session = process.session
    numbers = {each.id: each.number for each in parts}
    paid = [each for each in payments.list_payments(session, contract) if each.paid_at and each.net]
    if not paid:
        return []
    payer, payee = process.reference(contract.buyer_id), process.reference(contract.supplier_id)
    return [
        {
            "id": ids.show("milestone_payment", each.id),
            "date": instant(each.paid_at),
            "value": money(Value(each.net, each.currency)),
            "payer": payer,
            "payee": payee,
            "relatedImplementationMilestone": {"id": f"payment-{numbers[each.milestone_id]}"},
        }
        for each in paid
    ]


def _deliveries(session: Session, rows: Sequence[DeliveryScheduleRow]) -> list[Json]:
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
    return [_milestone(row, last, row.id in failed) for row in rows]


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
