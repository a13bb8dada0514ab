"""Facts about rows of the delivery schedule, written by the features above. Never commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.contracts.models import Contract, DeliveryScheduleRow, Performance
from api.core import bulk
from api.core.outbox import emit
from api.rules.schedules import PerformanceEvent


def record(
    session: Session,
    schedule_row: DeliveryScheduleRow,
    event: PerformanceEvent,
    quantity: Decimal,
    at: datetime,
    source: str,
    evidence: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Tell that `event` happened to `quantity` of a row at `at`; False: this source told it before.

    `evidence` names what shows it, for example `{"type": "document", "sha256": …}`. Emits
    `contract.performed` of the contract's buyer, with the row, once for each fact.
    """
    return _write(session, schedule_row, event, quantity, at, source, evidence, None)


def retract(session: Session, fact: Performance, *, at: datetime, source: str) -> bool:
    """Take a fact back, because of `source`; False when it was taken back before."""
    row = session.get_one(DeliveryScheduleRow, fact.schedule_row_id)
    return _write(session, row, fact.event, fact.quantity, at, source, (), fact.id)


def facts(session: Session, schedule_row_ids: Sequence[UUID]) -> Sequence[Performance]:
    """What is held true of rows: facts that nobody has retracted, in the order of their times."""
    session.flush()
    retracted = select(Performance.retracts_id).where(col(Performance.retracts_id).is_not(None))
    return session.exec(
        select(Performance)
        .where(
            col(Performance.schedule_row_id).in_(schedule_row_ids),
            col(Performance.retracts_id).is_(None),
            col(Performance.id).not_in(retracted),
        )
        .order_by(col(Performance.occurred_at), col(Performance.id))
    ).all()


def told_by(session: Session, source: str) -> Sequence[Performance]:
    """The facts that a source has told and nobody has retracted."""
    rows = session.exec(select(Performance).where(Performance.source == source)).all()
    alive = {fact.id for fact in facts(session, [row.schedule_row_id for row in rows])}
    return [row for row in rows if row.id in alive]


def _write(
    session: Session,
    row: DeliveryScheduleRow,
    event: PerformanceEvent,
    quantity: Decimal,
    at: datetime,
    source: str,
    evidence: Sequence[Mapping[str, Any]],
    retracts_id: UUID | None,
) -> bool:
    session.flush()
    values = bulk.new_row(
        contract_id=row.contract_id,
        schedule_row_id=row.id,
        event=event,
        quantity=quantity,
        occurred_at=at,
        source=source,
        evidence=[dict(each) for each in evidence],
        retracts_id=retracts_id,
    )
    statement = insert(Performance).values(values).on_conflict_do_nothing()
    written = session.exec(statement.returning(col(Performance.id))).one_or_none()
    if written is None:
        return False
    contract = session.get_one(Contract, row.contract_id)
    emit(
        session,
        "contract.performed" if retracts_id is None else "contract.performance_retracted",
        contract.id,
        org_id=contract.buyer_id,
        also=contract.suppliers,
        **contract.origin,
        row=row.id.hex,
        event=event,
        source=source,
        version=contract.version,
    )
    return True
