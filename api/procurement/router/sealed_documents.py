"""Routes of documents that bidders seal beside their envelopes, and of the same once opened."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request, Response

from api.catalog.types import Sha256
from api.core.errors import AlreadyExists, PayloadTooLarge, UnsupportedMediaType
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, links, uploads
from api.identity.access import Context, require
from api.identity.debarments import SupplierDebarred
from api.identity.links import BYTES, FILE_ANSWER, FileLinkOut, Part, requested_part
from api.procurement import service
from api.procurement.models import Document
from api.procurement.router.documents import sent
from api.procurement.schemas import BidId, SealedDocumentOut, TenderId
from api.procurement.sealing.documents import Name
from api.procurement.sealing.problems import SealedBidInvalid
from api.procurement.service import commissions
from api.procurement.service.evaluation_problems import ConflictDeclared, ConflictUndeclared
from api.procurement.service.framework_problems import NotAdmitted
from api.procurement.service.prequalification_problems import NotInvited
from api.rules.sealing import EnvelopeKind

of_tender = access.router("/tenders", "bidding")
of_bid = access.router("/bids", "bids")
Read = Annotated[Context, require("tenders:read")]
Own = Annotated[Context, require("bids:read")]
Submit = Annotated[Context, require("bids:write", key=True)]
_BODY = uploads.described(
    "age-encryption.org/v1",
    "An age file of `kerben-sealed-document/1`, as `kerben bid seal-document`"
    " and the recipe for browsers write it",
)


async def uploaded(request: Request, ctx: Submit) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte; its digest stands for it in idempotency."""
    async with uploads.spooled(request, ctx, media_type=BYTES) as file:
        yield file


@of_tender.post(
    "/{tender_id}/sealed-documents",
    status_code=201,
    response_model=SealedDocumentOut,
    responses=documented(
        PayloadTooLarge,
        UnsupportedMediaType,
        SealedBidInvalid,
        service.TenderPeriodEnded,
        service.TenderPeriodNotStarted,
        service.BiddingNotSetUp,
        service.OwnTender,
        service.DocumentsTooMany,
        NotInvited,
        NotAdmitted,
        SupplierDebarred,
        AlreadyExists,
    ),
    openapi_extra=_BODY,
)
def hand_in(
    tender_id: TenderId,
    ctx: Submit,
    file: Annotated[BinaryIO, Depends(uploaded)],
    envelope: Annotated[EnvelopeKind, Query(description="The kind of envelope that names it")],
    id: Annotated[Name, Query(description="Of the document, as its envelope names it")],
) -> Any:
    """Hand in a sealed document before the bid that names it; the answer has a signed receipt.

    In time is what has arrived whole before `tender_period_end` by the database's clock. Only your
    organisation knows of it until it is opened.
    """
    row = service.sealed_documents.receive(
        ctx.session,
        supplier_id=ctx.org_id,
        tender_id=tender_id,
        actor=ctx.actor,
        kind=envelope,
        name=id,
        file=file,
    )
    return service.sealed_documents.shown(ctx.session, row)


@of_tender.get("/{tender_id}/sealed-documents", response_model=Page[SealedDocumentOut])
def list(tender_id: TenderId, ctx: Own) -> Page[Any]:
    """The sealed documents that you have handed in for a tender, with their receipts."""
    service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    rows = service.sealed_documents.list_own(
        ctx.session, supplier_id=ctx.org_id, tender_id=tender_id
    )
    items = [service.sealed_documents.shown(ctx.session, row) for row in rows]
    return Page(items=items, has_more=False, next_cursor=None)


@of_bid.get(
    "/{bid_id}/documents/{sha256}",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        **documented(FileWithheld, RangeNotSatisfiable, ConflictUndeclared, ConflictDeclared),
    },
)
def download(
    bid_id: BidId, sha256: Sha256, ctx: Read, part: Annotated[Part, Depends(requested_part)]
) -> Response:
    """A document of an opened bid that was handed in sealed: for its buyer and its supplier."""
    return sent(ctx, _document(ctx, bid_id, sha256), part)


@of_bid.post(
    "/{bid_id}/documents/{sha256}/link",
    status_code=201,
    response_model=FileLinkOut,
    responses=documented(FileWithheld, ConflictUndeclared, ConflictDeclared),
)
def link(bid_id: BidId, sha256: Sha256, ctx: Read) -> FileLinkOut:
    """A short-lived address of the bytes, for a browser; it ends with your right to read them."""
    document = _document(ctx, bid_id, sha256)
    return links.made(ctx, document.file, document.name)


def _document(ctx: Context, bid_id: BidId, sha256: str) -> Document:
    bid = service.bid_views.get(ctx.session, org_id=ctx.org_id, bid_id=bid_id)
    commissions.refuse_undeclared(ctx.session, ctx.caller, bid.tender_id)
    return service.sealed_documents.of_bid(
        ctx.session, org_id=ctx.org_id, bid_id=bid_id, sha256=sha256
    )
