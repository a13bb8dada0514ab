"""What follows when a decision wants terms changed and the buyer is late, and of which cancellation
a complaint is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db, deadlines, ids
from api.procurement.models import Amendment, Cancellation, ComplaintEffect
from api.rules.complaints import ComplaintStatus
from api.rules.tenders import TenderStage
from tests.procurement import awarding, bidding, samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def who(as_org: AsOrg) -> awarding.Parties:
    return awarding.parties(as_org)


@pytest.fixture
def tender(who: awarding.Parties) -> Any:
    return samples.published(who.buyer)


def pass_the_end(session: Session, tender: Any, drain: Drain) -> None:
    """The end of the tender period, with the clock and the workers run."""
    end = samples.row(session, tender).tender_period_end
    assert end is not None
    bidding.advance(end)
    session.rollback()
    with db.worker_unit_of_work() as worker:
        deadlines.fire_due(worker, db.now(worker))
    drain()


@pytest.fixture
def late(who: awarding.Parties, tender: Any, session: Session, drain: Drain) -> Any:
    """A complaint that wants the terms changed, and a period that ended without that."""
    made = awarding.submitted(who.suppliers[0], tender)
    awarding.accepted(who.reviewer, made)
    awarding.reviewed(who.reviewer, made, "satisfy", effects=["amend_terms"])
    pass_the_end(session, tender, drain)
    assert samples.row(session, tender).status_details is TenderStage.SUSPENDED
    return made


def change(tender: Any, **changed: Any) -> dict[str, Any]:
    lot = tender["lots"][0]
    items = [{"id": lot["items"][0]["id"], "quantity": "650"}]
    return {"rationale": "По решению", "lots": [{"id": lot["id"], "items": items}], **changed}


def test_a_suspended_tender_takes_the_change_that_was_decided_and_goes_on(
    who: awarding.Parties, tender: Any, late: Any, session: Session, drain: Drain
) -> None:
    at = f"/v1/tenders/{tender['id']}"

    answer = who.buyer.post(f"{at}/amend", json=change(tender))

    assert answer.status_code == 200, answer.text
    row = samples.row(session, tender)
    assert row.status_details is TenderStage.CHANGED
    assert row.tender_period_end is not None
    assert row.tender_period_end > db.now(session)
    resolve = {"rationale": "Сделано"}
    resolved = who.buyer.post(f"/v1/complaints/{late['id']}/resolve", json=resolve)
    assert resolved.json()["effects"][0]["result"] == {"amendment": 1}
    pass_the_end(session, tender, drain)
    assert samples.row(session, tender).status_details is not TenderStage.SUSPENDED


def test_a_change_that_was_made_but_not_reported_lets_the_tender_go_on_once_it_is(
    who: awarding.Parties, tender: Any, late: Any, session: Session, drain: Drain
) -> None:
    at = f"/v1/tenders/{tender['id']}"
    assert who.buyer.post(f"{at}/amend", json=change(tender)).status_code == 200
    pass_the_end(session, tender, drain)
    assert samples.row(session, tender).status_details is TenderStage.SUSPENDED

    resolve = {"rationale": "Сделано"}
    answer = who.buyer.post(f"/v1/complaints/{late['id']}/resolve", json=resolve)

    assert answer.json()["status"] == "resolved", answer.text
    row = samples.row(session, tender)
    assert row.status_details is TenderStage.CHANGED
    assert row.tender_period_end is not None
    assert row.tender_period_end > db.now(session)


def test_only_a_material_change_and_only_a_decided_one_is_taken_while_suspended(
    who: awarding.Parties, tender: Any, late: Any, session: Session, as_org: AsOrg, drain: Drain
) -> None:
    at = f"/v1/tenders/{tender['id']}"
    spelt = {"rationale": "Опечатка", "title": {**tender["title"], "en": "School furniture"}}
    refused = who.buyer.post(f"{at}/amend", json=spelt)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_amend")
    early = who.buyer.post(f"/v1/complaints/{late['id']}/resolve", json={"rationale": "Нет"})
    assert early.json()["code"] == "effect_outstanding"
    asked = samples.published(who.buyer, tender_period_end=samples.in_days(50))
    question = {"title": {"ru": "Размер"}, "description": {"ru": "Какая высота?"}}
    url = f"/v1/tenders/{asked['id']}/enquiries"
    assert who.suppliers[0].post(url, json=question).status_code == 201
    pass_the_end(session, asked, drain)
    assert samples.row(session, asked).status_details is TenderStage.SUSPENDED
    waiting = who.buyer.post(f"/v1/tenders/{asked['id']}/amend", json=change(asked))
    assert (waiting.status_code, waiting.json()["code"]) == (409, "conflict")
    assert session.exec(select(Amendment)).all() == []
    assert session.exec(select(ComplaintEffect)).one().executed_at is None
    for each in (tender, asked):
        assert samples.row(session, each).status_details is TenderStage.SUSPENDED


def about_cancellation(supplier: Any, tender: Any) -> Any:
    url = f"/v1/tenders/{tender['id']}/complaints"
    answer = supplier.post(url, json=awarding.complaint(target="cancellation"))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_complaint_is_about_the_cancellation_that_it_was_drafted_of_and_no_later_one(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    at = f"/v1/tenders/{tender['id']}"
    assert who.buyer.post(f"{at}/cancel", json={"reason": "Нет средств"}).status_code == 200
    author, other, *_ = who.suppliers
    draft, handed = about_cancellation(author, tender), about_cancellation(other, tender)
    submitted = other.post(f"/v1/complaints/{handed['id']}/submit", json={}).json()
    first = who.buyer.get(f"{at}/cancellations").json()["items"][0]["id"]
    assert submitted["cancellation_id"] == first
    assert who.buyer.post(f"/v1/cancellations/{first}/withdraw").status_code == 200
    assert who.buyer.post(f"{at}/cancel", json={"reason": "Решение"}).status_code == 200

    answer = author.post(f"/v1/complaints/{draft['id']}/submit", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "complaint_window_closed")
    row = awarding.complaint_row(session, draft)
    assert (row.status, row.cancellation_id) == (
        ComplaintStatus.DRAFT,
        ids.parse("cancellation", first),
    )
    second = about_cancellation(author, tender)
    assert second["cancellation_id"] != first
    # What was found right about the first holds up nothing of the second.
    awarding.accepted(who.reviewer, handed)
    awarding.reviewed(who.reviewer, handed, "satisfy", effects=["no_effect"])
    pending = session.exec(select(Cancellation).where(Cancellation.status == "pending")).one()
    assert pending.complaint_period_end is not None
    bidding.advance(pending.complaint_period_end)
    session.rollback()
    samples.complaints_over(tender)
    assert datetime.fromisoformat(who.buyer.get(at).json()["cancelled_at"])
