"""Statements of banks that were kept: what became of their entries, and how one follows another."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, and_, col, func, or_, select, tuple_

from api.core import pages
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.payments.models import BankEntry, BankStatement
from api.rules import bank_statements as rules
from api.rules.bank_statements import EntryOutcome, Place
from api.rules.offers import plain


class StatementProblem(NamedTuple):
    """What is wrong with where a statement stands: a stable code, and the words for a person."""

    code: str
    detail: str


class Order(NamedTuple):
    """How a statement follows the one before: the numbers that are missing between them, and with what
    balance that one closed; None: nothing is missing, there is none before."""

    missing: tuple[int, int] | None
    closed_with: Decimal | None

    def opening_differs(self, statement: BankStatement) -> bool:
        """Whether the statement opens otherwise than the one before it closed."""
        return self.closed_with is not None and self.closed_with != statement.opening

    def problems(self, statement: BankStatement) -> list[StatementProblem]:
        """What is wrong, for the job's result and for who looks at the statement."""
        found = []
        if self.missing is not None:
            first, last = self.missing
            which = f"Number {first} is" if first == last else f"Numbers {first} to {last} are"
            found.append(StatementProblem("statement_missing", f"{which} missing before it."))
        if self.opening_differs(statement):
            assert self.closed_with is not None
            detail = f"It opens with {plain(statement.opening)}, but the one before closed with "
            found.append(StatementProblem("opening_differs", f"{detail}{plain(self.closed_with)}."))
        return found


def get(session: Session, statement_id: UUID) -> BankStatement:
    """A statement; NotFound."""
    found = session.get(BankStatement, statement_id)
    if found is None:
        raise NotFound
    return found


def list_statements(
    session: Session, page: PageQuery, *, account_id: UUID | None
) -> tuple[Sequence[BankStatement], str | None]:
    """Statements, the last one kept first, and the next cursor."""
    query = select(BankStatement)
    if account_id is not None:
        query = query.where(BankStatement.platform_account_id == account_id)
    filters = {"account": account_id}
    return pages.newest_first(
        session, query, BankStatement, page, scope="bank_statements", filters=filters
    )


def list_entries(
    session: Session, page: PageQuery, *, statement_id: UUID | None, outcome: EntryOutcome | None
) -> tuple[Sequence[BankEntry], str | None]:
    """Entries, the last one kept first, and the next cursor."""
    query = select(BankEntry)
    if statement_id is not None:
        query = query.where(BankEntry.statement_id == statement_id)
    if outcome is not None:
        query = query.where(BankEntry.outcome == outcome)
    filters = {"statement": statement_id, "outcome": outcome}
    return pages.newest_first(
        session, query, BankEntry, page, scope="bank_entries", filters=filters
    )


def order_of(session: Session, statement: BankStatement) -> Order:
    """How a statement follows the one before it, as statements are known now: one that comes late
    fills a gap. Of several without a number of one day, that one is before which closes as it
    opens."""
    year = func.extract("year", col(BankStatement.closing_on))
    number = func.coalesce(col(BankStatement.number), 0)
    place = tuple_(year, number, col(BankStatement.page), col(BankStatement.closing_on))
    own = statement.closing_on.year, statement.number or 0, statement.page, statement.closing_on
    fits = col(BankStatement.closing) == statement.opening
    here = and_(place == tuple_(*own), fits, col(BankStatement.id) != statement.id)
    before = session.exec(
        select(BankStatement)
        .where(BankStatement.platform_account_id == statement.platform_account_id)
        .where(or_(place < tuple_(*own), here))
        .order_by(
            year.desc(),
            number.desc(),
            col(BankStatement.page).desc(),
            col(BankStatement.closing_on).desc(),
            fits.desc(),
            col(BankStatement.id).desc(),
        )
        .limit(1)
    ).first()
    if before is None:
        return Order(None, None)
    missing = None
    if statement.number is not None and before.number is not None:
        missing = rules.gap(_place(before), _place(statement))
    return Order(missing, before.closing)


def last_of_day(session: Session, statement: BankStatement) -> BankStatement:
    """The statement of the same account and day that no other known one follows; while some between
    are missing, the last that came."""
    query = (
        select(BankStatement)
        .where(BankStatement.platform_account_id == statement.platform_account_id)
        .where(BankStatement.closing_on == statement.closing_on)
        .order_by(col(BankStatement.id))
    )
    found = session.exec(query).all()
    ends = [e for e in found if not any(_follows(each, e) for each in found if each is not e)]
    return (ends or found)[-1]


def counts(session: Session, statement: BankStatement) -> Mapping[str, int]:
    """How many entries of a statement have each outcome; `waiting` those that are not worked yet."""
    rows = session.exec(
        select(BankEntry.outcome, func.count())
        .where(BankEntry.statement_id == statement.id)
        .group_by(col(BankEntry.outcome))
    )
    return {"waiting" if outcome is None else str(outcome): number for outcome, number in rows}


def _follows(later: BankStatement, statement: BankStatement) -> bool:
    """By their numbers, or by their balances where they have none."""
    if later.number is not None and statement.number is not None:
        return (later.number, later.page) > (statement.number, statement.page)
    return later.opening == statement.closing


def _place(statement: BankStatement) -> Place:
    return statement.closing_on.year, statement.number or 0, statement.page
