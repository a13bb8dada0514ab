"""Holds: an amount that is promised ends once, whoever comes first and however many end at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db
from api.payments.models import HoldOutcome, LedgerHold, LedgerHoldResolution
from api.payments.problems import HoldExceeded, HoldResolved, InsufficientFunds
from api.payments.service import holds
from api.payments.service.posting import Booked
from api.rules.ledger import AccountKey
from tests.payments.booking import (
    FEES,
    at_once,
    balance,
    book,
    changing_nothing,
    funded,
    moved,
    numbers,
    parties,
)


def test_led_05_a_hold_is_posted_in_part_and_the_rest_is_free_again() -> None:
    account = funded("100")
    with db.worker_unit_of_work() as session:
        hold = holds.reserve(
            session, key="h", kind="test", debit=account, credit=FEES, amount=Decimal(80), actor="t"
        )
    assert balance(account) == 20
    with db.worker_unit_of_work() as session, pytest.raises(HoldExceeded):
        holds.post(session, hold, actor="t", amount=Decimal(81))
    with db.worker_unit_of_work() as session:
        holds.post(session, hold, actor="t", amount=Decimal(30))
    assert balance(account) == 70
    with pytest.raises(HoldResolved), db.worker_unit_of_work() as session:
        holds.void(session, hold, actor="t")
    assert balance(account) == 70


def test_led_05_a_hold_ends_once_whoever_comes_first() -> None:
    account = funded("100")
    with db.worker_unit_of_work() as session:
        hold = holds.reserve(
            session, key="r", kind="test", debit=account, credit=FEES, amount=Decimal(60), actor="t"
        )

    def end(act: Callable[..., Any]) -> Callable[[], Any]:
        def run() -> Any:
            with db.worker_unit_of_work() as session:
                return act(session, hold, actor="t")

        return run

    ends = at_once([end(holds.post), end(holds.void)] * 4)
    posted = [each for each in ends if isinstance(each, Booked)]
    voided = [each for each in ends if each is None]
    assert (bool(posted), len(voided)) in {(True, 0), (False, 1)}
    assert all(isinstance(e, HoldResolved | Booked) or e is None for e in ends)
    assert balance(account) == (40 if posted else 100)


def held(debit: AccountKey, credit: AccountKey, amount: str = "10") -> LedgerHold:
    with db.worker_unit_of_work() as session:
        return holds.reserve(
            session,
            key=f"held:{next(numbers)}",
            kind="test",
            debit=debit,
            credit=credit,
            amount=Decimal(amount),
            actor="t",
            parties=parties(debit, credit),
        )


def test_led_05_several_holds_posted_at_once_end_once_each_and_nobody_waits_in_a_circle() -> None:
    one, other = funded("100"), funded("100")
    there, back = ([held(*way) for _ in range(4)] for way in ((one, other), (other, one)))

    def ending(*ends: LedgerHold) -> Callable[[], Any]:
        told = [
            replace(
                moved(*((one, other) if hold in there else (other, one)), hold.amount), settles=hold
            )
            for hold in ends
        ]
        return lambda: book(*told)

    # Two that share two holds, each the other way round, a third that shares none, and their repeat.
    first = ending(there[0], back[0], there[1], back[1])
    second = ending(back[2], there[2], back[1], there[1])
    results = at_once([first, second, ending(back[3], there[3]), first, second])
    booked = [each for each in results if isinstance(each, list)]
    assert all(isinstance(each, list | HoldResolved) for each in results), results
    assert len(booked) == 3
    with db.worker_unit_of_work() as session:
        ended = [holds.outcome(session, hold) for hold in (*there, *back)]
        rows = session.exec(select(LedgerHoldResolution.hold_id)).all()
    assert len(rows) == len({*rows}) == 6
    assert ended.count(HoldOutcome.POSTED) == 6
    assert ended.count(None) == 2
    left = [hold for hold, how in zip((*there, *back), ended, strict=True) if how is None]
    assert left in ([there[2], back[2]], [there[0], back[0]])
    assert (balance(one), balance(other)) == (90, 90)

    def void(*ends: LedgerHold) -> Callable[[], Any]:
        def run() -> None:
            with db.worker_unit_of_work() as session:
                for hold in ends:
                    holds.void(session, hold, actor="t")

        return run

    ends = at_once([void(left[0]), void(left[0]), void(left[1]), ending(*left)])
    assert sum(not isinstance(each, HoldResolved) for each in ends) in (1, 2)
    assert balance(one) + balance(other) == 200


def test_led_05_a_hold_expires_by_the_clock_and_is_not_posted_afterwards(
    session: Session,
) -> None:
    account = funded("100")
    with db.worker_unit_of_work() as other:
        hold = holds.reserve(
            other,
            key="e",
            kind="test",
            debit=account,
            credit=FEES,
            amount=Decimal(60),
            actor="t",
            expires_at=db.now(other) - timedelta(seconds=1),
        )
    with changing_nothing(session), pytest.raises(HoldResolved), db.worker_unit_of_work() as other:
        holds.post(other, hold, actor="t")
    for _ in range(2):
        with db.worker_unit_of_work() as other:
            holds.expire_due(other, hold.id)
    with db.worker_unit_of_work() as other:
        assert holds.outcome(other, hold) == HoldOutcome.EXPIRED
    assert balance(account) == 100


def test_led_05_a_held_amount_is_not_booked_otherwise(session: Session) -> None:
    account = funded("100")
    with db.worker_unit_of_work() as other:
        holds.reserve(
            other, key="n", kind="test", debit=account, credit=FEES, amount=Decimal(60), actor="t"
        )
    with changing_nothing(session), pytest.raises(InsufficientFunds):
        book(moved(account, FEES, "41"))
    book(moved(account, FEES, "40"))
    assert balance(account) == 0
