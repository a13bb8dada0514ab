"""Routes of reverse auctions."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import documented
from api.identity import access
from api.identity.access import Context, require
from api.procurement import service
from api.procurement.evaluation.auction_logs import AuctionLog
from api.procurement.models import Auction
from api.procurement.schemas import TenderId
from api.procurement.schemas.auctions import (
    AuctionCancelIn,
    AuctionId,
    AuctionIn,
    AuctionOut,
    AuctionPlaceOut,
    AuctionPriceIn,
)
from api.procurement.service import auctions
from api.reference.fx import RateUnknown

of_tender = access.router("/tenders", "auctions")
router = access.router("/auctions", "auctions")
Read = Annotated[Context, require("tenders:read")]
Write = Annotated[Context, require("tenders:write")]
Place = Annotated[Context, require("bids:write", key=True)]


@of_tender.post(
    "/{tender_id}/auctions",
    status_code=201,
    response_model=AuctionOut,
    responses=documented(
        service.AuctionNotPossible,
        service.PolicyNotFrozen,
        RateUnknown,
        Conflict,
        PreconditionFailed,
    ),
)
def plan(tender_id: TenderId, data: AuctionIn, ctx: Write) -> AuctionOut:
    """Announce the auction of a lot, once its bids are opened; the tender must have said so."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    auction = auctions.plan(ctx.session, tender, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/auctions/{ids.show('auction', auction.id)}"
    return _answer(ctx, auction)


@router.get("/{auction_id}", response_model=AuctionOut)
def get(auction_id: AuctionId, ctx: Read) -> AuctionOut:
    """How an auction stands: every bid's price and place, for everybody."""
    return _answer(ctx, auctions.get(ctx.session, auction_id))


@router.get("/{auction_id}/log", response_model=AuctionLog)
def log(auction_id: AuctionId, ctx: Read) -> dict[str, Any]:
    """All prices in the order in which they came, linked by their hashes; `kerben verify auction`
    replays the result from this file alone."""
    return auctions.exported(ctx.session, auctions.get(ctx.session, auction_id))


@router.post(
    "/{auction_id}/prices",
    status_code=201,
    response_model=AuctionOut,
    responses=documented(service.PriceRefused, Conflict),
)
def place(auction_id: AuctionId, data: AuctionPriceIn, ctx: Place) -> AuctionOut:
    """Go down in price with your bid, by the step at least; only lower prices count."""
    auction = auctions.place(
        ctx.session, auction_id, supplier_id=ctx.org_id, actor=ctx.actor, amount=data.amount
    )
    return _answer(ctx, auction)


@router.post(
    "/{auction_id}/cancel",
    response_model=AuctionOut,
    responses=documented(Conflict, PreconditionFailed),
)
def cancel(auction_id: AuctionId, data: AuctionCancelIn, ctx: Write) -> AuctionOut:
    """Call an auction off, with a reason; prices of the opening count again."""
    auction = auctions.lock(ctx.session, auction_id, buyer_id=ctx.org_id)
    ctx.check_version(auction)
    auctions.cancel(ctx.session, auction, actor=ctx.actor, reason=data.reason)
    return _answer(ctx, auction)


def _answer(ctx: Context, auction: Auction) -> AuctionOut:
    ctx.session.flush()
    ctx.tag(auction)
    standing = auctions.standing(ctx.session, auction)
    return AuctionOut(
        **auction.model_dump(include={*AuctionOut.model_fields}),
        entries=standing.entries,
        ranking=[
            AuctionPlaceOut(place=place, bid_id=ids.parse("bid", bid), amount=amount)
            for place, bid, amount in standing.ranking()
        ],
    )
