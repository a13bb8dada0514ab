"""Accounts and their statements, as whoever may see them reads them (row-level security)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.payments.models import LedgerAccount, LedgerEntry
from api.payments.service import balances
from api.payments.service.balances import StatementLine
from api.rules import ledger as rules
from api.rules.ledger import AccountKind, Side


def list_accounts(
    session: Session, page: PageQuery, *, org_id: UUID | None
) -> tuple[Sequence[LedgerAccount], str | None]:
    """The accounts of an organisation, or of everybody (None), the newest first."""
    query = select(LedgerAccount)
    if org_id is not None:
        query = query.where(col(LedgerAccount.parties).contains([org_id]))
    return pages.newest_first(
        session, query, LedgerAccount, page, scope="ledger-accounts", filters={"org": org_id}
    )


def get(session: Session, account_id: UUID, *, org_id: UUID | None) -> LedgerAccount:
    """An account of an organisation, or any (None); else NotFound."""
    account = session.get(LedgerAccount, account_id)
    if account is None or (org_id is not None and org_id not in account.parties):
        raise NotFound
    return account


def shown(account: LedgerAccount) -> dict[str, Any]:
    """The account with its balance on its normal side."""
    balance = rules.shown(account.kind, account.debits, account.credits)
    return {
        **account.model_dump(),
        "balance": balance,
        "available": balance - account.held,
    }


def balance_before(session: Session, account: LedgerAccount, day: date) -> tuple[Decimal, int]:
    """The balance at the beginning of a day, and how many entries there were by then."""
    amount, number = session.exec(
        select(func.coalesce(func.sum(LedgerEntry.amount), 0), func.count()).where(
            LedgerEntry.account_id == account.id, LedgerEntry.booking_date < day
        )
    ).one()
    return (amount if account.normal_side is Side.DEBIT else -amount), number


def balance_after(session: Session, account: LedgerAccount, day: date) -> Decimal:
    """The balance at the end of a day."""
    return balance_before(session, account, day + timedelta(days=1))[0]


def lines(
    session: Session, account: LedgerAccount, page: PageQuery, *, since: date, until: date
) -> tuple[list[StatementLine], str | None]:
    """The entries booked from the day `since` to the day `until`, oldest first, and a cursor."""
    filters = {"since": since, "until": until}
    _, after = balance_before(session, account, since)
    if page.cursor:
        after = int(pages.unseal(f"statement:{account.id}", filters, page.cursor)[0])
    found = balances.statement(session, account, page, since=after, until=until)
    if len(found) <= page.limit:
        return found, None
    found = found[: page.limit]
    return found, pages.seal(f"statement:{account.id}", filters, [found[-1].sequence])


def counters(
    session: Session, account: LedgerAccount, found: Sequence[StatementLine]
) -> dict[UUID, list[AccountKind]]:
    """By transaction, the kinds of the other accounts that the caller may see."""
    rows = session.exec(
        select(LedgerEntry.transaction_id, LedgerAccount.kind)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerEntry.account_id)
        .where(
            col(LedgerEntry.transaction_id).in_([each.transaction_id for each in found]),
            LedgerEntry.account_id != account.id,
        )
        .order_by(col(LedgerEntry.position))
    )
    kinds: defaultdict[UUID, list[AccountKind]] = defaultdict(list)
    for transaction_id, kind in rows:
        kinds[transaction_id].append(AccountKind(kind))
    return kinds
