"""Due days of the delivery schedule: a warning before, and the delay after. Never commits.

The clock's deadlines only wake: whether a row is at risk or late is decided anew from its due day
and from the facts, so that an amendment in between never raises what is no longer true. Each is told
once for a due day.
"""

from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.contracts import bases, damages, execution
from api.contracts.models import Contract, DeliveryAlert, DeliveryScheduleRow
from api.core import bulk, db, deadlines
from api.procurement.service import policies
from api.rules.claims import AlertKind
from api.rules.clock import BISHKEK
from api.rules.contracts import ContractStatus
from api.rules.offers import plain
from api.rules.penalties import performances, required_quantity

WARNING_DUE, DAY_ENDED = "delivery.warning_due", "delivery.day_ended"


def arm(session: Session, contract_id: UUID) -> int:
    """Wake the clock for each row of a contract's schedule; how many rows are watched.

    For the workers, whenever a schedule comes into force or a fact is taken back. A contract that is
    not in force is not watched.
    """
    contract = execution.locked(session, contract_id)
    if contract is None:
        return 0
    rows = session.exec(
        select(DeliveryScheduleRow).where(DeliveryScheduleRow.contract_id == contract.id)
    ).all()
    watched = {
        row.id
        for row in rows
        if row.withdrawn_at is None
        and row.due is not None
        and contract.status is ContractStatus.ACTIVE
    }
    moments: dict[tuple[str, UUID], datetime | None] = {}
    for row in rows:
        warning, end = _moments(session, contract, row) if row.id in watched else (None, None)
        moments[WARNING_DUE, row.id], moments[DAY_ENDED, row.id] = warning, end
    deadlines.arm_all(session, moments, org_id=None)
    return len(watched)


def announce(session: Session, row_id: UUID) -> AlertKind | None:
    """Tell that a row is at risk or late, if it is and was not told so for its due day; for the
    workers. None: there was nothing to tell."""
    known = session.get(DeliveryScheduleRow, row_id)
    contract = None if known is None else execution.locked(session, known.contract_id)
    if contract is None or contract.status is not ContractStatus.ACTIVE:
        return None
    row = execution.rows_of(session, contract).get(row_id)
    if row is None or row.due is None:
        return None
    now = db.now(session)
    warning, end = _moments(session, contract, row)
    if now >= end:
        kind = AlertKind.LATE
    elif warning is not None and now >= warning:
        kind = AlertKind.AT_RISK
    else:
        return None
    missing = _missing(session, row, now)
    if missing <= 0:
        return None
    values = bulk.new_row(
        contract_id=contract.id,
        schedule_row_id=row.id,
        kind=kind,
        due_date=row.due,
        missing_quantity=missing,
        raised_at=now,
    )
    told = insert(DeliveryAlert).values(values).on_conflict_do_nothing()
    if session.exec(told.returning(col(DeliveryAlert.id))).one_or_none() is None:
        return None
    change = {
        "schedule_row_id": row.id.hex,
        "due_date": row.due.isoformat(),
        "missing_quantity": plain(missing),
    }
    event = f"delivery.{kind}"
    execution.record(
        session, contract, f"delivery_{kind}", execution.CLOCK, change, event=event, resource=row.id
    )
    return kind


def alerts(session: Session, contract: Contract) -> list[DeliveryAlert]:
    """What was told of a contract's rows, in order."""
    query = select(DeliveryAlert).where(DeliveryAlert.contract_id == contract.id)
    return [*session.exec(query.order_by(col(DeliveryAlert.id)))]


def _moments(
    session: Session, contract: Contract, row: DeliveryScheduleRow
) -> tuple[datetime | None, datetime]:
    """When a row of a due day is to be warned of (None: the policy has no warning), and when that
    day is over."""
    assert row.due is not None
    end = datetime.combine(row.due + timedelta(days=1), time.min, BISHKEK)
    basis = bases.of(session, contract)
    before = policies.policy_of(basis).delivery_warning_duration
    if before is None:
        return None, end
    return policies.timetable_of(session, basis).before(end, before), end


def _missing(session: Session, row: DeliveryScheduleRow, now: datetime) -> Decimal:
    """What was not performed of a row by the end of its due day, as the facts stand now."""
    assert row.due is not None
    end = datetime.combine(row.due + timedelta(days=1), time.min, BISHKEK)
    facts = damages.told(session, [row.id], until=now)[row.id]
    done = sum(
        (fact.quantity for fact in performances(facts, row.incoterm) if fact.at < end), Decimal()
    )
    return required_quantity(row.quantity, row.tolerance_pct) - done
