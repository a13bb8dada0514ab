"""Guarantees of advances: the supplier gives one as a security of the contract, the buyer verifies it,
and as long as it is in force the advance may be paid. Never commits."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import execution
from api.contracts.models import Contract
from api.payments.models import Guarantee, PaymentMilestone, Security
from api.payments.service import milestones
from api.rules.disputes import MilestoneKind
from api.rules.guarantees import IN_FORCE, GuaranteeKind
from api.rules.offers import plain
from api.rules.payment_milestones import AdvanceGuaranteeStatus, MilestoneStatus

_TOLD = {
    "submit": AdvanceGuaranteeStatus.SUBMITTED,
    "accept": AdvanceGuaranteeStatus.ACCEPTED,
    "refuse": AdvanceGuaranteeStatus.REFUSED,
}


def needed(session: Session, contract: Contract) -> Decimal:
    """What a guarantee of the contract's advances is good for at least: all that are agreed to be
    guaranteed. Nothing: none is."""
    return sum((each.amount for each in _guaranteed(session, contract)), Decimal())


def cover(session: Session, contract: Contract, milestone: PaymentMilestone) -> Guarantee | None:
    """The guarantee in force under which an advance may be paid: it is for this one and for the
    guaranteed advances of lower numbers. None: there is none, or none any more."""
    before = sum(
        (each.amount for each in _guaranteed(session, contract) if each.number < milestone.number),
        Decimal(),
    )
    for each in guarantees(session, contract):
        if each.status in IN_FORCE and each.amount >= before + milestone.amount:
            return each
    return None


def guarantees(session: Session, contract: Contract) -> Sequence[Guarantee]:
    """The guarantees that were given for the advances of a contract, in order, as they stand now."""
    session.flush()
    query = (
        select(Guarantee)
        .join(Security, col(Security.guarantee_id) == Guarantee.id)
        .where(Security.contract_id == contract.id, Security.kind == GuaranteeKind.ADVANCE)
        .order_by(col(Guarantee.id))
    )
    return session.exec(query.execution_options(populate_existing=True)).all()


def tell(session: Session, guarantee: Guarantee, action: str, actor: str) -> None:
    """Tell both sides of the contract that the guarantee of its advances was submitted, accepted or
    refused; nothing of one that secures something else."""
    contract_id = contract_of(session, guarantee.id)
    if contract_id is None:
        return
    contract = session.get_one(Contract, contract_id)
    status = _TOLD[action]
    change = {
        "number": [each.id for each in guarantees(session, contract)].index(guarantee.id) + 1,
        "status": status,
        "amount": plain(guarantee.amount),
        "currency": guarantee.currency,
        "sha256": guarantee.document_sha256,
    }
    name, event = f"{action}_guarantee", f"advance_guarantee.{status}"
    execution.record(session, contract, name, actor, change, event=event, resource=guarantee.id)


def contract_of(session: Session, guarantee_id: UUID) -> UUID | None:
    """The contract whose advances a guarantee secures; None: it secures something else."""
    query = select(Security.contract_id).where(
        Security.guarantee_id == guarantee_id, Security.kind == GuaranteeKind.ADVANCE
    )
    return session.exec(query).one_or_none()


def _guaranteed(session: Session, contract: Contract) -> list[PaymentMilestone]:
    return [
        each
        for each in milestones.list_milestones(session, contract)
        if each.kind is MilestoneKind.ADVANCE
        and each.guarantee_required
        and each.status is not MilestoneStatus.CANCELLED
    ]
