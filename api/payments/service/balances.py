"""What the ledger says: the trial balance, the statement of an account, and whether it is sound."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, text
from sqlmodel import Session, col, select

from api.core.pages import PageQuery
from api.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from api.rules import ledger as rules
from api.rules.ledger import AccountKind
from api.rules.offers import plain

_FAULTS = text("""
SELECT 'account ' || a.id || ' says ' || a.debits || '/' || a.credits || ', its entries say '
    || coalesce(e.debits, 0) || '/' || coalesce(e.credits, 0)
  FROM ledger_account a
  LEFT JOIN (SELECT account_id, sum(amount) FILTER (WHERE amount > 0) AS debits,
      -sum(amount) FILTER (WHERE amount < 0) AS credits, count(*) AS n
    FROM ledger_entry GROUP BY account_id) e ON e.account_id = a.id
  WHERE (a.debits, a.credits, a.entries)
    <> (coalesce(e.debits, 0), coalesce(e.credits, 0), coalesce(e.n, 0))
UNION ALL
SELECT 'account ' || a.id || ' holds ' || a.held || ', its holds say ' || coalesce(h.held, 0)
  FROM ledger_account a
  LEFT JOIN (SELECT debit_account_id, sum(amount) AS held FROM ledger_hold h
    WHERE NOT EXISTS (SELECT FROM ledger_hold_resolution r WHERE r.hold_id = h.id)
    GROUP BY debit_account_id) h ON h.debit_account_id = a.id
  WHERE a.held <> coalesce(h.held, 0)
UNION ALL
SELECT 'transaction ' || t.id || ' is not balanced in ' || coalesce(e.currency, '?')
  FROM ledger_transaction t
  LEFT JOIN (SELECT transaction_id, currency, sum(amount) AS total FROM ledger_entry
    GROUP BY transaction_id, currency) e ON e.transaction_id = t.id
  WHERE coalesce(e.total, 1) <> 0
ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class TrialLine:
    """The sums of one kind of account in one currency up to the end of a day."""

    kind: AccountKind
    currency: str
    debits: Decimal
    credits: Decimal

    @property
    def balance(self) -> Decimal:
        """On the normal side of the kind."""
        return rules.shown(self.kind, self.debits, self.credits)

    def plain(self) -> dict[str, str]:
        """As JSON."""
        return {
            "kind": self.kind.value,
            "currency": self.currency,
            "debits": plain(self.debits),
            "credits": plain(self.credits),
        }


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry as the owner of an account reads it."""

    transaction_id: UUID
    sequence: int
    booking_date: date
    booked_at: datetime
    kind: str
    resource_id: UUID | None
    debit: Decimal
    credit: Decimal
    balance: Decimal

    def plain(self) -> dict[str, Any]:
        """By the names of the fields."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def trial_balance(session: Session, day: date) -> list[TrialLine]:
    """All accounts by kind and currency at the end of `day`: debits and credits are equal in sum."""
    amount = col(LedgerEntry.amount)
    rows = session.exec(
        select(
            LedgerAccount.kind,
            LedgerAccount.currency,
            func.sum(func.greatest(amount, literal_column("0"))),
            func.sum(func.greatest(-amount, literal_column("0"))),
        )
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerEntry.account_id)
        .where(LedgerEntry.booking_date <= day)
        .group_by(col(LedgerAccount.kind), col(LedgerAccount.currency))
        .order_by(col(LedgerAccount.currency), col(LedgerAccount.kind))
    )
    return [
        TrialLine(AccountKind(kind), currency, debits, credits)
        for kind, currency, debits, credits in rows
    ]


def statement(
    session: Session, account: LedgerAccount, page: PageQuery, *, since: int, until: date
) -> list[StatementLine]:
    """The entries of an account after its `since`-th, booked by the day `until`, oldest first, one
    more than the page."""
    rows = session.exec(
        select(LedgerEntry, LedgerTransaction)
        .join(LedgerTransaction, col(LedgerTransaction.id) == LedgerEntry.transaction_id)
        .where(LedgerEntry.account_id == account.id, LedgerEntry.account_sequence > since)
        .where(LedgerEntry.booking_date <= until)
        .order_by(col(LedgerEntry.account_sequence))
        .limit(page.limit + 1)
    )
    return [_line(entry, transaction) for entry, transaction in rows]


def faults(session: Session) -> Sequence[str]:
    """Where the cached sums differ from the fold of the entries, or a transaction is off."""
    rows: Sequence[Any] = session.connection().scalars(_FAULTS).all()
    return rows


def _line(entry: LedgerEntry, transaction: LedgerTransaction) -> StatementLine:
    return StatementLine(
        transaction_id=transaction.id,
        sequence=entry.account_sequence,
        booking_date=entry.booking_date,
        booked_at=transaction.created_at,
        kind=transaction.kind,
        resource_id=transaction.resource_id,
        debit=max(entry.amount, Decimal(0)),
        credit=max(-entry.amount, Decimal(0)),
        balance=entry.balance_after,
    )
