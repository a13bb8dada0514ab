"""Payments that became due of milestones: approved, frozen, paid outside, confirmed. Never commits.

Functions take the contract locked. What moves money is done by the workers (`following`), which see
what was decided here.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import execution, goods
from api.contracts.bases import Basis
from api.contracts.models import Contract, PaymentFreeze
from api.core import db, ids
from api.core.errors import Conflict, NotFound, refused
from api.payments.due import files
from api.payments.milestone_problems import (
    AcceptedByYou,
    ApprovedByYou,
    FileDiffers,
    PaymentFrozen,
)
from api.payments.models import MilestonePayment, PaymentApproval, PaymentMilestone
from api.payments.service import advances, milestone_facts, milestones
from api.payments.service import milestone_figures as figures
from api.procurement.service import policies
from api.rules import payment_milestones as rules
from api.rules.clock import local_date
from api.rules.disputes import MilestoneKind
from api.rules.offers import plain
from api.rules.payment_milestones import PAYMENT, PaymentStatus, Settlement
from api.rules.states import IllegalTransition

_EVENTS = {
    "call": "milestone_payment.due",
    "approve": "milestone_payment.approved",
    "retry": "milestone_payment.approved",
    "release": "milestone_payment.released",
    "settle": "milestone_payment.paid",
    "absorb": "milestone_payment.paid",
    "confirm": "milestone_payment.paid",
    "fail": "milestone_payment.failed",
    "report": "milestone_payment.reported",
    "deny": "milestone_payment.denied",
    "freeze": "milestone_payment.frozen",
    "unfreeze": "milestone_payment.unfrozen",
    "cancel": "milestone_payment.cancelled",
}
_PAID = frozenset({"settle", "absorb", "confirm"})


def approve(
    session: Session,
    basis: Basis,
    contract: Contract,
    payment: MilestonePayment,
    *,
    actor: str,
    sha256: str,
) -> MilestonePayment:
    """Approve as the buyer the payment whose arithmetic has this hash; the last approval that is
    needed lets it be paid.

    Raises Conflict, PaymentFrozen, FileDiffers, AcceptedByYou or ApprovedByYou.
    """
    if payment.status is PaymentStatus.FROZEN or is_frozen(session, contract, payment):
        raise PaymentFrozen
    if payment.status is not PaymentStatus.DUE:
        raise Conflict(f"The payment is {payment.status}.")
    given = approvals(session, payment)
    if sha256 != payment.sha256:
        raise FileDiffers
    if not given and figures.anew(session, contract, payment) != payment.file:
        raise FileDiffers("The supplier owes something else since it was computed.")
    if actor in milestone_facts.accepted_by(session, contract, payment.schedule_row_ids):
        raise AcceptedByYou
    if actor in {each.actor for each in given}:
        raise ApprovedByYou
    session.add(
        PaymentApproval(
            contract_id=contract.id,
            payment_id=payment.id,
            round=payment.round,
            actor=actor,
            sha256=sha256,
            approved_at=db.now(session),
        )
    )
    limit = policies.policy_of(basis).payment_approval_threshold
    threshold = None if limit is None else (Decimal(limit.amount), limit.currency)
    needed = rules.approvals_needed(payment.gross, payment.currency, threshold)
    if len(given) + 1 >= needed:
        move(session, contract, payment, "approve", actor)
    else:
        payment.version += 1
        _log(session, contract, payment, "endorse", actor)
    return payment


def report(
    session: Session,
    contract: Contract,
    payment: MilestonePayment,
    *,
    actor: str,
    reference: str,
    value_date: date,
) -> MilestonePayment:
    """Tell as the buyer that its bank has paid an approved payment. Raises Conflict, PaymentFrozen
    or Invalid."""
    if payment.settlement is not Settlement.DIRECT:
        raise Conflict("The platform makes this payment.")
    if is_frozen(session, contract, payment):
        raise PaymentFrozen
    if value_date > local_date(db.now(session)):
        raise refused("#/value_date", "in_future", "It cannot be in the future.")
    payment.reference, payment.value_date, payment.reason = reference, value_date, None
    move(session, contract, payment, "report", actor)
    return payment


def confirm(
    session: Session, contract: Contract, payment: MilestonePayment, *, actor: str
) -> MilestonePayment:
    """Confirm as the supplier that the money has come. Raises Conflict."""
    move(session, contract, payment, "confirm", actor)
    return payment


def deny(
    session: Session, contract: Contract, payment: MilestonePayment, *, actor: str, reason: str
) -> MilestonePayment:
    """Say as the supplier that the money has not come. Raises Conflict."""
    payment.reason = reason
    move(session, contract, payment, "deny", actor)
    return payment


def retry(
    session: Session,
    contract: Contract,
    payment: MilestonePayment,
    *,
    actor: str,
    payee_account_id: UUID,
) -> MilestonePayment:
    """Have a payment that failed made again, as the supplier, to this account. Raises Conflict."""
    if payment.status is not PaymentStatus.APPROVED or payment.order_id is None:
        raise Conflict("The payment has not failed.")
    payment.payee_account_id, payment.order_id, payment.reason = payee_account_id, None, None
    payment.version += 1
    _log(session, contract, payment, "retry", actor)
    return payment


def list_payments(session: Session, contract: Contract) -> Sequence[MilestonePayment]:
    """The payments of a contract, in the order in which they became due, as they stand now."""
    session.flush()
    query = select(MilestonePayment).where(MilestonePayment.contract_id == contract.id)
    fresh = query.order_by(col(MilestonePayment.id))
    return session.exec(fresh.execution_options(populate_existing=True)).all()


def payment_of(session: Session, contract: Contract, payment_id: UUID) -> MilestonePayment:
    """A payment of the contract; NotFound."""
    for each in list_payments(session, contract):
        if each.id == payment_id:
            return each
    raise NotFound


def approvals(session: Session, payment: MilestonePayment) -> Sequence[PaymentApproval]:
    """The approvals that count for a payment, in order."""
    session.flush()
    query = select(PaymentApproval).where(
        PaymentApproval.payment_id == payment.id, PaymentApproval.round == payment.round
    )
    return session.exec(query.order_by(col(PaymentApproval.id))).all()


def is_frozen(session: Session, contract: Contract, payment: MilestonePayment) -> bool:
    """Whether an open dispute holds the payment: one about its rows, or about the whole kind."""
    milestone = session.get_one(PaymentMilestone, payment.milestone_id)
    return holds(freezes(session, contract), milestone, payment.schedule_row_ids)


def send_blockers(session: Session, payment_id: UUID) -> list[str]:
    """Why the order of a payment is not to be sent, as codes; asked in the transaction that claims
    the order, so that a dispute or a screening case opened before it is never overtaken."""
    payment = session.get(MilestonePayment, payment_id, populate_existing=True)
    if payment is None:
        return ["payment_unknown"]
    contract = session.get_one(Contract, payment.contract_id)
    reasons = {
        "payment_frozen": is_frozen(session, contract, payment),
        "advance_not_guaranteed": not _is_guaranteed(session, contract, payment),
        "goods_screening_open": goods.are_held(session, contract),
        "payment_not_released": payment.status is not PaymentStatus.RELEASED,
    }
    return [code for code, true in reasons.items() if true]


def _is_guaranteed(session: Session, contract: Contract, payment: MilestonePayment) -> bool:
    """False for an advance whose guarantee is no longer in force: it has expired, or was called."""
    milestone = session.get_one(PaymentMilestone, payment.milestone_id)
    if milestone.kind is not MilestoneKind.ADVANCE or not milestone.guarantee_required:
        return True
    return advances.cover(session, contract, milestone) is not None


def freezes(session: Session, contract: Contract) -> Sequence[PaymentFreeze]:
    """What disputes hold of a contract now."""
    session.flush()
    query = select(PaymentFreeze).where(
        PaymentFreeze.contract_id == contract.id, col(PaymentFreeze.released_at).is_(None)
    )
    return session.exec(query).all()


def holds(
    held: Sequence[PaymentFreeze], milestone: PaymentMilestone, row_ids: Collection[UUID]
) -> bool:
    """Whether one of the freezes is of such a payment; one of no row depends on every row."""
    return any(
        each.milestone is milestone.kind
        and (each.schedule_row_id is None or not row_ids or each.schedule_row_id in row_ids)
        for each in held
    )


def move(
    session: Session, contract: Contract, payment: MilestonePayment, action: str, actor: str
) -> None:
    """The one place that writes `milestone_payment.status`, and what its milestone counts of it.
    Raises Conflict."""
    before = payment.status
    milestone = session.get_one(PaymentMilestone, payment.milestone_id)
    now = db.now(session)
    try:
        payment.status = PAYMENT.apply(action, before)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    if action in _PAID:
        payment.paid_at = now
        milestone.paid += payment.gross
    elif before is PaymentStatus.PAID:
        payment.paid_at = None
        milestone.paid -= payment.gross
    elif action == "cancel":
        milestone.called -= payment.gross
    elif action == "unfreeze":
        payment.round += 1
    session.add(milestone)
    payment.version += 1
    _log(session, contract, payment, action, actor)
    milestones.close(session, contract, milestone, actor)


def add(
    session: Session,
    contract: Contract,
    milestone: PaymentMilestone,
    settlement: Settlement,
    row_ids: Sequence[UUID],
    text: bytes,
) -> MilestonePayment:
    """Enter a payment that became due, with its arithmetic."""
    result, now = files.result_of(text), db.now(session)
    number = 1 + sum(each.lot_id == milestone.lot_id for each in list_payments(session, contract))
    payment = MilestonePayment(
        contract_id=contract.id,
        milestone_id=milestone.id,
        lot_id=milestone.lot_id,
        number=number,
        settlement=settlement,
        schedule_row_ids=[*row_ids],
        due_at=now,
        gross=result.gross,
        penalty=result.penalty,
        commission=result.commission,
        net=result.net,
        currency=milestone.currency,
        file=text,
        sha256=files.sha256(text),
    )
    milestone.called += payment.gross
    session.add_all([payment, milestone])
    _log(session, contract, payment, "call", milestones.SYSTEM)
    return payment


def key_of(payment: MilestonePayment) -> str:
    """What tells the money of a payment apart from all other, for ever: its contract, its lot, its
    number, and after a failed attempt that of the attempt."""
    lot = "all" if payment.lot_id is None else payment.lot_id.hex
    again = f":{payment.attempts}" if payment.attempts > 1 else ""
    return f"rel:{payment.contract_id.hex}:{lot}:{payment.number}{again}"


def _log(
    session: Session, contract: Contract, payment: MilestonePayment, action: str, actor: str
) -> None:
    session.add(payment)
    milestone = session.get_one(PaymentMilestone, payment.milestone_id)
    change = {
        "number": payment.number,
        "milestone": milestone.number,
        "lot_id": None if payment.lot_id is None else ids.show("lot", payment.lot_id),
        "status": payment.status,
        "net": plain(payment.net),
        "currency": payment.currency,
        "sha256": payment.sha256,
    }
    name, event = f"{action}_payment", _EVENTS.get(action)
    execution.record(session, contract, name, actor, change, event=event, resource=payment.id)
