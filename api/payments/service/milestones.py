"""The parts of a contract's value in force: how far each has come. Never commits.

Functions take the contract locked.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import execution
from api.contracts.models import Contract
from api.core.errors import Conflict, NotFound
from api.payments.models import PaymentMilestone, PaymentSchedule
from api.payments.schemas.milestones import PartIn
from api.rules import payment_milestones as rules
from api.rules.offers import plain
from api.rules.payment_milestones import LIVE_MILESTONES, MILESTONE, MilestoneStatus
from api.rules.states import IllegalTransition

_EVENTS = {
    "fund": "milestone.funded",
    "complete": "milestone.completed",
    "cancel": "milestone.cancelled",
}
SYSTEM = "system:payments"
FOLLOW = "payments.follow_contract"


def put_in_force(
    session: Session,
    contract: Contract,
    schedule: PaymentSchedule,
    parts: Sequence[PartIn],
    amounts: Mapping[int, Decimal],
    *,
    actor: str,
) -> None:
    """Have the milestones of a contract be the parts of an agreed schedule: those of the same
    number are changed, those that are left out cancelled."""
    known = {each.number: each for each in list_milestones(session, contract)}
    for part in parts:
        found = known.pop(part.number, None)
        if found is None:
            found = PaymentMilestone(
                contract_id=contract.id,
                schedule_id=schedule.id,
                number=part.number,
                kind=part.kind,
                amount=amounts[part.number],
                currency=contract.value_currency,
                term_days=part.term_days,
                guarantee_required=part.guarantee_required,
                lot_id=part.lot_id,
            )
        found.schedule_id, found.kind, found.lot_id = schedule.id, part.kind, part.lot_id
        found.amount, found.term_days = amounts[part.number], part.term_days
        found.guarantee_required = part.guarantee_required
        if found.status not in LIVE_MILESTONES and found.paid < found.worth:
            move(session, contract, found, "reopen", actor)
        found.version += 1
        session.add(found)
    for left in known.values():
        if left.status in LIVE_MILESTONES:
            move(session, contract, left, "cancel", actor)
    session.flush()


def list_milestones(session: Session, contract: Contract) -> Sequence[PaymentMilestone]:
    """The milestones of a contract, in order, as they stand now."""
    session.flush()
    query = select(PaymentMilestone).where(PaymentMilestone.contract_id == contract.id)
    fresh = query.order_by(col(PaymentMilestone.number))
    return session.exec(fresh.execution_options(populate_existing=True)).all()


def milestone_of(session: Session, contract: Contract, number: int) -> PaymentMilestone:
    """A milestone by its number; NotFound."""
    for each in list_milestones(session, contract):
        if each.number == number:
            return each
    raise NotFound


def follow_money(
    session: Session, contract: Contract, held: Decimal, out: Mapping[UUID, Decimal]
) -> None:
    """Mark what the money that is held covers, in the order of the parts; `out` is what has gone out
    of each."""
    live = [each for each in list_milestones(session, contract) if each.status in LIVE_MILESTONES]
    missing = [(each.number, each.worth - out.get(each.id, Decimal())) for each in live]
    covered = rules.funded(missing, held)
    for each in live:
        if each.number in covered and each.status is MilestoneStatus.PLANNED:
            move(session, contract, each, "fund", SYSTEM)
        elif each.number not in covered and each.status is MilestoneStatus.FUNDED:
            move(session, contract, each, "unfund", SYSTEM)


def close(session: Session, contract: Contract, milestone: PaymentMilestone, actor: str) -> None:
    """Complete a milestone of which everything is paid; reopen it when that is no longer so."""
    if milestone.status in LIVE_MILESTONES and milestone.paid == milestone.worth:
        move(session, contract, milestone, "complete", actor)
    elif milestone.status is MilestoneStatus.COMPLETED and milestone.paid < milestone.worth:
        move(session, contract, milestone, "reopen", actor)


def settle_for(
    session: Session, contract: Contract, milestone: PaymentMilestone, worth: Decimal, actor: str
) -> None:
    """Have a milestone be worth no more than this: the contract has ended, and no more is earned."""
    milestone.final_amount = worth
    milestone.version += 1
    session.add(milestone)
    if worth:
        close(session, contract, milestone, actor)
    else:
        move(session, contract, milestone, "cancel", actor)


def move(
    session: Session, contract: Contract, milestone: PaymentMilestone, action: str, actor: str
) -> None:
    """The one place that writes `payment_milestone.status`. Raises Conflict."""
    try:
        milestone.status = MILESTONE.apply(action, milestone.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    milestone.version += 1
    session.add(milestone)
    change = {
        "number": milestone.number,
        "status": milestone.status,
        "kind": milestone.kind,
        "amount": plain(milestone.amount),
        "currency": milestone.currency,
    }
    execution.record(
        session,
        contract,
        f"{action}_milestone",
        actor,
        change,
        event=_EVENTS.get(action),
        resource=milestone.id,
    )
