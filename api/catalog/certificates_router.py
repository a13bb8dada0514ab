"""Routes of certificates."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request, Response

from api.catalog import certificates
from api.catalog.certificates import CertificateContradicts, CertificateDoubtful, VerifiedAlone
from api.catalog.models import Certificate
from api.catalog.product_schemas import (
    CertificateEditionOut,
    CertificateFindingOut,
    CertificateIn,
    CertificateOut,
    CertificateRenewalIn,
    CertificateVerificationIn,
)
from api.catalog.types import CertificateId, Line
from api.core import pages
from api.core.errors import (
    AlreadyExists,
    Conflict,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from api.core.files import store
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access, links, uploads
from api.identity.access import Context, require
from api.identity.links import BYTES, FILE_ANSWER, Part, requested_part

router = access.router("/certificates", "certificates")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]
Admin = Annotated[Context, require("organisations:admin")]
_BODY = uploads.described("%PDF-1.7")


async def uploaded(request: Request, ctx: Write) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte."""
    async with uploads.spooled(request, ctx, media_type=BYTES) as file:
        yield file


@router.get("", response_model=Page[CertificateOut])
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """Your own certificates, newest first."""
    rows, cursor = pages.newest_first(
        ctx.session,
        certificates.own(ctx.org_id),
        Certificate,
        page,
        scope=f"certificates:{ctx.org_id}",
        filters={},
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=CertificateOut,
    responses=documented(AlreadyExists, CertificateContradicts),
)
def create(data: CertificateIn, ctx: Write) -> Certificate:
    """Enter a certificate of your organisation or its goods."""
    certificate = certificates.create(ctx.session, ctx.org_id, ctx.actor, data)
    ctx.tag(certificate)
    return certificate


@router.get("/{certificate_id}", response_model=CertificateOut)
def get(certificate_id: CertificateId, ctx: Read) -> Certificate:
    """A certificate of yours, or one that is shown for an active offer."""
    certificate = certificates.get(ctx.session, certificate_id)
    ctx.tag(certificate)
    return certificate


@router.post(
    "/{certificate_id}/verify",
    response_model=CertificateOut,
    responses=documented(
        Conflict, CertificateDoubtful, VerifiedAlone, FileWithheld, PreconditionFailed
    ),
)
def verify(
    certificate_id: CertificateId, ctx: Admin, data: CertificateVerificationIn | None = None
) -> Certificate:
    """Record that the issuer has confirmed the certificate (operator)."""
    certificate = certificates.locked(ctx.session, certificate_id, None)
    ctx.check_version(certificate)
    despite = data.despite if data is not None else ()
    certificates.verify(ctx.session, certificate, ctx.actor, despite)
    ctx.tag(certificate)
    return certificate


@router.get("/{certificate_id}/findings", response_model=Page[CertificateFindingOut])
def list_findings(certificate_id: CertificateId, ctx: Admin) -> Page[Any]:
    """What speaks against a certificate: the same number with other days, another maker's name, a
    document that is not there (operator)."""
    found = certificates.findings(ctx.session, certificates.get(ctx.session, certificate_id))
    return Page(items=[*found], has_more=False, next_cursor=None)


@router.post(
    "/{certificate_id}/document",
    response_model=CertificateOut,
    responses=documented(Conflict, PreconditionFailed, PayloadTooLarge, UnsupportedMediaType),
    openapi_extra=_BODY,
)
def attach(
    certificate_id: CertificateId,
    ctx: Write,
    file: Annotated[BinaryIO, Depends(uploaded)],
    name: Annotated[Line, Query(description="Of the file; its end must be what the bytes are")],
) -> Certificate:
    """Upload the document of a claimed certificate; its SHA-256 is shown to all who see it."""
    certificate = certificates.locked(ctx.session, certificate_id, ctx.org_id)
    ctx.check_version(certificate)
    certificates.attach(ctx.session, certificate, actor=ctx.actor, file=file, name=name)
    ctx.tag(certificate)
    return certificate


@router.get(
    "/{certificate_id}/document",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def download(
    certificate_id: CertificateId, ctx: Read, part: Annotated[Part, Depends(requested_part)]
) -> Response:
    """The document of a certificate, for its owner and the operator."""
    certificate = certificates.get(ctx.session, certificate_id)
    file = certificates.document(ctx.session, certificate)
    assert file.key is not None
    assert certificate.file_name is not None
    start, end = part.of(file)
    pieces = store.get().read(file.key, start, end)
    return links.sent(file, certificate.file_name, pieces, start, end)


@router.post(
    "/{certificate_id}/renew",
    response_model=CertificateOut,
    responses=documented(Conflict, PreconditionFailed),
)
def renew(certificate_id: CertificateId, data: CertificateRenewalIn, ctx: Write) -> Certificate:
    """The issuer has renewed a certificate of yours under its number: later days, a new document.
    What it said before is kept; what it says now is a claim until it is verified."""
    certificate = certificates.locked(ctx.session, certificate_id, ctx.org_id)
    ctx.check_version(certificate)
    certificates.renew(ctx.session, certificate, ctx.actor, data)
    ctx.tag(certificate)
    return certificate


@router.get("/{certificate_id}/editions", response_model=Page[CertificateEditionOut])
def list_editions(certificate_id: CertificateId, ctx: Read) -> Page[Any]:
    """What a certificate of yours said before it was renewed, the latest first."""
    certificate = certificates.get(ctx.session, certificate_id)
    found = certificates.editions(ctx.session, certificate)
    return Page(items=[*found], has_more=False, next_cursor=None)


@router.post(
    "/{certificate_id}/withdraw",
    response_model=CertificateOut,
    responses=documented(Conflict, PreconditionFailed),
)
def withdraw(certificate_id: CertificateId, ctx: Write) -> Certificate:
    """Take a certificate back, for good; offers no longer gain by it."""
    certificate = certificates.locked(ctx.session, certificate_id, ctx.org_id)
    ctx.check_version(certificate)
    certificates.withdraw(ctx.session, certificate, ctx.actor)
    ctx.tag(certificate)
    return certificate
