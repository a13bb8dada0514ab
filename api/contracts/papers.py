"""The documents that the sides of a contract have laid before each other. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import dispute_queries, execution
from api.contracts.models import ContractDocument, Dispute
from api.core.errors import NotFound
from api.procurement.models import Document


def list_documents(
    session: Session, *, org_id: UUID, contract_id: UUID, reviewer: bool
) -> Sequence[ContractDocument]:
    """The documents of a contract: for its sides, and for the commission that decides a dispute
    about it; NotFound for strangers."""
    if not (reviewer and _judges(session, org_id, contract_id)):
        execution.party(session, org_id=org_id, contract_id=contract_id)
    query = select(ContractDocument).where(ContractDocument.contract_id == contract_id)
    return session.exec(query.order_by(col(ContractDocument.id))).all()


def document_of(
    session: Session, *, org_id: UUID, contract_id: UUID, document_id: UUID, reviewer: bool
) -> Document:
    """A file among the documents of a contract; NotFound."""
    laid = list_documents(session, org_id=org_id, contract_id=contract_id, reviewer=reviewer)
    found = None
    if document_id in {each.document_id for each in laid}:
        found = session.get(Document, document_id)
    if found is None:
        raise NotFound
    return found


def _judges(session: Session, org_id: UUID, contract_id: UUID) -> bool:
    query = select(Dispute.id).where(
        Dispute.contract_id == contract_id, dispute_queries.visible(org_id, reviewer=True)
    )
    return session.exec(query.limit(1)).first() is not None
