"""Routes of money that fits nothing, for the operator: one proposes, another decides."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.core.errors import AlreadyExists, Conflict, InvalidCursor, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments.models import SuspenseItem
from api.payments.problems import (
    InsufficientFunds,
    PayeeFourEyes,
    PayeeUnfit,
    PaymentFourEyes,
    SenderUnknown,
    SuspenseUnfit,
)
from api.payments.schemas.transfers import (
    SuspenseAssignIn,
    SuspenseItemId,
    SuspenseItemOut,
    SuspenseReturnIn,
    SuspenseSenderIn,
)
from api.payments.service import suspense, suspense_decisions, suspense_senders
from api.rules.rails import SuspenseStatus

router = access.router("/suspense-items", "suspense_items")
Read = Annotated[Context, require("treasury:read")]
Decide = Annotated[Context, require("treasury:write", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed)


@router.get("", response_model=Page[SuspenseItemOut], responses=documented(InvalidCursor))
def list(
    ctx: Read,
    page: PageDep,
    status: Annotated[SuspenseStatus | None, Query(description="Of this status alone")] = None,
) -> Page[Any]:
    """Money of which nobody knows yet whose it is, the newest first."""
    rows, cursor = suspense.list_items(ctx.session, page, status=status)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{suspense_item_id}", response_model=SuspenseItemOut)
def get(suspense_item_id: SuspenseItemId, ctx: Read) -> SuspenseItem:
    """One item."""
    return _shown(ctx, suspense.get(ctx.session, suspense_item_id))


@router.post(
    "/{suspense_item_id}/assign",
    response_model=SuspenseItemOut,
    responses=documented(SuspenseUnfit, *_CHANGED),
)
def assign(suspense_item_id: SuspenseItemId, data: SuspenseAssignIn, ctx: Decide) -> SuspenseItem:
    """Propose the collection that the money is for; nothing moves before another agrees."""
    item = _held(ctx, suspense_item_id)
    suspense_decisions.propose_assignment(ctx.session, item, data.collection_id, actor=ctx.actor)
    return _shown(ctx, item)


@router.post(
    "/{suspense_item_id}/return",
    response_model=SuspenseItemOut,
    responses=documented(PayeeUnfit, *_CHANGED),
)
def send_back(
    suspense_item_id: SuspenseItemId, data: SuspenseReturnIn, ctx: Decide
) -> SuspenseItem:
    """Propose the sender's verified account that the money goes back to; nothing moves before another
    agrees."""
    item = _held(ctx, suspense_item_id)
    suspense_decisions.propose_return(ctx.session, item, data.payee_account_id, actor=ctx.actor)
    return _shown(ctx, item)


@router.post(
    "/{suspense_item_id}/return-to-sender",
    response_model=SuspenseItemOut,
    responses=documented(SenderUnknown, AlreadyExists, *_CHANGED),
)
def return_to_sender(
    suspense_item_id: SuspenseItemId, data: SuspenseSenderIn, ctx: Decide
) -> SuspenseItem:
    """Propose that the money goes back to the account that the statement says it came from, of somebody
    who need not be registered here; who agrees verifies the account by that."""
    item = _held(ctx, suspense_item_id)
    suspense_senders.propose(ctx.session, item, data, org_id=ctx.org_id, actor=ctx.actor)
    return _shown(ctx, item)


@router.post(
    "/{suspense_item_id}/approve",
    response_model=SuspenseItemOut,
    responses=documented(
        PaymentFourEyes, PayeeFourEyes, SuspenseUnfit, PayeeUnfit, InsufficientFunds, *_CHANGED
    ),
)
def approve(suspense_item_id: SuspenseItemId, ctx: Decide) -> SuspenseItem:
    """Agree with the proposal, as somebody else than who made it: the money moves. What the collection
    does not take is an item of its own; what goes back is a payment order."""
    item = _held(ctx, suspense_item_id)
    suspense_decisions.carry_out(ctx.session, item, actor=ctx.actor)
    return _shown(ctx, item)


@router.post(
    "/{suspense_item_id}/refuse",
    response_model=SuspenseItemOut,
    responses=documented(*_CHANGED),
)
def refuse(suspense_item_id: SuspenseItemId, ctx: Decide) -> SuspenseItem:
    """Disagree with the proposal, or take it back: the item is open again."""
    item = _held(ctx, suspense_item_id)
    suspense_decisions.refuse(ctx.session, item, actor=ctx.actor)
    return _shown(ctx, item)


def _held(ctx: Context, item_id: UUID) -> SuspenseItem:
    item = suspense.locked(ctx.session, item_id)
    ctx.check_version(item)
    return item


def _shown(ctx: Context, item: SuspenseItem) -> SuspenseItem:
    ctx.tag(item)
    return item
