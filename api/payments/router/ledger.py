"""Routes of the ledger: accounts and statements for whose they are, the books for the operator."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from api.core import db, ids, jobs, rate_limits
from api.core.http import PageDep
from api.core.inputs import IsoDate
from api.core.pages import Page, PageQuery
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.payments.models import Reconciliation
from api.payments.schemas.ledger import (
    AccountStatementOut,
    AgeingOut,
    LedgerAccountId,
    LedgerAccountOut,
    ReconciliationOut,
    TrialBalanceOut,
    UnmatchedOut,
)
from api.payments.service import balances, reconciling, sheets, statements
from api.payments.service.sheets import TableFormat
from api.rules.clock import local_date
from api.rules.permissions import OrgRole

router = access.router("/ledger", "ledger")
Read = Annotated[Context, require("ledger:read")]
Admin = Annotated[Context, require("ledger:admin")]
Reconcile = Annotated[Context, require("ledger:admin", key=True)]
Day = Annotated[IsoDate, Query(description="The last day that counts")]
Format = Annotated[TableFormat, Query(alias="format", description="`csv` or `xlsx`")]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table as a file",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}}
            for media in ("text/csv", sheets.MEDIA_TYPES[TableFormat.XLSX])
        },
    }
}
_PREFIXES = {"provider": "providerline", "ledger": "ledgerentry"}
_MOST_LINES = 50_000
_TRIAL = ("kind", "currency", "debits", "credits", "balance")


@router.get("/accounts", response_model=Page[LedgerAccountOut])
def list_accounts(ctx: Read, page: PageDep) -> Page[Any]:
    """The accounts that you are a party of, with their balances; the operator reads all."""
    rows, cursor = statements.list_accounts(ctx.session, page, org_id=_org(ctx))
    items = [statements.shown(row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/accounts/{account_id}", response_model=LedgerAccountOut)
def get_account(account_id: LedgerAccountId, ctx: Read) -> dict[str, Any]:
    """One account."""
    return statements.shown(statements.get(ctx.session, account_id, org_id=_org(ctx)))


@router.get("/accounts/{account_id}/statement", response_model=AccountStatementOut)
def get_statement(
    account_id: LedgerAccountId, ctx: Read, page: PageDep, since: IsoDate, until: Day
) -> dict[str, Any]:
    """What was booked on an account in a period, with its balance before and after."""
    return _statement(ctx, account_id, page, since, until)


@router.get("/accounts/{account_id}/statement/file", response_class=Response, responses=_FILE)
@rate_limits.limited("export")
def export_statement(
    account_id: LedgerAccountId, ctx: Read, since: IsoDate, until: Day, form: Format
) -> Response:
    """The statement as a file, of up to 50,000 entries."""
    told = _statement(ctx, account_id, PageQuery(limit=_MOST_LINES), since, until)
    columns = (
        "sequence", "booking_date", "booked_at", "kind", "resource_id", "counter_accounts",
        "debit", "credit", "balance",
    )  # fmt: skip
    rows = [[_text(line[name]) for name in columns] for line in told["items"]]
    opening = [None, since, None, "opening", None, None, None, None, told["opening"]]
    closing = [None, until, None, "closing", None, None, None, None, told["closing"]]
    return _file(ctx, "statement", columns, [opening, *rows, closing], form)


@router.get("/trial-balance", response_model=TrialBalanceOut)
def trial_balance(ctx: Admin, day: Day) -> dict[str, Any]:
    """The sums of all accounts by kind and currency at the end of a day."""
    return {"day": day, "items": balances.trial_balance(ctx.session, day)}


@router.get("/trial-balance/file", response_class=Response, responses=_FILE)
@rate_limits.limited("export")
def export_trial_balance(ctx: Admin, day: Day, form: Format) -> Response:
    """The trial balance as a file."""
    rows = [[getattr(e, name) for name in _TRIAL] for e in balances.trial_balance(ctx.session, day)]
    return _file(ctx, "trial-balance", _TRIAL, rows, form)


@router.post("/reconciliations", status_code=202, response_model=JobOut)
def reconcile(ctx: Reconcile) -> JobOut:
    """Match what providers said with the clearing accounts, now, as a job with progress."""
    job = jobs.enqueue(ctx.session, reconciling.TASK, {}, org_id=ctx.org_id)
    ctx.session.flush()
    return JobOut.of(job)


@router.get("/reconciliations", response_model=list[ReconciliationOut])
def list_reconciliations(ctx: Admin) -> Sequence[Reconciliation]:
    """How each clearing account compares with its provider: the newest day of each."""
    account = col(Reconciliation.clearing), col(Reconciliation.currency)
    newest = select(Reconciliation).ext(distinct_on(*account))
    return ctx.session.exec(newest.order_by(*account, col(Reconciliation.day).desc())).all()


@router.get("/unmatched", response_model=AgeingOut)
def list_unmatched(ctx: Admin) -> dict[str, Any]:
    """What is open on both sides, by age."""
    return {"items": _unmatched(ctx)}


@router.get("/unmatched/file", response_class=Response, responses=_FILE)
@rate_limits.limited("export")
def export_unmatched(ctx: Admin, form: Format) -> Response:
    """The ageing list as a file."""
    columns = [*UnmatchedOut.model_fields]
    rows = [[row[name] for name in columns] for row in _unmatched(ctx)]
    return _file(ctx, "unmatched", columns, rows, form)


def _org(ctx: Context) -> UUID | None:
    return None if ctx.has_role(OrgRole.OPERATOR) else ctx.org_id


def _statement(
    ctx: Context, account_id: UUID, page: PageQuery, since: date, until: date
) -> dict[str, Any]:
    account = statements.get(ctx.session, account_id, org_id=_org(ctx))
    found, cursor = statements.lines(ctx.session, account, page, since=since, until=until)
    others = statements.counters(ctx.session, account, found)
    return {
        "account": statements.shown(account),
        "since": since,
        "until": until,
        "opening": statements.balance_before(ctx.session, account, since)[0],
        "closing": statements.balance_after(ctx.session, account, until),
        "items": [
            {**each.plain(), "counter_accounts": others.get(each.transaction_id, [])}
            for each in found
        ],
        "has_more": cursor is not None,
        "next_cursor": cursor,
    }


def _unmatched(ctx: Context) -> list[dict[str, Any]]:
    day = local_date(db.now(ctx.session))
    return [
        {
            "id": ids.show(_PREFIXES[each.side], each.item.id),
            "side": each.side,
            "clearing": each.clearing,
            "currency": each.currency,
            "external_id": each.item.external_id,
            "reference": each.item.reference,
            "amount": each.item.amount,
            "fee": each.item.fee,
            "day": each.item.day,
            "days": each.days,
            "age": each.age,
        }
        for each in reconciling.unmatched(ctx.session, day)
    ]


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(each.value for each in value)
    return str(value) if isinstance(value, UUID) else value


def _file(
    ctx: Context,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    form: TableFormat,
) -> Response:
    ctx.headers["Content-Disposition"] = f'attachment; filename="{name}.{form.value}"'
    return Response(sheets.table(columns, rows, form), media_type=sheets.MEDIA_TYPES[form])
