"""What every act of carrying a contract out needs: its sides, its lock, its trail. Never commits."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import service
from api.contracts.bases import Basis
from api.contracts.models import Contract, ContractDocument, DeliveryScheduleRow
from api.contracts.queries import get
from api.core import audit, db
from api.core.errors import Conflict, NotFound, refused
from api.core.files import service as files
from api.core.outbox import emit
from api.procurement.models import Document
from api.rules.contracts import ContractStatus, Side

CLOCK = "system:clock"


def party(session: Session, *, org_id: UUID, contract_id: UUID) -> Contract:
    """A signed contract of the caller, buyer or any of its suppliers; NotFound for strangers."""
    found = get(session, org_id=org_id, contract_id=contract_id)
    if found.signed_at is None or org_id not in (found.buyer_id, *found.suppliers):
        raise NotFound
    return found


def hold(
    session: Session,
    *,
    org_id: UUID,
    contract_id: UUID,
    side: Side | None = None,
    in_force: bool = True,
    members: bool = False,
) -> tuple[Basis, Contract]:
    """A signed contract of the caller's and what it rests on, both locked.

    NotFound for strangers, and for the other side when the act is `side`'s; Forbidden for suppliers
    that are not their lead, unless the act is one of delivery, which is for all `members`; Conflict for
    a contract that is over, unless the act may follow its end (`in_force` is False).
    """
    party(session, org_id=org_id, contract_id=contract_id)
    basis, contract = service.hold(session, org_id=org_id, contract_id=contract_id, members=members)
    own = Side.BUYER if org_id == contract.buyer_id else Side.SUPPLIER
    if side is not None and own is not side:
        raise NotFound
    if in_force and contract.status is not ContractStatus.ACTIVE:
        raise Conflict(f"The contract is {contract.status}.")
    return basis, contract


def locked(session: Session, contract_id: UUID) -> Contract | None:
    """A contract, locked as whoever acts on it locks it; for the workers."""
    query = select(Contract).where(Contract.id == contract_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def rows_of(session: Session, contract: Contract) -> dict[UUID, DeliveryScheduleRow]:
    """The rows of the delivery schedule in force, by their ids, in their order."""
    session.flush()
    query = select(DeliveryScheduleRow).where(
        DeliveryScheduleRow.contract_id == contract.id,
        col(DeliveryScheduleRow.withdrawn_at).is_(None),
    )
    fresh = query.order_by(col(DeliveryScheduleRow.number))
    rows = session.exec(fresh.execution_options(populate_existing=True)).all()
    return {row.id: row for row in rows}


def require_rows(session: Session, contract: Contract, row_ids: list[UUID]) -> None:
    """Raise Invalid for the first that is no row of the schedule in force."""
    known = rows_of(session, contract)
    for n, row_id in enumerate(row_ids):
        if row_id not in known:
            pointer = f"#/schedule_row_ids/{n}"
            raise refused(pointer, "unknown_row", "The delivery schedule has no such row.")


def lay(
    session: Session, contract: Contract, *, org_id: UUID, document_id: UUID, pointer: str
) -> ContractDocument:
    """Lay one's own uploaded document before the other side, once. Raises Invalid and
    FileWithheld."""
    session.flush()
    document = session.exec(
        select(Document).where(Document.id == document_id, Document.org_id == org_id)
    ).one_or_none()
    if document is None:
        raise refused(pointer, "unknown_document", "You have no such document.")
    files.require_given(document.file)
    known = session.exec(
        select(ContractDocument).where(
            ContractDocument.contract_id == contract.id,
            ContractDocument.document_id == document_id,
        )
    ).one_or_none()
    if known is not None:
        return known
    laid = ContractDocument(
        contract_id=contract.id,
        document_id=document.id,
        org_id=org_id,
        sha256=document.sha256,
        added_at=db.now(session),
    )
    session.add(laid)
    session.flush()
    return laid


def record(
    session: Session,
    contract: Contract,
    action: str,
    actor: str,
    change: dict[str, Any],
    *,
    event: str | None = None,
    resource: UUID | None = None,
) -> None:
    """The audit entry of an act, which the sides of the contract can read, and its event if any.

    The event names `resource` and tells the contract, its sides and `change`.
    """
    session.flush()
    audit.record(
        session,
        f"execution:{contract.id.hex}",
        action,
        actor=actor,
        org_id=contract.buyer_id,
        change=change,
    )
    if event is not None:
        emit(
            session,
            event,
            resource or contract.id,
            org_id=contract.buyer_id,
            also=contract.suppliers,
            contract_id=contract.id.hex,
            **contract.origin,
            supplier_id=contract.supplier_id.hex,
            **change,
        )
