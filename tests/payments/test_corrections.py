"""Corrections of the books: a reason, a second pair of eyes, and once; nights; what waits too long."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from api.core import db, deadlines, ids, jobs
from api.core.outbox import OutboxEvent
from api.payments.models import (
    LedgerAccount,
    LedgerDay,
    LedgerEntry,
    LedgerHold,
    Reconciliation,
    ReconciliationMatch,
)
from api.payments.service import balances, holds, nights, posting, reconciling
from api.payments.service.posting import Posting
from api.rules.clock import BISHKEK, local_date, utcnow
from api.rules.ledger import AccountKey, AccountKind, transfer
from tests.conftest import Actor
from tests.payments.booking import BANK, FEES, funded
from tests.payments.test_reconciliation import TODAY, left, line, tell

type AsOrg = Callable[..., Actor]
SUSPENSE = AccountKey(AccountKind.SUSPENSE, "KGS")
WHY = "The bank says so in its letter"


@pytest.fixture
def two(as_org: AsOrg) -> tuple[Actor, Actor]:
    """Two people of the treasury."""
    return as_org(["operator"]), as_org(["operator"])


def booked(amount: str) -> UUID:
    """A transaction that raises bank clearing and suspense."""
    told = Posting(
        key=f"test:{uuid4()}",
        kind="test",
        entries=transfer(BANK, SUSPENSE, Decimal(amount)),
        actor="test",
    )
    with db.worker_unit_of_work() as session:
        return posting.post(session, told).id


def entry_of(session: Session, transaction_id: UUID) -> str:
    """Its entry on bank clearing, as the API names it."""
    query = select(LedgerEntry.id).where(
        LedgerEntry.transaction_id == transaction_id, LedgerEntry.position == 1
    )
    return ids.show("ledgerentry", session.exec(query).one())


def propose(by: Actor, kind: str, **named: Any) -> Any:
    return by.post("/v1/ledger/corrections", json={"kind": kind, "reason": WHY, **named})


def carry_out(by: Actor, made: Any) -> Any:
    path = f"/v1/ledger/corrections/{made.json()['id']}/carry-out"
    return by.post(path, headers={"If-Match": made.headers["ETag"]})


def balance(kind: AccountKind) -> Decimal:
    with db.worker_unit_of_work() as session:
        assert balances.faults(session) == []
        row = session.exec(select(LedgerAccount).where(LedgerAccount.kind == kind)).one()
        return row.debits - row.credits


def test_led_10_a_reversal_needs_a_reason_and_another_person_and_happens_once(
    two: tuple[Actor, Actor], as_org: AsOrg
) -> None:
    one, other = two
    told = {"transaction_id": ids.show("ledgertransaction", booked("10"))}
    short = {"kind": "reversal", "reason": "oops", **told}
    assert one.post("/v1/ledger/corrections", json=short).status_code == 422
    made = propose(one, "reversal", **told)
    assert made.status_code == 201, made.text
    alone = carry_out(one, made)
    assert (alone.status_code, alone.json()["code"]) == (409, "correction_four_eyes")
    assert balance(AccountKind.BANK_CLEARING) == 10
    done = carry_out(other, made)
    assert (done.status_code, done.json()["status"]) == (200, "carried_out"), done.text
    assert balance(AccountKind.BANK_CLEARING) == 0
    assert left() == ([], []), "the mistake and its reversal wait for no provider"
    assert carry_out(other, made).status_code == 412
    assert propose(one, "reversal", **told).json()["code"] == "correction_moot"
    assert propose(as_org(["buyer"]), "reversal", **told).status_code == 403


def test_led_10_a_reversal_overdraws_no_account_and_changes_nothing_then(
    two: tuple[Actor, Actor], session: Session
) -> None:
    account = funded("10")
    with db.worker_unit_of_work() as unit:
        funding = unit.exec(select(LedgerEntry.transaction_id)).first()
        assert funding is not None
        spent = Posting(key="s", kind="t", entries=transfer(account, FEES, Decimal(4)), actor="t")
        posting.post(unit, spent)
    made = propose(two[0], "reversal", transaction_id=ids.show("ledgertransaction", funding))
    refused = carry_out(two[1], made)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_funds")
    assert balance(AccountKind.BANK_CLEARING) == 10
    shown = two[0].get(f"/v1/ledger/corrections/{made.json()['id']}").json()
    assert (shown["status"], shown["decided_by"]) == ("proposed", None)


def test_pay_09_a_person_matches_by_hand_what_adds_up_and_another_carries_it_out(
    two: tuple[Actor, Actor], session: Session
) -> None:
    first, second = booked("30"), booked("30")
    told = line("60", external_id="sum", fee=Decimal(1))
    tell(told)
    named = {
        "line_ids": [ids.show("providerline", told.id)],
        "entry_ids": [entry_of(session, first), entry_of(session, second)],
    }
    uneven = propose(two[0], "match", **{**named, "entry_ids": named["entry_ids"][:1]})
    assert (uneven.status_code, uneven.json()["code"]) == (409, "match_uneven")
    made = propose(two[0], "match", **named)
    assert carry_out(two[1], made).status_code == 200
    assert left() == ([], [])
    assert balance(AccountKind.PROVIDER_FEES) == 1
    assert propose(two[0], "match", **named).json()["code"] == "correction_moot"


@pytest.mark.parametrize(("amount", "lost"), [("-5", Decimal(5)), ("7", Decimal(-7))])
def test_pay_09_what_fits_nothing_is_written_off_as_lost_or_gained(
    two: tuple[Actor, Actor], session: Session, amount: str, lost: Decimal
) -> None:
    told = line(amount, external_id="charge")
    tell(told)
    made = propose(two[0], "write_off", line_ids=[ids.show("providerline", told.id)])
    refused = two[1].post(
        f"/v1/ledger/corrections/{made.json()['id']}/refuse",
        headers={"If-Match": made.headers["ETag"]},
    )
    assert refused.json()["status"] == "refused"
    again = propose(two[0], "write_off", line_ids=[ids.show("providerline", told.id)])
    done = carry_out(two[1], again)
    assert done.status_code == 200, done.text
    assert balance(AccountKind.WRITE_OFFS) == lost
    assert left() == ([], [])
    row = session.exec(select(Reconciliation)).one()
    assert (row.difference, row.unmatched_lines) == (0, 0)
    assert {each.rule.value for each in session.exec(select(ReconciliationMatch))} == {"write_off"}


def test_pay_09_an_item_beyond_its_age_limit_is_told_once_to_the_operator_and_listed(
    two: tuple[Actor, Actor], drain: Callable[[], int], session: Session
) -> None:
    tell(line("4", booked_on=TODAY - timedelta(days=6)), line("5", booked_on=TODAY))
    for _ in range(2):
        with db.worker_unit_of_work() as unit:
            jobs.enqueue(unit, reconciling.TASK, {})
        drain()
    told = session.exec(select(OutboxEvent).where(OutboxEvent.type == "reconciliation.overdue"))
    (event,) = told.all()
    assert (event.payload["overdue"], event.org_id) == (1, two[0].org_id)
    (row,) = two[1].get("/v1/ledger/reconciliations").json()
    assert (row["overdue"], row["oldest_on"]) == (1, str(TODAY - timedelta(days=6)))
    assert [each["days"] for each in two[0].get("/v1/ledger/unmatched").json()["items"]] == [6, 0]


def test_led_10_a_day_is_closed_when_it_is_over_and_only_once(
    two: tuple[Actor, Actor], as_org: AsOrg
) -> None:
    body = {"day": str(local_date(utcnow())), "reason": WHY}
    early = two[0].post("/v1/ledger/days", json=body)
    assert (early.status_code, early.json()["code"]) == (409, "day_not_over")
    body["day"] = str(local_date(utcnow()) - timedelta(days=1))
    closed = two[0].post("/v1/ledger/days", json=body)
    assert (closed.status_code, closed.json()["reason"]) == (201, WHY)
    assert two[1].post("/v1/ledger/days", json=body).json()["code"] == "day_closed"
    assert [each["day"] for each in two[1].get("/v1/ledger/days").json()] == [body["day"]]
    assert as_org(["buyer"]).post("/v1/ledger/days", json=body).status_code == 403


def test_every_night_the_day_is_closed_and_what_has_expired_is_free(
    drain: Callable[[], int], session: Session
) -> None:
    account = funded("100")
    with db.worker_unit_of_work() as unit:
        hold = holds.reserve(
            unit, key="n", kind="t", debit=account, credit=FEES, amount=Decimal(60), actor="t",
            expires_at=db.now(unit) - timedelta(seconds=1),
        )  # fmt: skip
        deadlines.disarm(unit, holds.EXPIRY, hold.id)
        deadlines.arm(unit, nights.DUE, nights.LEDGER, db.now(unit), org_id=None)
    with db.worker_unit_of_work() as unit:
        assert deadlines.fire_due(unit, db.now(unit)) >= 1
    drain()
    today = local_date(utcnow())
    assert session.exec(select(LedgerDay.day)).all() == [today - timedelta(days=1)]
    assert holds.outcome(session, session.get_one(LedgerHold, hold.id)) == "expired"
    query = select(deadlines.Deadline.due_at).where(deadlines.Deadline.kind == nights.DUE)
    due = session.exec(query).one().astimezone(BISHKEK)
    assert (due.date(), due.time()) == (
        today + timedelta(days=1),
        datetime(2026, 1, 1, 0, 30).time(),  # noqa: DTZ001
    )
