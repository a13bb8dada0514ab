"""Routes of delivery schedules, order responses and performances."""

from typing import Annotated, Any

from api.contracts import performance, problems, queries, readiness, schedule_rows, schedules
from api.contracts.models import Contract, DeliverySchedule
from api.contracts.schemas import (
    ContractId,
    OrderResponseIn,
    OrderResponseLineOut,
    OrderResponseOut,
    PerformanceOut,
    ReadyIn,
    ScheduleIn,
    ScheduleOut,
    ScheduleRowOut,
)
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.rules.schedules import LINE_STATUS_CODE

router = access.router("/contracts", "schedules")
Read = Annotated[Context, require("contracts:read")]
Write = Annotated[Context, require("schedules:write")]
_CHANGED = (Conflict, PreconditionFailed)


@router.post(
    "/{contract_id}/schedules",
    status_code=201,
    response_model=ScheduleOut,
    responses=documented(problems.ScheduleInForce, problems.ScheduleOpen),
)
def propose(contract_id: ContractId, data: ScheduleIn, ctx: Write) -> ScheduleOut:
    """Propose the delivery schedule of a contract in force; the other side answers it."""
    contract = queries.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    made = schedules.propose(
        ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, rows=data.rows
    )
    return _shown(ctx, contract, made)


@router.get("/{contract_id}/schedules", response_model=Page[ScheduleOut])
def list(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The schedules that were proposed, in order, with their answers."""
    contract = queries.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    rows = schedules.list_schedules(ctx.session, contract)
    items = [_shown(ctx, contract, row) for row in rows]
    ctx.headers.pop("ETag", None)
    return Page(items=items, has_more=False, next_cursor=None)


@router.post(
    "/{contract_id}/schedules/{number}/respond",
    response_model=ScheduleOut,
    responses=documented(problems.OwnSchedule, *_CHANGED),
)
def respond(contract_id: ContractId, number: int, data: OrderResponseIn, ctx: Write) -> ScheduleOut:
    """Accept, reject or change each row of the other side's schedule (UBL OrderResponse).

    All accepted: it is in force. One rejected: it is rejected. Else your changes are proposed back.
    """
    contract, schedule = _held(ctx, contract_id, number)
    schedules.respond(
        ctx.session, contract, schedule, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    return _shown(ctx, contract, schedule)


@router.post(
    "/{contract_id}/schedules/{number}/withdraw",
    response_model=ScheduleOut,
    responses=documented(*_CHANGED),
)
def withdraw(contract_id: ContractId, number: int, ctx: Write) -> ScheduleOut:
    """Take your proposal back before it is answered."""
    contract, schedule = _held(ctx, contract_id, number)
    schedules.withdraw(ctx.session, contract, schedule, org_id=ctx.org_id, actor=ctx.actor)
    return _shown(ctx, contract, schedule)


@router.get("/{contract_id}/delivery-schedule", response_model=Page[ScheduleRowOut])
def rows(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The rows in force, with what was despatched and received of each."""
    contract = queries.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    found = schedule_rows.in_force(ctx.session, contract.id)
    items = [ScheduleRowOut.model_validate(row) for row in found]
    return Page(items=items, has_more=False, next_cursor=None)


@router.post(
    "/{contract_id}/delivery-schedule/{number}/ready",
    response_model=ScheduleRowOut,
    responses=documented(problems.MoreReadyThanOrdered, Conflict),
)
def ready(contract_id: ContractId, number: int, data: ReadyIn, ctx: Write) -> Any:
    """Tell as the supplier that goods of a row lie ready; under EXW this is delivery."""
    contract = queries.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return readiness.tell(
        ctx.session, contract, number=number, org_id=ctx.org_id, actor=ctx.actor, data=data
    )


@router.get("/{contract_id}/performances", response_model=Page[PerformanceOut])
def performances(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """What happened to the goods of each row: ready, handed over, arrived, received."""
    contract = queries.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    numbers = {row.id: row.number for row in schedule_rows.in_force(ctx.session, contract.id)}
    items = [
        PerformanceOut.model_validate(
            {**fact.model_dump(), "row_number": numbers[fact.schedule_row_id]}
        )
        for fact in performance.facts(ctx.session, [*numbers])
    ]
    return Page(items=items, has_more=False, next_cursor=None)


def _held(ctx: Context, contract_id: ContractId, number: int) -> tuple[Contract, DeliverySchedule]:
    contract = queries.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    schedule = schedules.find(ctx.session, contract, number)
    ctx.check_version(schedule)
    return contract, schedule


def _shown(ctx: Context, contract: Contract, schedule: DeliverySchedule) -> ScheduleOut:
    ctx.tag(schedule)
    answer = schedules.response_of(ctx.session, schedule)
    response = None
    if answer is not None:
        given, lines = answer
        response = OrderResponseOut.model_validate(
            {
                **given.model_dump(),
                "lines": [
                    OrderResponseLineOut.model_validate(
                        {
                            **line.model_dump(),
                            "line_status_code": LINE_STATUS_CODE[line.response],
                        }
                    )
                    for line in lines
                ],
            }
        )
    return ScheduleOut.model_validate(
        {
            **schedule.model_dump(),
            "rows": schedules.rows_of(schedule),
            "change_number": schedules.change_number(ctx.session, schedule),
            "response": response,
        }
    )
