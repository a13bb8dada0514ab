"""The ledger in PostgreSQL: what it refuses, whoever asks, and what it keeps under a crowd."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from api.core import db
from api.payments.models import LedgerAccount, LedgerEntry
from api.payments.problems import AlreadyReversed, DayClosed, InsufficientFunds, LedgerKeyReused
from api.payments.service import balances, nights, posting
from api.payments.service.nights import LedgerUnsound
from api.payments.service.posting import Posting, Rate
from api.rules.clock import local_date
from api.rules.ledger import AccountKey, AccountKind, Entry, Unbalanced, exchange, transfer
from tests.payments.booking import (
    BANK,
    at_once,
    balance,
    book,
    changing_nothing,
    escrow,
    funded,
    moved,
    parties,
)
from workers.handlers import HANDLERS


def test_led_01_an_unbalanced_transaction_is_refused_by_the_rule_and_by_the_database_at_the_commit(
    session: Session,
) -> None:
    account, dollars = funded("10"), escrow(currency="USD")
    uneven = [
        [Entry(account, Decimal(5)), Entry(BANK, Decimal(-4))],
        [Entry(account, Decimal(5)), Entry(dollars, Decimal(-5))],  # nothing, of no one currency
    ]
    for entries in uneven:
        told = Posting(key="k", kind="t", actor="t", entries=entries)
        with changing_nothing(session), pytest.raises(Unbalanced):
            book(told)
        with changing_nothing(session), db.worker_unit_of_work() as other:
            around = posting._Told([told], parties(account, dollars)).values  # past the rule
            db.one(other, posting._statement(db.clock()), around)
            with pytest.raises(DBAPIError, match="is not balanced"):
                other.commit()
        assert balance(account) == 10


def test_led_01_a_transaction_without_the_entries_it_announces_is_refused(
    session: Session,
) -> None:
    account = funded("10")
    with changing_nothing(session), pytest.raises(DBAPIError, match="is not balanced"):
        _book_without_entries(moved(account, BANK, "5"))


def _book_without_entries(told: Posting) -> None:
    with db.worker_unit_of_work() as session:
        posting.post(session, told)
        session.connection().execute(
            text(
                "INSERT INTO ledger_transaction SELECT gen_random_uuid(), created_at, updated_at,"
                " 'alone', kind, booking_date, resource_id, entry_count, content_sha256, NULL,"
                " NULL, NULL, actor, details FROM ledger_transaction WHERE idempotency_key = :key"
            ),
            {"key": told.key},
        )


@pytest.mark.parametrize(
    ("position", "count", "refusal"),
    [
        (2, 2, "uq_ledger_entry_transaction_id_position"),
        (3, 2, "ck_ledger_entry_position_counted"),
        (3, 3, "fk_ledger_entry_transaction_id"),
    ],
)
def test_led_01_no_entry_can_be_added_to_a_transaction_later(
    session: Session, position: int, count: int, refusal: str
) -> None:
    account = funded("10")
    with (
        changing_nothing(session),
        pytest.raises(DBAPIError, match=refusal),
        db.worker_unit_of_work() as other,
    ):
        other.connection().execute(
            text(
                "INSERT INTO ledger_entry (id, created_at, updated_at, transaction_id, entry_count,"
                " booking_date, position, account_id, currency, amount) SELECT gen_random_uuid(),"
                " created_at, updated_at, transaction_id, :count, booking_date, :position,"
                " account_id, currency, amount FROM ledger_entry LIMIT 1"
            ),
            {"position": position, "count": count},
        )
    assert balance(account) == 10


@pytest.mark.parametrize(
    ("role", "refusal"),
    [("app", "permission denied"), ("worker", "permission denied"), ("owner", "append-only")],
)
def test_led_02_what_is_booked_is_changed_by_no_role_and_by_the_owner_neither(
    session: Session, role: str, refusal: str
) -> None:
    funded("10")
    tables = ("transaction", "entry", "hold", "hold_resolution", "day")
    acts = [
        *(f"UPDATE ledger_{name} SET updated_at = now()" for name in tables),
        *(f"DELETE FROM ledger_{name}" for name in (*tables, "account")),
        "TRUNCATE ledger_entry CASCADE",
        "TRUNCATE ledger_account CASCADE",
    ]
    with changing_nothing(session):
        for act in acts:
            with pytest.raises(DBAPIError, match=refusal), db.engine(role).begin() as connection:
                connection.execute(text(act))


@pytest.mark.parametrize("role", ["app", "worker"])
def test_led_02_a_balance_is_moved_by_entries_alone(role: str) -> None:
    account = funded("10")
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        db.engine(role).begin() as connection,
    ):
        connection.execute(text("UPDATE ledger_account SET credits = credits + 1"))
    assert balance(account) == 10


def test_led_04_an_event_told_twice_is_booked_once_and_of_other_entries_refused(
    session: Session,
) -> None:
    account = escrow()
    first = book(moved(BANK, account, "10", "event"))
    again = book(moved(BANK, account, "10", "event"))
    assert [row.id for row in first] == [row.id for row in again]
    with changing_nothing(session), pytest.raises(LedgerKeyReused):
        book(moved(BANK, account, "11", "event"))
    assert balance(account) == 10


def test_led_04_one_event_told_by_eight_at_once_is_booked_once() -> None:
    account = escrow()
    told = at_once([lambda: book(moved(BANK, account, "10", "once"))[0].id] * 8)
    assert len(set(told)) == 1
    assert balance(account) == 10


def test_led_04_known_and_new_events_told_together_are_answered_in_the_order_of_their_telling() -> (
    None
):
    account = escrow()
    (known,) = book(moved(BANK, account, "10", "m"))
    told = book(
        *(
            moved(BANK, account, amount, key)
            for amount, key in (("3", "z"), ("10", "m"), ("5", "a"))
        )
    )
    assert [each.idempotency_key for each in told] == ["z", "m", "a"]
    assert told[1] == known
    assert balance(account) == 18


@given(st.text(max_size=20), st.decimals(-(10**9), 10**9, places=6))
def test_what_an_event_is_compared_by_is_the_hash_of_canonical_json(
    kind: str, amount: Decimal
) -> None:
    entries = transfer(BANK, escrow(), amount)
    rows = sorted((each.account, each.amount) for each in entries)
    content = {
        "kind": kind,
        "entries": [
            [a.kind.value, a.currency, a.reference and str(a.reference), f"{n:.6f}"]
            for a, n in rows
        ],
    }
    told = Posting(key="k", kind=kind, entries=entries, actor="t")
    assert told.content_sha256 == hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def test_led_06_fifty_parallel_debits_both_ways_never_overdraw_nor_lock_each_other_out() -> None:
    one, other = funded("100"), funded("100")
    there = [lambda: book(moved(one, other, "30")) for _ in range(25)]
    back = [lambda: book(moved(other, one, "30")) for _ in range(25)]
    results = at_once([act for pair in zip(there, back, strict=True) for act in pair])
    assert all(isinstance(r, list | InsufficientFunds) for r in results)
    assert sum(isinstance(r, list) for r in results) >= 6
    assert balance(one) + balance(other) == 200
    assert min(balance(one), balance(other)) >= 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 50)), max_size=12))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_led_07_the_kept_balance_is_the_fold_of_the_entries(
    moves: list[tuple[int, int, int]],
) -> None:
    own = [escrow() for _ in range(3)]
    expected = dict.fromkeys(own, Decimal(50))
    book(*(moved(BANK, account, "50") for account in own))
    for source, target, amount in moves:
        if source == target:
            continue
        try:
            book(moved(own[source], own[target], Decimal(amount)))
        except InsufficientFunds:
            assert expected[own[source]] < amount
        else:
            expected[own[source]] -= amount
            expected[own[target]] += amount
    assert {account: balance(account) for account in own} == expected
    with db.worker_unit_of_work() as session:  # each entry keeps the fold up to itself
        entries = session.exec(
            select(LedgerEntry).order_by(
                col(LedgerEntry.account_id), col(LedgerEntry.account_sequence)
            )
        ).all()
        signs = {
            a.id: 1 if a.normal_side == "debit" else -1 for a in session.exec(select(LedgerAccount))
        }
    folds: dict[UUID, list[Decimal]] = {}
    for each in entries:
        so_far = folds.setdefault(each.account_id, [Decimal(0)])
        so_far.append(so_far[-1] + signs[each.account_id] * each.amount)
        assert (each.account_sequence, each.balance_after) == (len(so_far) - 1, so_far[-1])


def test_led_07_the_nightly_check_names_the_account_whose_balance_was_tampered_with(
    superuser: psycopg.Connection[Any], session: Session
) -> None:
    funded("10")
    superuser.execute("UPDATE ledger_account SET credits = 11 WHERE kind = 'escrow_liability'")
    (fault,) = balances.faults(session)
    assert "0.000000/11.000000, its entries say 0/10.000000" in fault
    with db.worker_unit_of_work() as night, pytest.raises(LedgerUnsound, match="entries say 0/10"):
        nights.check(night)
    superuser.execute("UPDATE ledger_account SET credits = 10 WHERE kind = 'escrow_liability'")
    with db.worker_unit_of_work() as night:
        nights.check(night)
    assert "payments.check_ledger" in HANDLERS[nights.DUE]


def test_led_08_an_exchange_goes_through_the_fx_accounts_with_its_rate_and_source(
    session: Session,
) -> None:
    yuan, som = AccountKey(AccountKind.BANK_CLEARING, "CNY"), escrow()
    entries = exchange(yuan, som, Decimal(100), Decimal("12.0345"), 2)
    told = Posting(key="fx", kind="test", entries=entries, actor="t")
    with changing_nothing(session), pytest.raises(DBAPIError, match="without a rate"):
        book(told)
    rate = Rate(Decimal("12.0345"), "NBKR 2026-11-27")
    (booked,) = book(Posting(key="fx", kind="test", entries=entries, actor="t", rate=rate))
    assert (booked.fx_rate, booked.fx_source) == (Decimal("12.0345"), "NBKR 2026-11-27")
    assert balance(som) == Decimal("1203.45")
    assert balance(AccountKey(AccountKind.FX, "CNY")) == 100


def test_led_10_nothing_is_booked_on_a_closed_day_and_its_totals_are_kept(
    session: Session,
) -> None:
    account = funded("10")
    with db.worker_unit_of_work() as other:
        today = local_date(db.now(other))
        closed = posting.close_day(other, today, actor="t")
    assert [(line["kind"], line["debits"]) for line in closed.totals] == [
        ("bank_clearing", "10"),
        ("escrow_liability", "0"),
    ]
    with changing_nothing(session):
        with pytest.raises(DayClosed):
            book(moved(BANK, account, "5"))
        with pytest.raises(DayClosed), db.worker_unit_of_work() as other:
            posting.close_day(other, today, actor="t")
    assert balance(account) == 10


def test_led_10_closing_waits_for_a_posting_that_is_under_way() -> None:
    account = escrow()
    with ThreadPoolExecutor(1) as pool:
        with db.worker_unit_of_work() as session:
            posting.post(session, moved(BANK, account, "10"), parties(account))
            today = local_date(db.now(session))
            closing = pool.submit(_close, today)
            _wait_for_lock(session)
            assert not closing.done()
        totals = closing.result()
    assert {line["kind"] for line in totals} == {"bank_clearing", "escrow_liability"}


def _close(day: Any) -> list[dict[str, Any]]:
    with db.worker_unit_of_work() as session:
        return posting.close_day(session, day, actor="t").totals


def _wait_for_lock(session: Session) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    while not session.connection().scalar(waiting):
        pass


def test_led_10_a_correction_is_a_reversal_and_there_is_one(session: Session) -> None:
    account = escrow()
    (booked,) = book(moved(BANK, account, "10"))
    with db.worker_unit_of_work() as other:
        undone = posting.reverse(other, booked, actor="t", reason="wrong contract")
    assert undone.reverses_id == booked.id
    assert balance(account) == 0
    with (
        changing_nothing(session),
        pytest.raises(AlreadyReversed),
        db.worker_unit_of_work() as other,
    ):
        posting.reverse(other, booked, actor="t", reason="again")
