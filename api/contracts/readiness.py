"""The supplier's notice that goods lie ready: under EXW all it has to do. Never commits."""

from decimal import Decimal
from uuid import UUID

from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.contracts import performance, queries, schedule_rows, service
from api.contracts.models import Contract, DeliveryScheduleRow
from api.contracts.problems import MoreReadyThanOrdered
from api.contracts.schemas import ReadyIn
from api.core import db
from api.core.errors import Conflict, Forbidden, NotFound, refused
from api.rules import schedules as rules
from api.rules.contracts import ContractStatus, Side
from api.rules.offers import plain
from api.rules.schedules import PerformanceEvent


def tell(
    session: Session,
    contract: Contract,
    *,
    number: int,
    org_id: UUID,
    actor: str,
    data: ReadyIn,
) -> DeliveryScheduleRow:
    """Tell that goods of a row of a locked contract lie ready.

    Raises Forbidden, Conflict, NotFound, MoreReadyThanOrdered or Invalid.
    """
    if queries.performer_of(contract, org_id) is not Side.SUPPLIER:
        raise Forbidden("The supplier tells that goods lie ready.")
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}: only one in force is executed.")
    rows = schedule_rows.in_force(session, contract.id)
    row = next((each for each in rows if each.number == number), None)
    if row is None:
        raise NotFound
    if data.ready_at > db.now(session):
        raise refused("#/ready_at", "in_future", "Tell it once the goods lie ready.")
    ready = sum(
        (
            fact.quantity
            for fact in performance.facts(session, [row.id])
            if fact.event is PerformanceEvent.READY
        ),
        Decimal(),
    )
    left = rules.most(row.quantity, row.tolerance_pct) - ready
    if data.quantity > left:
        raise MoreReadyThanOrdered(f"Of row {number}, {plain(left)} {row.unit_code} is not ready.")
    source = f"ready_notice:{uuid7().hex}"
    performance.record(session, row, PerformanceEvent.READY, data.quantity, data.ready_at, source)
    told = {"row": number, "quantity": plain(data.quantity)}
    service.log(session, contract, "tell_ready", actor, told)
    return row
