"""Routes about how a tender takes bids: its terms of bidding, its keys, and its bids in a list."""

from typing import Annotated, Any

from fastapi import Body

from api.core import ids
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.debarments import SupplierDebarred
from api.procurement import service
from api.procurement.models import Tender, TenderKey
from api.procurement.router.openings import shown
from api.procurement.schemas import (
    EXAMPLE_KEY,
    NO_TERMS,
    BiddingOut,
    BidIn,
    BidOut,
    BidSummary,
    OpeningIn,
    OpeningOut,
    SubmissionTermsIn,
    SubmissionTermsOut,
    TenderId,
    TenderKeyOut,
)
from api.procurement.sealing import ceremony
from api.procurement.sealing.problems import ContentRefused
from api.procurement.service import commissions
from api.procurement.service.evaluation_problems import ConflictDeclared, ConflictUndeclared
from api.procurement.service.framework_problems import NotAdmitted
from api.procurement.service.prequalification_problems import NotInvited

router = access.router("/tenders", "bidding")
Read = Annotated[Context, require("tenders:read")]
Change = Annotated[Context, require("tenders:write", if_match=True)]
Submit = Annotated[Context, require("bids:write", key=True)]
Opener = Annotated[Context, require("bids:open")]


@router.get("/{tender_id}/submission-terms", response_model=SubmissionTermsOut)
def get_terms(tender_id: TenderId, ctx: Read) -> Any:
    """What a tender asks of bids beside its lots: envelopes, bid security, criteria."""
    service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return service.submissions.find(ctx.session, tender_id) or NO_TERMS


@router.put(
    "/{tender_id}/submission-terms",
    response_model=SubmissionTermsOut,
    responses=documented(service.NotDraft, PreconditionFailed),
)
def put_terms(tender_id: TenderId, data: SubmissionTermsIn, ctx: Change) -> Any:
    """Set the terms of bidding of a draft; publication freezes them."""
    return service.submissions.put(ctx.session, _own(ctx, tender_id), actor=ctx.actor, data=data)


@router.post(
    "/{tender_id}/keys",
    status_code=201,
    response_model=TenderKeyOut,
    responses=documented(service.NotDraft, service.SealingKeyUnfit, PreconditionFailed),
)
def attach_key(
    tender_id: TenderId,
    data: Annotated[ceremony.TenderKey, Body(examples=[EXAMPLE_KEY])],
    ctx: Change,
) -> TenderKey:
    """Give a draft the key of a ceremony (`kerben opener ceremony`); its `tender` is the OCID."""
    return service.tender_keys.attach(
        ctx.session, _own(ctx, tender_id), actor=ctx.actor, document=data
    )


@router.get("/{tender_id}/bidding", response_model=BiddingOut)
def get(tender_id: TenderId, ctx: Read) -> dict[str, Any]:
    """How bids are kept secret: who can open them, the keys, and, after the deadline, the roots.

    The number and the names of bidders are told only where the rules of the tender say so.
    """
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return service.bid_views.bidding(ctx.session, tender)


@router.post(
    "/{tender_id}/bids",
    status_code=201,
    response_model=BidOut,
    responses=documented(
        service.TenderPeriodEnded,
        service.TenderPeriodNotStarted,
        service.BiddingNotSetUp,
        service.OwnTender,
        NotInvited,
        NotAdmitted,
        SupplierDebarred,
        service.BidExists,
        service.SealingRequired,
        service.EnvelopesDiffer,
        ContentRefused,
        Conflict,
    ),
)
def submit(tender_id: TenderId, data: BidIn, ctx: Submit) -> dict[str, Any]:
    """Hand in a bid; the answer has a signed receipt for each envelope.

    In time is what arrives before `tender_period_end` by the database's clock. Only your
    organisation sees the bid until it is opened.
    """
    handed = service.bids.submit(
        ctx.session, supplier_id=ctx.org_id, tender_id=tender_id, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/bids/{ids.show('bid', handed.bid.id)}"
    ctx.tag(handed.bid)
    return service.bid_views.handed_in(handed)


@router.get(
    "/{tender_id}/bids",
    response_model=Page[BidSummary],
    responses=documented(ConflictUndeclared, ConflictDeclared),
)
def list_bids(tender_id: TenderId, ctx: Read, page: PageDep) -> Page[Any]:
    """Before the opening your own bids; after it every opened one, newest first."""
    commissions.refuse_undeclared(ctx.session, ctx.caller, tender_id)
    rows, cursor = service.bid_views.list_bids(
        ctx.session, org_id=ctx.org_id, page=page, tender_id=tender_id
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "/{tender_id}/openings",
    status_code=201,
    response_model=OpeningOut,
    responses=documented(
        service.RootNotPublished,
        service.OpeningTooEarly,
        service.OpeningHeldUp,
        service.OpeningExists,
        AlreadyExists,
        Conflict,
    ),
)
def start_opening(tender_id: TenderId, data: OpeningIn, ctx: Opener) -> dict[str, Any]:
    """Begin to open bids: after the deadline, once their root is published."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    found = service.openings.start(ctx.session, tender, actor=ctx.actor, kind=data.envelope)
    ctx.headers["Location"] = f"/v1/openings/{ids.show('opening', found.id)}"
    return shown(ctx, found)


@router.get("/{tender_id}/openings", response_model=Page[OpeningOut])
def list_openings(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The openings of a tender: those that are over, and those in which you take part."""
    found = service.openings.list_openings(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    items = [shown(ctx, each) for each in found]
    return Page(items=items, has_more=False, next_cursor=None)


def _own(ctx: Context, tender_id: TenderId) -> Tender:
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    return tender
