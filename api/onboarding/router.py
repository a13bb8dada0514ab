"""Routes of onboarding: evidence, its review, and the application as a whole."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request, Response

from api.core import db, ids
from api.core.errors import Conflict, PayloadTooLarge, UnsupportedMediaType
from api.core.files import service as files
from api.core.files import store
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access, evidence_lists, links, service, uploads
from api.identity.access import Context, require
from api.identity.links import BYTES, FILE_ANSWER, Part, requested_part
from api.identity.models import Organisation
from api.identity.schemas import OrganisationId, ReasonIn
from api.onboarding import applications, evidence, names
from api.onboarding.models import Evidence
from api.onboarding.problems import EvidenceLapsed, EvidenceMissing, ReviewedAlone
from api.onboarding.schemas import (
    AcceptIn,
    ApplicationOut,
    EvidenceId,
    EvidenceIn,
    EvidenceListOut,
    OrganisationEvidenceOut,
    RejectIn,
    RevokeIn,
)
from api.rules.clock import local_date
from api.rules.permissions import OrgRole
from api.rules.verification import EvidenceStatus

router = access.router("/evidence", "onboarding")
lists = access.router("/evidence-list", "onboarding")
of_organisation = access.router("/organisations", "onboarding")
Read = Annotated[Context, require("organisation:read")]
Write = Annotated[Context, require("organisation:write")]
Change = Annotated[Context, require("organisation:write", if_match=True)]
Review = Annotated[Context, require("organisations:admin", if_match=True)]
_BODY = uploads.described("%PDF-1.7")
_REVIEWED = documented(ReviewedAlone, Conflict)


async def uploaded(request: Request, ctx: Write) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte."""
    async with uploads.spooled(request, ctx, media_type=BYTES) as file:
        yield file


@lists.get("", response_model=EvidenceListOut)
def get_list(ctx: Read) -> dict[str, Any]:
    """Which evidence is asked of whom today, by country, role and level."""
    found = evidence_lists.in_force(local_date(db.now(ctx.session)))
    kinds = [{"kind": code, **kind.model_dump()} for code, kind in found.kinds.items()]
    return {**found.model_dump(), "kinds": kinds}


@router.post(
    "",
    status_code=201,
    response_model=OrganisationEvidenceOut,
    responses=documented(PayloadTooLarge, UnsupportedMediaType),
    openapi_extra=_BODY,
)
def submit(
    ctx: Write,
    file: Annotated[BinaryIO, Depends(uploaded)],
    data: Annotated[EvidenceIn, Query()],
) -> dict[str, Any]:
    """Lay a document before the operator; the bytes are the body."""
    row = evidence.submit(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data, file=file)
    ctx.headers["Location"] = f"/v1/evidence/{ids.show('evidence', row.id)}"
    return _shown(ctx, row)


@router.get("", response_model=Page[OrganisationEvidenceOut])
def list(
    ctx: Read,
    page: PageDep,
    organisation: OrganisationId | None = None,
    status: Annotated[EvidenceStatus | None, Query()] = None,
) -> Page[Any]:
    """Your documents, newest first; the operator reads those of all, and reviews the `submitted`."""
    operator = ctx.has_role(OrgRole.OPERATOR)
    rows, cursor = evidence.list_evidence(
        ctx.session,
        page,
        org_id=organisation if operator else ctx.org_id,
        status=status,
        scope=f"evidence:{ctx.org_id}",
    )
    items = [_told(ctx, row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{evidence_id}", response_model=OrganisationEvidenceOut)
def get(evidence_id: EvidenceId, ctx: Read) -> dict[str, Any]:
    """One document, with what the reviewer has said."""
    return _shown(ctx, evidence.get(ctx.session, evidence_id, org_id=_own(ctx)))


@router.get(
    "/{evidence_id}/content",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        **documented(FileWithheld, RangeNotSatisfiable),
    },
)
def download(
    evidence_id: EvidenceId, ctx: Read, part: Annotated[Part, Depends(requested_part)]
) -> Response:
    """The bytes of a document, for its owner and the operator."""
    row = evidence.get(ctx.session, evidence_id, org_id=_own(ctx))
    files.require_given(row.file)
    assert row.file.key is not None
    start, end = part.of(row.file)
    pieces = store.get().read(row.file.key, start, end)
    return links.sent(row.file, row.name, pieces, start, end)


@router.post(
    "/{evidence_id}/accept",
    response_model=OrganisationEvidenceOut,
    responses=documented(ReviewedAlone, EvidenceLapsed, FileWithheld, Conflict),
)
def accept(evidence_id: EvidenceId, data: AcceptIn, ctx: Review) -> dict[str, Any]:
    """Take a document as evidence (operator, and not who has uploaded it)."""
    row = _locked(ctx, evidence_id, org_id=None)
    return _shown(ctx, evidence.accept(ctx.session, row, actor=ctx.actor, data=data))


@router.post("/{evidence_id}/reject", response_model=OrganisationEvidenceOut, responses=_REVIEWED)
def reject(evidence_id: EvidenceId, data: RejectIn, ctx: Review) -> dict[str, Any]:
    """Say why a document is not taken (operator, and not who has uploaded it)."""
    row = _locked(ctx, evidence_id, org_id=None)
    return _shown(ctx, evidence.reject(ctx.session, row, actor=ctx.actor, data=data))


@router.post("/{evidence_id}/revoke", response_model=OrganisationEvidenceOut, responses=_REVIEWED)
def revoke(evidence_id: EvidenceId, data: RevokeIn, ctx: Review) -> dict[str, Any]:
    """What was accepted proves nothing from today on (operator)."""
    row = _locked(ctx, evidence_id, org_id=None)
    return _shown(ctx, evidence.revoke(ctx.session, row, actor=ctx.actor, reason=data.reason))


@router.post(
    "/{evidence_id}/withdraw",
    response_model=OrganisationEvidenceOut,
    responses=documented(Conflict),
)
def withdraw(evidence_id: EvidenceId, ctx: Change) -> dict[str, Any]:
    """Take a document back before it is reviewed."""
    row = _locked(ctx, evidence_id, org_id=ctx.org_id)
    return _shown(ctx, evidence.withdraw(ctx.session, row, actor=ctx.actor))


@of_organisation.get("/{organisation_id}/application", response_model=ApplicationOut)
def get_application(organisation_id: OrganisationId, ctx: Read) -> dict[str, Any]:
    """How far an organisation is verified today and what it lacks: for itself and the operator."""
    found = applications.seen(
        ctx.session, organisation_id, by=ctx.org_id, operator=ctx.has_role(OrgRole.OPERATOR)
    )
    return _application(ctx, found)


@of_organisation.post(
    "/me/submit", response_model=ApplicationOut, responses=documented(EvidenceMissing, Conflict)
)
def submit_application(ctx: Change) -> dict[str, Any]:
    """Hand in your application: every document of the first level must be there."""
    ctx.check_version(service.get_organisation(ctx.session, ctx.org_id))
    found = applications.submit(ctx.session, org_id=ctx.org_id, actor=ctx.actor)
    return _application(ctx, found)


@of_organisation.post(
    "/{organisation_id}/review", response_model=ApplicationOut, responses=documented(Conflict)
)
def review(organisation_id: OrganisationId, data: ReasonIn, ctx: Review) -> dict[str, Any]:
    """Begin to look at an application (operator)."""
    return _moved(ctx, organisation_id, "review", data.reason)


@of_organisation.post(
    "/{organisation_id}/return", response_model=ApplicationOut, responses=documented(Conflict)
)
def return_application(
    organisation_id: OrganisationId, data: ReasonIn, ctx: Review
) -> dict[str, Any]:
    """Give an application back to be completed (operator)."""
    return _moved(ctx, organisation_id, "return", data.reason)


@of_organisation.post(
    "/{organisation_id}/approve",
    response_model=ApplicationOut,
    responses=documented(EvidenceMissing, Conflict),
)
def approve(organisation_id: OrganisationId, data: ReasonIn, ctx: Review) -> dict[str, Any]:
    """Verify an organisation by its evidence in force (operator)."""
    ctx.check_version(service.get_organisation(ctx.session, organisation_id))
    found = applications.approve(
        ctx.session, org_id=organisation_id, actor=ctx.actor, reason=data.reason
    )
    return _application(ctx, found)


@of_organisation.post(
    "/{organisation_id}/restrict", response_model=ApplicationOut, responses=documented(Conflict)
)
def restrict(organisation_id: OrganisationId, data: ReasonIn, ctx: Review) -> dict[str, Any]:
    """Let the verification of an organisation not count for now; it may act still (operator)."""
    return _moved(ctx, organisation_id, "restrict", data.reason)


@of_organisation.post(
    "/{organisation_id}/lift-restriction",
    response_model=ApplicationOut,
    responses=documented(Conflict),
)
def lift_restriction(
    organisation_id: OrganisationId, data: ReasonIn, ctx: Review
) -> dict[str, Any]:
    """Let the verification of an organisation count again (operator)."""
    return _moved(ctx, organisation_id, "lift_restriction", data.reason)


def _moved(ctx: Context, org_id: OrganisationId, action: str, reason: str) -> dict[str, Any]:
    ctx.check_version(service.get_organisation(ctx.session, org_id))
    found = service.change_status(
        ctx.session, actor=ctx.actor, org_id=org_id, action=action, reason=reason
    )
    return _application(ctx, found)


def _application(ctx: Context, found: Organisation) -> dict[str, Any]:
    ctx.tag(found)
    return applications.of(ctx.session, found)


def _own(ctx: Context) -> OrganisationId | None:
    return None if ctx.has_role(OrgRole.OPERATOR) else ctx.org_id


def _locked(ctx: Context, evidence_id: EvidenceId, *, org_id: OrganisationId | None) -> Evidence:
    row = evidence.lock(ctx.session, evidence_id, org_id=org_id)
    ctx.check_version(row)
    return row


def _shown(ctx: Context, row: Evidence) -> dict[str, Any]:
    ctx.tag(row)
    return _told(ctx, row)


def _told(ctx: Context, row: Evidence) -> dict[str, Any]:
    legal = service.get_organisation(ctx.session, row.org_id).legal_name
    shown = OrganisationEvidenceOut.model_validate(
        {
            **row.model_dump(),
            "media_type": row.media_type,
            "sha256": row.sha256,
            "scan_state": row.scan_state,
            "name_hint": names.against(legal, row.holder_name),
        }
    )
    return shown.model_dump()


ROUTERS = (router, lists, of_organisation)
