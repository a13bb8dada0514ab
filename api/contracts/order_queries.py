"""What may be read of orders, scoped to the asker. Never commits."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import selectinload
from sqlmodel import Session, col, select

from api.contracts.models import Contract, PurchaseOrder
from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.rules.orders import PurchaseOrderStatus


def get(session: Session, *, org_id: UUID, order_id: UUID) -> PurchaseOrder:
    """An order with its lines: one's own, or one that was placed with the asker; NotFound."""
    query = select(PurchaseOrder).where(PurchaseOrder.id == order_id, visible(org_id))
    found = session.exec(query.options(_WITH_LINES)).one_or_none()
    if found is None:
        raise NotFound
    return found


def locked(session: Session, order_id: UUID) -> PurchaseOrder | None:
    """An order with its lines, locked as it stands now."""
    query = select(PurchaseOrder).where(PurchaseOrder.id == order_id).options(_WITH_LINES)
    held = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(held).one_or_none()


def list_orders(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID,
    rfq_id: UUID | None,
    status: PurchaseOrderStatus | None,
) -> tuple[Sequence[PurchaseOrder], str | None]:
    """Orders that the asker made or got, newest first, and the next page's cursor."""
    query = select(PurchaseOrder).where(visible(org_id)).options(_WITH_LINES)
    if rfq_id is not None:
        query = query.where(PurchaseOrder.rfq_id == rfq_id)
    if status is not None:
        query = query.where(PurchaseOrder.status == status)
    scope, filters = f"purchase_orders:{org_id.hex}", {"rfq": rfq_id, "status": status}
    return pages.newest_first(session, query, PurchaseOrder, page, scope=scope, filters=filters)


def visible(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the orders that an organisation may see: a seller's once they are placed."""
    placed = and_(col(PurchaseOrder.seller_id) == org_id, col(PurchaseOrder.placed_at).is_not(None))
    return or_(col(PurchaseOrder.buyer_id) == org_id, placed)


def contract_ids(session: Session, orders: Iterable[PurchaseOrder]) -> Mapping[UUID, UUID]:
    """The contracts of orders by the order; one that was never placed has none."""
    query = select(Contract.order_id, Contract.id).where(
        col(Contract.order_id).in_([order.id for order in orders])
    )
    return {order: contract for order, contract in session.exec(query) if order is not None}


def hold_contract(session: Session, order: PurchaseOrder) -> Contract:
    """The contract of an order that was placed, locked after the order."""
    query = select(Contract).where(Contract.order_id == order.id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


_WITH_LINES = selectinload(PurchaseOrder.lines)  # type: ignore[arg-type]
