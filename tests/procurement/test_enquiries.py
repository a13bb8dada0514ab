"""Questions of suppliers: asked in time, answered for everybody, late answers made up for."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db, ids
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Amendment, Enquiry, EnquiryAuthor
from api.procurement.schemas import AnswerIn, EnquiryIn
from api.procurement.service import EnquiriesClosed
from api.rules.tenders import TenderStage, TenderStatus
from tests.procurement import samples

type AsOrg = Callable[..., Any]
MILLISECOND = timedelta(milliseconds=1)
QUESTION = {"title": {"ru": "Столешница"}, "description": {"ru": "Допускается ли 16 мм?"}}
ANSWER = {"answer": {"ru": "Нет, не менее 18 мм", "ky": "Жок"}}


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def supplier(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def rival(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


def asked(supplier: Any, made: Any, **changed: Any) -> Any:
    answer = supplier.post(f"/v1/tenders/{made['id']}/enquiries", json={**QUESTION, **changed})
    assert answer.status_code == 201, answer.text
    return answer.json()


def answered(buyer: Any, enquiry: Any, **kwargs: Any) -> Any:
    return buyer.post(f"/v1/enquiries/{enquiry['id']}/answer", json=ANSWER, **kwargs)


def windows(session: Session, made: Any, *, enquiry: float, answers: float, end: float) -> None:
    """Move the tender's windows to so many hours from now."""
    found, now = samples.row(session, made), db.now(session)
    found.tender_period_start = now - timedelta(days=30)
    found.enquiry_period_end = now + timedelta(hours=enquiry)
    found.clarification_until = now + timedelta(hours=answers)
    found.complaint_period_end = now + timedelta(hours=enquiry)
    found.tender_period_end = now + timedelta(hours=end)
    session.commit()


def closes(made: Any) -> bool:
    with db.worker_unit_of_work() as worker:
        return procurement.close_due(worker, samples.tender_id(made))


def amendments(session: Session) -> list[Amendment]:
    session.rollback()
    return [*session.exec(select(Amendment).order_by(Amendment.number))]  # type: ignore[arg-type]


def test_a_question_is_the_buyers_and_the_askers_until_it_is_answered_for_everybody(
    buyer: Any, supplier: Any, rival: Any, session: Session
) -> None:
    made = samples.published(buyer)
    lot = made["lots"][0]["id"]
    url = f"/v1/tenders/{made['id']}/enquiries"

    enquiry = asked(supplier, made, lot_id=lot)
    before = [each.get(url).json()["items"] for each in (buyer, supplier, rival)]
    hidden = rival.get(f"/v1/enquiries/{enquiry['id']}")
    answer = answered(buyer, enquiry)
    after = [each.get(url).json()["items"] for each in (buyer, supplier, rival)]

    assert (enquiry["status"], enquiry["lot_id"], enquiry["answer"]) == ("pending", lot, None)
    assert [len(rows) for rows in before] == [1, 1, 0]
    assert hidden.status_code == 404
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["answered_late"]) == ("answered", False)
    assert [rows[0]["answer"] for rows in after] == [ANSWER["answer"]] * 3
    assert amendments(session) == []


def test_who_asked_is_known_to_the_asker_alone_until_bids_are_opened(
    buyer: Any, supplier: Any, rival: Any, session: Session
) -> None:
    made = samples.published(buyer)
    url = f"/v1/tenders/{made['id']}/enquiries"
    answered(buyer, asked(supplier, made))
    own = f"organisation_{supplier.org_id.hex}"

    def authors() -> list[str | None]:
        found = [each.get(url).json()["items"] for each in (buyer, rival, supplier)]
        return [rows[0]["author_id"] for rows in found]

    before = authors()
    with db.unit_of_work(buyer.org_id) as other:
        assert other.exec(select(EnquiryAuthor)).all() == []
        trail = other.exec(select(AuditEntry)).all()
    samples.row(session, made).status_details = TenderStage.BIDS_OPENED
    session.commit()

    assert before == [None, None, own]
    assert authors() == [own, own, own]
    assert all(supplier.org_id.hex not in f"{e.org_id} {e.actor} {e.change}" for e in trail)
    assert [e.actor for e in trail if e.action == "ask"] == ["supplier"]
    events = session.exec(select(OutboxEvent).where(OutboxEvent.type == "enquiry.asked")).all()
    assert [(e.org_id, [*e.payload]) for e in events] == [(buyer.org_id, ["version", "tender_id"])]


def test_the_public_reads_answers_without_authors(
    buyer: Any, supplier: Any, client: Any, drain: Callable[[], int]
) -> None:
    made = samples.published(buyer)
    first, second = asked(supplier, made), asked(supplier, made)
    drain()
    before = client.get(f"/public/tenders/{made['ocid']}").json()["enquiries"]
    answered(buyer, second)
    drain()

    answer = client.get(f"/public/tenders/{made['ocid']}")

    assert before == []
    (shown,) = answer.json()["enquiries"]
    assert (shown["id"], shown["answer"]) == (second["id"], ANSWER["answer"])
    assert first["id"] not in answer.text
    assert supplier.org_id.hex not in answer.text


def test_questions_are_taken_until_the_window_ends_and_not_at_its_end(
    buyer: Any, supplier: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = samples.published(buyer)
    end = samples.row(session, made).enquiry_period_end
    assert end is not None
    url = f"/v1/tenders/{made['id']}/enquiries"

    monkeypatch.setattr("api.core.db.now", lambda _: end)
    late = supplier.post(url, json=QUESTION)
    monkeypatch.setattr("api.core.db.now", lambda _: end - MILLISECOND)
    in_time = supplier.post(url, json=QUESTION)

    assert (late.status_code, late.json()["code"]) == (409, "enquiries_closed")
    assert in_time.status_code == 201
    assert len(session.exec(select(Enquiry)).all()) == 1


def test_a_question_has_its_place(
    buyer: Any, supplier: Any, as_org: AsOrg, session: Session
) -> None:
    made, draft, other = samples.published(buyer), samples.drafted(buyer), samples.published(buyer)
    both = as_org(["buyer", "supplier"])
    own = samples.published(both)
    refusals = [
        (supplier, draft, {}, 404, "not_found"),
        (both, own, {}, 409, "own_tender"),
        (buyer, made, {}, 403, "forbidden"),
        (supplier, made, {"lot_id": other["lots"][0]["id"]}, 422, "invalid"),
        (supplier, made, {"title": {}}, 422, "invalid"),
    ]

    for actor, tender, changed, status, code in refusals:
        answer = actor.post(f"/v1/tenders/{tender['id']}/enquiries", json={**QUESTION, **changed})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert session.exec(select(Enquiry)).all() == []


def test_only_the_buyer_answers_and_only_once(
    buyer: Any, supplier: Any, as_org: AsOrg, session: Session
) -> None:
    enquiry = asked(supplier, samples.published(buyer))

    stranger = answered(as_org(["buyer"]), enquiry)
    stale = answered(buyer, enquiry, headers={"If-Match": '"9"'})
    first = answered(buyer, enquiry, headers={"If-Match": '"1"'})
    again = answered(buyer, enquiry)

    assert [a.status_code for a in (stranger, stale, first, again)] == [404, 412, 200, 409]
    assert session.exec(select(Enquiry.version)).one() == 2
    for statement in ("UPDATE tender_enquiry SET answer = '{}'", "DELETE FROM tender_enquiry"):
        with pytest.raises(DBAPIError, match="never altered|append-only"):
            session.connection().exec_driver_sql(statement)
        session.rollback()


def test_an_answer_after_its_term_extends_a_period_that_leaves_too_little_time(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    enquiry = asked(supplier, made)
    windows(session, made, enquiry=-48, answers=-1, end=30)
    before = samples.row(session, made).tender_period_end

    answer = answered(buyer, enquiry)

    assert (answer.status_code, answer.json()["answered_late"]) == (200, True), answer.text
    found = samples.row(session, made)
    assert found.status_details is TenderStage.CHANGED
    assert found.tender_period_end is not None
    assert before is not None
    assert found.tender_period_end > before + timedelta(days=3)
    assert found.tender_period_end >= db.now(session) + timedelta(days=5)
    assert session.exec(select(Deadline.due_at)).one() == found.tender_period_end
    (amendment,) = amendments(session)
    assert (amendment.cause, amendment.material) == ("lateAnswer", False)
    assert amendment.needs_confirmation is False
    assert "#/tender_period_end" in {change["pointer"] for change in amendment.changes}
    assert {change["reason"] for change in amendment.changes} == {"period"}


def test_a_late_answer_leaves_a_period_that_is_long_enough(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    enquiry = asked(supplier, made)
    windows(session, made, enquiry=-48, answers=-1, end=24 * 15)
    before = samples.row(session, made).tender_period_end

    answer = answered(buyer, enquiry)

    assert answer.json()["answered_late"] is True
    found = samples.row(session, made)
    assert (found.tender_period_end, found.status_details) == (before, TenderStage.PUBLISHED)
    assert amendments(session) == []


def test_a_question_without_answer_suspends_the_tender_until_the_last_answer(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    first, second = asked(supplier, made), asked(supplier, made)
    windows(session, made, enquiry=-48, answers=-24, end=-0.01)

    assert closes(made) is True
    assert closes(made) is False
    suspended = samples.row(session, made)
    assert (suspended.status, suspended.status_details) == (
        TenderStatus.ACTIVE,
        TenderStage.SUSPENDED,
    )
    assert answered(buyer, first).status_code == 200
    assert samples.row(session, made).status_details is TenderStage.SUSPENDED
    assert answered(buyer, second).status_code == 200

    found = samples.row(session, made)
    assert found.status_details is TenderStage.CHANGED
    assert found.tender_period_end is not None
    assert found.tender_period_end >= db.now(session) + timedelta(days=5)
    (amendment,) = amendments(session)
    assert (amendment.cause, amendment.needs_confirmation) == ("suspension", False)
    assert session.exec(select(Deadline.due_at)).one() == found.tender_period_end
    types = [*session.exec(select(OutboxEvent.type))]
    assert (types.count("tender.suspended"), types.count("tender.resumed")) == (1, 1)
    assert "tender.closed" not in types


def test_an_answer_that_comes_after_the_end_but_before_the_clock_suspends_and_resumes(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    enquiry = asked(supplier, made)
    windows(session, made, enquiry=-48, answers=-24, end=-0.01)

    answer = answered(buyer, enquiry)

    assert answer.status_code == 200, answer.text
    found = samples.row(session, made)
    assert found.status_details is TenderStage.CHANGED
    assert [a.cause for a in amendments(session)] == ["suspension"]
    assert closes(made) is False
    query = select(AuditEntry.action).where(AuditEntry.stream == f"tender:{found.id.hex}")
    assert [*session.exec(query.order_by(AuditEntry.seq))][-3:] == ["suspend", "answer", "resume"]  # type: ignore[arg-type]


def test_a_tender_whose_questions_are_answered_closes(
    buyer: Any, supplier: Any, session: Session
) -> None:
    made = samples.published(buyer)
    answered(buyer, asked(supplier, made))
    windows(session, made, enquiry=-48, answers=-24, end=-0.01)

    assert closes(made) is True
    assert samples.row(session, made).status_details is not TenderStage.SUSPENDED


def test_an_answer_and_the_clock_at_the_deadline_leave_one_truth(
    buyer: Any, supplier: Any, session: Session
) -> None:
    """Whichever takes the tender's row first, the answered tender runs on with more time."""
    for answer_first in (True, False):
        made = samples.published(buyer)
        enquiry = asked(supplier, made)
        windows(session, made, enquiry=-48, answers=-24, end=-0.01)
        own = {"buyer_id": buyer.org_id, "enquiry_id": ids.parse("enquiry", enquiry["id"])}
        waiting, closed = threading.Event(), []

        def close(made: Any = made, waiting: Any = waiting, closed: Any = closed) -> None:
            waiting.set()
            closed.append(closes(made))

        if answer_first:
            with db.unit_of_work(buyer.org_id) as officer:
                tender, row = procurement.hold_enquiry(officer, **own)
                clock = threading.Thread(target=close)
                clock.start()
                assert waiting.wait(5)
                data = AnswerIn.model_validate(ANSWER)
                procurement.answer(officer, tender, row, actor="officer", data=data)
            clock.join(10)
            assert closed == [False]
        else:
            assert closes(made) is True
            assert answered(buyer, enquiry).status_code == 200
        assert samples.row(session, made).status_details is TenderStage.CHANGED


def test_a_question_that_waited_past_the_end_of_its_window_is_refused(
    buyer: Any, supplier: Any, session: Session
) -> None:
    """An officer holds the tender while its window passes: the question sees what came of it."""
    made = samples.published(buyer)
    tender_id = samples.tender_id(made)
    asking, refused = threading.Event(), []

    def ask() -> None:
        with db.unit_of_work(supplier.org_id) as second:
            asking.set()
            try:
                procurement.ask(
                    second,
                    author_id=supplier.org_id,
                    tender_id=tender_id,
                    actor="supplier",
                    data=EnquiryIn.model_validate(QUESTION),
                )
            except EnquiriesClosed as problem:
                refused.append(problem.code)
                second.rollback()

    with db.unit_of_work(buyer.org_id) as first:
        tender = procurement.lock(first, buyer_id=buyer.org_id, tender_id=tender_id)
        other = threading.Thread(target=ask)
        other.start()
        assert asking.wait(5)
        tender.enquiry_period_end = datetime.fromisoformat(made["published_at"])
        first.add(tender)
    other.join(10)

    assert refused == ["enquiries_closed"]
    session.rollback()
    assert session.exec(select(Enquiry)).all() == []
