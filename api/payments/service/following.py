"""Payments of a contract follow the facts, without anybody's hand; for the workers. Never commits.

Whatever has happened, the same is done: what became due is called, what a dispute holds is frozen,
what was approved is paid, what was paid is booked. Done again, it changes nothing. The contract's row
is locked, as whoever approves a payment or opens a dispute locks it.
"""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session, select

from api.contracts import execution
from api.contracts.models import Contract
from api.core import db, deadlines
from api.payments.due import files
from api.payments.models import (
    Collection,
    ContractRefund,
    MilestonePayment,
    PaymentMilestone,
    PaymentOrder,
    PaymentRecovery,
    PaymentSchedule,
)
from api.payments.service import (
    advances,
    direct,
    escrow,
    milestone_facts,
    milestone_figures,
    milestones,
    recoveries,
    refunding,
    refunds,
    security_money,
    sending,
)
from api.payments.service import milestone_payments as payments
from api.payments.service.milestone_facts import Known
from api.procurement.sealing import canonical
from api.rules import payment_milestones as rules
from api.rules.contracts import ContractStatus
from api.rules.payment_milestones import LIVE_MILESTONES, PaymentInputs, PaymentStatus, Settlement
from api.rules.rails import SECURITIES, Purpose
from api.rules.schedules import ScheduleStatus

TERM_ENDED = "milestone.term_ended"
SYSTEM = milestones.SYSTEM
_EVER = datetime(9000, 1, 1, tzinfo=UTC)
_HELD = (PaymentStatus.DUE, PaymentStatus.APPROVED, PaymentStatus.RELEASED)
_UNSENT = (PaymentStatus.FROZEN, PaymentStatus.DUE, PaymentStatus.APPROVED)


def follow(session: Session, contract_id: UUID) -> bool:
    """Bring the payments of a contract to where the facts have them. False: it has no schedule."""
    contract = execution.locked(session, contract_id)
    schedule = None if contract is None else _agreed(session, contract)
    if contract is None or schedule is None:
        return False
    escrow.take_in(session, contract)
    escrow.conclude(session, contract)
    _freeze(session, contract)
    known = milestone_facts.known(session, contract)
    for milestone in milestones.list_milestones(session, contract):
        if milestone.status in LIVE_MILESTONES:
            _call(session, contract, schedule, milestone, known)
    _refresh(session, contract)
    if schedule.settlement is Settlement.ESCROW:
        recoveries.follow(session, contract)
        refunding.pay_back(session, contract)
        state = refunds.balance(session, contract)
        out = refunds.gross_out(session, contract)
        milestones.follow_money(session, contract, state.held - state.penalties, out)
        escrow.release_approved(session, contract, schedule)
    else:
        direct.book(session, contract)
    return True


def follow_collection(session: Session, collection: Collection) -> bool:
    """Follow money that came for a security, for a contract, or from a supplier that owes; as
    `follow`."""
    if collection.purpose in SECURITIES:
        return security_money.follow_collection(session, collection)
    if collection.purpose is Purpose.CONTRACT_FUNDING:
        return follow(session, collection.resource_id)
    recovery = session.get(PaymentRecovery, collection.resource_id)
    return recovery is not None and follow(session, recovery.contract_id)


def follow_order(session: Session, order: PaymentOrder) -> bool:
    """Follow an order that pays a milestone or a refund, or by which a security goes back; as
    `follow`."""
    if order.purpose is Purpose.SECURITY_RETURN:
        return security_money.follow_order(session, order)
    found: MilestonePayment | ContractRefund | None = None
    if order.purpose is Purpose.RELEASE:
        found = session.get(MilestonePayment, order.resource_id)
    elif order.purpose is Purpose.REFUND:
        found = session.get(ContractRefund, order.resource_id)
    return found is not None and follow(session, found.contract_id)


def follow_guarantee(session: Session, guarantee_id: UUID) -> bool:
    """Follow a guarantee under which advances are paid, or are not any more; as `follow`."""
    contract_id = advances.contract_of(session, guarantee_id)
    if contract_id is None or not follow(session, contract_id):
        return False
    sending.send_waiting(session, session.get_one(Contract, contract_id).supplier_id)
    return True


def _call(
    session: Session,
    contract: Contract,
    schedule: PaymentSchedule,
    milestone: PaymentMilestone,
    known: Known,
) -> None:
    """Enter a payment of what is due now, and wake when the next fact's term is over."""
    now = db.now(session)
    given = milestone_figures.inputs(
        session, contract, milestone, schedule.settlement, known, as_of=now
    )
    if rules.compute(given).entitled < milestone.called:
        _uncall(session, contract, milestone, given)
        given = replace(given, called=milestone.called)
    if rules.compute(given).gross:
        text = milestone_figures.write(session, contract, given)
        rows = _rows(session, contract, milestone, given)
        payments.add(session, contract, milestone, schedule.settlement, rows, text)
    if contract.status is ContractStatus.TERMINATED:
        ever = rules.compute(replace(given, as_of=_EVER)).entitled
        worth = max(ever, milestone.called)
        if worth != milestone.worth:
            milestones.settle_for(session, contract, milestone, worth, SYSTEM)
    following = rules.next_due(given.facts, milestone.term_days, now)
    moments = {(TERM_ENDED, milestone.id): following}
    deadlines.arm_all(session, moments, org_id=None)


def _uncall(
    session: Session, contract: Contract, milestone: PaymentMilestone, given: PaymentInputs
) -> None:
    """A fact was taken back: payments that it made due fall, the last first, unless they went out."""
    entitled = rules.compute(given).entitled
    own = [
        each
        for each in payments.list_payments(session, contract)
        if each.milestone_id == milestone.id and each.status in _UNSENT
    ]
    for each in reversed(own):
        if milestone.called <= entitled:
            break
        payments.move(session, contract, each, "cancel", SYSTEM)


def _rows(
    session: Session, contract: Contract, milestone: PaymentMilestone, given: PaymentInputs
) -> list[UUID]:
    """The rows whose goods make a payment due, and not one before it."""
    before: set[str] = set()
    for each in payments.list_payments(session, contract):
        if each.milestone_id == milestone.id and each.status is not PaymentStatus.CANCELLED:
            before |= {fact.id for fact in _counted(_said(each))}
    fresh = [fact for fact in _counted(given) if fact.id not in before]
    return milestone_figures.rows_of(replace(given, facts=tuple(fresh) or given.facts))


def _counted(given: PaymentInputs) -> list[rules.Fact]:
    return [fact for fact in given.facts if rules.due_at(fact.at, given.term_days) <= given.as_of]


def _said(payment: MilestonePayment) -> PaymentInputs:
    return files.inputs_of(canonical.loads(payment.file)["inputs"])


def _freeze(session: Session, contract: Contract) -> None:
    """Freeze what an open dispute holds, and let go of what none holds any more."""
    held = payments.freezes(session, contract)
    for each in payments.list_payments(session, contract):
        milestone = session.get_one(PaymentMilestone, each.milestone_id)
        frozen = payments.holds(held, milestone, each.schedule_row_ids)
        if frozen and each.status in _HELD:
            if each.status is PaymentStatus.RELEASED and not escrow.recall(session, each):
                continue
            payments.move(session, contract, each, "freeze", SYSTEM)
        elif not frozen and each.status is PaymentStatus.FROZEN:
            payments.move(session, contract, each, "unfreeze", SYSTEM)


def _refresh(session: Session, contract: Contract) -> None:
    """Compute anew what nobody has approved yet: the supplier may owe something else by now."""
    for each in payments.list_payments(session, contract):
        if each.status is not PaymentStatus.DUE or payments.approvals(session, each):
            continue
        text = milestone_figures.anew(session, contract, each)
        if text != each.file:
            result = files.result_of(text)
            each.penalty, each.commission, each.net = (
                result.penalty,
                result.commission,
                result.net,
            )
            each.file, each.sha256 = text, files.sha256(text)
            each.version += 1
            session.add(each)
            session.flush()


def _agreed(session: Session, contract: Contract) -> PaymentSchedule | None:
    query = select(PaymentSchedule).where(
        PaymentSchedule.contract_id == contract.id,
        PaymentSchedule.status == ScheduleStatus.AGREED,
    )
    return session.exec(query).one_or_none()
