"""Routes of orders without a tender."""

from typing import Annotated, Any
from uuid import UUID

from api.contracts import order_queries, orders, problems
from api.contracts.models import PurchaseOrder
from api.contracts.schemas.orders import (
    PurchaseOrderId,
    PurchaseOrderIn,
    PurchaseOrderLineOut,
    PurchaseOrderOut,
    PurchaseOrderReasonIn,
)
from api.core import ids
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement.service.award_problems import FourEyes
from api.reference.policies import PolicyMissing
from api.rules.contracts import Side
from api.rules.orders import PurchaseOrderStatus
from api.sourcing.problems import (
    PublicBuyerTenders,
    QuoteLapsed,
    QuoteNotOrderable,
    RfqOrdered,
)
from api.sourcing.schemas import RfqId

of_rfq = access.router("/rfqs/{rfq_id}/purchase-orders", "purchase-orders")
router = access.router("/purchase-orders", "purchase-orders")
Read = Annotated[Context, require("purchase_orders:read")]
Draft = Annotated[Context, require("purchase_orders:write", key=True)]
Change = Annotated[Context, require("purchase_orders:write", if_match=True)]
Answer = Annotated[Context, require("purchase_orders:answer", if_match=True)]
_UNFIT = (QuoteLapsed, QuoteNotOrderable, RfqOrdered, problems.OrderOutdated, PublicBuyerTenders)
_MOVED = (Conflict, PreconditionFailed)


@of_rfq.post(
    "",
    status_code=201,
    response_model=PurchaseOrderOut,
    responses=documented(*_UNFIT, PolicyMissing),
)
def create(rfq_id: RfqId, data: PurchaseOrderIn, ctx: Draft) -> PurchaseOrderOut:
    """Draft an order from a quote for your request, at its prices for the quantities that you want.
    The seller knows of it once it is placed."""
    order = orders.draft(
        ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, rfq_id=rfq_id, data=data
    )
    ctx.headers["Location"] = f"/v1/purchase-orders/{ids.show('purchaseorder', order.id)}"
    return _shown(ctx, order)


@router.get("", response_model=Page[PurchaseOrderOut])
def list(
    ctx: Read,
    page: PageDep,
    rfq: RfqId | None = None,
    status: PurchaseOrderStatus | None = None,
) -> Page[Any]:
    """Orders that you made, and those that were placed with you; newest first."""
    rows, cursor = order_queries.list_orders(
        ctx.session, page, org_id=ctx.org_id, rfq_id=rfq, status=status
    )
    contracts = order_queries.contract_ids(ctx.session, rows)
    items = [_out(row, contracts.get(row.id)) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{order_id}", response_model=PurchaseOrderOut)
def get(order_id: PurchaseOrderId, ctx: Read) -> PurchaseOrderOut:
    """An order that you made, or that was placed with you."""
    return _shown(ctx, order_queries.get(ctx.session, org_id=ctx.org_id, order_id=order_id))


@router.post(
    "/{order_id}/place",
    response_model=PurchaseOrderOut,
    responses=documented(*_MOVED, *_UNFIT, FourEyes),
)
def place(order_id: PurchaseOrderId, ctx: Change) -> PurchaseOrderOut:
    """Order: the quote binds its seller, the request takes no more quotes, and the contract lies
    before both sides. Above what one person may spend alone, by somebody else than who drafted it."""
    order = _held(ctx, order_id, Side.BUYER)
    return _shown(ctx, orders.place(ctx.session, order, actor=ctx.actor))


@router.post(
    "/{order_id}/confirm",
    response_model=PurchaseOrderOut,
    responses=documented(*_MOVED, QuoteLapsed),
)
def confirm(order_id: PurchaseOrderId, ctx: Answer) -> PurchaseOrderOut:
    """Accept an order that was placed with you, while your quote is valid: both sides can then sign
    its contract."""
    order = _held(ctx, order_id, Side.SUPPLIER)
    return _shown(ctx, orders.confirm(ctx.session, order, actor=ctx.actor))


@router.post("/{order_id}/refuse", response_model=PurchaseOrderOut, responses=documented(*_MOVED))
def refuse(order_id: PurchaseOrderId, data: PurchaseOrderReasonIn, ctx: Answer) -> PurchaseOrderOut:
    """Refuse an order that was placed with you, before its contract is in force: your quote is over."""
    order = _held(ctx, order_id, Side.SUPPLIER)
    return _shown(ctx, orders.refuse(ctx.session, order, actor=ctx.actor, reason=data.reason))


@router.post("/{order_id}/cancel", response_model=PurchaseOrderOut, responses=documented(*_MOVED))
def cancel(order_id: PurchaseOrderId, data: PurchaseOrderReasonIn, ctx: Change) -> PurchaseOrderOut:
    """Give an order of yours up, before its contract is in force; you can then order anew."""
    order = _held(ctx, order_id, Side.BUYER)
    return _shown(ctx, orders.cancel(ctx.session, order, actor=ctx.actor, reason=data.reason))


def _held(ctx: Context, order_id: PurchaseOrderId, side: Side) -> PurchaseOrder:
    order = orders.hold(ctx.session, org_id=ctx.org_id, order_id=order_id, side=side)
    ctx.check_version(order)
    return order


def _shown(ctx: Context, order: PurchaseOrder) -> PurchaseOrderOut:
    ctx.tag(order)
    return _out(order, order_queries.contract_ids(ctx.session, [order]).get(order.id))


def _out(order: PurchaseOrder, contract_id: UUID | None) -> PurchaseOrderOut:
    policy = order.policy
    return PurchaseOrderOut.model_validate(
        {
            **order.model_dump(),
            "contract_id": contract_id,
            "late_delivery_penalty": policy["parameters"]["late_delivery_penalty"],
            "default_terms": {
                "title": policy["title"],
                "source": policy["legal_source"],
                "valid_from": policy["valid_from"],
            },
            "lines": [PurchaseOrderLineOut.model_validate(line) for line in order.lines],
        }
    )
