"""Routes of money that is expected, and of money that goes out."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.core.errors import Conflict, InvalidCursor, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments.models import Collection, PaymentOrder, PlatformAccount
from api.payments.problems import PaymentFourEyes, PaymentUnderWay
from api.payments.schemas.transfers import (
    CollectionFullOut,
    CollectionId,
    CollectionOut,
    PaymentOrderId,
    PaymentOrderOut,
)
from api.payments.service import collections, orders, platform_accounts
from api.rules.permissions import OrgRole
from api.rules.rails import CollectionStatus, OrderStatus, RailName

incoming = access.router("/collections", "collections")
outgoing = access.router("/payment-orders", "payment_orders")
ROUTERS = (incoming, outgoing)
Read = Annotated[Context, require("payments:read")]
Decide = Annotated[Context, require("treasury:write", if_match=True)]


@incoming.get("", response_model=Page[CollectionOut], responses=documented(InvalidCursor))
def list_collections(
    ctx: Read,
    page: PageDep,
    status: Annotated[CollectionStatus | None, Query(description="Of this status alone")] = None,
) -> Page[Any]:
    """Money that is expected of you, the newest first; the operator sees all."""
    rows, cursor = collections.list_collections(
        ctx.session, page, org_id=_whose(ctx), status=status
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@incoming.get("/{collection_id}", response_model=CollectionFullOut)
def get_collection(collection_id: CollectionId, ctx: Read) -> dict[str, Any]:
    """Money that is expected of you: the reference to write, the accounts to pay to, what came."""
    found = collections.get(ctx.session, collection_id, org_id=_whose(ctx))
    ctx.tag(found)
    return {
        **found.model_dump(),
        "receipts": [*collections.receipts(ctx.session, found)],
        "pay_to": [*_pay_to(ctx, found)],
    }


@outgoing.get("", response_model=Page[PaymentOrderOut], responses=documented(InvalidCursor))
def list_orders(
    ctx: Read,
    page: PageDep,
    status: Annotated[OrderStatus | None, Query(description="Of this status alone")] = None,
) -> Page[Any]:
    """Payments to you, the newest first; the operator sees all."""
    rows, cursor = orders.list_orders(ctx.session, page, org_id=_whose(ctx), status=status)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@outgoing.get("/{payment_order_id}", response_model=PaymentOrderOut)
def get_order(payment_order_id: PaymentOrderId, ctx: Read) -> PaymentOrder:
    """One payment; `blocked_by` says why it was not sent when it could have been."""
    found = orders.get(ctx.session, payment_order_id, org_id=_whose(ctx))
    ctx.tag(found)
    return found


@outgoing.post(
    "/{payment_order_id}/approve",
    response_model=PaymentOrderOut,
    responses=documented(PaymentFourEyes, Conflict, PreconditionFailed),
)
def approve_order(payment_order_id: PaymentOrderId, ctx: Decide) -> PaymentOrder:
    """Let a payment be sent, as somebody else than who has ordered it. For the operator."""
    found = _held(ctx, payment_order_id)
    orders.approve(ctx.session, found, actor=ctx.actor)
    return _shown(ctx, found)


@outgoing.post(
    "/{payment_order_id}/cancel",
    response_model=PaymentOrderOut,
    responses=documented(PaymentUnderWay, Conflict, PreconditionFailed),
)
def cancel_order(payment_order_id: PaymentOrderId, ctx: Decide) -> PaymentOrder:
    """Give a payment up that its rail was not asked for yet: what it held is free. Whether one that
    was asked for is executed or comes back is the bank's statement's to say. For the operator."""
    found = _held(ctx, payment_order_id)
    orders.cancel(ctx.session, found, actor=ctx.actor)
    return _shown(ctx, found)


def _whose(ctx: Context) -> UUID | None:
    """The caller's organisation; None for the operator, who sees all."""
    return None if ctx.has_role(OrgRole.OPERATOR) else ctx.org_id


def _pay_to(ctx: Context, collection: Collection) -> Sequence[PlatformAccount]:
    by_bank = collection.rail is RailName.BANK_TRANSFER
    if not by_bank or not collections.outstanding(collection):
        return ()
    return platform_accounts.opened(ctx.session, collection.currency)


def _held(ctx: Context, order_id: UUID) -> PaymentOrder:
    found = orders.locked(ctx.session, order_id)
    ctx.check_version(found)
    return found


def _shown(ctx: Context, order: PaymentOrder) -> PaymentOrder:
    ctx.tag(order)
    return order
