"""Routes of listings on channels, and of what comes back from them."""

from typing import Annotated, Any

from fastapi import Query

from api.channels.adapters.port import Fault
from api.channels.models import ChannelInquiry, ChannelListing, ChannelOrder
from api.channels.schemas.listings import (
    ChannelConnectionId,
    ChannelInquiryId,
    ChannelInquiryOut,
    ChannelListingId,
    ChannelListingIn,
    ChannelListingOut,
    ChannelListingPatch,
    ChannelOrderId,
    ChannelOrderOut,
    ItemAcceptedIn,
    ItemRejectedIn,
)
from api.channels.service import listings, returns
from api.channels.service.listings import ConnectionEnded
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.rules.channel_listings import ListingStatus, ListingTarget, OrderState

router = access.router("/channel-listings", "channel-listings")
orders_router = access.router("/channel-orders", "channel-orders")
inquiries_router = access.router("/channel-inquiries", "channel-inquiries")
Read = Annotated[Context, require("channels:read")]
Write = Annotated[Context, require("channels:write")]
Change = Annotated[Context, require("channels:write", if_match=True)]
Answer = Annotated[Context, require("channels:answer", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed)


@router.get("", response_model=Page[ChannelListingOut])
def list(
    ctx: Read,
    page: PageDep,
    connection_id: Annotated[ChannelConnectionId | None, Query()] = None,
    status: Annotated[ListingStatus | None, Query()] = None,
) -> Page[Any]:
    """Your listings, the newest first; a partner sees those that are offered to it."""
    rows, cursor = listings.list_listings(
        ctx.session, ctx.org_id, page, connection_id=connection_id, status=status
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=ChannelListingOut,
    responses=documented(AlreadyExists, ConnectionEnded),
)
def create(data: ChannelListingIn, ctx: Write) -> ChannelListing:
    """List an offer of yours. A worker sends it, once the market lets the goods be shown."""
    made = listings.create(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.tag(made)
    return made


@router.get("/{listing_id}", response_model=ChannelListingOut)
def get(listing_id: ChannelListingId, ctx: Read) -> ChannelListing:
    """One listing, and how it stands at the channel."""
    found = listings.seen(ctx.session, listing_id, org_id=ctx.org_id)
    ctx.tag(found)
    return found


@router.patch("/{listing_id}", response_model=ChannelListingOut, responses=documented(*_CHANGED))
def change(listing_id: ChannelListingId, data: ChannelListingPatch, ctx: Change) -> ChannelListing:
    """Change category, keywords or stock; of what is listed only that is sent."""
    found = _held(ctx, listing_id)
    ctx.tag(listings.change(ctx.session, found, actor=ctx.actor, data=data))
    return found


@router.post(
    "/{listing_id}/pause", response_model=ChannelListingOut, responses=documented(*_CHANGED)
)
def pause(listing_id: ChannelListingId, ctx: Change) -> ChannelListing:
    """Take it offline for a while."""
    return _aimed(ctx, listing_id, ListingTarget.PAUSED)


@router.post(
    "/{listing_id}/resume", response_model=ChannelListingOut, responses=documented(*_CHANGED)
)
def resume(listing_id: ChannelListingId, ctx: Change) -> ChannelListing:
    """Put it online again."""
    return _aimed(ctx, listing_id, ListingTarget.LIVE)


@router.post(
    "/{listing_id}/withdraw", response_model=ChannelListingOut, responses=documented(*_CHANGED)
)
def withdraw(listing_id: ChannelListingId, ctx: Change) -> ChannelListing:
    """Take it down; `withdrawn` once the channel has confirmed it."""
    return _aimed(ctx, listing_id, ListingTarget.WITHDRAWN)


@router.post(
    "/{listing_id}/resubmit",
    response_model=ChannelListingOut,
    responses=documented(*_CHANGED, ConnectionEnded),
)
def resubmit(listing_id: ChannelListingId, ctx: Change) -> ChannelListing:
    """Have what was rejected, given up or withdrawn listed anew."""
    found = _held(ctx, listing_id)
    ctx.tag(listings.resubmit(ctx.session, found, actor=ctx.actor))
    return found


@router.post(
    "/{listing_id}/accept", response_model=ChannelListingOut, responses=documented(*_CHANGED)
)
def accept(listing_id: ChannelListingId, data: ItemAcceptedIn, ctx: Answer) -> ChannelListing:
    """Say that you show an item that was offered to you (partner)."""
    found = _offered(ctx, listing_id)
    given = data.external_id
    ctx.tag(listings.accept(ctx.session, found, actor=ctx.actor, external_id=given))
    return found


@router.post(
    "/{listing_id}/reject", response_model=ChannelListingOut, responses=documented(*_CHANGED)
)
def reject(listing_id: ChannelListingId, data: ItemRejectedIn, ctx: Answer) -> ChannelListing:
    """Say why you do not show an item, or not any more (partner)."""
    found = _offered(ctx, listing_id)
    faults = [Fault(each.pointer, each.code, each.detail) for each in data.faults]
    ctx.tag(listings.reject(ctx.session, found, actor=ctx.actor, faults=faults))
    return found


@orders_router.get("", name="list", response_model=Page[ChannelOrderOut])
def list_orders(
    ctx: Read, page: PageDep, state: Annotated[OrderState | None, Query()] = None
) -> Page[Any]:
    """Orders that were placed with you at channels, the newest first."""
    rows, cursor = returns.list_orders(ctx.session, ctx.org_id, page, state=state)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@orders_router.get("/{order_id}", name="get", response_model=ChannelOrderOut)
def get_order(order_id: ChannelOrderId, ctx: Read) -> ChannelOrder:
    """One order."""
    found = returns.get_order(ctx.session, order_id, org_id=ctx.org_id)
    ctx.tag(found)
    return found


@inquiries_router.get("", name="list", response_model=Page[ChannelInquiryOut])
def list_inquiries(ctx: Read, page: PageDep) -> Page[Any]:
    """Requests and questions to you at channels, the newest first."""
    rows, cursor = returns.list_inquiries(ctx.session, ctx.org_id, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@inquiries_router.get("/{inquiry_id}", name="get", response_model=ChannelInquiryOut)
def get_inquiry(inquiry_id: ChannelInquiryId, ctx: Read) -> ChannelInquiry:
    """One request or question."""
    return returns.get_inquiry(ctx.session, inquiry_id, org_id=ctx.org_id)


def _aimed(ctx: Context, listing_id: ChannelListingId, target: ListingTarget) -> ChannelListing:
    found = _held(ctx, listing_id)
    ctx.tag(listings.aim(ctx.session, found, actor=ctx.actor, target=target))
    return found


def _held(ctx: Context, listing_id: ChannelListingId) -> ChannelListing:
    found = listings.get(ctx.session, listing_id, org_id=ctx.org_id, lock=True)
    ctx.check_version(found)
    return found


def _offered(ctx: Context, listing_id: ChannelListingId) -> ChannelListing:
    found = listings.get(ctx.session, listing_id, org_id=ctx.org_id, partner=True, lock=True)
    ctx.check_version(found)
    return found
