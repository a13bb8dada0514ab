"""Routes of imports: a raw file in, a job out."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO, cast

from fastapi import Depends, Query, Request

from api.catalog import imports
from api.catalog.imports import Options
from api.catalog.rows import Format
from api.catalog.schemas import ImportErrorOut
from api.core.errors import InvalidCursor, PayloadTooLarge, UnsupportedMediaType
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobId, JobOut

router = access.router("/imports", "imports")
Write = Annotated[Context, require("imports:write")]
Read = Annotated[Context, require("jobs:read")]
MEDIA_TYPES = {Format.CSV: "text/csv", Format.NDJSON: "application/x-ndjson"}
_MEMORY_BYTES = 1_000_000
_EXAMPLES = {
    Format.CSV: (
        "sku,name_zh,unit_code,country_of_origin,min_order_quantity,currency,incoterm,place,"
        "price_tiers,lead_time_tiers\n"
        "RX-101,学生课桌椅套装,SET,CN,100,CNY,FCA,cn-linyi,100=118.00;500=109.00,100=15;1000=28\n"
    ),
    Format.NDJSON: (
        '{"sku": "RX-101", "product": {"names": {"zh": "学生课桌椅套装"}, "country_of_origin": "CN"},'
        ' "unit_code": "SET", "min_order_quantity": "100", "currency": "CNY", "incoterm": "FCA",'
        ' "place_code": "cn-linyi", "price_tiers": [{"min_quantity": "100", "unit_price": "118"}],'
        ' "lead_time_tiers": [{"min_quantity": "100", "days": 15}]}\n'
    ),
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file as it is, in UTF-8. CSV: its first line names the columns.",
        "content": {
            media_type: {
                "schema": {"type": "string", "format": "binary"},
                "example": _EXAMPLES[format],
            }
            for format, media_type in MEDIA_TYPES.items()
        },
    }
}


async def upload(
    request: Request,
    ctx: Write,
    format: Annotated[Format, Query(description="How the file is written")] = Format.CSV,
) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte; its digest stands for it in idempotency."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPES[format]:
        raise UnsupportedMediaType(f"Send the file as {MEDIA_TYPES[format]}.")
    digest = hashlib.sha256(request.url.query.encode() + b"\0")
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as file:
        async for chunk in request.stream():
            digest.update(chunk)
            file.write(chunk)
        file.seek(0)
        ctx.body = digest.digest()
        yield cast(BinaryIO, file)


@router.post(
    "",
    status_code=202,
    response_model=JobOut,
    responses=documented(PayloadTooLarge, UnsupportedMediaType),
    openapi_extra=_BODY,
)
def create(
    ctx: Write,
    file: Annotated[BinaryIO, Depends(upload)],
    format: Format = Format.CSV,
    dry_run: Annotated[bool, Query(description="Check everything, keep nothing")] = False,
    activate: Annotated[bool, Query(description="Show the offers to buyers at once")] = True,
) -> JobOut:
    """Create and change your offers from a file, by sku.

    Good rows are kept, bad rows are listed by `GET /v1/imports/{id}/errors`; a row that says what
    is already so changes nothing. A CSV file has the columns of the example, of which it may
    leave out or add those of an offer; NDJSON is the body of `POST /v1/offers`, one a line.
    """
    job = imports.submit(
        ctx.session, ctx.org_id, ctx.actor, file, Options(format, dry_run, activate)
    )
    shown = JobOut.of(job)
    ctx.headers["Location"] = f"/v1/jobs/job_{job.id.hex}"
    return shown


@router.get(
    "/{job_id}/errors",
    response_model=Page[ImportErrorOut],
    responses=documented(InvalidCursor),
)
def list_errors(job_id: JobId, ctx: Read, page: PageDep) -> Page[Any]:
    """Rows that an import of yours refused, in the order of the file."""
    found, cursor = imports.errors(ctx.session, ctx.org_id, job_id, page)
    return Page(items=[*found], has_more=cursor is not None, next_cursor=cursor)
