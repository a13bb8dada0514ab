"""Complaints: who may, until when, what they hold up, and what their decisions do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db
from api.core.deadlines import Deadline, fire_due
from api.core.outbox import OutboxEvent
from api.procurement.models import Complaint, ComplaintDecision, ComplaintEffect
from api.procurement.service import complaints
from api.rules.awards import AwardStatus
from api.rules.complaints import COMPLAINT, OPEN, ComplaintStatus
from api.rules.tenders import TenderStage, TenderStatus
from tests.procurement import awarding, samples
from tests.procurement.law import policy_set

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
_S = ComplaintStatus


@pytest.fixture
def who(as_org: AsOrg) -> awarding.Parties:
    return awarding.parties(as_org)


@pytest.fixture
def tender(who: awarding.Parties) -> Any:
    return samples.published(who.buyer)


def tick(session: Session, drain: Drain) -> None:
    """Let the clock and the workers do what is due."""
    session.rollback()
    fire_due(session, db.now(session))
    session.commit()
    drain()
    session.rollback()


def test_a_draft_is_its_authors_alone_until_it_is_submitted(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    author, other, *_ = who.suppliers
    made = awarding.drafted(author, tender)
    url = f"/v1/complaints/{made['id']}"

    assert (made["status"], made["kg_status"], made["window_end"]) == (
        "draft",
        None,
        tender["complaint_period_end"],
    )
    for stranger in (other, who.buyer, who.reviewer):
        assert stranger.get(url).status_code == 404
        assert stranger.get(f"/v1/tenders/{tender['id']}/complaints").json()["items"] == []
    assert not complaints.blocks(session, samples.tender_id(tender))
    session.rollback()

    answer = author.post(f"{url}/submit", json={})

    assert (answer.json()["status"], answer.json()["kg_status"]) == ("pending", "published")
    assert [w.get(url).status_code for w in (other, who.buyer, who.reviewer)] == [200] * 3
    assert complaints.blocks(session, samples.tender_id(tender))
    assert "complaint.submitted" in {e.type for e in session.exec(select(OutboxEvent))}


def test_only_the_author_submits_and_only_a_commission_decides(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    author, other, *_ = who.suppliers
    made = awarding.drafted(author, tender)
    url = f"/v1/complaints/{made['id']}"

    assert other.post(f"{url}/submit", json={}).status_code == 404
    awarding.submitted(author, tender)
    author.post(f"{url}/submit", json={})
    for stranger in (author, who.buyer):
        for action in ("accept", "invalidate", "decline", "stop"):
            answer = stranger.post(f"{url}/{action}", json={"rationale": "нет"})
            assert answer.status_code == 403, action
    assert other.post(f"{url}/withdraw", json={"rationale": "нет"}).status_code == 404
    found = awarding.complaint_row(session, made)
    assert (found.status, found.version) == (_S.PENDING, 2)


def test_the_window_is_half_open_and_a_draft_lapses_with_it(
    who: awarding.Parties, tender: Any, session: Session, drain: Drain
) -> None:
    author = who.suppliers[0]
    made, forgotten = awarding.drafted(author, tender), awarding.drafted(author, tender)
    row = samples.row(session, tender)
    row.complaint_period_end = db.now(session) - timedelta(microseconds=1)
    session.commit()

    late = author.post(f"/v1/complaints/{made['id']}/submit", json={})
    new = author.post(f"/v1/tenders/{tender['id']}/complaints", json=awarding.complaint())

    assert (late.status_code, late.json()["code"]) == (409, "complaint_window_closed")
    assert (new.status_code, new.json()["code"]) == (409, "complaint_window_closed")
    assert awarding.complaint_row(session, made).status is _S.DRAFT
    end = datetime.fromisoformat(forgotten["window_end"]) - db.now(session)
    awarding.advance(end / timedelta(days=1) + 0.01)
    tick(session, drain)
    assert awarding.complaint_row(session, forgotten).status is _S.MISTAKEN


def test_a_buyer_does_not_complain_of_itself_nor_anybody_of_a_foreign_lot(
    as_org: AsOrg, tender: Any, session: Session
) -> None:
    both = as_org(["buyer", "supplier"])
    own, foreign = samples.published(both), tender["lots"][0]["id"]

    answer = both.post(f"/v1/tenders/{own['id']}/complaints", json=awarding.complaint())
    wrong = both.post(
        f"/v1/tenders/{own['id']}/complaints",
        json=awarding.complaint(target="lot", lot_id=foreign),
    )
    bare = both.post(
        f"/v1/tenders/{tender['id']}/complaints", json=awarding.complaint(target="lot")
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "no_standing")
    assert (wrong.status_code, bare.status_code) == (403, 422)
    assert session.exec(select(Complaint)).all() == []


def test_a_complaint_about_terms_suspends_the_tender_until_it_is_declined(
    who: awarding.Parties, tender: Any, session: Session, drain: Drain
) -> None:
    made = awarding.submitted(who.suppliers[0], tender)
    awarding.advance(22.5)
    tick(session, drain)
    assert samples.row(session, tender).status_details is TenderStage.SUSPENDED

    awarding.accepted(who.reviewer, made)
    assert complaints.blocks(session, samples.tender_id(tender))
    declined = awarding.reviewed(who.reviewer, made, "decline")

    assert (declined["status"], declined["kg_status"]) == ("declined", "complete")
    row = samples.row(session, tender)
    assert row.status_details is TenderStage.CHANGED
    assert row.tender_period_end is not None
    assert row.tender_period_end > db.now(session)
    assert not complaints.blocks(session, row.id)


def test_terms_that_must_be_amended_hold_the_opening_until_they_are(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    made = awarding.submitted(who.suppliers[0], tender)
    awarding.accepted(who.reviewer, made)
    satisfied = awarding.reviewed(who.reviewer, made, "satisfy", effects=["amend_terms"])
    url = f"/v1/complaints/{made['id']}"
    assert [(e["kind"], e["executed_at"]) for e in satisfied["effects"]] == [("amend_terms", None)]
    assert complaints.blocks(session, samples.tender_id(tender))
    session.rollback()

    early = who.buyer.post(f"{url}/resolve", json={"rationale": "Сделано"})
    assert (early.status_code, early.json()["code"]) == (409, "effect_outstanding")
    lot = tender["lots"][0]
    amended = who.buyer.post(
        f"/v1/tenders/{tender['id']}/amend",
        json={
            "rationale": "По решению",
            "lots": [{"id": lot["id"], "items": [{"id": lot["items"][0]["id"], "quantity": "5"}]}],
        },
    )
    assert amended.status_code == 200, amended.text
    resolved = who.buyer.post(f"{url}/resolve", json={"rationale": "Сделано"}).json()

    assert resolved["status"] == "resolved"
    assert resolved["effects"][0]["result"] == {"amendment": 1}
    assert not complaints.blocks(session, samples.tender_id(tender))


def test_a_satisfied_complaint_can_extend_the_period_and_cancel_the_tender(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    first, second = (awarding.submitted(s, tender) for s in who.suppliers[:2])
    row = samples.row(session, tender)
    row.tender_period_start = db.now(session) - timedelta(days=9)
    row.tender_period_end = end = db.now(session) + timedelta(hours=1)
    session.commit()

    awarding.accepted(who.reviewer, first)
    extended = awarding.reviewed(who.reviewer, first, "satisfy", effects=["extend_period"])

    row = samples.row(session, tender)
    assert row.tender_period_end is not None
    assert row.tender_period_end > end + timedelta(days=4)
    assert extended["effects"][0]["result"] == {
        "tender_period_end": row.tender_period_end.isoformat()
    }
    awarding.accepted(who.reviewer, second)
    awarding.reviewed(who.reviewer, second, "satisfy", effects=["cancel_tender"])
    row = samples.row(session, tender)
    assert (row.status, row.cancellation_reason) == (TenderStatus.CANCELLED, "Решение")
    shown = who.buyer.get(f"/v1/tenders/{tender['id']}").json()
    assert {lot["status"] for lot in shown["lots"]} == {"cancelled"}


@pytest.mark.parametrize(
    "effects", [["cancel_award"], ["no_effect", "extend_period"], ["amend_terms", "amend_terms"]]
)
def test_effects_that_do_not_fit_are_refused_and_nothing_is_decided(
    who: awarding.Parties, tender: Any, session: Session, effects: list[str]
) -> None:
    made = awarding.submitted(who.suppliers[0], tender)
    awarding.accepted(who.reviewer, made)

    answer = who.reviewer.post(
        f"/v1/complaints/{made['id']}/satisfy", json={"rationale": "x", "effects": effects}
    )

    assert answer.status_code == 422
    assert samples.pointers(answer)[0].startswith("#/effects/")
    assert awarding.complaint_row(session, made).status is _S.ACCEPTED
    assert session.exec(select(ComplaintEffect)).all() == []


ACTIONS = ("submit", "discard", "accept", "invalidate", "decline", "satisfy", "stop", "resolve")


@pytest.mark.parametrize("status", [s for s in _S if s is not _S.MISTAKEN])
def test_every_step_out_of_turn_is_refused_and_changes_nothing(
    who: awarding.Parties, tender: Any, session: Session, status: ComplaintStatus
) -> None:
    author = who.suppliers[0]
    made = awarding.drafted(author, tender)
    row = awarding.complaint_row(session, made)
    row.status, row.submitted_at, row.reviewer_id = status, db.now(session), who.reviewer.org_id
    session.commit()
    for action in ACTIONS:
        if action in COMPLAINT.allowed(status):
            continue
        by = {"submit": author, "discard": author, "resolve": who.buyer}.get(action, who.reviewer)
        body: dict[str, Any] = {} if action == "submit" else {"rationale": "x"}
        if action == "satisfy":
            body["effects"] = ["no_effect"]
        answer = by.post(f"/v1/complaints/{made['id']}/{action}", json=body)
        assert answer.status_code in (404, 409), (action, answer.text)
    found = awarding.complaint_row(session, made)
    assert (found.status, found.version) == (status, row.version)
    assert session.exec(select(ComplaintDecision)).all() == []


def test_another_commission_does_not_decide_what_one_has_accepted(
    who: awarding.Parties, tender: Any, as_org: AsOrg, session: Session
) -> None:
    made = awarding.submitted(who.suppliers[0], tender)
    awarding.accepted(who.reviewer, made)

    answer = as_org(["reviewer"]).post(
        f"/v1/complaints/{made['id']}/decline", json={"rationale": "x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_reviewer")
    assert awarding.complaint_row(session, made).status is _S.ACCEPTED


def test_an_author_takes_an_accepted_complaint_back(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    author = who.suppliers[0]
    made = awarding.submitted(author, tender)
    url = f"/v1/complaints/{made['id']}/withdraw"
    assert author.post(url, json={"rationale": "Ошибка"}).status_code == 409
    awarding.accepted(who.reviewer, made)

    answer = author.post(url, json={"rationale": "Ошибка"})

    assert (answer.json()["status"], answer.json()["kg_status"]) == ("stopped", "withdrawn")
    assert not complaints.blocks(session, samples.tender_id(tender))


def test_letters_pass_between_the_reviewer_and_the_sides_and_nobody_else_reads_them(
    who: awarding.Parties, tender: Any, session: Session
) -> None:
    author, stranger, *_ = who.suppliers
    made = awarding.submitted(author, tender)
    url = f"/v1/complaints/{made['id']}/posts"
    to = {
        name: f"organisation_{org.org_id.hex}"
        for name, org in (("author", author), ("buyer", who.buyer), ("reviewer", who.reviewer))
    }

    def write(by: Any, recipient: str) -> int:
        answer = by.post(url, json={"recipient_id": to[recipient], "text": "Поясните"})
        return int(answer.status_code)

    assert write(who.buyer, "reviewer") == 409
    awarding.accepted(who.reviewer, made)
    assert write(who.reviewer, "author") == 201
    assert write(author, "reviewer") == 201
    assert write(author, "buyer") == 422
    assert write(stranger, "reviewer") == 404
    for side in (author, who.buyer, who.reviewer):
        assert [p["number"] for p in side.get(url).json()["items"]] == [1, 2]
    assert stranger.get(url).status_code == 404
    with pytest.raises(DBAPIError, match="append-only"):
        session.connection().exec_driver_sql("UPDATE complaint_post SET text = ''")
    session.rollback()


def test_a_review_that_takes_too_long_is_shown_and_decides_nothing(
    who: awarding.Parties, tender: Any, session: Session, drain: Drain
) -> None:
    made = awarding.submitted(who.suppliers[0], tender)
    assert made["review_due_at"] is not None
    awarding.advance(17)
    tick(session, drain)

    found = who.buyer.get(f"/v1/complaints/{made['id']}").json()

    assert found["overdue_at"] is not None
    assert found["status"] == "pending"
    assert ComplaintStatus(found["status"]) in OPEN
    awarding.accepted(who.reviewer, made)
    awarding.reviewed(who.reviewer, made, "decline")
    due = {d.kind for d in session.exec(select(Deadline)) if d.fired_at is None}
    assert "complaint.review_due" not in due


def test_a_fee_of_the_policy_must_have_been_paid(as_org: AsOrg, session: Session) -> None:
    operator, author = as_org(["operator"]), as_org(["supplier"])
    buyer = as_org(["buyer"], country="KZ")
    law = policy_set(
        complaint_fee={"rate_bp": 30, "minimum": 2000, "maximum": 85000, "currency": "KGS"},
        tender_complaint_closes_before={"days": 3, "unit": "calendar", "rounding": "none"},
    )
    assert operator.post("/v1/policy-sets", json=law).status_code == 201
    tender = samples.published(buyer, value={"amount": "6700000", "currency": "KGS"})
    made = awarding.drafted(author, tender)
    url = f"/v1/complaints/{made['id']}/submit"

    assert (made["fee_amount"], made["fee_currency"]) == ("20100", "KGS")
    unpaid = author.post(url, json={})
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "fee_unpaid")
    assert awarding.complaint_row(session, made).status is _S.DRAFT
    paid = author.post(url, json={"fee_reference": "PAY-1"})
    assert (paid.json()["status"], paid.json()["fee_reference"]) == ("pending", "PAY-1")


def test_a_cancellation_can_be_complained_about_for_as_long_as_the_policy_says(
    who: awarding.Parties, tender: Any
) -> None:
    author = who.suppliers[0]
    early = author.post(
        f"/v1/tenders/{tender['id']}/complaints", json=awarding.complaint(target="cancellation")
    )
    assert early.json()["code"] == "complaint_window_closed"
    assert (
        who.buyer.post(
            f"/v1/tenders/{tender['id']}/cancel", json={"reason": "Нет средств"}
        ).status_code
        == 200
    )

    made = awarding.submitted(author, tender, target="cancellation")
    awarding.advance(7)
    late = who.suppliers[1].post(
        f"/v1/tenders/{tender['id']}/complaints", json=awarding.complaint(target="cancellation")
    )

    assert made["status"] == "pending"
    assert late.json()["code"] == "complaint_window_closed"


def test_an_award_is_complained_about_by_a_bidder_and_falls_by_the_decision(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    award = awarding.awarded(case)
    loser, reviewer = case.parties.suppliers[1], case.parties.reviewer
    stranger = as_org(["supplier"])
    body = awarding.complaint(target="award", award_id=award["id"])
    url = f"/v1/tenders/{case.tender['id']}/complaints"
    assert stranger.post(url, json=body).json()["code"] == "no_standing"

    made = awarding.submitted(loser, case.tender, target="award", award_id=award["id"])
    assert made["window_end"] == award["standstill_end"]
    assert not complaints.blocks(session, samples.tender_id(case.tender))
    session.rollback()
    awarding.accepted(reviewer, made)
    found = awarding.reviewed(reviewer, made, "satisfy", effects=["cancel_award"])

    first, second = awarding.awards_of(session, case)
    assert first.status is AwardStatus.CANCELLED
    assert first.cancellation_cause == "complaint"
    assert (second.status, second.rank, second.suppliers) == (
        AwardStatus.PENDING,
        2,
        [loser.org_id],
    )
    assert second.proposed_by is None
    assert found["effects"][0]["result"] == {"award": first.id.hex, "next_award": second.id.hex}
    assert awarding.stage(session, case) is TenderStage.EVALUATION_RESULTS_PENDING
    again = reviewer.post(
        f"/v1/complaints/{made['id']}/satisfy",
        json={"rationale": "x", "effects": ["cancel_award"]},
    )
    assert again.status_code == 409
    assert len(awarding.awards_of(session, case)) == 2


def test_an_evaluation_that_must_be_repeated_leads_back_to_the_opened_bids(
    as_org: AsOrg, session: Session
) -> None:
    case = awarding.ranked(session, as_org)
    award = awarding.awarded(case)
    made = awarding.submitted(
        case.parties.suppliers[1], case.tender, target="award", award_id=award["id"]
    )
    awarding.accepted(case.parties.reviewer, made)
    awarding.reviewed(
        case.parties.reviewer, made, "satisfy", effects=["cancel_award", "repeat_evaluation"]
    )

    (fallen,) = awarding.awards_of(session, case)
    assert (fallen.status, fallen.bid_returned) == (AwardStatus.CANCELLED, True)
    assert awarding.stage(session, case) is TenderStage.BIDS_OPENED
    early = case.parties.buyer.post(
        f"/v1/tenders/{case.tender['id']}/awards", json={"lot_id": case.lot, "reason": "x"}
    )
    assert early.status_code == 409
    row = awarding.tender_row(session, case)
    row.status_details = TenderStage.EVALUATION_COMPLETE
    awarding.evaluated(session, case.tender, [fallen.bid_id])
    session.commit()
    assert awarding.proposed(case)["rank"] == 1
