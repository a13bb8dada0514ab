"""Reconciliation: what providers say, against the clearing accounts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.core import db, jobs
from api.core.outbox import OutboxEvent
from api.payments.models import (
    LedgerAccount,
    ProviderBalance,
    ProviderLine,
    Reconciliation,
    ReconciliationMatch,
)
from api.payments.problems import ProviderLineChanged
from api.payments.service import balances, posting, reconciling
from api.payments.service.posting import Posting
from api.rules.clock import local_date, utcnow
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.reconciling import Age

BANK = AccountKey(AccountKind.BANK_CLEARING, "KGS")
SUSPENSE = AccountKey(AccountKind.SUSPENSE, "KGS")
_numbers = count(1)
TODAY = local_date(utcnow())


def line(amount: str | Decimal, **fields: Any) -> ProviderLine:
    values: dict[str, Any] = {
        "provider": "bank",
        "account": "KG1",
        "clearing": AccountKind.BANK_CLEARING,
        "external_id": f"line:{next(_numbers)}",
        "currency": "KGS",
        "amount": Decimal(amount),
        "occurred_at": datetime.combine(TODAY, datetime.min.time(), UTC),
        "booked_on": TODAY,
        "source": "test.csv",
    }
    return ProviderLine(**{**values, **fields})


def tell(*lines: ProviderLine) -> int:
    with db.worker_unit_of_work() as session:
        return reconciling.add_lines(session, lines)


def book(amount: str | Decimal, **details: str) -> None:
    with db.worker_unit_of_work() as session:
        told = Posting(
            key=f"test:{next(_numbers)}:{uuid4()}",
            kind="test",
            entries=transfer(BANK, SUSPENSE, Decimal(amount)),
            actor="test",
            details=details,
        )
        posting.post(session, told)


def run() -> dict[str, int]:
    with db.worker_unit_of_work() as session:
        return reconciling.reconcile(session, AccountKind.BANK_CLEARING, "KGS")


def left() -> tuple[list[Decimal], list[Decimal]]:
    """Amounts of the lines and of the entries that are open."""
    with db.worker_unit_of_work() as session:
        lines, entries = reconciling.opened(session, AccountKind.BANK_CLEARING, "KGS")
        return sorted(e.amount for e in lines), sorted(e.amount for e in entries)


def kept(session: Session) -> Reconciliation:
    session.rollback()
    return session.exec(select(Reconciliation)).one()


def found(session: Session) -> list[str]:
    session.rollback()
    events = session.exec(
        select(OutboxEvent).where(OutboxEvent.type == "reconciliation.difference_found")
    )
    return [event.payload["difference"] for event in events]


def test_pay_09_lines_are_matched_by_external_id_then_reference_then_amount_and_day() -> None:
    book("10", external_id="A")
    book("20", reference="R")
    book("30")
    book("30.5", external_id="elsewhere")
    tell(
        line("10", external_id="A"),
        line("20", reference="R"),
        line("30", booked_on=TODAY - timedelta(days=2)),
        line("30.5"),
    )
    assert run() == {"external_id": 1, "reference": 1, "amount": 1}
    assert left() == ([Decimal("30.5")], [Decimal("30.5")])


def test_pay_09_several_lines_are_one_entry_and_the_reverse(session: Session) -> None:
    book("100", reference="R1")
    book("40", reference="payout")
    book("60", reference="payout")
    tell(line("70", reference="R1"), line("30", reference="R1"), line("100", external_id="payout"))
    assert run() == {"reference": 2}
    assert left() == ([], [])
    rows = session.exec(select(ReconciliationMatch)).all()
    assert len({row.group_id for row in rows}) == 2
    assert sum(row.line_id is not None for row in rows) == 3
    assert sum(row.entry_id is not None for row in rows) == 3


def test_pay_09_what_fits_two_is_left_to_people() -> None:
    book("30")
    book("30")
    tell(line("30"))
    assert run() == {}
    assert left() == ([Decimal(30)], [Decimal(30), Decimal(30)])


def test_pay_09_too_far_apart_is_not_the_same_money() -> None:
    book("30")
    tell(line("30", booked_on=TODAY - timedelta(days=4)))
    assert run() == {}


def test_pay_09_a_fee_is_booked_once_and_the_clearing_balance_is_the_providers(
    session: Session,
) -> None:
    book("100", external_id="A")
    book("47", external_id="B")
    tell(
        line("100", external_id="A", fee=Decimal(3)),
        line("50", external_id="B", fee=Decimal(3)),
        line("0", fee=Decimal(7)),
    )
    assert run() == {"external_id": 2, "fee": 1}
    assert run() == {}
    row = kept(session)
    assert (row.ledger_balance, row.lines_balance, row.difference) == (137, 137, 0)
    fees = session.exec(select(LedgerAccount).where(LedgerAccount.kind == "provider_fees")).one()
    assert (fees.debits, fees.credits) == (10, 0)
    assert balances.faults(session) == []
    assert left() == ([], [])
    assert found(session) == []


def test_pay_09_a_difference_is_told_once_and_is_what_is_not_matched(session: Session) -> None:
    book("100", external_id="A")
    tell(line("80", external_id="A"), line("5"))
    for _ in range(2):
        assert run() == {}
    row = kept(session)
    assert row.difference == 15
    assert row.difference == row.unmatched_entries_amount - row.unmatched_lines_amount
    assert (row.unmatched_entries, row.unmatched_lines) == (1, 2)
    assert found(session) == ["15.000000"]
    tell(line("20", external_id="A2", reference="A"), line("-5"))
    assert run() == {}
    assert found(session) == ["15.000000"]


def test_pay_09_a_late_line_is_matched_later_and_nothing_else_changes(session: Session) -> None:
    book("10", external_id="A")
    book("20", external_id="B")
    tell(line("10", external_id="A"))
    assert run() == {"external_id": 1}
    before = session.exec(select(ReconciliationMatch.id)).all()
    assert run() == {}
    tell(line("20", external_id="B"))
    assert run() == {"external_id": 1}
    session.rollback()
    after = session.exec(select(ReconciliationMatch.id)).all()
    assert [*before] == [each for each in after if each in before]
    assert len(after) == 2
    assert kept(session).difference == 0


def test_pay_09_a_stated_balance_shows_the_lines_that_were_never_told(session: Session) -> None:
    book("10", external_id="A")
    tell(line("10", external_id="A"))
    with db.worker_unit_of_work() as other:
        for day, amount in ((TODAY - timedelta(days=1), "99"), (TODAY, "12")):
            other.add(
                ProviderBalance(
                    provider="bank",
                    account="KG1",
                    clearing=AccountKind.BANK_CLEARING,
                    currency="KGS",
                    day=day,
                    amount=Decimal(amount),
                    source="test.csv",
                )
            )
    assert run() == {"external_id": 1}
    row = kept(session)
    assert (row.ledger_balance, row.lines_balance, row.stated_balance) == (10, 10, 12)
    assert found(session) == ["-2.000000"]


def test_pay_09_a_line_told_twice_is_one_and_of_another_amount_refused(session: Session) -> None:
    assert tell(line("10", external_id="A"), line("11", external_id="B")) == 2
    assert tell(line("10", external_id="A"), line("12", external_id="C")) == 1
    with pytest.raises(ProviderLineChanged):
        tell(line("13", external_id="A"), line("1", external_id="D"))
    amounts = sorted(session.exec(select(ProviderLine.amount)))
    assert amounts == [10, 11, 12]


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, "0-1"), (1, "0-1"), (2, "2-7"), (7, "2-7"), (8, "8-30"), (30, "8-30"), (31, ">30")],
)
def test_pay_09_what_is_open_is_listed_by_age(session: Session, days: int, age: str) -> None:
    tell(line("10", booked_on=date(2026, 3, 1)))
    (open_line,) = reconciling.unmatched(session, date(2026, 3, 1) + timedelta(days=days))
    assert (open_line.side, open_line.age, open_line.days) == ("provider", Age(age), days)


def test_pay_09_the_job_goes_through_every_clearing_account(drain: Callable[[], int]) -> None:
    book("10", external_id="A")
    tell(
        line("10", external_id="A"),
        line("5", clearing=AccountKind.STRIPE_CLEARING, currency="USD", provider="stripe"),
    )
    with db.worker_unit_of_work() as session:
        job = jobs.enqueue(session, reconciling.TASK, {})
    drain()
    with db.worker_unit_of_work() as session:
        ended = session.get_one(jobs.Job, job.id)
        assert ended.result == {"matched": {"external_id": 1}}
        assert (ended.progress_done, ended.progress_total) == (2, 2)
        rows = session.exec(select(Reconciliation)).all()
        assert {(row.clearing.value, row.difference) for row in rows} == {
            ("bank_clearing", 0),
            ("stripe_clearing", -5),
        }


def test_pay_09_two_runs_at_once_match_each_line_once(session: Session) -> None:
    for n in range(20):
        book(str(n + 1), external_id=f"E{n}")
    tell(*(line(str(n + 1), external_id=f"E{n}", fee=Decimal("0.1")) for n in range(20)))
    with ThreadPoolExecutor(2) as pool:
        ends = [end.result() for end in [pool.submit(run), pool.submit(run)]]
    assert sorted(ends, key=len) == [{}, {"external_id": 20}]
    assert kept(session).difference == 0
    assert left() == ([], [])


@given(
    st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=3), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pay_09_any_partition_of_the_lines_reconciles_to_the_same_result(
    entries: list[list[int]], random: Any
) -> None:
    before = left()
    lines = []
    for parts in entries:
        reference = str(uuid4())
        book(str(sum(parts)), reference=reference)
        lines += [line(str(part), reference=reference) for part in parts]
    random.shuffle(lines)
    while lines:
        size = random.randint(1, len(lines))
        tell(*lines[:size])
        run()
        del lines[:size]
    assert left() == before == ([], [])
