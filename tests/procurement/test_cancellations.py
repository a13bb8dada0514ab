"""Cancellation of tenders and lots: at once, or after the time to complain about it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db, ids
from api.core.deadlines import Deadline, fire_due
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Cancellation, Lot
from api.rules.cancellations import CancellationStatus
from api.rules.tenders import LotStatus, TenderStage, TenderStatus
from tests.procurement import bidding, samples
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    """A Kyrgyz state body: five days to complain about a cancellation."""
    return as_org(["buyer"])


@pytest.fixture
def generic(as_org: AsOrg) -> Any:
    """A buyer whose rules give no time to complain about a cancellation."""
    return as_org(["buyer"], procurement_regime="generic")


def cancel(buyer: Any, made: Any, **changed: Any) -> Any:
    body = {"reason": "Нет средств", "reason_type": "expensesCut", **changed}
    return buyer.post(f"/v1/tenders/{made['id']}/cancel", json=body)


def listed(actor: Any, made: Any) -> list[Any]:
    answer = actor.get(f"/v1/tenders/{made['id']}/cancellations")
    assert answer.status_code == 200, answer.text
    return [*answer.json()["items"]]


def two_lots() -> dict[str, Any]:
    return {"lots": [samples.lot(), samples.lot(title={"ru": "Стулья", "ky": "Отургучтар"})]}


def closes(made: Any) -> bool:
    with db.worker_unit_of_work() as worker:
        return procurement.close_due(worker, samples.tender_id(made))


def activates(cancellation: Any) -> bool:
    with db.worker_unit_of_work() as worker:
        found = ids.parse("cancellation", cancellation["id"])
        return procurement.activate_due(worker, found)


def types(session: Session) -> list[str]:
    session.rollback()
    return [*session.exec(select(OutboxEvent.type).order_by(OutboxEvent.id))]  # type: ignore[arg-type]


def test_a_cancellation_waits_for_the_end_of_its_complaint_period(
    buyer: Any, as_org: AsOrg, session: Session, drain: Callable[[], int]
) -> None:
    made = samples.published(buyer)

    answer = cancel(buyer, made)

    assert (answer.status_code, answer.json()["status"]) == (200, "active"), answer.text
    (pending,) = listed(as_org(["supplier"]), made)
    assert (pending["status"], pending["reason_type"]) == ("pending", "expensesCut")
    row = session.exec(select(Cancellation)).one()
    assert row.complaint_period_end is not None
    assert row.complaint_period_end >= row.requested_at + timedelta(days=5)
    query = select(Deadline).where(Deadline.resource_id == row.id)
    deadline = session.exec(query).one()
    assert deadline.due_at == row.complaint_period_end
    assert activates(pending) is False
    row.complaint_period_end = deadline.due_at = db.now(session)
    session.commit()
    with db.worker_unit_of_work() as clock:
        assert fire_due(clock, db.now(clock)) == 1
    drain()

    found = samples.row(session, made)
    assert (found.status, found.cancellation_reason) == (TenderStatus.CANCELLED, "Нет средств")
    assert session.exec(select(Lot.status)).all() == [LotStatus.CANCELLED]
    assert session.exec(select(Cancellation.status)).one() is CancellationStatus.ACTIVE
    assert session.exec(select(Deadline)).all() == []
    assert activates(pending) is False
    assert types(session).count("tender.cancelled") == 1


def test_it_takes_effect_at_the_end_of_the_period_and_not_before(
    buyer: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = samples.published(buyer)
    cancel(buyer, made)
    (pending,) = listed(buyer, made)
    end = session.exec(select(Cancellation.complaint_period_end)).one()
    assert end is not None
    url = f"/v1/cancellations/{pending['id']}/withdraw"

    monkeypatch.setattr("api.core.db.now", lambda _: end - MILLISECOND)
    assert activates(pending) is False
    monkeypatch.setattr("api.core.db.now", lambda _: end)
    late = buyer.post(url)
    assert activates(pending) is True

    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert samples.row(session, made).status is TenderStatus.CANCELLED


def test_where_the_rules_give_no_time_it_takes_effect_at_once(
    generic: Any, session: Session
) -> None:
    made = samples.published(generic)

    answer = cancel(generic, made)

    assert answer.json()["status"] == "cancelled"
    (found,) = listed(generic, made)
    assert (found["status"], found["complaint_period_end"]) == ("active", None)
    assert found["ended_at"] == found["requested_at"]
    assert types(session)[-2:] == ["tender.cancelled", "cancellation.activated"]


def test_a_draft_is_cancelled_at_once_and_nobody_else_hears_of_it(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    made = samples.drafted(buyer)

    answer = cancel(buyer, made)
    hidden = as_org(["supplier"]).get(f"/v1/tenders/{made['id']}/cancellations")

    assert answer.json()["status"] == "cancelled"
    assert hidden.status_code == 404
    assert "cancellation.activated" not in types(session)


def test_a_cancellation_is_withdrawn_by_its_buyer_alone_and_once(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    made = samples.published(buyer)
    cancel(buyer, made)
    again = cancel(buyer, made)
    (pending,) = listed(buyer, made)
    url = f"/v1/cancellations/{pending['id']}/withdraw"

    stranger = as_org(["buyer"]).post(url)
    stale = buyer.post(url, headers={"If-Match": '"7"'})
    first, second = buyer.post(url), buyer.post(url)

    assert (again.status_code, again.json()["code"]) == (409, "cancellation_pending")
    assert [a.status_code for a in (stranger, stale, first, second)] == [404, 412, 200, 409]
    assert first.json()["status"] == "withdrawn"
    assert samples.row(session, made).status_details is TenderStage.PUBLISHED
    assert activates(pending) is False
    assert cancel(buyer, made).status_code == 200
    assert [each["status"] for each in listed(buyer, made)] == ["withdrawn", "pending"]


def test_single_lots_are_cancelled_and_the_tender_with_the_last(
    generic: Any, session: Session
) -> None:
    made = samples.published(generic, **two_lots())
    first, second = (lot["id"] for lot in made["lots"])

    one = cancel(generic, made, lot_ids=[first])
    repeated = cancel(generic, made, lot_ids=[first])
    last = cancel(generic, made, lot_ids=[second])

    assert [lot["status"] for lot in one.json()["lots"]] == ["cancelled", "active"]
    assert one.json()["status"] == "active"
    assert (repeated.status_code, samples.pointers(repeated)) == (422, ["#/lot_ids/0"])
    assert last.json()["status"] == "cancelled"
    assert last.json()["cancellation_reason"] == "Нет средств"
    assert types(session).count("tender.lots_changed") == 1
    assert types(session).count("tender.cancelled") == 1


def test_lots_that_are_not_there_to_be_cancelled_are_named(generic: Any, session: Session) -> None:
    made, other, draft = (
        samples.published(generic),
        samples.published(generic),
        samples.drafted(generic),
    )
    lot = made["lots"][0]["id"]

    answers = [
        cancel(generic, made, lot_ids=[other["lots"][0]["id"]]),
        cancel(generic, draft, lot_ids=[draft["lots"][0]["id"]]),
        cancel(generic, made, lot_ids=[lot, lot]),
        cancel(generic, made, reason_type="whim"),
    ]

    assert [a.status_code for a in answers] == [422] * 4
    assert session.exec(select(Cancellation)).all() == []
    assert samples.row(session, made).version == made["version"]


def test_a_tender_that_may_be_cancelled_is_not_closed_and_goes_on_when_it_is_not(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    made = samples.published(buyer)
    samples.bid_on(session, made, as_org(["supplier"]))
    cancel(buyer, made)
    samples.ended(session, made)

    assert closes(made) is True
    assert samples.row(session, made).status_details is TenderStage.SUSPENDED
    (pending,) = listed(buyer, made)
    assert buyer.post(f"/v1/cancellations/{pending['id']}/withdraw").status_code == 200

    found = samples.row(session, made)
    assert found.status_details is TenderStage.CHANGED
    assert found.tender_period_end is not None
    assert found.tender_period_end > db.now(session) + timedelta(days=4)


def test_a_tender_that_failed_meanwhile_is_not_cancelled_any_more(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    cancel(buyer, made)
    with db.worker_unit_of_work() as worker:
        tender = procurement.hold_published(worker, samples.tender_id(made))
        assert tender is not None
        procurement.move_tender(worker, tender, "fail", actor="test", change={})
        row = worker.exec(select(Cancellation)).one()
        row.complaint_period_end = db.now(worker)
    (pending,) = listed(buyer, made)

    assert activates(pending) is True
    assert listed(buyer, made)[0]["status"] == "lapsed"
    assert samples.row(session, made).status is TenderStatus.UNSUCCESSFUL


def test_cancelling_and_closing_at_once_leave_one_truth(
    generic: Any, as_org: AsOrg, session: Session
) -> None:
    """At the deadline: cancelled before it is closed, or closed and cancelled then."""
    made = samples.published(generic)
    samples.bid_on(session, made, as_org(["supplier"]))
    samples.ended(session, made)

    answer, *closed = at_once(
        [lambda: cancel(generic, made), *[lambda: closes(made) for _ in range(3)]]
    )

    assert answer.status_code == 200
    assert sum(closed) <= 1
    assert samples.row(session, made).status is TenderStatus.CANCELLED
    assert types(session).count("tender.closed") == sum(closed)
    assert types(session).count("tender.cancelled") == 1


def test_two_officers_who_cancel_at_once_cancel_once(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    answers = at_once([lambda: cancel(buyer, made) for _ in range(4)])

    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]
    assert len(session.exec(select(Cancellation)).all()) == 1
    with pytest.raises(DBAPIError, match="append-only"):
        session.connection().exec_driver_sql("DELETE FROM tender_cancellation")


@pytest.mark.parametrize(
    ("verdict", "body", "status", "tender"),
    [
        ("satisfy", {"rationale": "Право", "effects": ["no_effect"]}, "withdrawn", "active"),
        ("decline", {"rationale": "Нет"}, "active", "cancelled"),
    ],
)
def test_a_cancellation_waits_for_the_decision_on_a_complaint_about_it(
    buyer: Any,
    as_org: AsOrg,
    session: Session,
    drain: Callable[[], int],
    verdict: str,
    body: dict[str, Any],
    status: str,
    tender: str,
) -> None:
    supplier, reviewer = as_org(["supplier"]), as_org(["reviewer"])
    made = samples.published(buyer)
    complaint = {
        "target": "cancellation",
        "title": {"ru": "Отмена"},
        "description": {"ru": "Средства есть"},
        "remedy": {"ru": "Продолжить"},
    }
    url = f"/v1/tenders/{made['id']}/complaints"
    early = supplier.post(url, json=complaint)
    cancel(buyer, made)
    drafted = supplier.post(url, json=complaint)
    assert drafted.status_code == 201, drafted.text
    case = f"/v1/complaints/{drafted.json()['id']}"
    assert supplier.post(f"{case}/submit", json={}).status_code == 200
    (pending,) = listed(buyer, made)
    session.rollback()
    session.exec(select(Cancellation)).one().complaint_period_end = db.now(session)
    session.commit()

    waits = activates(pending)
    for step, given in (("accept", {"rationale": "К рассмотрению"}), (verdict, body)):
        decided = reviewer.post(f"{case}/{step}", json=given)
        assert decided.status_code == 200, decided.text
    drain()

    assert (early.status_code, early.json()["code"]) == (409, "complaint_window_closed")
    assert waits is False
    assert listed(buyer, made)[0]["status"] == status
    assert buyer.get(f"/v1/tenders/{made['id']}").json()["status"] == tender


def test_bids_stay_sealed_while_their_tender_may_be_cancelled(buyer: Any, as_org: AsOrg) -> None:
    made = bidding.published(as_org, buyer)
    bidding.submit(made, as_org(["supplier"]))
    bidding.pass_deadline(made)
    assert cancel(buyer, {"id": made.id}).status_code == 200
    url = f"/v1/tenders/{made.id}/openings"

    held_up = buyer.post(url, json={"envelope": "price"})
    (pending,) = listed(buyer, {"id": made.id})
    assert buyer.post(f"/v1/cancellations/{pending['id']}/withdraw").status_code == 200
    begun = bidding.start(made)
    assert cancel(buyer, {"id": made.id}).status_code == 200
    share = bidding.release(made, begun, made.openers[0])

    for refused in (held_up, share):
        assert (refused.status_code, refused.json()["code"]) == (409, "opening_held_up")


def test_a_decision_on_a_complaint_does_not_pass_over_an_unanswered_question(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    supplier, reviewer = as_org(["supplier"]), as_org(["reviewer"])
    made = samples.published(buyer)
    question = {"title": {"ru": "Срок"}, "description": {"ru": "До какого дня?"}}
    asked = supplier.post(f"/v1/tenders/{made['id']}/enquiries", json=question).json()
    complaint = {
        "target": "tender",
        "title": {"ru": "Условия"},
        "description": {"ru": "Один поставщик"},
        "remedy": {"ru": "Изменить"},
    }
    drafted = supplier.post(f"/v1/tenders/{made['id']}/complaints", json=complaint).json()
    case = f"/v1/complaints/{drafted['id']}"
    assert supplier.post(f"{case}/submit", json={}).status_code == 200
    samples.ended(session, made)
    assert closes(made) is True

    for step in ("accept", "decline"):
        decided = reviewer.post(f"{case}/{step}", json={"rationale": "Нет"})
        assert decided.status_code == 200, decided.text
    still = samples.row(session, made).status_details
    answer = {"answer": {"ru": "До 1 июня"}}
    assert buyer.post(f"/v1/enquiries/{asked['id']}/answer", json=answer).status_code == 200

    assert still is TenderStage.SUSPENDED
    assert samples.row(session, made).status_details is TenderStage.CHANGED
