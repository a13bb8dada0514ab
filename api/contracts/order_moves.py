"""How orders move, and their requests and quotes with them. Never commits.

Locks are taken in one order: order, contract, quote, request.
"""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import order_queries
from api.contracts.models import PurchaseOrder
from api.core import audit, db, deadlines
from api.core.errors import Conflict
from api.core.outbox import emit
from api.rules.offers import plain
from api.rules.orders import LIVE, ORDER, PurchaseOrderStatus
from api.rules.states import IllegalTransition
from api.sourcing.service import quotes, rfqs

VALIDITY = "purchase_order.validity_ended"
_EVENTS = {
    "place": "purchase_order.placed",
    "confirm": "purchase_order.confirmed",
    "refuse": "purchase_order.refused",
    "lapse": "purchase_order.lapsed",
    "cancel": "purchase_order.cancelled",
}


def end(
    session: Session,
    order: PurchaseOrder,
    action: str,
    *,
    actor: str,
    reason: str,
    change: dict[str, Any] | None = None,
) -> None:
    """Have nothing come of an order: `refuse` it as its seller, `cancel` it as its buyer, or let it
    `lapse`. Its quote is over when the seller refuses, and free again otherwise; by the request can
    be ordered anew, at once or, when its seller refuses, once the workers have seen it.

    Raises Conflict.
    """
    stood = order.status in LIVE
    order.closed_at, order.closing_reason = db.now(session), reason
    move(session, order, action, actor, {**(change or {}), "reason": reason})
    if not stood:
        return
    deadlines.disarm(session, VALIDITY, order.id)
    quote = quotes.locked(session, order.quote_id)
    if action == "refuse":
        quotes.decline(session, quote, actor=actor)
        return
    quotes.release(session, quote, actor=actor)
    rfqs.reopen(session, order.rfq_id, actor=actor)


def move(
    session: Session, order: PurchaseOrder, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The one place that writes `purchase_order.status`. Raises Conflict."""
    drafted = order.placed_at is None
    try:
        order.status = ORDER.apply(action, order.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    order.version += 1
    log(session, order, action, actor, change)
    if action in _EVENTS:
        emit(
            session,
            _EVENTS[action],
            order.id,
            org_id=order.buyer_id,
            also=[] if drafted else [order.seller_id],
            rfq_id=order.rfq_id.hex,
            quote_id=order.quote_id.hex,
            status=order.status,
            total=plain(order.total),
            currency=order.currency,
            version=order.version,
        )


def log(
    session: Session, order: PurchaseOrder, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The audit entry of an act."""
    session.add(order)
    session.flush()
    audit.record(
        session,
        f"purchase_order:{order.id.hex}",
        action,
        actor=actor,
        org_id=order.buyer_id,
        change={"status": order.status, "rfq": order.rfq_id.hex, **change},
    )


def pass_others_over(session: Session, order_id: UUID) -> int:
    """Tell whoever else quoted that the order of another is confirmed; how many were told, nobody
    once the order is over. For the workers."""
    order = order_queries.locked(session, order_id)
    if order is None or order.status is not PurchaseOrderStatus.CONFIRMED:
        return 0
    return quotes.pass_over(session, order.rfq_id)


def reopen_request(session: Session, order_id: UUID) -> bool:
    """Let the buyer order from another quote after a seller's refusal; for the workers. False: there
    is nothing to do."""
    order = session.get(PurchaseOrder, order_id)
    if order is None:
        return False
    # Whoever places another order holds the request: told twice, it is not taken from that one.
    rfqs.hold(session, order.rfq_id)
    if live(session, order.rfq_id) is not None:
        return False
    return rfqs.reopen(session, order.rfq_id, actor="worker")


def live(session: Session, rfq_id: UUID) -> PurchaseOrder | None:
    """The order by a request that stands: placed, or confirmed."""
    query = select(PurchaseOrder).where(
        PurchaseOrder.rfq_id == rfq_id, col(PurchaseOrder.status).in_(LIVE)
    )
    return session.exec(query).one_or_none()
