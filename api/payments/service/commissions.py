"""What the platform keeps of a payment to a supplier: by what was frozen with the contract."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.contracts.models import Contract
from api.payments.models import MilestonePayment
from api.payments.service import tariffs
from api.rules.payment_milestones import PaymentStatus


def of_payment(
    session: Session, contract: Contract, due: Decimal, *, but: UUID | None = None
) -> Decimal:
    """What is kept of `due`, after all payments of the contract that stand, but one; nothing where
    no commission was frozen."""
    session.flush()
    query = select(
        func.coalesce(func.sum(MilestonePayment.gross - MilestonePayment.penalty), 0),
        func.coalesce(func.sum(MilestonePayment.commission), 0),
    ).where(
        MilestonePayment.contract_id == contract.id,
        MilestonePayment.status != PaymentStatus.CANCELLED,
    )
    if but is not None:
        query = query.where(col(MilestonePayment.id) != but)
    paid, taken = session.exec(query).one()
    return tariffs.of_payment(session, contract, due=due, paid=Decimal(paid), taken=Decimal(taken))
