"""The arithmetic of a payment: gathered from facts when it becomes due, and anew until somebody has
approved it. Never commits."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.contracts.models import Contract
from api.core import ids
from api.payments.due import files
from api.payments.models import MilestonePayment, PaymentMilestone
from api.payments.service import commissions, milestone_facts
from api.payments.service.milestone_facts import Known
from api.procurement.sealing import canonical
from api.reference.locales import currencies
from api.rules import payment_milestones as rules
from api.rules.payment_milestones import PaymentInputs, PaymentStatus, Settlement


def inputs(
    session: Session,
    contract: Contract,
    milestone: PaymentMilestone,
    settlement: Settlement,
    known: Known,
    *,
    as_of: datetime,
) -> PaymentInputs:
    """What the next payment of a milestone is computed from."""
    ordered, facts = milestone_facts.of_milestone(session, contract, milestone, known)
    found = PaymentInputs(
        contract=ids.show("contract", contract.id),
        number=milestone.number,
        kind=milestone.kind,
        lot=None if milestone.lot_id is None else ids.show("lot", milestone.lot_id),
        settlement=settlement,
        currency=milestone.currency,
        places=currencies()[milestone.currency].minor_units,
        amount=milestone.amount,
        term_days=milestone.term_days,
        as_of=as_of,
        ordered=ordered,
        facts=facts,
        called=milestone.called,
        owed=milestone_facts.owed(session, contract),
        netted=_netted(session, contract, None),
        commission=Decimal(),
    )
    return found


def write(
    session: Session, contract: Contract, given: PaymentInputs, *, but: UUID | None = None
) -> bytes:
    """The file of a payment, with the commission of what is due; `but` is the payment itself, where
    it is there already."""
    return files.write(_with_commission(session, contract, given, but))


def anew(session: Session, contract: Contract, payment: MilestonePayment) -> bytes:
    """The file of a payment as it would be written now: from the same facts, with what the supplier
    owes by now."""
    said = files.inputs_of(canonical.loads(payment.file)["inputs"])
    fresh = replace(
        said,
        owed=milestone_facts.owed(session, contract),
        netted=_netted(session, contract, payment.id),
        commission=Decimal(),
    )
    return write(session, contract, fresh, but=payment.id)


def rows_of(given: PaymentInputs) -> list[UUID]:
    """The rows of the delivery schedule whose goods a payment is for."""
    shown: Collection[str] = dict.fromkeys(fact.row for fact in given.facts if fact.row)
    return [ids.parse("schedule_row", each) for each in shown]


def _with_commission(
    session: Session, contract: Contract, found: PaymentInputs, but: UUID | None
) -> PaymentInputs:
    """A commission is of what is paid by the platform, after what the supplier owes."""
    if found.settlement is Settlement.DIRECT:
        return found
    due = rules.compute(found).net
    kept = commissions.of_payment(session, contract, due, but=but) if due else Decimal()
    return replace(found, commission=kept)


def _netted(session: Session, contract: Contract, but: UUID | None) -> Decimal:
    """What payments of the contract that stand take off, all but one."""
    session.flush()
    query = select(func.coalesce(func.sum(MilestonePayment.penalty), 0)).where(
        MilestonePayment.contract_id == contract.id,
        MilestonePayment.status != PaymentStatus.CANCELLED,
    )
    if but is not None:
        query = query.where(col(MilestonePayment.id) != but)
    return Decimal(session.exec(query).one())
