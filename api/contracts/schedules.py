"""Delivery schedules: proposed by one side, answered row by row by the other. Never commits.

The contract's row is locked by whoever proposes or answers; the rows in force by whoever amends
them, so that goods are not despatched by a row that changes.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import queries, schedule_rows, service
from api.contracts.models import (
    Contract,
    ContractChange,
    DeliverySchedule,
    OrderResponse,
    OrderResponseLine,
)
from api.contracts.problems import (
    OwnSchedule,
    ScheduleInForce,
    ScheduleMissing,
    ScheduleOpen,
    ScheduleOutdated,
)
from api.contracts.schemas import OrderResponseIn, ScheduleRowIn
from api.core import db
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.rules import schedules as rules
from api.rules.contracts import ContractStatus
from api.rules.schedules import SCHEDULE, ScheduleStatus
from api.rules.states import IllegalTransition

_EVENTS = {
    "propose": "contract.schedule_proposed",
    "agree": "contract.schedule_agreed",
    "counter": "contract.schedule_countered",
    "reject": "contract.schedule_rejected",
    "withdraw": "contract.schedule_withdrawn",
}


def propose(
    session: Session,
    contract: Contract,
    *,
    org_id: UUID,
    actor: str,
    rows: Sequence[ScheduleRowIn],
) -> DeliverySchedule:
    """The first schedule of a contract in force; the other side answers it.

    Raises ScheduleInForce, ScheduleOpen, Conflict or Invalid.
    """
    queries.side_of(contract, org_id)
    _require_active(contract)
    earlier = list_schedules(session, contract)
    if any(each.status is ScheduleStatus.AGREED for each in earlier):
        raise ScheduleInForce
    if any(each.status is ScheduleStatus.PROPOSED for each in earlier):
        raise ScheduleOpen
    return _add(session, contract, org_id, actor, rows, number=len(earlier) + 1)


def propose_amendment(
    session: Session,
    contract: Contract,
    change: ContractChange,
    *,
    actor: str,
    rows: Sequence[ScheduleRowIn],
) -> DeliverySchedule:
    """The schedule that a change of the contract puts in force. Raises ScheduleMissing, Invalid."""
    earlier = list_schedules(session, contract)
    current = _in_force(earlier)
    if current is None:
        raise ScheduleMissing
    return _add(
        session,
        contract,
        change.proposed_by,
        actor,
        rows,
        number=len(earlier) + 1,
        based_on=current.number,
        change=change,
    )


def agree_amendment(
    session: Session, contract: Contract, change: ContractChange, *, org_id: UUID, actor: str
) -> DeliverySchedule | None:
    """Put the schedule of an agreed change in force; None: it has none.

    Raises ScheduleOutdated, or Invalid when what was despatched meanwhile does not fit it.
    """
    schedules = list_schedules(session, contract)
    schedule = next((each for each in schedules if each.change_id == change.id), None)
    if schedule is None:
        return None
    current = _in_force(schedules)
    if current is None or current.number != schedule.based_on:
        raise ScheduleOutdated
    _agree(session, contract, schedule, current, org_id, actor, change)
    return schedule


def respond(
    session: Session,
    contract: Contract,
    schedule: DeliverySchedule,
    *,
    org_id: UUID,
    actor: str,
    data: OrderResponseIn,
) -> OrderResponse:
    """Answer every row. All accepted: the schedule is agreed; one rejected: it is rejected; else
    the changed rows are proposed back, as a schedule that the first side answers.

    Raises OwnSchedule, Conflict or Invalid.
    """
    queries.side_of(contract, org_id)
    _require_open(contract, schedule)
    if schedule.proposed_by == org_id:
        raise OwnSchedule
    proposed = {row.number: row for row in rows_of(schedule)}
    answers = {line.row_number: line for line in data.lines}
    if len(answers) != len(data.lines) or answers.keys() != proposed.keys():
        raise refused("#/lines", "rows_differ", "must answer every row of the schedule once")
    for index, line in enumerate(data.lines):
        kept = proposed[line.row_number]
        new = line.change
        if new is not None and (new.number, new.item_id) != (kept.number, kept.item_id):
            pointer = f"#/lines/{index}/change"
            raise refused(pointer, "row_differs", "a changed row keeps its number and its item")
        if new is not None and line.split:
            _require_split(f"#/lines/{index}/split", kept, new, line.split, proposed)
    response = OrderResponse(
        contract_id=contract.id,
        schedule_id=schedule.id,
        org_id=org_id,
        actor=actor,
        note=data.note,
        responded_at=db.now(session),
    )
    session.add(response)
    session.flush()
    session.add_all(
        OrderResponseLine(
            response_id=response.id,
            contract_id=contract.id,
            row_number=line.row_number,
            response=line.response,
            reason=line.reason,
            change=None if line.change is None else line.change.model_dump(mode="json"),
            split=[row.model_dump(mode="json") for row in line.split],
        )
        for line in data.lines
    )
    action = rules.outcome([line.response for line in data.lines])
    if action == "agree":
        _agree(session, contract, schedule, None, org_id, actor, None)
        return response
    _move(session, contract, schedule, action, actor)
    if action == "counter":
        rows = []
        for wanted, row in proposed.items():
            rows += [answers[wanted].change or row, *answers[wanted].split]
        number = len(list_schedules(session, contract)) + 1
        _add(session, contract, org_id, actor, rows, number=number, based_on=schedule.number)
    return response


def withdraw(
    session: Session, contract: Contract, schedule: DeliverySchedule, *, org_id: UUID, actor: str
) -> DeliverySchedule:
    """Take one's own proposal back before it is answered. Raises Conflict."""
    queries.side_of(contract, org_id)
    _require_open(contract, schedule)
    if schedule.proposed_by != org_id:
        raise Conflict("Who proposed a schedule withdraws it; you can reject it.")
    _move(session, contract, schedule, "withdraw", actor)
    return schedule


def find(session: Session, contract: Contract, number: int) -> DeliverySchedule:
    """A schedule of the contract by its number; NotFound."""
    found = next((s for s in list_schedules(session, contract) if s.number == number), None)
    if found is None:
        raise NotFound
    return found


def list_schedules(session: Session, contract: Contract) -> Sequence[DeliverySchedule]:
    """The schedules of a contract as they were proposed, in order."""
    session.flush()
    return session.exec(
        select(DeliverySchedule)
        .where(DeliverySchedule.contract_id == contract.id)
        .order_by(col(DeliverySchedule.number))
    ).all()


def rows_of(schedule: DeliverySchedule) -> list[ScheduleRowIn]:
    """The rows of a schedule as they were proposed."""
    return [ScheduleRowIn.model_validate(row) for row in schedule.rows]


def response_of(
    session: Session, schedule: DeliverySchedule
) -> tuple[OrderResponse, Sequence[OrderResponseLine]] | None:
    """The answer to a schedule and its lines, by row; None while there is none."""
    session.flush()
    found = session.exec(
        select(OrderResponse).where(OrderResponse.schedule_id == schedule.id)
    ).one_or_none()
    if found is None:
        return None
    lines = session.exec(
        select(OrderResponseLine)
        .where(OrderResponseLine.response_id == found.id)
        .order_by(col(OrderResponseLine.row_number))
    ).all()
    return found, lines


def change_number(session: Session, schedule: DeliverySchedule) -> int | None:
    """The number of the contract change that a schedule is part of; None: of none."""
    if schedule.change_id is None:
        return None
    return session.get_one(ContractChange, schedule.change_id).number


def _require_split(
    pointer: str,
    kept: ScheduleRowIn,
    changed: ScheduleRowIn,
    split: Sequence[ScheduleRowIn],
    proposed: Collection[int],
) -> None:
    """Raise Invalid unless the parts of a split row are of its item and have its quantity."""
    for index, part in enumerate(split):
        if part.item_id != kept.item_id:
            detail = "a part of a row is of its item"
            raise refused(f"{pointer}/{index}/item_id", "row_differs", detail)
        if part.number in proposed:
            detail = "a part of a row has a number of its own"
            raise refused(f"{pointer}/{index}/number", "row_twice", detail)
    whole = changed.quantity + sum((part.quantity for part in split), Decimal())
    if whole != kept.quantity:
        detail = f"the parts add up to {whole:f}, and the row has {kept.quantity:f}"
        raise refused(pointer, "quantity_differs", detail)


def _add(
    session: Session,
    contract: Contract,
    org_id: UUID,
    actor: str,
    rows: Sequence[ScheduleRowIn],
    *,
    number: int,
    based_on: int | None = None,
    change: ContractChange | None = None,
) -> DeliverySchedule:
    completed = schedule_rows.completed(session, contract, rows, change)
    schedule = DeliverySchedule(
        contract_id=contract.id,
        number=number,
        change_id=None if change is None else change.id,
        based_on=based_on,
        rows=[row.model_dump(mode="json") for row in completed],
        proposed_by=org_id,
        proposed_at=db.now(session),
    )
    session.add(schedule)
    _tell(session, contract, schedule, "propose", actor)
    return schedule


def _agree(
    session: Session,
    contract: Contract,
    schedule: DeliverySchedule,
    current: DeliverySchedule | None,
    org_id: UUID,
    actor: str,
    change: ContractChange | None,
) -> None:
    if current is not None:
        _move(session, contract, current, "supersede", actor)
        session.flush()
    schedule_rows.put_in_force(session, contract, schedule, rows_of(schedule), change)
    schedule.agreed_by, schedule.agreed_at = org_id, db.now(session)
    _move(session, contract, schedule, "agree", actor)


def _in_force(schedules: Sequence[DeliverySchedule]) -> DeliverySchedule | None:
    return next((each for each in schedules if each.status is ScheduleStatus.AGREED), None)


def _require_active(contract: Contract) -> None:
    if contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}: only one in force is executed.")


def _require_open(contract: Contract, schedule: DeliverySchedule) -> None:
    _require_active(contract)
    if schedule.status is not ScheduleStatus.PROPOSED:
        raise Conflict(f"The schedule is {schedule.status}.")
    if schedule.change_id is not None:
        raise Conflict("The schedule is part of a change of the contract: agree to the change.")


def _move(
    session: Session, contract: Contract, schedule: DeliverySchedule, action: str, actor: str
) -> None:
    """The one place that writes `delivery_schedule.status`."""
    try:
        schedule.status = SCHEDULE.apply(action, schedule.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    schedule.version += 1
    session.add(schedule)
    _tell(session, contract, schedule, action, actor)


def _tell(
    session: Session, contract: Contract, schedule: DeliverySchedule, action: str, actor: str
) -> None:
    change: dict[str, Any] = {"schedule": schedule.number, "schedule_status": schedule.status}
    service.log(session, contract, f"{action}_schedule", actor, change)
    if action in _EVENTS:
        emit(
            session,
            _EVENTS[action],
            contract.id,
            org_id=contract.buyer_id,
            also=contract.suppliers,
            **contract.origin,
            schedule=schedule.number,
            version=contract.version,
        )
