"""Routes of screening, for the operator: lists, cases, and a look at the lists."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request

from api.core.errors import (
    Conflict,
    InvalidCursor,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from api.core.http import PageDep, documented
from api.core.inputs import IsoDate
from api.core.pages import Page
from api.identity import access, uploads
from api.identity.access import Context, require
from api.identity.links import BYTES
from api.identity.schemas import OrganisationId, ShortText
from api.rules.screening import CaseStatus
from api.screening.lists import ListFormat
from api.screening.models import ScreeningCase, WatchList
from api.screening.problems import ClearedAlone, WatchListShrank, WatchListUnreadable
from api.screening.schemas import (
    CaseId,
    CaseReasonIn,
    HitOut,
    ImportedOut,
    ScreenIn,
    ScreeningCaseOut,
    ScreenOut,
    WatchListName,
    WatchListOut,
)
from api.screening.service import cases, comparing, imports
from api.screening.service.comparing import Asked
from api.screening.service.imports import About

watch_lists = access.router("/watch-lists", "screening")
router = access.router("/screening-cases", "screening")
screenings = access.router("/screenings", "screening")
ROUTERS = (watch_lists, router, screenings)
Read = Annotated[Context, require("screening:read")]
Import = Annotated[Context, require("screening:import")]
Decide = Annotated[Context, require("screening:decide")]
MOST_BYTES = 500_000_000
_DECIDED = documented(Conflict, PreconditionFailed)
_BODY = uploads.described(
    "id,kind,name,aliases,identifiers,countries,programme,listed_on,"
    "hs_codes\nx-1,organisation,Example Bank,Bank of Example,EXMPKG22,KG,Register 7,"
    "2025-10-23,\n",
    "The file as its publisher has it.",
)


async def uploaded(request: Request, ctx: Import) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte."""
    async with uploads.spooled(request, ctx, media_type=BYTES, limit=MOST_BYTES) as file:
        yield file


@watch_lists.get("", response_model=list[WatchListOut])
def list_all(ctx: Read) -> Any:
    """The lists that parties, banks and goods are held against."""
    return [*imports.every(ctx.session)]


@watch_lists.get("/{name}", response_model=WatchListOut, responses=documented(NotFound))
def get(name: WatchListName, ctx: Read) -> WatchList:
    """One list, and the file that it was last made of."""
    found = imports.find(ctx.session, name)
    ctx.tag(found)
    return found


@watch_lists.post(
    "/{name}/import",
    response_model=ImportedOut,
    responses=documented(
        WatchListUnreadable, WatchListShrank, PayloadTooLarge, UnsupportedMediaType
    ),
    openapi_extra=_BODY,
)
def take(
    name: WatchListName,
    ctx: Import,
    file: Annotated[BinaryIO, Depends(uploaded)],
    format: Annotated[ListFormat, Query(description="How the file is written")],
    title: Annotated[ShortText, Query(examples=["United Nations consolidated list"])],
    source: Annotated[ShortText, Query(description="Where its publisher has it")],
    as_of: Annotated[IsoDate | None, Query(description="The publisher's day")] = None,
    accept_removals: Annotated[
        bool, Query(description="Take a file that lacks more than half of the entries")
    ] = False,
) -> ImportedOut:
    """Make a list what a file says: all of it, or nothing when it cannot be read.

    Entries that the file lacks are removed; the same file again changes nothing. When something
    changed, everybody and everything is screened anew by the job.
    """
    done = imports.take(
        ctx.session,
        org_id=ctx.org_id,
        actor=ctx.actor,
        name=name,
        about=About(title, source, format, as_of),
        file=file,
        accept_removals=accept_removals,
    )
    ctx.tag(done.watch_list)
    return ImportedOut(
        watch_list=WatchListOut.model_validate(done.watch_list),
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
        removed=done.removed,
        job_id=done.job.id if done.job else None,
    )


@screenings.post("", response_model=ScreenOut)
def look(data: ScreenIn, ctx: Read) -> ScreenOut:
    """Hold something against the lists, without keeping it and without a case."""
    asked = Asked(data.kind, data.names, data.identifiers, data.hs_codes)
    found = [
        HitOut(
            watch_list=hit.watch_list.name,
            matched_by=hit.matched_by,
            matched=hit.matched,
            score=hit.score,
            **hit.entry.model_dump(
                include={"external_id", "kind", "names", "countries", "programme", "listed_on"}
            ),
        )
        for hit in comparing.hits(ctx.session, asked)
    ]
    known = [WatchListOut.model_validate(each) for each in imports.every(ctx.session)]
    return ScreenOut(hits=found, watch_lists=known)


@router.get("", response_model=Page[ScreeningCaseOut], responses=documented(InvalidCursor))
def list_cases(
    ctx: Read,
    page: PageDep,
    status: Annotated[CaseStatus | None, Query(description="Those that hold money back")] = None,
    organisation: OrganisationId | None = None,
) -> Page[Any]:
    """Cases, the newest first; without `status` those that hold money back."""
    rows, cursor = cases.list_cases(ctx.session, page, status=status, organisation_id=organisation)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{case_id}", response_model=ScreeningCaseOut)
def get_case(case_id: CaseId, ctx: Read) -> ScreeningCase:
    """One case, with both sides as they were compared."""
    case = cases.get(ctx.session, case_id)
    ctx.tag(case)
    return case


@router.post("/{case_id}/propose-clearance", response_model=ScreeningCaseOut, responses=_DECIDED)
def propose_clearance(case_id: CaseId, data: CaseReasonIn, ctx: Decide) -> ScreeningCase:
    """Say why it is somebody else, or why it may be paid; another decides."""
    case = _held(ctx, case_id)
    cases.propose_clearance(ctx.session, case, actor=ctx.actor, reason=data.reason)
    ctx.tag(case)
    return case


@router.post(
    "/{case_id}/clear",
    response_model=ScreeningCaseOut,
    responses=documented(Conflict, ClearedAlone, PreconditionFailed),
)
def clear(case_id: CaseId, ctx: Decide) -> ScreeningCase:
    """Agree with the proposal, as somebody else than who made it: what was held back may be paid."""
    case = _held(ctx, case_id)
    cases.clear(ctx.session, case, actor=ctx.actor)
    ctx.tag(case)
    return case


@router.post("/{case_id}/refuse-clearance", response_model=ScreeningCaseOut, responses=_DECIDED)
def refuse_clearance(case_id: CaseId, data: CaseReasonIn, ctx: Decide) -> ScreeningCase:
    """Disagree with the proposal: the case is open again."""
    case = _held(ctx, case_id)
    cases.refuse_clearance(ctx.session, case, actor=ctx.actor, reason=data.reason)
    ctx.tag(case)
    return case


@router.post("/{case_id}/confirm", response_model=ScreeningCaseOut, responses=_DECIDED)
def confirm(case_id: CaseId, data: CaseReasonIn, ctx: Decide) -> ScreeningCase:
    """It is the party, or the goods, of the list: nothing is paid from now on."""
    case = _held(ctx, case_id)
    cases.confirm(ctx.session, case, actor=ctx.actor, reason=data.reason)
    ctx.tag(case)
    return case


@router.post("/{case_id}/reopen", response_model=ScreeningCaseOut, responses=_DECIDED)
def reopen(case_id: CaseId, data: CaseReasonIn, ctx: Decide) -> ScreeningCase:
    """Look again at what was cleared or confirmed."""
    case = _held(ctx, case_id)
    cases.reopen(ctx.session, case, actor=ctx.actor, reason=data.reason)
    ctx.tag(case)
    return case


def _held(ctx: Context, case_id: CaseId) -> ScreeningCase:
    case = cases.lock(ctx.session, case_id)
    ctx.check_version(case)
    return case
