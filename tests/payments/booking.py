"""The ledger for tests: accounts, postings, what they leave, and many that begin at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, select

from api.core import db
from api.payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from api.payments.service import balances, posting
from api.payments.service.posting import Booked, Posting
from api.rules.ledger import AccountKey, AccountKind, transfer

BANK = AccountKey(AccountKind.BANK_CLEARING, "KGS")
FEES = AccountKey(AccountKind.PLATFORM_FEE_REVENUE, "KGS")
numbers = count(1)


def escrow(contract: UUID | None = None, currency: str = "KGS") -> AccountKey:
    return AccountKey(AccountKind.ESCROW_LIABILITY, currency, contract or uuid4())


def moved(debit: AccountKey, credit: AccountKey, amount: str | Decimal, key: str = "") -> Posting:
    return Posting(
        key=key or f"test:{next(numbers)}",
        kind="test.moved",
        entries=transfer(debit, credit, Decimal(amount)),
        actor="test",
    )


def parties(*keys: AccountKey) -> dict[UUID, list[UUID]]:
    return {key.reference: [] for key in keys if key.reference}


def book(*postings: Posting) -> list[Booked]:
    with db.worker_unit_of_work() as session:
        named = parties(*(entry.account for each in postings for entry in each.entries))
        return posting.post_all(session, postings, named)


def funded(amount: str) -> AccountKey:
    account = escrow()
    book(moved(BANK, account, amount))
    return account


def balance(key: AccountKey) -> Decimal:
    with db.worker_unit_of_work() as session:
        row = session.exec(
            select(LedgerAccount)
            .where(LedgerAccount.kind == key.kind, LedgerAccount.currency == key.currency)
            .where(LedgerAccount.reference == key.reference)
        ).one()
        assert balances.faults(session) == []
        return row.credits - row.debits - row.held


def transactions(session: Session) -> int:
    return len(session.exec(select(LedgerTransaction)).all())


@contextmanager
def changing_nothing(session: Session) -> Iterator[None]:
    before = transactions(session), session.exec(select(LedgerEntry.id)).all()
    session.rollback()
    yield
    session.rollback()
    assert (transactions(session), session.exec(select(LedgerEntry.id)).all()) == before


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """The results, or the problems, of acts that begin together in threads of their own."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        ends = [pool.submit(run, act) for act in acts]
    return [end.exception() or end.result() for end in ends]
