"""Reconciliation: what providers say, against the clearing accounts of the ledger.

Lines come by `add_lines`; a run (the job `payments.reconcile`) matches what is open on both sides,
books the fees that only the provider knew, and keeps for each clearing account and day how the
balances compare. An entry is found by the `external_id` and `reference` in the details of its
transaction. Whatever is matched stays so: a run that finds nothing new changes nothing.
"""

from collections.abc import Iterator, Sequence
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
from api.core.outbox import emit
from api.payments.models import ProviderLine, Reconciliation, ReconciliationMatch
from api.payments.problems import ProviderLineChanged
from api.payments.service import accounts, posting
from api.payments.service.accounts import NOBODY
from api.payments.service.posting import Posting
from api.rules import reconciling as rules
from api.rules.clock import local_date
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
_BALANCES = text("""
    SELECT
      (SELECT coalesce(sum(e.amount), 0) FROM ledger_entry e
        JOIN ledger_account a ON a.id = e.account_id
        WHERE a.kind = :kind AND a.currency = :currency AND e.booking_date <= :day),
      (SELECT coalesce(sum(amount - fee), 0) FROM provider_line
        WHERE clearing = :kind AND currency = :currency AND booked_on <= :day),
      (SELECT sum(amount) FROM (
        SELECT DISTINCT ON (provider, account) amount FROM provider_balance
        WHERE clearing = :kind AND currency = :currency AND day <= :day
        ORDER BY provider, account, day DESC) AS newest)
""")
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
    """Match what is open of a clearing account; the number of matches by rule."""
    session.connection().execute(_LOCK, {"account": f"{kind.value}:{currency}"})
    found = rules.match(*opened(session, kind, currency))
    booked = _book_fees(session, AccountKey(kind, currency), [m for m in found if m.fee])
    keep(session, found, booked, actor=ACTOR)
    _compare(session, kind, currency)
    counted: dict[str, int] = {}
    for match in found:
        counted[match.rule.value] = counted.get(match.rule.value, 0) + 1
    return counted


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


def _book_fees(
    session: Session, clearing: AccountKey, matches: Sequence[Match]
) -> dict[UUID, list[UUID]]:
    """Book what providers kept; by the first line of each match, the clearing entry of its fee."""
    if not matches:
        return {}
    fees = AccountKey(AccountKind.PROVIDER_FEES, clearing.currency)
    account_id = accounts.require(session, [clearing], NOBODY)[clearing]
    found: dict[UUID, list[UUID]] = {}
    for some in batched(matches, _AT_ONCE, strict=False):
        told = [
            Posting(
                key=f"provider_fee:{match.lines[0]}",
                kind="provider_fee",
                entries=transfer(fees, clearing, match.fee),
                actor=ACTOR,
            )
            for match in some
        ]
        by_id = {
            row.id: match.lines[0]
            for row, match in zip(posting.post_all(session, told), some, strict=True)
        }
        entries = text(
            "SELECT transaction_id, id FROM ledger_entry"
            " WHERE transaction_id = ANY(:ids) AND account_id = :account"
        )
        rows = session.connection().execute(entries, {"ids": [*by_id], "account": account_id})
        for transaction_id, entry_id in rows:
            found[by_id[transaction_id]] = [entry_id]
    return found


def keep(
    session: Session, matches: Sequence[Match], booked: dict[UUID, list[UUID]], *, actor: str
) -> None:
    """Write matches down, with the entries that were booked for them."""
    rows: list[dict[str, Any]] = []
    for match in matches:
        group = uuid7()
        entries = [*match.entries, *booked.get(match.lines[0], ())]
        rows += [
            bulk.new_row(
                group_id=group, line_id=line, entry_id=entry, rule=match.rule.value, actor=actor
            )
            for line, entry in zip_longest(match.lines, entries)
        ]
    bulk.insert(session, ReconciliationMatch, rows)


def _compare(session: Session, kind: AccountKind, currency: str) -> None:
    """Keep how the balances of today compare; tell when they differ, and otherwise than before."""
    day = local_date(db.now(session))
    values = {"kind": kind.value, "currency": currency, "day": day}
    ledger, told, stated = session.connection().execute(_BALANCES, values).one()
    lines, entries = opened(session, kind, currency)
    figures = {
        "ledger_balance": ledger,
        "lines_balance": told,
        "stated_balance": stated,
        "unmatched_entries": len(entries),
        "unmatched_entries_amount": sum((each.amount for each in entries), Decimal(0)),
        "unmatched_lines": len(lines),
        "unmatched_lines_amount": sum((each.net for each in lines), Decimal(0)),
    }
    of_account = Reconciliation.clearing == kind, Reconciliation.currency == currency
    before = session.exec(
        select(Reconciliation)
        .where(*of_account, Reconciliation.day <= day)
        .order_by(col(Reconciliation.day).desc())
        .limit(1)
    ).one_or_none()
    known = before.difference if before else Decimal(0)
    row = before if before and before.day == day else None
    if row is None:
        row = Reconciliation(clearing=kind, currency=currency, day=day, **figures)
    for name, value in figures.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    if row.difference and row.difference != known:
        emit(
            session,
            "reconciliation.difference_found",
            row.id,
            org_id=None,
            clearing=kind.value,
            currency=currency,
            difference=str(row.difference),
        )
