"""Posting: one business event, one balanced transaction, however often it is told.

What must never be is PostgreSQL's to refuse (the migration `keep_the_ledger`): an unbalanced
transaction, an account overdrawn, a closed day, a changed entry. Here the same is refused earlier
and by name. One call of PostgreSQL's `ledger_book` books; it takes the accounts by id, those of
ended holds too, so postings that cross do not wait for each other in a circle. A unit of work posts
once; one that posts several transactions gives them to `post_all`, which keeps that order over all
of them.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import func, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.core import db
from api.payments.models import (
    LedgerAccount,
    LedgerDay,
    LedgerEntry,
    LedgerHold,
    LedgerTransaction,
)
from api.payments.problems import (
    AlreadyReversed,
    DayClosed,
    HoldResolved,
    InsufficientFunds,
    LedgerKeyReused,
)
from api.payments.service import accounts, balances, coins
from api.payments.service.accounts import NOBODY, Parties
from api.rules import ledger as rules
from api.rules.clock import BISHKEK, utcnow
from api.rules.ledger import Entry

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


class Booked(NamedTuple):
    """A transaction as the database has booked it."""

    id: UUID
    idempotency_key: str
    kind: str
    booking_date: date
    resource_id: UUID | None
    content_sha256: str
    reverses_id: UUID | None
    fx_rate: Decimal | None
    fx_source: str | None


@dataclass(frozen=True, kw_only=True)
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

    @cached_property
    def content_sha256(self) -> str:
        """Of what is booked; a repeat has the same."""
        entries = sorted((each.account, each.amount) for each in self.entries)
        content = {  # RFC 8785 in the order of its members, so that any writer of JSON makes it
            "entries": [
                (a.kind.value, a.currency, a.reference, f"{amount:.6f}") for a, amount in entries
            ],
            "kind": self.kind,
        }
        return hashlib.sha256(to_json(content)).hexdigest()


def post(session: Session, posting: Posting, parties: Parties = NOBODY) -> Booked:
    """Book one business event; told again, the transaction of the first time.

    Raises rules.ledger.Unbalanced, InsufficientFunds, DayClosed, and LedgerKeyReused when the key
    belongs to other entries. After a problem the unit of work is to be rolled back.
    """
    return post_all(session, [posting], parties)[0]


def post_all(
    session: Session, postings: Sequence[Posting], parties: Parties = NOBODY
) -> list[Booked]:
    """Book several business events in one unit of work; as `post`."""
    if not postings:
        return []
    for posting in postings:
        rules.require_balanced(posting.entries, coins.places)
    session.flush()
    told = _Told(postings, parties)
    try:
        day, booked = db.one(session, _statement(db.clock()), told.values)
    except IntegrityError as error:
        raise refusal(error) from error
    known = _known(session, set(booked) - told.ids)
    return [
        _same(posting, known[each]) if each in known else _booked(posting, each, day)
        for posting, each in zip(postings, told.in_order(booked), strict=True)
    ]


def reverse(
    session: Session,
    transaction: LedgerTransaction | Booked,
    *,
    actor: str,
    reason: str,
    details: Mapping[str, Any] | None = None,
) -> Booked:
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
        details={"reason": reason, **(details or {})},
    )
    if session.exec(
        select(LedgerTransaction.id).where(LedgerTransaction.reverses_id == transaction.id)
    ).first():
        raise AlreadyReversed
    return post(session, posting, parties)


def entries_of(session: Session, transaction: LedgerTransaction | Booked) -> list[Entry]:
    """The entries of a transaction, in the order in which they were booked."""
    rows = session.exec(
        select(LedgerEntry, LedgerAccount)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerEntry.account_id)
        .where(LedgerEntry.transaction_id == transaction.id)
        .order_by(col(LedgerEntry.position))
    )
    return [Entry(accounts.key_of(account), entry.amount) for entry, account in rows]


def close_day(session: Session, day: date, *, actor: str, reason: str | None = None) -> LedgerDay:
    """Close a day and all before it, once every posting that is under way has ended.

    The totals of the day are kept with it. Raises DayClosed when it is closed already.
    """
    session.connection().execute(_WAIT_FOR_POSTINGS)
    last = session.exec(select(func.max(LedgerDay.day))).one()
    if last is not None and last >= day:
        raise DayClosed
    totals = [line.plain() for line in balances.trial_balance(session, day)]
    closed = LedgerDay(day=day, closed_by=actor, reason=reason, totals=totals)
    session.add(closed)
    session.flush()
    return closed


def refusal(error: IntegrityError) -> Exception:
    """The problem that a refusal of PostgreSQL means; the error itself when it means a defect."""
    diagnostics = getattr(error.orig, "diag", None)
    problem = _REFUSALS.get(getattr(diagnostics, "constraint_name", None) or "")
    return problem() if problem else error


@cache
def _statement(clock: str) -> str:
    """The call of the migration `book_by_plain_values`; the day is that of the database's clock."""
    return (
        "SELECT day, ledger_book(day, %(at)s, %(told)s::jsonb, %(kinds)s::text[],"
        " %(currencies)s::text[], %(owners)s::uuid[], %(unopened)s, %(entry_ids)s::uuid[],"
        " %(amounts)s::numeric[], %(places)s::int[], %(of_told)s::int[], %(on_account)s::int[])"
        f" FROM (SELECT (({clock}) AT TIME ZONE '{BISHKEK.key}')::date AS day) AS today"
    )


class _Told:
    """What `ledger_book` is given of some postings, in the order of their keys.

    Arrays of ids, numbers and codes need no quotes, so they are written as PostgreSQL reads them.
    """

    def __init__(self, postings: Sequence[Posting], parties: Parties) -> None:
        self._order = sorted(range(len(postings)), key=lambda n: postings[n].key)
        keys = dict.fromkeys(entry.account for each in postings for entry in each.entries)
        number = {key: place for place, key in enumerate(keys, start=1)}
        rows = [_row(postings[n]) for n in self._order]
        self.ids = {row["id"] for row in rows}
        entries = [
            (uuid7(), entry.amount, place, told, number[entry.account])
            for told, n in enumerate(self._order, start=1)
            for place, entry in enumerate(postings[n].entries, start=1)
        ]
        opened = [{"id": uuid7(), **accounts.opened(key, parties)} for key in keys]
        names = ("entry_ids", "amounts", "places", "of_told", "on_account")
        self.values: dict[str, object] = {
            "at": utcnow(),
            "told": to_json(rows).decode(),
            "unopened": to_json(opened).decode(),
            "kinds": _array(key.kind.value for key in keys),
            "currencies": _array(key.currency for key in keys),
            "owners": _array(key.reference or "NULL" for key in keys),
            **dict(zip(names, map(_array, zip(*entries, strict=True)), strict=True)),
        }

    def in_order(self, booked: Sequence[UUID]) -> list[UUID]:
        """The ids in the order in which the postings were given."""
        placed = dict(zip(self._order, booked, strict=True))
        return [placed[n] for n in range(len(booked))]


def _array(values: Iterable[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _row(posting: Posting) -> dict[str, Any]:
    row = {
        "id": uuid7(),
        "key": posting.key,
        "kind": posting.kind,
        "resource_id": posting.resource_id,
        "entry_count": len(posting.entries),
        "content_sha256": posting.content_sha256,
        "reverses_id": posting.reverses_id,
        "fx_rate": posting.rate and posting.rate.rate,
        "fx_source": posting.rate and posting.rate.source,
        "actor": posting.actor,
        "details": posting.details,
    }
    if (hold := posting.settles) is not None:
        row |= {
            "resolution_id": uuid7(),
            "hold_id": hold.id,
            "hold_amount": hold.amount,
            "posted_amount": sum(each.amount for each in posting.entries if each.amount > 0),
        }
    return row


def _booked(posting: Posting, own: UUID, day: date) -> Booked:
    rate = posting.rate
    return Booked(
        id=own,
        idempotency_key=posting.key,
        kind=posting.kind,
        booking_date=day,
        resource_id=posting.resource_id,
        content_sha256=posting.content_sha256,
        reverses_id=posting.reverses_id,
        fx_rate=rate.rate if rate else None,
        fx_source=rate.source if rate else None,
    )


def _known(session: Session, ids: Collection[UUID]) -> dict[UUID, Booked]:
    """What was booked before, by an earlier telling."""
    if not ids:
        return {}
    columns = [getattr(LedgerTransaction, name) for name in Booked._fields]
    found = session.connection().execute(select(*columns).where(col(LedgerTransaction.id).in_(ids)))
    return {row.id: Booked._make(row) for row in found}


def _same(posting: Posting, booked: Booked) -> Booked:
    if booked.content_sha256 != posting.content_sha256:
        raise LedgerKeyReused(f"{posting.key} was booked with other entries.")
    return booked


def _accounts_of(
    session: Session, transaction: LedgerTransaction | Booked
) -> Sequence[LedgerAccount]:
    ids = select(LedgerEntry.account_id).where(LedgerEntry.transaction_id == transaction.id)
    return session.exec(select(LedgerAccount).where(col(LedgerAccount.id).in_(ids))).all()
