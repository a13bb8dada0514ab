"""Routes of reports of banks on files of payments, for the operator."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Query, Request

from api.core import settings
from api.core.errors import InvalidCursor, PayloadTooLarge, UnsupportedMediaType
from api.core.http import PageDep, documented
from api.core.jobs import Job
from api.core.pages import Page
from api.identity import access, uploads
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.identity.links import BYTES
from api.payments.bank.problems import ReportFileUnknown, ReportUnreadable
from api.payments.schemas.bank import PaymentBatchId, PaymentReportLineOut
from api.payments.service import payment_reports
from api.rules.payment_reports import ReportOutcome

router = access.router("/payment-status-reports", "payment_status_reports")
Read = Annotated[Context, require("treasury:read")]
Treasury = Annotated[Context, require("treasury:write")]
_BODY = uploads.described(
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">'
    "<CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId></GrpHdr><OrgnlGrpInfAndSts>"
    "<OrgnlMsgId>KERBEN2FO1AOC6AP10RB00</OrgnlMsgId><GrpSts>RJCT</GrpSts>"
    "</OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>",
    "pain.002.001, versions 03 to 14, in UTF-8.",
)


async def uploaded(request: Request, ctx: Treasury) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte."""
    limit = settings.get().max_statement_bytes
    async with uploads.spooled(request, ctx, media_type=BYTES, limit=limit) as file:
        yield file


@router.post(
    "",
    status_code=202,
    response_model=JobOut,
    responses=documented(
        ReportUnreadable, ReportFileUnknown, PayloadTooLarge, UnsupportedMediaType
    ),
    openapi_extra=_BODY,
)
def upload(ctx: Treasury, file: Annotated[BinaryIO, Depends(uploaded)]) -> JobOut:
    """Take in what a bank says of a file of payments: rejected payments are not made, their money is
    free again. The job's result counts what became of each word. The same report again changes nothing.
    """
    kept = payment_reports.submit(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, body=file.read(), media_type=BYTES
    )
    ctx.headers["Location"] = f"/v1/jobs/job_{kept.job_id.hex}"
    return JobOut.of(ctx.session.get_one(Job, kept.job_id))


@router.get(
    "/payments", response_model=Page[PaymentReportLineOut], responses=documented(InvalidCursor)
)
def list_payments(
    ctx: Read,
    page: PageDep,
    payment_batch: Annotated[PaymentBatchId | None, Query(description="Of this file")] = None,
    outcome: Annotated[
        ReportOutcome | None, Query(description="Of this alone: `unmatched` waits for people")
    ] = None,
) -> Page[Any]:
    """What banks said of single payments, and what became of it, the last word first."""
    rows, cursor = payment_reports.list_lines(
        ctx.session, page, batch_id=payment_batch, outcome=outcome
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)
