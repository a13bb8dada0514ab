"""Routes of payments that became due: funded, approved, released, paid outside, refunded."""

from typing import Annotated, Any

from fastapi import Path, Response

from api.contracts import execution
from api.contracts.bases import Basis
from api.contracts.models import Contract
from api.contracts.schemas import ContractId
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments import milestone_problems as problems
from api.payments.models import ContractRefund, MilestonePayment, PaymentMilestone
from api.payments.problems import PayeeUnfit
from api.payments.schemas.milestone_payments import (
    ApproveIn,
    BalanceOut,
    DenyIn,
    FundingIn,
    FundingOut,
    MilestonePaymentOut,
    PaymentApprovalOut,
    PaymentId,
    RecoveryOut,
    RefundIn,
    RefundOut,
    ReportIn,
    RetryIn,
)
from api.payments.service import escrow, payees, payment_schedules, refunds
from api.payments.service import milestone_payments as payments
from api.rules.contracts import Side

router = access.router("/contracts", "milestone_payments")
Read = Annotated[Context, require("contracts:read")]
Approve = Annotated[Context, require("payments:approve", key=True)]
Confirm = Annotated[Context, require("payments:confirm", if_match=True)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_CHANGED = (Conflict, PreconditionFailed)


@router.post(
    "/{contract_id}/fundings",
    status_code=201,
    response_model=FundingOut,
    responses=documented(problems.NoPaymentSchedule, Conflict),
)
def fund(contract_id: ContractId, data: FundingIn, ctx: Approve) -> FundingOut:
    """Ask as the buyer to pay money in for a contract; it is held until payments are due."""
    _, contract = _held(ctx, contract_id, Side.BUYER)
    payment_schedules.in_force(ctx.session, contract)
    made = escrow.ask(ctx.session, contract, actor=ctx.actor, data=data)
    return FundingOut(
        collection_id=made.id,
        amount=made.amount,
        currency=made.currency,
        reference=made.reference,
    )


@router.get("/{contract_id}/payment-balance", response_model=BalanceOut)
def balance(contract_id: ContractId, ctx: Read) -> BalanceOut:
    """What came in for a contract, what went out, and what is held."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return refunds.balance(ctx.session, contract)


@router.get("/{contract_id}/payments", response_model=Page[MilestonePaymentOut])
def list(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """What became due of a contract, in order."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    items = [_out(ctx, each) for each in payments.list_payments(ctx.session, contract)]
    return Page(items=items, has_more=False, next_cursor=None)


@router.get("/{contract_id}/payments/{payment_id}", response_model=MilestonePaymentOut)
def get(contract_id: ContractId, payment_id: PaymentId, ctx: Read) -> Any:
    """One payment."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    return _shown(ctx, payments.payment_of(ctx.session, contract, payment_id))


@router.get(
    "/{contract_id}/payments/{payment_id}/file",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def file(contract_id: ContractId, payment_id: PaymentId, ctx: Read) -> Response:
    """The arithmetic of a payment (kerben-payment/1); recompute it with `kerben verify payment`."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    found = payments.payment_of(ctx.session, contract, payment_id)
    return Response(found.file, media_type="application/json")


@router.post(
    "/{contract_id}/payments/{payment_id}/approve",
    response_model=MilestonePaymentOut,
    responses=documented(
        problems.FileDiffers,
        problems.AcceptedByYou,
        problems.ApprovedByYou,
        problems.PaymentFrozen,
        *_CHANGED,
    ),
)
def approve(contract_id: ContractId, payment_id: PaymentId, data: ApproveIn, ctx: Approve) -> Any:
    """Approve a payment as the buyer. Above the threshold of the rules two people do; none of them
    is who accepted the delivery."""
    basis, contract, payment = _payment(ctx, contract_id, payment_id, Side.BUYER)
    payments.approve(ctx.session, basis, contract, payment, actor=ctx.actor, sha256=data.sha256)
    return _shown(ctx, payment)


@router.post(
    "/{contract_id}/payments/{payment_id}/retry",
    response_model=MilestonePaymentOut,
    responses=documented(PayeeUnfit, *_CHANGED),
)
def retry(contract_id: ContractId, payment_id: PaymentId, data: RetryIn, ctx: Confirm) -> Any:
    """Have a payment that failed be made again, as the supplier, to this account of yours."""
    _, contract, payment = _payment(ctx, contract_id, payment_id, Side.SUPPLIER)
    payees.require(
        ctx.session,
        data.payee_account_id,
        org_id=ctx.org_id,
        currency=contract.value_currency,
    )
    payments.retry(
        ctx.session, contract, payment, actor=ctx.actor, payee_account_id=data.payee_account_id
    )
    return _shown(ctx, payment)


@router.post(
    "/{contract_id}/payments/{payment_id}/report",
    response_model=MilestonePaymentOut,
    responses=documented(problems.PaymentFrozen, *_CHANGED),
)
def report(contract_id: ContractId, payment_id: PaymentId, data: ReportIn, ctx: Approve) -> Any:
    """Tell as the buyer that your bank has paid; the supplier confirms."""
    _, contract, payment = _payment(ctx, contract_id, payment_id, Side.BUYER)
    payments.report(
        ctx.session,
        contract,
        payment,
        actor=ctx.actor,
        reference=data.reference,
        value_date=data.value_date,
    )
    return _shown(ctx, payment)


@router.post(
    "/{contract_id}/payments/{payment_id}/confirm",
    response_model=MilestonePaymentOut,
    responses=documented(*_CHANGED),
)
def confirm(contract_id: ContractId, payment_id: PaymentId, ctx: Confirm) -> Any:
    """Confirm as the supplier that the reported money has come."""
    _, contract, payment = _payment(ctx, contract_id, payment_id, Side.SUPPLIER)
    payments.confirm(ctx.session, contract, payment, actor=ctx.actor)
    return _shown(ctx, payment)


@router.post(
    "/{contract_id}/payments/{payment_id}/deny",
    response_model=MilestonePaymentOut,
    responses=documented(*_CHANGED),
)
def deny(contract_id: ContractId, payment_id: PaymentId, data: DenyIn, ctx: Confirm) -> Any:
    """Say as the supplier that the reported money has not come."""
    _, contract, payment = _payment(ctx, contract_id, payment_id, Side.SUPPLIER)
    payments.deny(ctx.session, contract, payment, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, payment)


@router.post(
    "/{contract_id}/refunds",
    status_code=201,
    response_model=RefundOut,
    responses=documented(problems.NotRefundable, PayeeUnfit, Conflict),
)
def request_refund(contract_id: ContractId, data: RefundIn, ctx: Approve) -> ContractRefund:
    """Ask as the buyer for money back that is free; somebody else of yours approves."""
    _, contract = _held(ctx, contract_id, Side.BUYER)
    if data.payee_account_id is not None or not escrow.paid_at_stripe(
        ctx.session, contract, data.amount
    ):
        payees.require(
            ctx.session,
            data.payee_account_id,
            org_id=ctx.org_id,
            currency=contract.value_currency,
        )
    return refunds.request(ctx.session, contract, actor=ctx.actor, data=data)


@router.get("/{contract_id}/refunds", response_model=Page[RefundOut])
def list_refunds(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """The refunds of a contract, in order."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    items = [*refunds.list_refunds(ctx.session, contract)]
    return Page(items=items, has_more=False, next_cursor=None)


@router.post(
    "/{contract_id}/refunds/{number}/approve",
    response_model=RefundOut,
    responses=documented(problems.NotRefundable, problems.ApprovedByYou, *_CHANGED),
)
def approve_refund(contract_id: ContractId, number: Number, ctx: Approve) -> ContractRefund:
    """Approve a refund that somebody else of yours asked for."""
    _, contract = _held(ctx, contract_id, Side.BUYER)
    refund = refunds.refund_of(ctx.session, contract, number)
    ctx.check_version(refund)
    return refunds.approve(ctx.session, contract, refund, actor=ctx.actor)


@router.post(
    "/{contract_id}/refunds/{number}/cancel",
    response_model=RefundOut,
    responses=documented(*_CHANGED),
)
def cancel_refund(contract_id: ContractId, number: Number, ctx: Approve) -> ContractRefund:
    """Give up a refund that nobody has approved."""
    _, contract = _held(ctx, contract_id, Side.BUYER)
    refund = refunds.refund_of(ctx.session, contract, number)
    ctx.check_version(refund)
    return refunds.cancel(ctx.session, contract, refund, actor=ctx.actor)


@router.get("/{contract_id}/recoveries", response_model=Page[RecoveryOut])
def list_recoveries(contract_id: ContractId, ctx: Read) -> Page[Any]:
    """What the supplier came to owe after it was paid, in order."""
    contract = execution.party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    items = [*refunds.list_recoveries(ctx.session, contract)]
    return Page(items=items, has_more=False, next_cursor=None)


def _held(ctx: Context, contract_id: ContractId, side: Side) -> tuple[Basis, Contract]:
    """The contract, which may be over: payments follow its end."""
    return execution.hold(
        ctx.session, org_id=ctx.org_id, contract_id=contract_id, side=side, in_force=False
    )


def _payment(
    ctx: Context, contract_id: ContractId, payment_id: PaymentId, side: Side
) -> tuple[Basis, Contract, MilestonePayment]:
    basis, contract = _held(ctx, contract_id, side)
    payment = payments.payment_of(ctx.session, contract, payment_id)
    ctx.check_version(payment)
    return basis, contract, payment


def _shown(ctx: Context, payment: MilestonePayment) -> MilestonePaymentOut:
    ctx.tag(payment)
    return _out(ctx, payment)


def _out(ctx: Context, payment: MilestonePayment) -> MilestonePaymentOut:
    milestone = ctx.session.get_one(PaymentMilestone, payment.milestone_id)
    given = payments.approvals(ctx.session, payment)
    return MilestonePaymentOut.model_validate(
        {
            **payment.model_dump(),
            "milestone_number": milestone.number,
            "kind": milestone.kind,
            "approvals": [PaymentApprovalOut.model_validate(each) for each in given],
        }
    )
