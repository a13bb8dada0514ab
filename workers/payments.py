"""Tasks of payments."""

from uuid import UUID

from sqlmodel import Session

from api.contracts.models import Acceptance, Dispute, LdClaim
from api.payments.models import (
    AdvanceGuarantee,
    Collection,
    ContractRefund,
    MilestonePayment,
    PaymentMilestone,
    PaymentOrder,
)
from api.payments.service import following, holds
from workers.app import task


@task("payments.expire_hold")
def expire_hold(session: Session, resource_id: str) -> None:
    """The time of a hold is over: what nobody posted is free again."""
    holds.expire_due(session, UUID(hex=resource_id))


@task("payments.follow_contract")
def follow_contract(session: Session, resource_id: str) -> None:
    """Something has happened to a contract: its payments follow."""
    following.follow(session, UUID(hex=resource_id))


@task("payments.follow_acceptance")
def follow_acceptance(session: Session, resource_id: str) -> None:
    """Goods were accepted: what was to be paid for them is due."""
    following.follow(session, session.get_one(Acceptance, UUID(hex=resource_id)).contract_id)


@task("payments.follow_dispute")
def follow_dispute(session: Session, resource_id: str) -> None:
    """A dispute was opened or closed: it holds payments, or lets them go."""
    following.follow(session, session.get_one(Dispute, UUID(hex=resource_id)).contract_id)


@task("payments.follow_claim")
def follow_claim(session: Session, resource_id: str) -> None:
    """Damages were agreed: they are taken off payments."""
    following.follow(session, session.get_one(LdClaim, UUID(hex=resource_id)).contract_id)


@task("payments.follow_guarantee")
def follow_guarantee(session: Session, resource_id: str) -> None:
    """A guarantee was accepted: the advance is due."""
    following.follow(session, session.get_one(AdvanceGuarantee, UUID(hex=resource_id)).contract_id)


@task("payments.follow_milestone")
def follow_milestone(session: Session, resource_id: str) -> None:
    """The days after a fact are over: something is due."""
    following.follow(session, session.get_one(PaymentMilestone, UUID(hex=resource_id)).contract_id)


@task("payments.follow_payment")
def follow_payment(session: Session, resource_id: str) -> None:
    """A payment was approved, or paid outside: it is made, or booked."""
    following.follow(session, session.get_one(MilestonePayment, UUID(hex=resource_id)).contract_id)


@task("payments.follow_refund")
def follow_refund(session: Session, resource_id: str) -> None:
    """A refund was approved: it is made."""
    following.follow(session, session.get_one(ContractRefund, UUID(hex=resource_id)).contract_id)


@task("payments.follow_collection")
def follow_collection(session: Session, resource_id: str) -> None:
    """Money has come: what it is for can be paid."""
    following.follow_collection(session, session.get_one(Collection, UUID(hex=resource_id)))


@task("payments.follow_order")
def follow_order(session: Session, resource_id: str) -> None:
    """An order was settled, or was not: its payment or refund follows."""
    following.follow_order(session, session.get_one(PaymentOrder, UUID(hex=resource_id)))
