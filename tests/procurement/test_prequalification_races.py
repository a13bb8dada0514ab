"""Two at once, on real connections: an application against the deadline, and two of one supplier."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db, ids
from api.procurement.models import Qualification, Submission
from api.procurement.service import applications, prequalification
from api.procurement.service.prequalification_problems import ApplicationPeriodEnded
from api.rules.tenders import TenderStage
from tests.procurement import bidding, prequalifying, samples
from tests.procurement.prequalifying import REASON, Case
from tests.procurement.test_bid_races import waits_for_the_row
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def case(as_org: AsOrg) -> Case:
    return prequalifying.published(as_org, suppliers=6)


def rows[R](session: Session, model: type[R]) -> list[R]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model))]


def test_closing_waits_for_an_application_that_was_in_time_and_qualifies_it(
    case: Case, session: Session
) -> None:
    supplier, other = case.suppliers[:2]
    prequalifying.applied(case, other)
    closed: list[bool] = []

    def close() -> None:
        with db.worker_unit_of_work() as worker:
            closed.append(prequalification.close_due(worker, case.bidding.uuid))

    with db.unit_of_work(supplier.org_id) as first:
        held = applications.hold_open(first, case.bidding.uuid)
        # The deadline passes while the application is being taken: what counts is when it came.
        closer = threading.Thread(target=close)
        bidding.advance(held.now + timedelta(days=30))
        closer.start()
        waits_for_the_row(session)
        assert closed == []
        first.add(
            Submission(
                tender_id=case.bidding.uuid,
                supplier_id=supplier.org_id,
                received_at=held.now,
                requirement_responses=[],
                documents=[],
            )
        )
    closer.join(10)

    assert closed == [True]
    assert {q.supplier_id for q in rows(session, Qualification)} == {
        supplier.org_id,
        other.org_id,
    }
    with pytest.raises(ApplicationPeriodEnded), db.unit_of_work(supplier.org_id) as late:
        applications.hold_open(late, case.bidding.uuid)


def test_at_the_deadline_every_application_is_either_refused_or_to_be_decided(
    case: Case, session: Session
) -> None:
    prequalifying.applied(case, case.suppliers[0])
    row = samples.row(session, case.bidding.tender)
    row.prequalification_period_end = db.now(session) + timedelta(milliseconds=120)
    session.commit()

    def close() -> bool:
        while True:
            with db.worker_unit_of_work() as worker:
                if prequalification.close_due(worker, case.bidding.uuid):
                    return True

    calls = [
        lambda s=s: s.post(f"{case.url}/submissions", json=prequalifying.content())
        for s in case.suppliers[1:]
    ]
    *answers, closed = at_once([*calls, close])

    assert closed
    late = [each for each in answers if each.status_code != 201]
    assert {each.json()["code"] for each in late} <= {"application_period_ended"}
    end = samples.row(session, case.bidding.tender).prequalification_period_end
    stored = rows(session, Submission)
    assert len(stored) == 1 + len(answers) - len(late)
    assert all(each.received_at < end and each.opened_at for each in stored)
    assert {q.submission_id for q in rows(session, Qualification)} == {s.id for s in stored}


def test_of_two_applications_of_one_supplier_at_once_one_is_taken(
    case: Case, session: Session
) -> None:
    supplier = case.suppliers[0]

    def apply() -> Any:
        return supplier.post(f"{case.url}/submissions", json=prequalifying.content())

    answers = at_once([apply, apply, apply])

    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    assert {e.json().get("code") for e in answers} == {None, "submission_exists"}
    assert len(rows(session, Submission)) == 1


def test_of_two_decisions_at_once_one_is_taken(case: Case, drain: Drain, session: Session) -> None:
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)
    found = prequalifying.proposed(case, case.suppliers[0])
    url = f"/v1/qualifications/{found['id']}/approve"
    third = bidding.another_client(case.buyer)

    answers = at_once([lambda a=a: a.post(url, json=REASON) for a in (case.chief, third)])

    assert sorted(each.status_code for each in answers) == [200, 409]
    row = session.get_one(Qualification, ids.parse("qualification", found["id"]))
    assert row.version == found["version"] + 1
    assert samples.row(session, case.bidding.tender).status_details is (
        TenderStage.QUALIFICATION_PENDING
    )
