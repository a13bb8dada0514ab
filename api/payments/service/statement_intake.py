"""Statements of banks as they come: read whole, kept once, their entries booked in steps. Never commits.

A statement comes by an upload or a webhook and is kept as a message of the intake, whose job works it:
what was kept before is not kept again, and an entry is booked once, whichever statements tell of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, encryption
from api.core.jobs import Job
from api.intake import service as intake
from api.intake import sources
from api.intake.models import IntakeMessage, Proof
from api.intake.service import Received
from api.payments.bank import reading
from api.payments.bank.problems import StatementAccountUnknown
from api.payments.models import (
    BankEntry,
    BankStatement,
    PlatformAccount,
    ProviderBalance,
    ProviderLine,
)
from api.payments.service import bank_entries, bank_statements, reconciling
from api.payments.service.entry_outcomes import ACTOR
from api.rules import bank_statements as rules
from api.rules.bank_statements import Entry, EntryOutcome, Statement
from api.rules.clock import BISHKEK
from api.rules.ledger import AccountKind

AT_ONCE = 100
"""How many entries one step of a job books."""
_DAY_OF_ACCOUNT = ["provider", "account", "currency", "day"]
COUNTS = ("statements", "known_statements", "entries", "duplicates", *EntryOutcome)


def submit(session: Session, *, org_id: UUID, actor: str, body: bytes, media_type: str) -> Received:
    """Keep an uploaded statement, and ask for a job that works it.

    Raises StatementUnreadable, StatementUnbalanced or StatementAccountUnknown; then nothing is kept.
    """
    for each in reading.read(body):
        account_of(session, each)
    source = sources.of_calls(session, org_id, ACTOR)
    return intake.keep(
        session,
        source,
        body,
        media_type=media_type,
        verified_by=Proof.CREDENTIALS,
        actor=actor,
    )


def work(session: Session, job: Job, message: IntakeMessage) -> bool:
    """Keep the statements of a message, then book their entries; True once all are booked.

    Raises as `submit`.
    """
    if job.cursor is None:
        _keep_all(session, job, message)
        return False
    ids = [UUID(hex=each) for each in job.cursor["statements"]]
    query = (
        select(BankEntry)
        .where(col(BankEntry.statement_id).in_(ids), col(BankEntry.outcome).is_(None))
        .order_by(col(BankEntry.statement_id), col(BankEntry.position))
        .limit(AT_ONCE)
        .with_for_update()
    )
    result = dict(job.result or {})
    some = session.exec(query).all()
    for each in some:
        outcome = bank_entries.book(session, each)
        result[outcome] = result.get(outcome, 0) + 1
    job.result = result
    job.progress_done += len(some)
    return len(some) < AT_ONCE


def account_of(session: Session, statement: Statement) -> PlatformAccount:
    """The account that a statement is of, closed or not. Raises StatementAccountUnknown."""
    numbers = rules.account_numbers(statement.account)
    query = (
        select(PlatformAccount)
        .where(col(PlatformAccount.number).in_(numbers))
        .where(PlatformAccount.currency == statement.currency)
        .order_by(col(PlatformAccount.closed_at).is_not(None), col(PlatformAccount.id).desc())
    )
    found = session.exec(query).first()
    if found is None:
        detail = f"The platform has no account {numbers[-1][-4:]:*>8} in {statement.currency}."
        raise StatementAccountUnknown(detail)
    return found


def _keep_all(session: Session, job: Job, message: IntakeMessage) -> None:
    result: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    result["gaps"], result["problems"], ids = [], [], []
    for told in reading.read(intake.content(message)):
        account = account_of(session, told)
        # Two jobs with the same statement: the second sees what the first has kept.
        session.refresh(account, with_for_update=True)
        row, entries = _keep(session, account, told, message)
        if row is None:
            result["known_statements"] += 1
            result["duplicates"] += len(told.entries)
            continue
        ids.append(row.id.hex)
        result["statements"] += 1
        result["entries"] += entries
        result["duplicates"] += row.duplicates
        order = bank_statements.order_of(session, row)
        about = {"account": account.number[-4:], "statement": row.external_id}
        if order.missing:
            result["gaps"].append({"account": about["account"], "missing": [*order.missing]})
        result["problems"] += [{**about, **each._asdict()} for each in order.problems(row)]
    job.result = result
    job.progress_total = result["entries"]
    job.cursor = {"statements": ids}


def _keep(
    session: Session, account: PlatformAccount, told: Statement, message: IntakeMessage
) -> tuple[BankStatement | None, int]:
    """Keep a statement, and those of its entries that none before has told; None: it is known."""
    identity = rules.identity(told)
    known = select(BankStatement.id).where(
        BankStatement.platform_account_id == account.id, BankStatement.identity == identity
    )
    if session.exec(known).first() is not None:
        return None, 0
    row = BankStatement(
        platform_account_id=account.id,
        identity=identity,
        format=told.format,
        external_id=told.id[:35],
        number=told.number,
        page=told.page,
        currency=told.currency,
        closing_on=told.closing_on,
        opening=told.opening,
        closing=told.closing,
        entries=len(told.entries),
        duplicates=0,
        message_id=message.id,
    )
    rows = [
        _with_sender(
            each,
            statement_id=row.id,
            platform_account_id=account.id,
            position=position,
            external_id=key,
            kind=each.kind.value,
            currency=told.currency,
            amount=each.amount,
            booked_on=each.booked_on,
            value_on=each.value_on,
            reference=_storable(each.reference, 200),
            end_to_end_id=_storable(each.end_to_end_id, 200),
            texts=[text for t in each.texts if (text := _storable(t, 1000))],
            counterparty=_storable(each.counterparty, 500),
            return_reason=_storable(each.reason, 40),
            outcome=None,
            reason=None,
            collection_id=None,
            order_id=None,
            suspense_item_id=None,
            reverses_id=None,
        )
        for position, (key, each) in enumerate(
            zip(rules.keys(told), told.entries, strict=True), start=1
        )
    ]
    keys = [each["external_id"] for each in rows]
    there = set(
        session.exec(
            select(BankEntry.external_id)
            .where(BankEntry.platform_account_id == account.id)
            .where(col(BankEntry.external_id).in_(keys))
        )
    )
    fresh = [each for each in rows if each["external_id"] not in there]
    row.duplicates = len(rows) - len(fresh)
    session.add(row)
    session.flush()
    bulk.insert(session, BankEntry, fresh)
    _tell_reconciling(session, account, row, told, fresh)
    return row, len(fresh)


def _tell_reconciling(
    session: Session,
    account: PlatformAccount,
    row: BankStatement,
    told: Statement,
    fresh: Sequence[Mapping[str, Any]],
) -> None:
    """Lines and the balance of the day, for the comparison with the ledger."""
    about: dict[str, Any] = {
        "provider": ACTOR,
        "account": account.number,
        "clearing": AccountKind.BANK_CLEARING,
        "currency": told.currency,
        "source": f"{told.format}:{row.external_id}"[:200],
    }
    lines = [
        ProviderLine(
            external_id=each["external_id"],
            amount=each["amount"],
            occurred_at=datetime.combine(each["booked_on"], time(), BISHKEK),
            booked_on=each["booked_on"],
            reference=each["end_to_end_id"],
            **about,
        )
        for each in fresh
    ]
    if lines:
        reconciling.add_lines(session, lines)
    if told.is_last_page:
        closing = bank_statements.last_of_day(session, row).closing
        stated = bulk.new_row(day=told.closing_on, amount=closing, **about)
        later = {name: stated[name] for name in ("amount", "source", "updated_at")}
        statement = insert(ProviderBalance).values(stated)
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=_DAY_OF_ACCOUNT, set_=later)
        )


def _with_sender(told: Entry, **values: Any) -> dict[str, Any]:
    """The row of an entry, with the account that it came from, whose number only this row opens."""
    row = bulk.new_row(
        counterparty_number=None,
        counterparty_bic=_fitting(told.counterparty_bic, 14),
        counterparty_bank=_storable(told.counterparty_bank, 200),
        counterparty_country=_fitting(told.counterparty_country, 2),
        **values,
    )
    if number := _fitting(told.counterparty_number, 40):
        row["counterparty_number"] = encryption.lock(number, row["id"])
    return row


def _fitting(text: str | None, most: int) -> str | None:
    """A code, unless it is longer than any can be."""
    plain = _storable(text, most + 1)
    return plain if plain and len(plain) <= most else None


def _storable(text: str | None, most: int) -> str | None:
    """A text as PostgreSQL can hold it, in one line."""
    if text is None:
        return None
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:most] or None
