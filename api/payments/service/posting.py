"""Posting: one business event, one balanced transaction, however often it is told.

What must never be is PostgreSQL's to refuse (the migration `keep_the_ledger`): an unbalanced
transaction, an account overdrawn, a closed day, a changed entry. Here the same is refused earlier
and by name. Entries are inserted by account id, the order in which triggers lock the accounts, so
postings that cross do not wait for each other in a circle. A unit of work posts once; one that
posts several transactions gives them to `post_all`, which keeps that order over all of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import func, insert, text
from sqlalchemy.dialects.postgresql import insert as insert_new
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import bulk, db
from api.payments.models import (
    HoldOutcome,
    LedgerAccount,
    LedgerDay,
    LedgerEntry,
    LedgerHold,
    LedgerHoldResolution,
    LedgerTransaction,
)
from api.payments.problems import (
    AlreadyReversed,
    DayClosed,
    HoldResolved,
    InsufficientFunds,
    LedgerKeyReused,
)
from api.payments.service import accounts, balances
from api.payments.service.accounts import NOBODY, Parties
from api.rules import ledger as rules
from api.rules.clock import local_date
from api.rules.ledger import AccountKey, Entry

_WAIT_FOR_POSTINGS = text("SELECT pg_advisory_xact_lock(hashtextextended('kerben.ledger_day', 0))")
_REFUSALS = {
    "ck_ledger_account_not_overdrawn": InsufficientFunds,
    "ledger_day_open": DayClosed,
    "uq_ledger_transaction_reverses_id": AlreadyReversed,
    "uq_ledger_hold_resolution_hold_id": HoldResolved,
}


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one unit of a currency in another, and who published it for which day."""

    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A business event to be booked: `key` tells it apart from every other, for ever."""

    key: str
    kind: str
    entries: Sequence[Entry]
    actor: str
    resource_id: UUID | None = None
    rate: Rate | None = None
    reverses_id: UUID | None = None
    settles: LedgerHold | None = None
    """A hold that ends with this transaction, whose debits are what is posted of it."""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """Of what is booked; a repeat has the same."""
        entries = sorted((each.account, each.amount) for each in self.entries)
        content: dict[str, Any] = {
            "kind": self.kind,
            "entries": [
                [a.kind.value, a.currency, a.reference and str(a.reference), f"{amount:.6f}"]
                for a, amount in entries
            ],
        }
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


type _Fresh = tuple[dict[str, Any], Posting]


def post(session: Session, posting: Posting, parties: Parties = NOBODY) -> LedgerTransaction:
    """Book one business event; told again, the transaction of the first time.

    Raises rules.ledger.Unbalanced, InsufficientFunds, DayClosed, and LedgerKeyReused when the key
    belongs to other entries. After a problem the unit of work is to be rolled back.
    """
    return post_all(session, [posting], parties)[0]


def post_all(
    session: Session, postings: Sequence[Posting], parties: Parties = NOBODY
) -> list[LedgerTransaction]:
    """Book several business events in one unit of work; as `post`."""
    for posting in postings:
        rules.require_balanced(posting.entries)
    today = local_date(db.now(session))
    rows = [_row(posting, today) for posting in postings]
    try:
        new = {row.id: row for row in _insert_transactions(session, rows)}
        fresh = [(row, each) for row, each in zip(rows, postings, strict=True) if row["id"] in new]
        _end_holds(session, fresh)
        _insert_entries(session, fresh, parties)
    except IntegrityError as error:
        raise refusal(error) from error
    if len(new) < len(rows):
        return _booked(session, postings)
    return [new[row["id"]] for row in rows]


def reverse(
    session: Session, transaction: LedgerTransaction, *, actor: str, reason: str
) -> LedgerTransaction:
    """Undo a transaction by another; the first stays. Raises AlreadyReversed and as `post`."""
    entries = rules.reversal(entries_of(session, transaction))
    parties = {a.reference: a.parties for a in _accounts_of(session, transaction) if a.reference}
    posting = Posting(
        key=f"reversal:{transaction.id}",
        kind=transaction.kind,
        entries=entries,
        actor=actor,
        resource_id=transaction.resource_id,
        reverses_id=transaction.id,
        details={"reason": reason},
    )
    if session.exec(
        select(LedgerTransaction.id).where(LedgerTransaction.reverses_id == transaction.id)
    ).first():
        raise AlreadyReversed
    return post(session, posting, parties)


def entries_of(session: Session, transaction: LedgerTransaction) -> list[Entry]:
    """The entries of a transaction, in the order in which they were booked."""
    rows = session.exec(
        select(LedgerEntry, LedgerAccount)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerEntry.account_id)
        .where(LedgerEntry.transaction_id == transaction.id)
        .order_by(col(LedgerEntry.position))
    )
    return [Entry(accounts.key_of(account), entry.amount) for entry, account in rows]


def close_day(session: Session, day: date, *, actor: str) -> LedgerDay:
    """Close a day and all before it, once every posting that is under way has ended.

    The totals of the day are kept with it. Raises DayClosed when it is closed already.
    """
    session.connection().execute(_WAIT_FOR_POSTINGS)
    last = session.exec(select(func.max(LedgerDay.day))).one()
    if last is not None and last >= day:
        raise DayClosed
    totals = [line.plain() for line in balances.trial_balance(session, day)]
    closed = LedgerDay(day=day, closed_by=actor, totals=totals)
    session.add(closed)
    session.flush()
    return closed


def refusal(error: IntegrityError) -> Exception:
    """The problem that a refusal of PostgreSQL means; the error itself when it means a defect."""
    diagnostics = getattr(error.orig, "diag", None)
    problem = _REFUSALS.get(getattr(diagnostics, "constraint_name", None) or "")
    return problem() if problem else error


def _row(posting: Posting, today: date) -> dict[str, Any]:
    return bulk.new_row(
        idempotency_key=posting.key,
        kind=posting.kind,
        booking_date=today,
        resource_id=posting.resource_id,
        entry_count=len(posting.entries),
        content_sha256=posting.content_sha256,
        reverses_id=posting.reverses_id,
        fx_rate=posting.rate.rate if posting.rate else None,
        fx_source=posting.rate.source if posting.rate else None,
        actor=posting.actor,
        details=posting.details,
    )


def _insert_transactions(
    session: Session, rows: Sequence[dict[str, Any]]
) -> Sequence[LedgerTransaction]:
    statement = (
        insert_new(LedgerTransaction)
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(LedgerTransaction)
    )
    return session.scalars(statement, rows).all()


def _end_holds(session: Session, fresh: Sequence[_Fresh]) -> None:
    """Before the entries: what was held is free to be booked."""
    ended = [
        bulk.new_row(
            hold_id=posting.settles.id,
            hold_amount=posting.settles.amount,
            outcome=HoldOutcome.POSTED,
            posted_amount=sum(each.amount for each in posting.entries if each.amount > 0),
            transaction_id=row["id"],
            actor=posting.actor,
        )
        for row, posting in fresh
        if posting.settles is not None
    ]
    if ended:
        session.connection().execute(insert(LedgerHoldResolution), ended)


def _insert_entries(session: Session, fresh: Sequence[_Fresh], parties: Parties) -> None:
    if not fresh:
        return
    keys: list[AccountKey] = [e.account for _, posting in fresh for e in posting.entries]
    found = accounts.require(session, keys, parties)
    rows = [
        bulk.new_row(
            transaction_id=row["id"],
            entry_count=row["entry_count"],
            booking_date=row["booking_date"],
            position=position,
            account_id=found[entry.account],
            currency=entry.account.currency,
            amount=entry.amount,
        )
        for row, posting in fresh
        for position, entry in enumerate(posting.entries, start=1)
    ]
    rows.sort(key=lambda row: row["account_id"])
    session.connection().execute(insert(LedgerEntry), rows)


def _booked(session: Session, postings: Sequence[Posting]) -> list[LedgerTransaction]:
    keys = [posting.key for posting in postings]
    found = session.exec(
        select(LedgerTransaction).where(col(LedgerTransaction.idempotency_key).in_(keys))
    )
    by_key = {row.idempotency_key: row for row in found}
    for posting in postings:
        if by_key[posting.key].content_sha256 != posting.content_sha256:
            raise LedgerKeyReused(f"{posting.key} was booked with other entries.")
    return [by_key[key] for key in keys]


def _accounts_of(session: Session, transaction: LedgerTransaction) -> Sequence[LedgerAccount]:
    ids = select(LedgerEntry.account_id).where(LedgerEntry.transaction_id == transaction.id)
    return session.exec(select(LedgerAccount).where(col(LedgerAccount.id).in_(ids))).all()
