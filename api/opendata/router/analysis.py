"""Red flags and foreign data for everybody; exports for the operator."""

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from api.core import jobs
from api.core.errors import InvalidCursor, NotFound, Unavailable
from api.core.http import PageDep, documented, public_router
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.opendata import analysis, indicators
from api.opendata.router.answers import CACHING
from api.opendata.schemas import (
    ExportIn,
    FlagOut,
    FlagsOut,
    ForeignRecordOut,
    ForeignSourcesOut,
    IndicatorsOut,
)

public = public_router("/public", "indicators")
router = access.router("/opendata", "ocds")
EXPORT = "opendata.export_year"
_LISTED = documented(InvalidCursor, NotFound, Unavailable)


@public.get("/indicators", responses=documented(Unavailable))
async def list(request: Request, response: Response) -> IndicatorsOut:
    """Red-flag indicators: what each means, who says so, its query, and how often it points."""
    response.headers["Cache-Control"] = CACHING
    return IndicatorsOut(items=await analysis.list_indicators(request.app.state.documents))


@public.get("/indicators/{code}/flags", responses=_LISTED)
async def list_flags(
    request: Request, code: Annotated[str, Path(examples=["single_bid"])], page: PageDep
) -> Page[FlagOut]:
    """The processes at which an indicator points, as of the last hour."""
    if code not in indicators.all():
        raise NotFound
    rows, cursor = await analysis.flags(
        request.app.state.documents, code, cursor=page.cursor, limit=page.limit
    )
    return Page(items=rows, has_more=cursor is not None, next_cursor=cursor)


@public.get("/flags", responses=documented(Unavailable))
async def list_flags_of_process(
    request: Request,
    ocid: Annotated[str, Query(min_length=1, max_length=100, pattern="^[^\\x00]+$")],
) -> FlagsOut:
    """The red flags of one process."""
    return FlagsOut(items=await analysis.flags_of(request.app.state.documents, ocid))


@public.get("/ocds/foreign", responses=documented(Unavailable))
async def list_foreign_sources(request: Request) -> ForeignSourcesOut:
    """Other publishers whose data were imported; never part of our own feeds."""
    return ForeignSourcesOut(items=await analysis.sources(request.app.state.documents))


@public.get("/ocds/foreign/{source}/records", responses=_LISTED)
async def list_foreign_records(
    request: Request,
    source: Annotated[str, Path(max_length=100, pattern="^[^\\x00]+$", examples=["kg-portal"])],
    page: PageDep,
) -> Page[ForeignRecordOut]:
    """The records of another publisher, merged, by OCID."""
    rows, cursor = await analysis.foreign_records(
        request.app.state.documents, source, cursor=page.cursor, limit=page.limit
    )
    return Page(items=rows, has_more=cursor is not None, next_cursor=cursor)


@router.post("/exports", status_code=202, response_model=JobOut)
def export(data: ExportIn, ctx: Annotated[Context, require("opendata:admin")]) -> Any:
    """Make the tables of a year anew, as a job; its progress is at /v1/jobs/{id}."""
    job = jobs.enqueue(ctx.session, EXPORT, {"year": data.year}, org_id=ctx.org_id)
    ctx.session.flush()
    return JobOut.of(job)
