"""Who sees which disputes, and how they are held. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, or_
from sqlmodel import Session, col, select

from api.contracts import execution
from api.contracts.bases import Basis
from api.contracts.models import Contract, Dispute, DisputeEvidence, PaymentFreeze
from api.core.errors import NotFound
from api.rules.disputes import DisputeStage


def visible(org_id: UUID, *, reviewer: bool) -> ColumnElement[bool]:
    """Condition of the disputes that an organisation sees: of its contracts, and for the commission
    those that it decides or has decided."""
    of_side = col(Dispute.contract_id).in_(
        select(Contract.id).where(
            or_(col(Contract.buyer_id) == org_id, any_(col(Contract.suppliers)) == org_id)
        )
    )
    if not reviewer:
        return of_side
    judged = or_(
        col(Dispute.stage) == DisputeStage.DETERMINATION, col(Dispute.determined_by) == org_id
    )
    return or_(of_side, judged)


def get(session: Session, *, org_id: UUID, dispute_id: UUID, reviewer: bool = False) -> Dispute:
    """A dispute that the organisation sees; NotFound."""
    query = select(Dispute).where(Dispute.id == dispute_id, visible(org_id, reviewer=reviewer))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(session: Session, *, org_id: UUID, dispute_id: UUID) -> tuple[Basis, Contract, Dispute]:
    """A dispute of the caller's contract, with the contract and what it rests on, all locked; NotFound."""
    seen = get(session, org_id=org_id, dispute_id=dispute_id)
    basis, contract = execution.hold(
        session, org_id=org_id, contract_id=seen.contract_id, in_force=False
    )
    found = locked(session, col(Dispute.id) == dispute_id)
    if found is None:
        raise NotFound
    return basis, contract, found


def hold_judged(session: Session, *, org_id: UUID, dispute_id: UUID) -> Dispute:
    """A dispute that the commission is to decide, locked. NotFound; also for a side of it."""
    seen = visible(org_id, reviewer=True)
    found = locked(session, and_(col(Dispute.id) == dispute_id, seen))
    if found is None:
        raise NotFound
    contract = session.get_one(Contract, found.contract_id)
    if org_id in (contract.buyer_id, *contract.suppliers):
        raise NotFound
    return found


def list_disputes(session: Session, contract: Contract, *, org_id: UUID) -> Sequence[Dispute]:
    """The disputes about a contract that the organisation sees, in order."""
    session.flush()
    query = select(Dispute).where(
        Dispute.contract_id == contract.id, visible(org_id, reviewer=False)
    )
    return session.exec(query.order_by(col(Dispute.number))).all()


def to_determine(session: Session, org_id: UUID) -> Sequence[Dispute]:
    """The disputes that wait for the commission, oldest first."""
    query = select(Dispute).where(
        Dispute.stage == DisputeStage.DETERMINATION, visible(org_id, reviewer=True)
    )
    return session.exec(query.order_by(col(Dispute.id))).all()


def evidence(session: Session, dispute: Dispute) -> Sequence[DisputeEvidence]:
    """The evidence in a dispute, in order."""
    session.flush()
    query = select(DisputeEvidence).where(DisputeEvidence.dispute_id == dispute.id)
    return session.exec(query.order_by(col(DisputeEvidence.number))).all()


def freezes(session: Session, dispute: Dispute) -> Sequence[PaymentFreeze]:
    """The payments that a dispute holds, or held, in order."""
    session.flush()
    query = select(PaymentFreeze).where(PaymentFreeze.dispute_id == dispute.id)
    return session.exec(query.order_by(col(PaymentFreeze.id))).all()


def locked(session: Session, condition: ColumnElement[bool]) -> Dispute | None:
    """A dispute as it stands once nobody else acts on it."""
    query = select(Dispute).where(condition).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()
