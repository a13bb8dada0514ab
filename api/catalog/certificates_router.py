"""Routes of certificates."""

from typing import Annotated, Any

from api.catalog import certificates
from api.catalog.models import Certificate
from api.catalog.product_schemas import CertificateIn, CertificateOut
from api.catalog.types import CertificateId
from api.core import pages
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require

router = access.router("/certificates", "certificates")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]
Admin = Annotated[Context, require("organisations:admin")]


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
    "", status_code=201, response_model=CertificateOut, responses=documented(AlreadyExists)
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
    responses=documented(Conflict, PreconditionFailed),
)
def verify(certificate_id: CertificateId, ctx: Admin) -> Certificate:
    """Record that the issuer has confirmed the certificate (operator)."""
    certificate = certificates.locked(ctx.session, certificate_id, None)
    ctx.check_version(certificate)
    certificates.verify(ctx.session, certificate, ctx.actor)
    ctx.tag(certificate)
    return certificate


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
