"""Routes between the treasury and banks, for the operator: statements in, files of payments out."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from api.core import rate_limits, settings
from api.core.errors import (
    Conflict,
    InvalidCursor,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from api.core.http import PageDep, documented
from api.core.jobs import Job
from api.core.pages import Page
from api.identity import access, uploads
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.identity.links import BYTES
from api.payments.bank.problems import (
    StatementAccountUnknown,
    StatementUnbalanced,
    StatementUnreadable,
)
from api.payments.models import PaymentBatch
from api.payments.problems import (
    BatchFourEyes,
    BatchHeld,
    BatchNotReleased,
    BatchRejected,
    NothingToPay,
)
from api.payments.schemas.bank import (
    BankEntryOut,
    BankStatementFullOut,
    BankStatementId,
    BankStatementOut,
    PaymentBatchId,
    PaymentBatchIn,
    PaymentBatchOut,
)
from api.payments.schemas.transfers import PlatformAccountId
from api.payments.service import (
    bank_statements,
    payment_batches,
    platform_accounts,
    statement_intake,
)
from api.rules.bank_statements import EntryOutcome
from api.rules.rails import BatchStatus

statements = access.router("/bank-statements", "bank_statements")
entries = access.router("/bank-entries", "bank_statements")
batches = access.router("/payment-batches", "payment_batches")
ROUTERS = (statements, entries, batches)
Read = Annotated[Context, require("treasury:read")]
Treasury = Annotated[Context, require("treasury:write")]
Decide = Annotated[Context, require("treasury:write", if_match=True)]
TreasuryKey = Annotated[Context, require("treasury:write", key=True)]
XML = "application/xml"
_BODY = uploads.described(
    ":20:20261127\n:25:1240020000123456\n:28C:231/1\n:60F:C261126KGS0,00\n"
    ":61:2611271127C1000,00NTRFNONREF//B77120\n:86:RF18539007547034 desks\n"
    ":62F:C261127KGS1000,00\n",
    "camt.053 in UTF-8, or MT940 in UTF-8 or Windows-1251.",
)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, pain.001.001.09",
        "content": {XML: {"schema": {"type": "string", "format": "binary"}}},
    }
}
_CHANGED = (Conflict, PreconditionFailed)


async def uploaded(request: Request, ctx: Treasury) -> AsyncIterator[BinaryIO]:
    """The body, on disk beyond the first megabyte."""
    limit = settings.get().max_statement_bytes
    async with uploads.spooled(request, ctx, media_type=BYTES, limit=limit) as file:
        yield file


@statements.post(
    "",
    status_code=202,
    response_model=JobOut,
    responses=documented(
        StatementUnreadable,
        StatementUnbalanced,
        StatementAccountUnknown,
        PayloadTooLarge,
        UnsupportedMediaType,
    ),
    openapi_extra=_BODY,
)
def upload(ctx: Treasury, file: Annotated[BinaryIO, Depends(uploaded)]) -> JobOut:
    """Take in a statement of a bank: all of it, or nothing when it cannot be read or does not add up.

    The job's result counts what became of its entries. The same statement again changes nothing.
    """
    kept = statement_intake.submit(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, body=file.read(), media_type=BYTES
    )
    ctx.headers["Location"] = f"/v1/jobs/job_{kept.job_id.hex}"
    return JobOut.of(ctx.session.get_one(Job, kept.job_id))


@statements.get("", response_model=Page[BankStatementOut], responses=documented(InvalidCursor))
def list_statements(
    ctx: Read,
    page: PageDep,
    platform_account: Annotated[PlatformAccountId | None, Query(description="Of this one")] = None,
) -> Page[Any]:
    """The statements that were taken in, the last one first."""
    rows, cursor = bank_statements.list_statements(ctx.session, page, account_id=platform_account)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@statements.get("/{bank_statement_id}", response_model=BankStatementFullOut)
def get_statement(bank_statement_id: BankStatementId, ctx: Read) -> dict[str, Any]:
    """One statement: what became of its entries, and whether another is missing before it."""
    found = bank_statements.get(ctx.session, bank_statement_id)
    order = bank_statements.order_of(ctx.session, found)
    return {
        **found.model_dump(),
        "outcomes": bank_statements.counts(ctx.session, found),
        "missing_numbers": order.missing and [*order.missing],
        "opening_differs": order.opening_differs(found),
        "problems": [each._asdict() for each in order.problems(found)],
    }


@statements.get(
    "/{bank_statement_id}/entries",
    response_model=Page[BankEntryOut],
    responses=documented(InvalidCursor),
)
def list_statement_entries(
    bank_statement_id: BankStatementId, ctx: Read, page: PageDep
) -> Page[Any]:
    """The entries of a statement with what became of each, the last one first."""
    found = bank_statements.get(ctx.session, bank_statement_id)
    return _entries(ctx, page, found.id, None)


@entries.get("", response_model=Page[BankEntryOut], responses=documented(InvalidCursor))
def list_entries(
    ctx: Read,
    page: PageDep,
    outcome: Annotated[
        EntryOutcome | None, Query(description="Of this alone: `unmatched` waits for people")
    ] = None,
) -> Page[Any]:
    """The entries of all statements, the last one first."""
    return _entries(ctx, page, None, outcome)


@batches.get("", response_model=Page[PaymentBatchOut], responses=documented(InvalidCursor))
def list_batches(
    ctx: Read,
    page: PageDep,
    status: Annotated[BatchStatus | None, Query(description="Of this status alone")] = None,
) -> Page[Any]:
    """Files of payments, the newest first."""
    rows, cursor = payment_batches.list_batches(ctx.session, page, status=status)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@batches.post(
    "",
    status_code=201,
    response_model=PaymentBatchOut,
    responses=documented(NothingToPay, BatchHeld, Conflict),
)
def make_batch(data: PaymentBatchIn, ctx: TreasuryKey) -> PaymentBatch:
    """Put payments that were sent into a file for a bank. Each is in one file for ever, unless the
    batch is cancelled before somebody else releases it."""
    account = platform_accounts.locked(ctx.session, data.platform_account_id)
    made = payment_batches.make(
        ctx.session,
        account,
        actor=ctx.actor,
        org_id=ctx.org_id,
        execution_on=data.execution_on,
        order_ids=data.order_ids,
    )
    return _shown(ctx, made)


@batches.get("/{payment_batch_id}", response_model=PaymentBatchOut)
def get_batch(payment_batch_id: PaymentBatchId, ctx: Read) -> PaymentBatch:
    """One file of payments."""
    return _shown(ctx, payment_batches.get(ctx.session, payment_batch_id))


@batches.post(
    "/{payment_batch_id}/release",
    response_model=PaymentBatchOut,
    responses=documented(BatchFourEyes, BatchHeld, *_CHANGED),
)
def release_batch(payment_batch_id: PaymentBatchId, ctx: Decide) -> PaymentBatch:
    """Let the file out, as somebody else than who has made it."""
    found = _held(ctx, payment_batch_id)
    payment_batches.release(ctx.session, found, actor=ctx.actor, org_id=ctx.org_id)
    return _shown(ctx, found)


@batches.post(
    "/{payment_batch_id}/cancel",
    response_model=PaymentBatchOut,
    responses=documented(*_CHANGED),
)
def cancel_batch(payment_batch_id: PaymentBatchId, ctx: Decide) -> PaymentBatch:
    """Give a file up that nobody has released: its payments wait for another."""
    found = _held(ctx, payment_batch_id)
    payment_batches.cancel(ctx.session, found, actor=ctx.actor, org_id=ctx.org_id)
    return _shown(ctx, found)


@batches.get(
    "/{payment_batch_id}/file",
    response_class=Response,
    responses={**_FILE, **documented(BatchNotReleased, BatchRejected, BatchHeld)},
)
@rate_limits.limited("export")
def download_batch(payment_batch_id: PaymentBatchId, ctx: Treasury) -> Response:
    """The file of a released batch: the same bytes each time, with the message id by which banks refuse
    it a second time. Each download is in the audit trail."""
    found = _held(ctx, payment_batch_id)
    written = payment_batches.file(ctx.session, found, actor=ctx.actor, org_id=ctx.org_id)
    name = f"{found.message_id}.xml"
    ctx.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(written, media_type=XML)


def _entries(
    ctx: Context, page: PageDep, statement_id: UUID | None, outcome: EntryOutcome | None
) -> Page[Any]:
    rows, cursor = bank_statements.list_entries(
        ctx.session, page, statement_id=statement_id, outcome=outcome
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


def _held(ctx: Context, batch_id: UUID) -> PaymentBatch:
    found = payment_batches.locked(ctx.session, batch_id)
    ctx.check_version(found)
    return found


def _shown(ctx: Context, batch: PaymentBatch) -> PaymentBatch:
    ctx.tag(batch)
    return batch
