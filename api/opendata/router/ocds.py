"""OCDS for everybody: releases and records, one by one, as feeds, and by the year."""

import json
from typing import Annotated, Any

from fastapi import Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.core import settings
from api.core.errors import Invalid, NotFound, Unavailable
from api.core.http import documented, public_router
from api.opendata import bulk, feeds, reads, service
from api.opendata.feeds import MAX_LIMIT, Answer
from api.opendata.ocds import schemas as ocds_schemas
from api.opendata.router.answers import CACHING, FOREVER, NOT_MODIFIED, DocumentRoute, answered
from api.opendata.schemas import (
    BulkOut,
    BulkYear,
    Ocid,
    RecordPackage,
    ReleaseId,
    ReleasePackage,
)

single = public_router("/public/ocds", "ocds", DocumentRoute)
feed = public_router("/public/ocds", "ocds")
_KNOWN = NOT_MODIFIED | documented(NotFound, Invalid, Unavailable)
_FEED = NOT_MODIFIED | documented(Invalid, Unavailable)
_FEED[204] = {"description": "Nothing is new since the cursor: ask again later"}


def _of(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}}}


Version = Annotated[str | None, Header(max_length=1000, description="The version (ETag) you have.")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Releases or records a page")]
Year = Annotated[int, Path(ge=2000, le=2200, examples=[2026])]


@single.get("/releases/{ocid}/{release_id}", response_model=ReleasePackage, responses=_KNOWN)
async def get_release(
    request: Request,
    ocid: Annotated[Ocid, Path()],
    release_id: Annotated[ReleaseId, Path()],
    if_none_match: Version = None,
) -> Response:
    """One release, in a package; it never changes."""
    found = await feeds.release(request.app.state.documents, ocid, release_id)
    return _sent(found, if_none_match, FOREVER)


@single.get("/records/{ocid}", response_model=RecordPackage, responses=_KNOWN)
async def get_record(
    request: Request, ocid: Annotated[Ocid, Path()], if_none_match: Version = None
) -> Response:
    """All that is known of a process now: its releases by address, and their merge."""
    return _sent(await feeds.record(request.app.state.documents, ocid), if_none_match, CACHING)


@feed.get("/releases", response_model=ReleasePackage, responses=_FEED)
async def list_releases(
    request: Request,
    limit: Limit = 100,
    cursor: Annotated[
        str | None,
        Query(pattern=r"^[0-9]{1,18}-[0-9]{1,18}$", description="From `links.next` or `Link`"),
    ] = None,
    if_none_match: Version = None,
) -> Response:
    """Releases in the order in which they were committed; following the cursors misses none.

    `links.next` is there while more can be read at once. The header `Link: <…>; rel="next"` is
    there always: the address at which to go on later.
    """
    xid, _, position = (cursor or "0-0").partition("-")
    after = int(xid), int(position)
    found = await feeds.releases(request.app.state.documents, after=after, limit=limit)
    return _onward(request, found, if_none_match)


@feed.get("/records", response_model=RecordPackage, responses=_FEED)
async def list_records(
    request: Request,
    limit: Limit = 100,
    cursor: Annotated[
        str | None,
        Query(
            pattern=r"^[0-9]{1,18}-(ocds-[a-z0-9]{1,20}-[0-9]{6,18})?$",
            description="From `links.next` or `Link`",
        ),
    ] = None,
    if_none_match: Version = None,
) -> Response:
    """Records in the order in which they changed last; one that changes again comes again."""
    xid, _, ocid = (cursor or "0-").partition("-")
    found = await feeds.records(request.app.state.documents, after=(int(xid), ocid), limit=limit)
    return _onward(request, found, if_none_match)


@feed.get("/bulk", responses=documented(Unavailable))
async def list_bulk(request: Request, response: Response) -> BulkOut:
    """The years there are, and the files of each."""
    response.headers["Cache-Control"] = CACHING
    pool = request.app.state.documents
    stored = await reads.fetch(pool, service.BULK_PATHS, (f"{service.BULK}/%",))
    paths = [path for (path,) in stored]
    base = settings.get().base_url
    return BulkOut(
        years=[
            BulkYear(
                year=year,
                processes=count,
                files=[
                    f"{base}{path}"
                    for path in (
                        f"{service.BULK}/{year}.jsonl.gz",
                        *(each for each in paths if each.startswith(f"{service.BULK}/{year}.")),
                    )
                ],
            )
            for year, count in await feeds.years(pool)
        ]
    )


@feed.get(
    "/bulk/{year}.jsonl.gz",
    response_class=StreamingResponse,
    responses=_of("application/gzip") | documented(Unavailable),
)
async def get_year_lines(request: Request, year: Year) -> StreamingResponse:
    """The compiled releases of processes whose newest release is of the year, one a line.

    Made while it is sent; a process that changes meanwhile comes once, old or new.
    """
    return StreamingResponse(
        feeds.year_lines(request.app.state.documents, year),
        media_type="application/gzip",
        headers={"Content-Disposition": f'attachment; filename="{year}.jsonl.gz"'},
    )


@feed.get(
    "/bulk/{year}.xlsx",
    response_class=Response,
    responses=_of(bulk.XLSX) | _KNOWN,
)
async def get_year_workbook(
    request: Request, year: Year, if_none_match: Version = None
) -> Response:
    """The same as a workbook, made by `kerben opendata export` or by an operator's job."""
    return await _table(request, f"{service.BULK}/{year}.xlsx", if_none_match)


@feed.get(
    "/bulk/{year}.csv.zip",
    response_class=Response,
    responses=_of(bulk.ZIP) | _KNOWN,
)
async def get_year_tables(request: Request, year: Year, if_none_match: Version = None) -> Response:
    """The same as CSV files in a ZIP, made with the workbook."""
    return await _table(request, f"{service.BULK}/{year}.csv.zip", if_none_match)


@feed.get("/extension/extension.json", responses=documented())
async def get_extension(response: Response) -> dict[str, Any]:
    """The `kerben` extension of OCDS that the releases use."""
    response.headers["Cache-Control"] = CACHING
    path = ocds_schemas.EXTENSION / "extension.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@feed.get("/extension/release-schema.json", responses=documented())
async def get_extension_schema(response: Response) -> dict[str, Any]:
    """What the extension adds to OCDS's release schema."""
    response.headers["Cache-Control"] = CACHING
    return ocds_schemas.extension()


@feed.get(
    "/extension/codelists/{name}.csv",
    response_class=Response,
    responses=_of("text/csv") | documented(NotFound),
)
async def get_extension_codes(
    name: Annotated[str, Path(pattern="^[A-Za-z]{1,40}$", examples=["incoterms"])],
) -> Response:
    """A code list of the extension."""
    path = ocds_schemas.EXTENSION / "codelists" / f"{name}.csv"
    if not path.is_file():
        raise NotFound
    return Response(path.read_bytes(), media_type="text/csv")


@feed.get("/release-schema.json", responses=documented())
async def get_release_schema(response: Response) -> dict[str, Any]:
    """The schema that every release here satisfies: just what is published, nothing else."""
    response.headers["Cache-Control"] = CACHING
    return ocds_schemas.own_release()


async def _table(request: Request, path: str, if_none_match: str | None) -> Response:
    document = await reads.find(request.app.state.documents, path)
    if document is None:
        raise NotFound
    return answered(document.body, document.etag, if_none_match, media_type=document.media_type)


def _sent(found: Answer | None, if_none_match: str | None, caching: str) -> Response:
    if found is None:
        raise NotFound
    return answered(found.body, found.etag, if_none_match, caching=caching)


def _onward(request: Request, found: Answer | None, if_none_match: str | None) -> Response:
    base = settings.get().base_url
    if found is None:
        query = f"?{request.url.query}" if request.url.query else ""
        here = f"{base}{request.url.path}{query}"
        link = {"Link": f'<{here}>; rel="next"', "Cache-Control": "no-store"}
        return Response(status_code=204, headers=link)
    link = {"Link": f'<{base}{found.onward}>; rel="next"'}
    return answered(found.body, found.etag, if_none_match, caching="no-cache", headers=link)
