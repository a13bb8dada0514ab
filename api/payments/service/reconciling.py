"""Reconciliation: what providers say, against the clearing accounts of the ledger.

Lines come by `add_lines`; a run (the job `payments.reconcile`) matches what is open on both sides,
books the fees that only the provider knew, and keeps for each clearing account and day how the
balances compare. An entry is found by the `external_id` and `reference` in the details of its
transaction. Whatever is matched stays so: a run that finds nothing new changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import batched, zip_longest
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.core import bulk, db
from api.core.jobs import Job
from api.payments.models import ProviderLine, ReconciliationMatch
from api.payments.problems import ProviderLineChanged
from api.payments.service import accounts, keyed_matches, posting
from api.payments.service.accounts import NOBODY
from api.payments.service.clearing_balances import compare
from api.payments.service.keyed_matches import Owed
from api.payments.service.posting import Posting
from api.rules import reconciling as rules
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.reconciling import Age, Item, Match

TASK = "payments.reconcile"
ACTOR = "reconciliation"
_AT_ONCE = 500
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 56))")
_ACCOUNTS = text("""
    SELECT clearing, currency FROM provider_line
    UNION SELECT clearing, currency FROM provider_balance
    UNION SELECT kind, currency FROM ledger_account
      WHERE kind IN ('bank_clearing', 'stripe_clearing') AND entries > 0
    ORDER BY 1, 2
""")
_OPEN_LINES = """
    SELECT l.id, l.external_id, l.reference, l.amount, l.booked_on, l.fee FROM provider_line l
    WHERE l.clearing = %(kind)s AND l.currency = %(currency)s
      AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.line_id = l.id)
    ORDER BY l.booked_on, l.id
"""
_OPEN_ENTRIES = """
    SELECT e.id, t.details ->> 'external_id', t.details ->> 'reference', e.amount, e.booking_date
    FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
      JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE a.kind = %(kind)s AND a.currency = %(currency)s
      AND NOT EXISTS (SELECT FROM reconciliation_match m WHERE m.entry_id = e.id)
    ORDER BY e.booking_date, e.id
"""
_TOLD = ("currency", "amount", "fee", "booked_on")


class Open(NamedTuple):
    """A line, or an entry, that is not matched yet."""

    side: str
    """`provider` or `ledger`."""
    clearing: AccountKind
    currency: str
    item: Item
    days: int
    age: Age


def add_lines(session: Session, lines: Sequence[ProviderLine]) -> int:
    """Keep lines that are not known yet by provider, account and external id; how many that were.

    Raises ProviderLineChanged when one that is known says something else now.
    """
    rows = [{**each.model_dump(), "clearing": each.clearing.value} for each in lines]
    new = bulk.insert_new(session, ProviderLine, rows, key=("provider", "account", "external_id"))
    known = {(e.provider, e.account, e.external_id): e for e in lines if e.id not in new}
    if known:
        wanted = col(ProviderLine.external_id).in_([key[2] for key in known])
        for row in session.exec(select(ProviderLine).where(wanted)):
            told = known.get((row.provider, row.account, row.external_id))
            if told and any(getattr(told, name) != getattr(row, name) for name in _TOLD):
                raise ProviderLineChanged(f"{row.provider} line {row.external_id} was otherwise.")
    return len(new)


def step(session: Session, job: Job) -> bool:
    """Reconcile the next clearing account; True once there are no more."""
    found = [f"{kind}:{currency}" for kind, currency in session.connection().execute(_ACCOUNTS)]
    state = job.cursor or {"after": "", "matched": {}}
    left = [name for name in found if name > state["after"]]
    job.progress_total = len(found)
    job.progress_done = len(found) - len(left)
    job.result = {"matched": state["matched"]}
    if not left:
        return True
    kind, currency = left[0].split(":")
    matched = reconcile(session, AccountKind(kind), currency)
    for rule, number in matched.items():
        state["matched"][rule] = state["matched"].get(rule, 0) + number
    job.cursor = {"after": left[0], "matched": {**state["matched"]}}
    return False


def reconcile(session: Session, kind: AccountKind, currency: str) -> dict[str, int]:
    """Match what is open of a clearing account; the number of matches by rule.

    What names the same on both sides is matched by the database; the rest is loaded.
    """
    clearing = AccountKey(kind, currency)
    lock(session, clearing)
    counted, owed = keyed_matches.keep(session, clearing, actor=ACTOR)
    fees = book_fees(session, clearing, {each.line_id: each.fee for each in owed})
    _keep_fees(session, owed, fees)
    found = rules.match(*opened(session, kind, currency))
    booked = book_fees(session, clearing, {e.lines[0]: e.fee for e in found if e.fee})
    keep(session, found, booked, actor=ACTOR)
    compare(session, kind, currency)
    for match in found:
        counted[match.rule.value] = counted.get(match.rule.value, 0) + 1
    return counted


def lock(session: Session, clearing: AccountKey) -> None:
    """Wait until nobody else matches lines and entries of a clearing account, and be alone then."""
    account = f"{clearing.kind.value}:{clearing.currency}"
    session.connection().execute(_LOCK, {"account": account})


def opened(session: Session, kind: AccountKind, currency: str) -> tuple[list[Item], list[Item]]:
    """The lines and the entries of a clearing account that are not matched yet."""
    values = {"kind": kind.value, "currency": currency}
    return (
        [Item(*row) for row in db.rows(session, _OPEN_LINES, **values)],
        [Item(*row) for row in db.rows(session, _OPEN_ENTRIES, **values)],
    )


def unmatched(session: Session, day: date) -> Iterator[Open]:
    """What is open on both sides on a day, oldest first within each account."""
    for name, currency in session.connection().execute(_ACCOUNTS):
        kind = AccountKind(name)
        lines, entries = opened(session, kind, currency)
        for side, items in (("provider", lines), ("ledger", entries)):
            for item in items:
                days = max(0, (day - item.day).days)
                yield Open(side, kind, currency, item, days, rules.age(days))


def book_fees(
    session: Session, clearing: AccountKey, told: Mapping[UUID, Decimal]
) -> dict[UUID, UUID]:
    """Book what providers kept, by the first line of each match; the clearing entries by that line."""
    fees = AccountKey(AccountKind.PROVIDER_FEES, clearing.currency)
    found: dict[UUID, UUID] = {}
    for some in batched(told.items(), _AT_ONCE, strict=False):
        booked = posting.post_all(
            session,
            [
                Posting(
                    key=f"provider_fee:{line}",
                    kind="provider_fee",
                    entries=transfer(fees, clearing, fee),
                    actor=ACTOR,
                )
                for line, fee in some
            ],
        )
        entries = clearing_entries(session, [row.id for row in booked], clearing)
        found |= {line: entries[row.id] for row, (line, _) in zip(booked, some, strict=True)}
    return found


def clearing_entries(
    session: Session, transaction_ids: Sequence[UUID], clearing: AccountKey
) -> dict[UUID, UUID]:
    """By transaction, its one entry on a clearing account."""
    account_id = accounts.require(session, [clearing], NOBODY)[clearing]
    entries = text(
        "SELECT transaction_id, id FROM ledger_entry"
        " WHERE transaction_id = ANY(:ids) AND account_id = :account"
    )
    values = {"ids": [*transaction_ids], "account": account_id}
    return {row[0]: row[1] for row in session.connection().execute(entries, values)}


def keep(
    session: Session, matches: Sequence[Match], fees: Mapping[UUID, UUID], *, actor: str
) -> None:
    """Write matches down, with the entries of the fees that were booked for them."""
    rows: list[dict[str, Any]] = []
    for match in matches:
        group = uuid7()
        fee = fees.get(match.lines[0]) if match.lines else None
        entries = [*match.entries, *([fee] if fee else [])]
        rows += [
            bulk.new_row(
                group_id=group, line_id=line, entry_id=entry, rule=match.rule.value, actor=actor
            )
            for line, entry in zip_longest(match.lines, entries)
        ]
    bulk.insert(session, ReconciliationMatch, rows)


def _keep_fees(session: Session, owed: Sequence[Owed], fees: Mapping[UUID, UUID]) -> None:
    """The entries of fees belong to the matches that they were booked for."""
    rows = [
        bulk.new_row(
            group_id=each.group_id,
            line_id=None,
            entry_id=fees[each.line_id],
            rule=each.rule.value,
            actor=ACTOR,
        )
        for each in owed
    ]
    bulk.insert(session, ReconciliationMatch, rows)
