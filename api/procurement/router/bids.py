"""Routes of bids: what their supplier does with them until the deadline."""

from typing import Annotated, Any

from api.core.errors import Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.debarments import SupplierDebarred
from api.procurement import service
from api.procurement.models import Bid, BidTenderer
from api.procurement.schemas import BidId, BidOut, BidSummary, ReplaceIn, TendererOut
from api.procurement.sealing.problems import ContentRefused
from api.procurement.service import commissions
from api.procurement.service.envelopes import Held
from api.procurement.service.evaluation_problems import ConflictDeclared, ConflictUndeclared
from api.procurement.service.framework_problems import NotAdmitted

router = access.router("/bids", "bids")
Read = Annotated[Context, require("tenders:read")]
Own = Annotated[Context, require("bids:read")]
Change = Annotated[Context, require("bids:write", if_match=True, key=True)]
Join = Annotated[Context, require("bids:write", key=True)]
_CHANGED = (Conflict, PreconditionFailed, service.TenderPeriodEnded)


@router.get("", response_model=Page[BidSummary])
def list(ctx: Own, page: PageDep) -> Page[Any]:
    """Your organisation's bids, newest first."""
    rows, cursor = service.bid_views.list_bids(ctx.session, org_id=ctx.org_id, page=page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get(
    "/{bid_id}",
    response_model=BidOut,
    responses=documented(ConflictUndeclared, ConflictDeclared),
)
def get(bid_id: BidId, ctx: Read) -> dict[str, Any]:
    """A bid: your own with its receipts, or another one once it is opened."""
    bid = service.bid_views.get(ctx.session, org_id=ctx.org_id, bid_id=bid_id)
    commissions.refuse_undeclared(ctx.session, ctx.caller, bid.tender_id)
    return _answer(ctx, bid)


@router.post(
    "/{bid_id}/replace",
    response_model=BidOut,
    responses=documented(
        service.EnvelopesDiffer, service.SealingRequired, ContentRefused, *_CHANGED
    ),
)
def replace(bid_id: BidId, data: ReplaceIn, ctx: Change) -> dict[str, Any]:
    """Put newer envelopes in the place of earlier ones, which nobody will open."""
    bid, held = _own(ctx, bid_id)
    return _answer(ctx, service.bids.replace(ctx.session, bid, held, actor=ctx.actor, data=data))


@router.post("/{bid_id}/withdraw", response_model=BidOut, responses=documented(*_CHANGED))
def withdraw(bid_id: BidId, ctx: Change) -> dict[str, Any]:
    """Take a bid back before the deadline; you may hand in another one."""
    bid, held = _own(ctx, bid_id)
    return _answer(ctx, service.bids.withdraw(ctx.session, bid, held, actor=ctx.actor))


@router.post("/{bid_id}/confirm", response_model=BidOut, responses=documented(*_CHANGED))
def confirm(bid_id: BidId, ctx: Change) -> dict[str, Any]:
    """Let a bid stand after a material amendment; unconfirmed, it lapses at the deadline."""
    bid, _ = _own(ctx, bid_id)
    return _answer(ctx, service.bids.confirm(ctx.session, bid, actor=ctx.actor))


@router.post(
    "/{bid_id}/join",
    response_model=TendererOut,
    responses=documented(
        service.BidExists,
        NotAdmitted,
        SupplierDebarred,
        service.TenderPeriodEnded,
        Conflict,
    ),
)
def join(bid_id: BidId, ctx: Join) -> BidTenderer:
    """Be a member of the consortium of a bid that names you; then you are in no other bid."""
    return service.bids.join(ctx.session, org_id=ctx.org_id, bid_id=bid_id, joins=True)


@router.post(
    "/{bid_id}/leave",
    response_model=TendererOut,
    responses=documented(service.TenderPeriodEnded, Conflict),
)
def leave(bid_id: BidId, ctx: Join) -> BidTenderer:
    """Leave the consortium of a bid before the deadline."""
    return service.bids.join(ctx.session, org_id=ctx.org_id, bid_id=bid_id, joins=False)


def _own(ctx: Context, bid_id: BidId) -> tuple[Bid, Held]:
    """The caller's own bid, locked, at the version that If-Match names."""
    bid, held = service.bids.lock(ctx.session, supplier_id=ctx.org_id, bid_id=bid_id)
    ctx.check_version(bid)
    return bid, held


def _answer(ctx: Context, bid: Bid) -> dict[str, Any]:
    ctx.tag(bid)
    return service.bid_views.shown(ctx.session, bid, org_id=ctx.org_id)
