"""Routes of tenders."""

from typing import Annotated, Any

from fastapi import Query

from api.catalog import types
from api.core import ids, resource_metadata
from api.core.audit import AuditEntry
from api.core.errors import Conflict, PreconditionFailed, PublicationInvalid
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.core.resource_metadata import Metadata
from api.core.sandbox import SandboxOnly
from api.identity import access
from api.identity.access import Context, require
from api.identity.schemas import OrganisationId
from api.procurement import service
from api.procurement.models import Tender
from api.procurement.schemas import (
    AmendIn,
    AmendmentOut,
    AuditEntryOut,
    CpvPrefix,
    TenderId,
    TenderIn,
    TenderOut,
    TenderPatch,
    TenderPolicyOut,
    TenderSummary,
)
from api.procurement.service.evaluation_problems import AwardTermsStale
from api.procurement.service.framework_problems import CallOffRefused, FrameworkUnfit
from api.procurement.service.prequalification_problems import ApplicationPeriodEnded
from api.reference.calendars import CalendarYearMissing
from api.reference.fx import RateUnknown
from api.reference.policies import PolicyMissing
from api.rules import permissions
from api.rules.tenders import TenderMode, TenderStatus

router = access.router("/tenders", "tenders")
Read = Annotated[Context, require("tenders:read")]
Write = Annotated[Context, require("tenders:write")]
Change = Annotated[Context, require("tenders:write", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed)
_PUBLISHED = (*_CHANGED, PublicationInvalid)


@router.post(
    "",
    status_code=201,
    response_model=TenderOut,
    responses=documented(service.DeadlineInPast),
)
def create(data: TenderIn, ctx: Write) -> Tender:
    """Draft a tender with its lots and items; only your organisation sees it."""
    tender = service.create(ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/tenders/{ids.show('tender', tender.id)}"
    ctx.tag(tender)
    return tender


@router.get("", response_model=Page[TenderSummary])
def list(
    ctx: Read,
    page: PageDep,
    mode: Annotated[
        TenderMode, Query(description="`test`: the tenders of a sandbox, kept apart")
    ] = TenderMode.LIVE,
    status: TenderStatus | None = None,
    cpv: Annotated[CpvPrefix | None, Query(description="Beginning of an item's code")] = None,
    buyer: OrganisationId | None = None,
    framework: Annotated[
        TenderId | None, Query(description="Call-offs from the agreement that it has concluded")
    ] = None,
    q: Annotated[types.Short | None, Query(description="Words in any text")] = None,
) -> Page[Any]:
    """Your tenders in every state and others' published ones, newest first."""
    rows, cursor = service.list_tenders(
        ctx.session,
        org_id=ctx.org_id,
        page=page,
        mode=mode,
        status=status,
        cpv=cpv,
        buyer_id=buyer,
        framework_id=framework,
        q=q,
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{tender_id}", response_model=TenderOut)
def get(tender_id: TenderId, ctx: Read) -> Tender:
    """One tender with its lots and items."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    ctx.tag(tender)
    return tender


@router.get("/{tender_id}/metadata", response_model=dict[str, str])
def get_metadata(tender_id: TenderId, ctx: Read) -> dict[str, str]:
    """What your own systems have noted on it; nobody else sees that."""
    service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return resource_metadata.read(
        ctx.session, org_id=ctx.org_id, resource="tender", resource_id=tender_id
    )


@router.put("/{tender_id}/metadata", response_model=dict[str, str])
def put_metadata(tender_id: TenderId, data: Metadata, ctx: Read) -> dict[str, str]:
    """Note something on it in place of all that was: at most 50 keys. It is no part of the
    resource, so whoever may read it may note."""
    service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return resource_metadata.replace(
        ctx.session,
        org_id=ctx.org_id,
        resource="tender",
        resource_id=tender_id,
        values=data.root,
    )


@router.patch(
    "/{tender_id}",
    response_model=TenderOut,
    responses=documented(service.NotDraft, service.DeadlineInPast, *_CHANGED),
)
def update(tender_id: TenderId, data: TenderPatch, ctx: Change) -> Tender:
    """Change a draft; `lots`, when given, replace all its lots and items."""
    return _answer(
        ctx, service.update(ctx.session, _own(ctx, tender_id), actor=ctx.actor, data=data)
    )


@router.post(
    "/{tender_id}/publish",
    response_model=TenderOut,
    responses=documented(
        service.TenderIncomplete,
        service.DeadlineInPast,
        service.TenderPeriodTooShort,
        service.TermsInconsistent,
        service.ProcedureNotAllowed,
        service.SubmissionTermsUnfit,
        service.SealingKeyMissing,
        service.SealingKeyUnfit,
        CallOffRefused,
        FrameworkUnfit,
        AwardTermsStale,
        PolicyMissing,
        CalendarYearMissing,
        RateUnknown,
        *_PUBLISHED,
    ),
)
def publish(tender_id: TenderId, ctx: Change) -> Tender:
    """Open a draft to suppliers; matching starts. The rules of today's policy set are frozen into
    the tender; by them the deadline must leave suppliers enough time."""
    return _answer(ctx, service.publish(ctx.session, _own(ctx, tender_id), actor=ctx.actor))


@router.post(
    "/{tender_id}/amend",
    response_model=TenderOut,
    responses=documented(
        service.TenderPeriodEnded,
        ApplicationPeriodEnded,
        service.TenderPeriodShortened,
        service.NothingToAmend,
        service.TermsInconsistent,
        service.PlanNotMet,
        service.PolicyNotFrozen,
        CallOffRefused,
        CalendarYearMissing,
        *_PUBLISHED,
    ),
)
def amend(tender_id: TenderId, data: AmendIn, ctx: Change) -> Tender:
    """Change a published tender, with a reason; a material change extends its period."""
    return _answer(
        ctx, service.amend(ctx.session, _own(ctx, tender_id), actor=ctx.actor, data=data)
    )


@router.post(
    "/{tender_id}/fast-forward",
    response_model=TenderOut,
    responses=documented(SandboxOnly, service.NotFastForward, service.TenderPeriodEnded, *_CHANGED),
)
def fast_forward(tender_id: TenderId, ctx: Change) -> Tender:
    """End the running period of a test tender now; only in a sandbox, with `quick: [fast_forward]`."""
    return _answer(ctx, service.fast_forward(ctx.session, _own(ctx, tender_id), actor=ctx.actor))


@router.get(
    "/{tender_id}/policy",
    response_model=TenderPolicyOut,
    responses=documented(service.PolicyNotFrozen),
)
def policy(tender_id: TenderId, ctx: Read) -> dict[str, Any]:
    """The rules of a published tender: the policy set of its day, with the source of each number."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return service.snapshot_of(tender)


@router.get("/{tender_id}/amendments", response_model=Page[AmendmentOut])
def amendments(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """What was changed after publication, field by field, in order."""
    rows = service.list_amendments(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get("/{tender_id}/audit", response_model=Page[AuditEntryOut])
def audit(tender_id: TenderId, ctx: Read, page: PageDep) -> Page[AuditEntryOut]:
    """The audit trail with its chain of hashes, oldest entry first.

    Public once the tender is published; before, the buyer's credentials need `audit:read`.
    """
    rows, cursor = service.trail(
        ctx.session,
        org_id=ctx.org_id,
        tender_id=tender_id,
        page=page,
        audits=permissions.allowed(
            "audit:read", granted=ctx.caller.scopes, org_roles=ctx.caller.org_roles
        ),
    )
    items = [_entry(row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


def _own(ctx: Context, tender_id: TenderId) -> Tender:
    """The caller's own tender, locked, at the version that If-Match names."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    return tender


def _answer(ctx: Context, tender: Tender) -> Tender:
    ctx.tag(tender)
    return tender


def _entry(row: AuditEntry) -> AuditEntryOut:
    """The entry in the very strings that its hash covers."""
    return AuditEntryOut(
        id=row.id.hex,
        at=row.created_at.isoformat(),
        stream=row.stream,
        seq=row.seq,
        org_id=row.org_id.hex if row.org_id else None,
        actor=row.actor,
        action=row.action,
        change=row.change,
        request_id=row.request_id,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
