"""Routes of imports: a raw file in, a job out, and the refused rows back as a file."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from api.catalog import error_files, imports
from api.catalog.imports import Options
from api.catalog.rows import Format
from api.catalog.schemas import ImportErrorOut
from api.core import settings
from api.core.errors import InvalidCursor, PayloadTooLarge, UnsupportedMediaType
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.core.rate_limits import limited
from api.identity import access, uploads
from api.identity.access import Context, require
from api.identity.jobs_router import JobId, JobOut

router = access.router("/imports", "imports")
Write = Annotated[Context, require("imports:write")]
Read = Annotated[Context, require("jobs:read")]
MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.NDJSON: "application/x-ndjson",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE_BYTES = 64 * 1024
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
    Format.XLSX: "The bytes of a workbook; its first sheet has the columns of a CSV file.",
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": (
            "The file as it is. CSV and XLSX: the first line names the columns, by their names here"
            " or by the usual words in Russian, Chinese or English (货号, 品名, 单价, 起订量; артикул,"
            " наименование, цена). CSV is divided by commas, semicolons or tabs. Text is UTF-8,"
            " UTF-16, GB18030 or CP1251."
        ),
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
    limit = settings.get().max_import_bytes
    async with uploads.spooled(request, ctx, media_type=MEDIA_TYPES[format], limit=limit) as file:
        yield file


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
    all_or_nothing: Annotated[
        bool, Query(description="Check the whole file first, and take none of it if a row is bad")
    ] = False,
) -> JobOut:
    """Create and change your offers from a file, by sku.

    Good rows are kept, bad rows are listed by `GET /v1/imports/{id}/errors` and come back as a
    file by `GET /v1/imports/{id}/errors.csv`; a row that says what is already so changes nothing.
    Where a sku stands twice, the last row stands. A table has the columns of the example, of which
    it may leave out or add those of an offer; a single number as price or lead time is that of the
    minimum order. NDJSON is the body of `POST /v1/offers`, one a line. A workbook may have no
    formulas and no macros; its first visible sheet is read. The job's result says which encoding,
    delimiter and columns were found. With `all_or_nothing` a file with a bad row leaves nothing:
    every row is checked before the first one is taken.
    """
    options = Options(format, dry_run, activate, all_or_nothing)
    job = imports.submit(ctx.session, ctx.org_id, ctx.actor, file, options)
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


@router.get(
    "/{job_id}/errors.csv",
    response_class=Response,
    responses={
        200: {
            "description": "The rows as they were sent, and why each was refused",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
@limited("export")
def download_errors(job_id: JobId, ctx: Read) -> Response:
    """Rows that an import of yours refused, as CSV for Excel: repair them and send them again.

    The columns are those of your file, then `error_row`, `error_column`, `error_code` and
    `error_detail`, which an import passes over. A cell that a spreadsheet would take for a formula
    begins with an apostrophe, which an import takes off again.
    """
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=uploads.MEMORY_BYTES))
        for piece in error_files.written(ctx.session, ctx.org_id, job_id):
            file.write(piece)
        file.seek(0)
        sent = BackgroundTask(stack.pop_all().close)
    return StreamingResponse(
        iter(lambda: file.read(_PIECE_BYTES), b""),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="errors.csv"'},
        background=sent,
    )
