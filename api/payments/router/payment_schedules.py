"""Routes of payment schedules and their milestones."""

from typing import Annotated, Any

from fastapi import Path

from api.contracts import execution
from api.contracts.execution_problems import PriceUnknown
from api.contracts.models import Contract
from api.contracts.schemas import ContractId
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments import milestone_problems as problems
from api.payments.models import PaymentSchedule
from api.payments.problems import PayeeUnfit
from api.payments.schemas.guarantees import GuaranteeOut
from api.payments.schemas.milestones import (
    FactOut,
    MilestoneOut,
    PaymentScheduleIn,
    PaymentScheduleOut,
    ScheduleAcceptIn,
    ScheduleRejectIn,
    shown_parts,
)
from api.payments.service import advances, milestone_facts, milestones, payees
from api.payments.service import payment_schedules as schedules
from api.rules.contracts import Side
from api.rules.payment_milestones import Settlement

router = access.router("/contracts", "payment_schedules")
Read = Annotated[Context, require("contracts:read")]
Write = Annotated[Context, require("payment_schedules:write")]
Answer = Annotated[Context, require("payment_schedules:answer", if_match=True)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_CHANGED = (Conflict, PreconditionFailed)


@router.put(
    "/{contract_id}/payment-schedule",
    response_model=PaymentScheduleOut,
    responses=documented(problems.SettlementFixed, PriceUnknown, Conflict),
)
def propose(contract_id: ContractId, data: PaymentScheduleIn, ctx: Write) -> Any:
    """Propose as the buyer when a contract in force is paid; the supplier answers. What is in force
    stays so until then."""
    contract = _held(ctx, contract_id, Side.BUYER)
    made = schedules.propose(ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, made)


@router.get(
    "/{contract_id}/payment-schedule",
    response_model=PaymentScheduleOut,
    responses=documented(problems.NoPaymentSchedule),
)
def get(contract_id: ContractId, ctx: Read) -> Any:
    """The payment schedule that waits for the supplier, or else the one in force."""
    return _shown(ctx, schedules.latest(ctx.session, _party(ctx, contract_id)))


@router.get("/{contract_id}/payment-schedules", response_model=Page[PaymentScheduleOut])
def list(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The payment schedules that were proposed, in order."""
    rows = schedules.list_schedules(ctx.session, _party(ctx, contract_id))
    items = [_shown(ctx, row) for row in rows]
    ctx.headers.pop("ETag", None)
    return Page(items=items, has_more=False, next_cursor=None)


@router.post(
    "/{contract_id}/payment-schedule/accept",
    response_model=PaymentScheduleOut,
    responses=documented(problems.FileDiffers, problems.SettlementFixed, PayeeUnfit, *_CHANGED),
)
def accept(contract_id: ContractId, data: ScheduleAcceptIn, ctx: Answer) -> Any:
    """Agree as the supplier, and say where you want to be paid: the milestones are in force."""
    contract, schedule = _open(ctx, contract_id)
    if schedule.settlement is Settlement.ESCROW:
        payees.require(
            ctx.session,
            data.payee_account_id,
            org_id=ctx.org_id,
            currency=contract.value_currency,
        )
    schedules.accept(ctx.session, contract, schedule, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, schedule)


@router.post(
    "/{contract_id}/payment-schedule/reject",
    response_model=PaymentScheduleOut,
    responses=documented(*_CHANGED),
)
def reject(contract_id: ContractId, data: ScheduleRejectIn, ctx: Answer) -> Any:
    """Say as the supplier why you do not agree; the buyer can propose another."""
    contract, schedule = _open(ctx, contract_id)
    schedules.reject(ctx.session, contract, schedule, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, schedule)


@router.get("/{contract_id}/payment-milestones", response_model=Page[MilestoneOut])
def list_milestones(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The milestones in force, each with the facts that it waits for and that have happened."""
    contract = _party(ctx, contract_id)
    known = milestone_facts.known(ctx.session, contract)
    given = [
        GuaranteeOut.model_validate(each) for each in advances.guarantees(ctx.session, contract)
    ]
    items = []
    for each in milestones.list_milestones(ctx.session, contract):
        _, facts = milestone_facts.of_milestone(ctx.session, contract, each, known)
        told = {
            **each.model_dump(),
            "facts": [FactOut(id=f.id, row=f.row, quantity=f.quantity, at=f.at) for f in facts],
            "guarantees": given if each.guarantee_required else [],
        }
        items.append(MilestoneOut.model_validate(told))
    return Page(items=items, has_more=False, next_cursor=None)


def _party(ctx: Context, contract_id: ContractId) -> Contract:
    return execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)


def _held(ctx: Context, contract_id: ContractId, side: Side) -> Contract:
    _, contract = execution.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id, side=side)
    return contract


def _open(ctx: Context, contract_id: ContractId) -> tuple[Contract, PaymentSchedule]:
    contract = _held(ctx, contract_id, Side.SUPPLIER)
    schedule = schedules.open_one(ctx.session, contract)
    ctx.check_version(schedule)
    return contract, schedule


def _shown(ctx: Context, schedule: PaymentSchedule) -> PaymentScheduleOut:
    ctx.tag(schedule)
    told = {**schedule.model_dump(), "parts": shown_parts(schedule.parts)}
    return PaymentScheduleOut.model_validate(told)
