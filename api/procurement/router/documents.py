"""Routes of documents."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request, Response

from api.catalog.types import Line
from api.core import ids
from api.core.errors import (
    Conflict,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, links, uploads
from api.identity.access import Context, require
from api.identity.links import BYTES, FILE_ANSWER, FileLinkOut, Part, requested_part
from api.procurement import service
from api.procurement.models import Document
from api.procurement.schemas import TenderId
from api.procurement.schemas.documents import (
    DocumentId,
    DocumentOut,
    TenderDocumentIn,
    TenderDocumentOut,
)
from api.procurement.service.documents import Attached
from api.rules.files import DocumentFormat

of_tender = access.router("/tenders", "documents")
router = access.router("/documents", "documents")
Read = Annotated[Context, require("tenders:read")]
Upload = Annotated[Context, require("documents:write")]
Write = Annotated[Context, require("tenders:write")]
Scan = Annotated[Context, require("documents:scan")]
_BODY = uploads.described("%PDF-1.7")


async def uploaded(request: Request, ctx: Upload) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte; its digest stands for it in idempotency."""
    async with uploads.spooled(request, ctx, media_type=BYTES) as file:
        yield file


@router.post(
    "",
    status_code=201,
    response_model=DocumentOut,
    responses=documented(PayloadTooLarge, UnsupportedMediaType),
    openapi_extra=_BODY,
)
def create(
    ctx: Upload,
    file: Annotated[BinaryIO, Depends(uploaded)],
    name: Annotated[Line, Query(description="Of the file; its end must be what the bytes are")],
    format: Annotated[
        DocumentFormat | None, Query(description="Media type that the file must have")
    ] = None,
) -> Document:
    """Upload a file; bytes that you have uploaded before are answered with what they became.

    Taken are PDF, XLSX, DOCX, ZIP, JPEG, PNG, CSV and plain text, known by their bytes and by the
    end of `name`, which must agree.
    """
    document = service.documents.upload(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, file=file, name=name, format=format
    )
    ctx.headers["Location"] = f"/v1/documents/{ids.show('document', document.id)}"
    ctx.tag(document.file)
    return document


@router.get("/{document_id}", response_model=DocumentOut)
def get(document_id: DocumentId, ctx: Read) -> Document:
    """What is known of a file: your own, or one of a tender that you may see."""
    document = service.documents.get(ctx.session, org_id=ctx.org_id, document_id=document_id)
    ctx.tag(document.file)
    return document


@router.get(
    "/{document_id}/content",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def download(
    document_id: DocumentId, ctx: Read, part: Annotated[Part, Depends(requested_part)]
) -> Response:
    """The bytes of a file, to be kept, never to be shown by a browser."""
    document = service.documents.get(ctx.session, org_id=ctx.org_id, document_id=document_id)
    return sent(ctx, document, part)


@router.post(
    "/{document_id}/link",
    status_code=201,
    response_model=FileLinkOut,
    responses=documented(FileWithheld),
)
def link(document_id: DocumentId, ctx: Read) -> FileLinkOut:
    """A short-lived address of the bytes, for a browser; it ends with your right to read them."""
    document = service.documents.get(ctx.session, org_id=ctx.org_id, document_id=document_id)
    return links.made(ctx, document.file, document.name)


def sent(ctx: Context, document: Document, part: Part) -> Response:
    """The bytes of a file that the caller may read. Raises FileWithheld, RangeNotSatisfiable."""
    start, end = part.of(document.file)
    pieces = service.documents.pieces(ctx.session, document, start, end)
    return links.sent(document.file, document.name, pieces, start, end)


@router.post("/{document_id}/clear", response_model=DocumentOut, responses=documented(Conflict))
def clear(document_id: DocumentId, ctx: Scan) -> Document:
    """A scanner has found no virus in a file."""
    return service.documents.scan(ctx.session, document_id, "clear", actor=ctx.actor)


@router.post("/{document_id}/condemn", response_model=DocumentOut, responses=documented(Conflict))
def condemn(document_id: DocumentId, ctx: Scan) -> Document:
    """A scanner has found a virus in a file: nobody gets it any more."""
    return service.documents.scan(ctx.session, document_id, "condemn", actor=ctx.actor)


@of_tender.post(
    "/{tender_id}/documents",
    status_code=201,
    response_model=TenderDocumentOut,
    responses=documented(service.NotDraft, PreconditionFailed),
)
def attach(tender_id: TenderId, data: TenderDocumentIn, ctx: Write) -> dict[str, Any]:
    """Add a file of yours to a draft, or a `buyerOnly` one to any tender of yours. Other documents
    of a published tender are added and replaced by amendment."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    found = service.documents.attach(ctx.session, tender, actor=ctx.actor, data=data)
    ctx.tag(tender)
    return _shown(found)


@of_tender.get("/{tender_id}/documents", response_model=Page[TenderDocumentOut])
def list(
    tender_id: TenderId,
    ctx: Read,
    history: Annotated[bool, Query(description="Replaced versions too")] = False,
) -> Page[Any]:
    """The documents of a tender, oldest first."""
    rows = service.documents.list_documents(
        ctx.session, org_id=ctx.org_id, tender_id=tender_id, history=history
    )
    return Page(items=[_shown(row) for row in rows], has_more=False, next_cursor=None)


def _shown(attached: Attached) -> dict[str, Any]:
    row, document = attached
    return {**row.model_dump(), "document": document}
