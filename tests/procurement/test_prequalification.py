"""Prequalification over HTTP: applications, decisions, results, invitations, and every refusal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, func, select

from api.core import db, ids
from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from api.matching.models import DemandItem
from api.opendata.models import OcdsRecord, OcdsRelease
from api.procurement import service as procurement
from api.procurement.models import Bid, Qualification, Submission, SubmissionTenderer
from api.procurement.service import prequalification
from api.rules.prequalification import QualificationStatus, SubmissionStatus
from tests.procurement import awarding, bidding, prequalifying, samples
from tests.procurement.law import policy_set
from tests.procurement.prequalifying import REASON, Case

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
_Q = QualificationStatus


@pytest.fixture
def case(as_org: AsOrg) -> Case:
    return prequalifying.published(as_org)


def rows[R](session: Session, model: type[R]) -> list[R]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model))]


def refused(answer: Any, code: str) -> None:
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code in (403, 404, 409, 422)


def test_a_restricted_tender_lives_from_the_application_to_the_award(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = prequalifying.published(as_org, holders=None)
    made = case.tender
    assert (made["status"], made["status_details"], made["procurement_method"]) == (
        "active",
        "prequalification",
        "selective",
    )
    assert {lot["status"] for lot in made["lots"]} == {"active"}
    first, second, third = case.suppliers
    for supplier, years in zip(case.suppliers, (5, 7, 4), strict=True):
        prequalifying.applied(case, supplier, years)
    assert case.buyer.get(f"{case.url}/submissions").json()["items"] == []
    assert case.buyer.get(f"{case.url}/prequalification").json()["candidate_count"] is None

    prequalifying.closed(case, drain)

    assert case.tender["status_details"] == "qualificationPending"
    shown = case.buyer.get(f"{case.url}/submissions").json()["items"]
    assert len(shown) == 3
    read = case.buyer.get(f"/v1/submissions/{shown[0]['id']}").json()
    assert [each["fulfils"] for each in read["requirement_responses"]] == [True, True]
    for n, supplier in enumerate(case.suppliers):
        prequalifying.decided(case, supplier, qualified=n < 2)
        (own,) = supplier.get("/v1/submissions").json()["items"]
        assert supplier.get(f"/v1/submissions/{own['id']}").json()["qualification"] is None
    told = prequalifying.announced(case)
    assert told["status_details"] == "prequalificationStandstill"
    (own,) = third.get(f"{case.url}/qualifications").json()["items"]
    assert (own["status"], own["standstill_end"]) == (
        "unsuccessful",
        told["prequalification_standstill_end"],
    )
    assert [f["met"] for f in own["findings"]] == [False, True]

    opened = prequalifying.invited(case, drain)

    assert opened["status_details"] == "published"
    assert opened["tender_period_end"] == made["tender_period_end"]
    assert datetime.fromisoformat(opened["tender_period_start"]) <= db.now(session)
    assert [
        each.get(f"{case.url}/prequalification").json()["invited"] for each in case.suppliers
    ] == [True, True, False]
    handed = [
        bidding.submit(case.bidding, supplier, price)
        for supplier, price in ((first, "9850.00"), (second, "9900.00"))
    ]
    finished = bidding.finished(case.bidding, handed)
    assert {bid["status_details"] for bid in finished.bids} == {"opened"}
    lot = made["lots"][0]["id"]
    draft = case.buyer.post(f"{case.url}/lots/{lot}/evaluations").json()
    assert case.chief.post(f"/v1/evaluations/{draft['id']}/complete").status_code == 200
    award = case.buyer.post(f"{case.url}/awards", json={"lot_id": lot, **REASON}).json()
    assert award["suppliers"] == [ids.show("organisation", first.org_id)]
    approved = case.chief.post(f"/v1/awards/{award['id']}/approve", json=REASON)
    assert approved.json()["status"] == "active"
    record = session.exec(select(OcdsRecord)).one().compiled
    assert {s["status"] for s in record["submissions"]["details"]} == {"valid", "disqualified"}
    assert [q["status"] for q in record["qualifications"]].count("active") == 2


def test_candidates_are_named_to_the_public_only_when_bids_are_opened(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = prequalifying.bidding_case(as_org, drain, holders=None)
    names = {each.org_id.hex for each in case.suppliers}
    releases = sorted(rows(session, OcdsRelease), key=lambda each: each.number)
    stages = [each.body.decode().split('"statusDetails":"')[1].split('"')[0] for each in releases]
    assert stages == [
        "prequalification",
        "qualificationPending",
        "prequalificationStandstill",
        "published",
    ]
    parties = session.exec(select(OcdsRecord)).one().compiled["parties"]
    assert len(parties) == 1
    told = session.exec(select(OcdsRecord)).one().compiled["preQualification"]
    assert (told["minimumCandidates"], "endDate" in told["standstillPeriod"]) == (2, True)
    stranger = as_org(["supplier"])
    assert stranger.get(f"{case.url}/qualifications").json()["items"] == []
    shown = stranger.get(f"{case.url}/prequalification").json()
    assert (shown["candidate_count"], shown["candidates"]) == (None, None)
    trail = session.exec(
        select(AuditEntry).where(AuditEntry.stream == f"tender:{case.bidding.uuid.hex}")
    ).all()
    assert not [e for e in trail if any(name in str(e.change) for name in names)]
    for supplier in case.suppliers[:2]:
        bidding.submit(case.bidding, supplier)
    bidding.finished(case.bidding, [])
    shown = stranger.get(f"{case.url}/prequalification").json()
    assert shown["candidate_count"] == 3
    (one,) = [
        each
        for each in stranger.get(f"{case.url}/submissions").json()["items"]
        if each["supplier_id"] == ids.show("organisation", case.suppliers[2].org_id)
    ]
    read = stranger.get(f"/v1/submissions/{one['id']}").json()
    assert (read["requirement_responses"], read["documents"]) == (None, None)


def test_another_organisation_knows_nothing_of_an_application_or_a_decision(
    as_org: AsOrg, case: Case, drain: Drain, session: Session
) -> None:
    first, other, third = case.suppliers
    made = prequalifying.applied(case, first)
    prequalifying.applied(case, other)
    url = f"/v1/submissions/{made['id']}"
    strangers = (other, case.buyer, as_org(["operator"]), as_org(["reviewer"]))
    for stranger in strangers:
        assert stranger.get(url).status_code == 404
    for action in ("replace", "withdraw", "confirm", "join", "leave"):
        body = {"json": prequalifying.content(9)} if action == "replace" else {}
        assert other.post(f"{url}/{action}", **body).status_code == 404, action
    row = session.get_one(Submission, ids.parse("submission", made["id"]))
    assert (row.version, row.status) == (1, SubmissionStatus.PENDING)
    prequalifying.closed(case, drain)
    found = prequalifying.pending(case, first)
    foreign = as_org(["buyer"])
    for action in ("approve", "reject", "correct", "propose"):
        body = REASON if action != "propose" else {
            **REASON, "findings": prequalifying.findings()
        }  # fmt: skip
        url = f"/v1/qualifications/{found['id']}/{action}"
        assert foreign.post(url, json=body).status_code == 404
        assert other.post(url, json=body).status_code == 403
    assert foreign.post(f"{case.url}/announce-qualifications").status_code == 404
    for stranger in (first, other, foreign, third):
        assert stranger.get(f"/v1/qualifications/{found['id']}").status_code == 404
    assert {q.status for q in rows(session, Qualification)} == {_Q.PENDING}
    with db.unit_of_work(other.org_id) as narrow:
        seen = narrow.exec(select(Submission.supplier_id)).all()
        assert [*seen] == [other.org_id]
        assert narrow.exec(select(Qualification)).all() == []


@pytest.mark.parametrize(
    ("changed", "terms", "pointer", "code"),
    [
        ({"prequalification_period_end": None}, prequalifying.TERMS, "prequalification", "missing"),
        ({}, {"criteria": []}, "criteria", "missing"),
        ({"procedure": "open"}, prequalifying.TERMS, "prequalification", "no_prequalification"),
    ],
)
def test_what_a_prequalification_lacks_or_has_no_place_for_keeps_a_tender_a_draft(
    as_org: AsOrg,
    session: Session,
    changed: dict[str, Any],
    terms: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    buyer = as_org(["buyer"])
    fields = {"procedure": "restricted", **prequalifying.periods(), **changed}
    draft = samples.drafted(buyer, **{k: v for k, v in fields.items() if v is not None})
    url = f"/v1/tenders/{draft['id']}"
    assert buyer.request("PUT", f"{url}/submission-terms", json=terms).status_code == 200

    answer = buyer.post(f"{url}/publish")

    refused(answer, "procedure_not_allowed")
    assert any(e["code"] == code and pointer in e["pointer"] for e in answer.json()["errors"])
    assert samples.row(session, draft).policy is None


def test_the_time_to_apply_and_the_tender_period_have_their_least_length(
    as_org: AsOrg, session: Session
) -> None:
    buyer = as_org(["buyer"])
    late = samples.day(200)
    draft = samples.drafted(
        buyer,
        procedure="restricted",
        prequalification_period_end=samples.in_days(20),
        tender_period_end=samples.in_days(60),
        lots=[samples.lot(delivery_period_start=None, delivery_period_end=late)],
    )
    url = f"/v1/tenders/{draft['id']}"
    buyer.request("PUT", f"{url}/submission-terms", json=prequalifying.TERMS)
    early = buyer.post(f"{url}/publish")
    refused(early, "tender_period_too_short")
    assert samples.pointers(early) == ["#/prequalification_period_end"]
    ends = {
        "prequalification_period_end": samples.in_days(23),
        "tender_period_end": samples.in_days(43),
    }
    assert buyer.patch(url, json=ends).status_code == 200
    early = buyer.post(f"{url}/publish")
    refused(early, "tender_period_too_short")
    assert samples.pointers(early) == ["#/tender_period_end"]
    assert samples.row(session, draft).published_at is None
    reversed_ = buyer.patch(url, json={"prequalification_period_end": samples.in_days(50)})
    assert (reversed_.status_code, samples.pointers(reversed_)) == (422, ["#/tender_period_end"])


def test_an_application_is_replaced_and_withdrawn_until_the_deadline_and_not_after(
    case: Case, drain: Drain, session: Session
) -> None:
    first, second, _ = case.suppliers
    made, kept = prequalifying.applied(case, first), prequalifying.applied(case, second)
    url = f"/v1/submissions/{made['id']}"
    stale = first.post(f"{url}/withdraw", headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    again = first.post(f"{url}/replace", json=prequalifying.content(9))
    assert (again.json()["version"], again.json()["requirement_responses"][0]["value"]) == (2, 9)
    refused(
        first.post(f"{case.url}/submissions", json=prequalifying.content()), "submission_exists"
    )
    assert first.post(f"{url}/withdraw").json()["status"] == "withdrawn"
    refused(first.post(f"{url}/replace", json=prequalifying.content()), "conflict")
    anew = prequalifying.applied(case, first, 8)
    end = datetime.fromisoformat(case.tender["prequalification_period_end"])
    bidding.advance(end.astimezone(UTC))
    before = {s.id: (s.version, s.status) for s in rows(session, Submission)}

    for answer in (
        first.post(f"/v1/submissions/{anew['id']}/replace", json=prequalifying.content(1)),
        first.post(f"/v1/submissions/{anew['id']}/withdraw"),
        second.post(f"/v1/submissions/{kept['id']}/confirm"),
        case.suppliers[2].post(f"{case.url}/submissions", json=prequalifying.content()),
    ):
        refused(answer, "application_period_ended")
    assert {s.id: (s.version, s.status) for s in rows(session, Submission)} == before
    prequalifying.tick(drain)
    opened = {s.id for s in rows(session, Submission) if s.opened_at is not None}
    assert opened == {ids.parse("submission", each["id"]) for each in (anew, kept)}


def test_unfit_applications_are_refused_by_field_and_leave_nothing(
    as_org: AsOrg, case: Case, session: Session
) -> None:
    supplier, url = case.suppliers[0], f"{case.url}/submissions"
    wrong = prequalifying.content()
    wrong["requirement_responses"][0]["value"] = "five"
    answer = supplier.post(url, json=wrong)
    refused(answer, "submission_unfit")
    assert samples.pointers(answer) == ["#/requirement_responses/0"]
    missing = {"requirement_responses": prequalifying.content()["requirement_responses"][:1]}
    refused(supplier.post(url, json=missing), "submission_unfit")
    twice = prequalifying.content()
    twice["requirement_responses"] *= 2
    assert supplier.post(url, json=twice).status_code == 422
    refused(case.buyer.post(url, json=prequalifying.content()), "forbidden")
    both = as_org(["buyer", "supplier"])
    own = prequalifying.published(lambda roles, **_: both if roles == ["buyer"] else as_org(roles))
    refused(both.post(f"{own.url}/submissions", json=prequalifying.content()), "own_tender")
    open_tender = samples.published(case.buyer)
    at = f"/v1/tenders/{open_tender['id']}"
    refused(supplier.post(f"{at}/submissions", json=prequalifying.content()), "no_prequalification")
    refused(supplier.get(f"{at}/prequalification"), "no_prequalification")
    unknown = {**prequalifying.content(), "tenderers": ["organisation_" + "0" * 32]}
    assert supplier.post(url, json=unknown).status_code == 409
    assert rows(session, Submission) == []
    assert rows(session, SubmissionTenderer) == []


def debar(as_org: AsOrg, supplier: Any) -> None:
    body = {"until": samples.day(400), "reason": "Отказ", "source": "Решение 7"}
    url = f"/v1/organisations/{ids.show('organisation', supplier.org_id)}/debar"
    answer = as_org(["operator"]).post(url, json=body)
    assert answer.status_code == 200, answer.text


def test_a_debarred_supplier_neither_applies_nor_joins_and_is_not_invited(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = prequalifying.published(as_org, suppliers=4)
    first, second, third, member = case.suppliers
    prequalifying.applied(case, first)
    prequalifying.applied(case, second)
    with_member = prequalifying.applied(case, third, tenderers=[member])
    join = f"/v1/submissions/{with_member['id']}/join"
    joined = member.post(join)
    assert joined.status_code == 200, joined.text
    late = as_org(["supplier"])
    debar(as_org, late)
    refused(late.post(f"{case.url}/submissions", json=prequalifying.content()), "supplier_debarred")
    assert len(rows(session, Submission)) == 3
    prequalifying.closed(case, drain)
    for each in (first, second, third):
        prequalifying.decided(case, each)
    prequalifying.announced(case)
    debar(as_org, member)

    made = prequalifying.invited(case, drain)

    assert made["status_details"] == "published"
    found = {q.supplier_id: q for q in rows(session, Qualification)}
    assert (found[third.org_id].status, found[third.org_id].cancellation_cause) == (
        _Q.CANCELLED,
        "debarment",
    )
    assert found[first.org_id].invited_at is not None
    body = {"envelopes": [{"kind": "price", "id": "a", "version": 1,
                           "content": bidding.content(case.tender)}]}  # fmt: skip
    refused(third.post(f"{case.url}/bids", json=body), "not_invited")
    assert rows(session, Bid) == []


def test_only_the_invited_bid_or_ask_and_only_with_those_who_qualified_with_them(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = prequalifying.published(as_org)
    first, second, third = case.suppliers
    member = as_org(["supplier"])
    made = prequalifying.applied(case, first, tenderers=[member])
    assert member.post(f"/v1/submissions/{made['id']}/join").status_code == 200
    refused(
        member.post(f"{case.url}/submissions", json=prequalifying.content()), "submission_exists"
    )
    prequalifying.applied(case, second)
    envelope = {"kind": "price", "id": "a", "version": 1, "content": bidding.content(case.tender)}
    body: dict[str, Any] = {"envelopes": [envelope], "tenderers": []}
    refused(first.post(f"{case.url}/bids", json=body), "tender_period_not_started")
    prequalifying.closed(case, drain)
    for each in (first, second):
        prequalifying.decided(case, each)
    prequalifying.announced(case)
    refused(first.post(f"{case.url}/bids", json=body), "tender_period_not_started")
    prequalifying.invited(case, drain)

    question = {"title": {"ru": "Размер"}, "description": {"ru": "Какая высота?"}}
    for stranger in (third, member, as_org(["supplier"])):
        refused(stranger.post(f"{case.url}/bids", json=body), "not_invited")
        refused(stranger.post(f"{case.url}/enquiries", json=question), "not_invited")
    other = {**body, "tenderers": [ids.show("organisation", third.org_id)]}
    refused(first.post(f"{case.url}/bids", json=other), "not_invited")
    assert rows(session, Bid) == []
    with_member = {**body, "tenderers": [ids.show("organisation", member.org_id)]}
    assert first.post(f"{case.url}/bids", json=with_member).status_code == 201
    assert second.post(f"{case.url}/enquiries", json=question).status_code == 201


def test_a_decision_follows_from_findings_and_is_taken_by_another(
    case: Case, drain: Drain, session: Session
) -> None:
    weak, strong, _ = case.suppliers
    prequalifying.applied(case, weak, 1)
    prequalifying.applied(case, strong)
    prequalifying.closed(case, drain)
    found = prequalifying.pending(case, weak)
    url = f"/v1/qualifications/{found['id']}"
    refused(case.chief.post(f"{url}/approve", json=REASON), "qualification_not_proposed")

    def propose(findings: list[dict[str, Any]]) -> Any:
        return case.buyer.post(f"{url}/propose", json={**REASON, "findings": findings})

    against = propose(prequalifying.findings())
    refused(against, "findings_unfit")
    assert samples.pointers(against) == ["#/findings/0/met"]
    silent = prequalifying.findings(years=False)
    silent[0]["reason"] = None
    assert samples.pointers(propose(silent)) == ["#/findings/0/reason"]
    assert samples.pointers(propose(prequalifying.findings(years=False)[:1])) == ["#/findings"]
    (row,) = [q for q in rows(session, Qualification) if q.supplier_id == weak.org_id]
    assert (row.version, row.proposed_by, row.findings) == (1, None, [])
    assert propose(prequalifying.findings(years=False)).status_code == 200
    refused(case.buyer.post(f"{url}/reject", json=REASON), "four_eyes")
    unmet = case.chief.post(f"{url}/approve", json=REASON)
    refused(unmet, "criteria_unmet")
    assert samples.pointers(unmet) == ["#/criteria/experience"]
    refused(case.chief.post(f"{case.url}/announce-qualifications"), "qualifications_pending")
    prequalifying.proposed(case, strong)
    met = prequalifying.pending(case, strong)["id"]
    refused(case.chief.post(f"/v1/qualifications/{met}/reject", json=REASON), "criteria_unmet")
    assert {q.status for q in rows(session, Qualification)} == {_Q.PENDING}
    assert case.chief.post(f"{url}/reject", json=REASON).json()["status"] == "unsuccessful"
    refused(case.chief.post(f"{url}/approve", json=REASON), "conflict")


def test_a_decision_is_corrected_until_it_is_announced_and_never_altered_after(
    case: Case, drain: Drain, session: Session
) -> None:
    first, second, _ = case.suppliers
    for each in (first, second):
        prequalifying.applied(case, each)
    prequalifying.closed(case, drain)
    wrong = prequalifying.decided(case, first, qualified=False)
    again = case.chief.post(f"/v1/qualifications/{wrong['id']}/correct", json=REASON).json()
    assert (again["status"], again["findings"]) == ("pending", [])
    prequalifying.decided(case, first)
    prequalifying.decided(case, second)
    prequalifying.announced(case)
    (own,) = first.get(f"{case.url}/qualifications").json()["items"]

    refused(
        case.chief.post(f"/v1/qualifications/{own['id']}/correct", json=REASON),
        "already_announced",
    )
    row = session.get_one(Qualification, ids.parse("qualification", own["id"]))
    assert (row.status, row.version) == (_Q.ACTIVE, own["version"])
    session.rollback()
    with pytest.raises(DBAPIError, match="never altered"):
        session.connection().exec_driver_sql("UPDATE qualification SET decision = 'other'")
    session.rollback()


def test_the_commission_declares_before_it_sees_applications(
    case: Case, drain: Drain, session: Session
) -> None:
    client = case.chief.get("/v1/clients").json()["items"]
    named = [each["id"] for each in client]
    for each in named[:1]:
        body = {"client_id": each, "name": "Председатель", "role": "chair"}
        assert case.buyer.post(f"{case.url}/commission-members", json=body).status_code == 201
    for supplier in case.suppliers[:2]:
        made = prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)

    for actor in (case.buyer, case.chief):
        refused(actor.get(f"{case.url}/submissions"), "conflict_of_interest_undeclared")
        refused(actor.get(f"/v1/submissions/{made['id']}"), "conflict_of_interest_undeclared")
        refused(actor.get(f"{case.url}/qualifications"), "conflict_of_interest_undeclared")
    (first, _) = rows(session, Qualification)
    url = f"/v1/qualifications/{ids.show('qualification', first.id)}"
    body = {**REASON, "findings": prequalifying.findings()}
    refused(case.buyer.post(f"{url}/propose", json=body), "conflict_of_interest_undeclared")
    refused(
        case.buyer.post(f"{case.url}/announce-qualifications"), "conflict_of_interest_undeclared"
    )
    assert {q.version for q in rows(session, Qualification)} == {1}


@pytest.mark.parametrize("candidates", [0, 1])
def test_too_few_applications_end_the_tender_with_the_reason(
    case: Case, drain: Drain, session: Session, candidates: int
) -> None:
    for supplier in case.suppliers[:candidates]:
        prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)

    made = case.tender

    assert (made["status"], made["unsuccessful_reason"]) == ("unsuccessful", "tooFewApplications")
    assert {lot["status"] for lot in made["lots"]} == {"unsuccessful"}
    told = session.exec(select(OcdsRecord)).one().compiled
    assert told["preQualification"]["unsuccessfulReason"] == "tooFewApplications"
    assert len(told.get("submissions", {}).get("details", ())) == candidates


def test_too_few_qualified_end_the_tender_after_their_time_to_complain(
    case: Case, drain: Drain
) -> None:
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)
    prequalifying.decided(case, case.suppliers[0])
    prequalifying.decided(case, case.suppliers[1], qualified=False)
    prequalifying.announced(case)
    assert case.tender["status"] == "active"

    made = prequalifying.invited(case, drain)

    assert (made["status"], made["unsuccessful_reason"]) == ("unsuccessful", "tooFewQualified")


def complained(case: Case, supplier: Any) -> Any:
    (own,) = supplier.get(f"{case.url}/qualifications").json()["items"]
    body = awarding.complaint(target="qualification", qualification_id=own["id"])
    made = supplier.post(f"{case.url}/complaints", json=body)
    assert made.status_code == 201, made.text
    answer = supplier.post(f"/v1/complaints/{made.json()['id']}/submit", json={})
    assert answer.json()["status"] == "pending", answer.text
    return answer.json()


@pytest.fixture
def standing(case: Case, drain: Drain) -> Case:
    """Announced results: two have qualified, the third has not."""
    for supplier in case.suppliers:
        prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)
    for n, supplier in enumerate(case.suppliers):
        prequalifying.decided(case, supplier, qualified=n < 2)
    prequalifying.announced(case)
    return case


def test_a_complaint_about_a_qualification_keeps_everybody_from_being_invited(
    as_org: AsOrg, standing: Case, drain: Drain, session: Session
) -> None:
    case, third, reviewer = standing, standing.suppliers[2], as_org(["reviewer"])
    made = complained(case, third)
    assert prequalifying.invited(case, drain)["status_details"] == "prequalificationStandstill"
    awarding.accepted(reviewer, made)
    satisfied = awarding.reviewed(reviewer, made, "satisfy", effects=["cancel_qualification"])

    assert satisfied["effects"][0]["result"]["next_qualification"]
    assert case.tender["status_details"] == "qualificationPending"
    fallen = [q for q in rows(session, Qualification) if q.status is _Q.CANCELLED]
    assert [(q.supplier_id, q.cancellation_cause) for q in fallen] == [(third.org_id, "complaint")]
    drain()
    assert case.tender["status_details"] == "qualificationPending"
    prequalifying.decided(case, third)
    prequalifying.announced(case)
    assert prequalifying.invited(case, drain)["status_details"] == "published"
    assert third.get(f"{case.url}/prequalification").json()["invited"]


def test_a_declined_complaint_lets_the_invitations_go_at_once(
    as_org: AsOrg, standing: Case, drain: Drain
) -> None:
    reviewer, made = as_org(["reviewer"]), complained(standing, standing.suppliers[2])
    prequalifying.invited(standing, drain)
    awarding.accepted(reviewer, made)
    awarding.reviewed(reviewer, made, "decline")
    drain()
    assert standing.tender["status_details"] == "published"
    assert not standing.suppliers[2].get(f"{standing.url}/prequalification").json()["invited"]


def test_only_candidates_complain_of_what_they_may_see_and_in_time(
    as_org: AsOrg, standing: Case, session: Session
) -> None:
    first, _, third = standing.suppliers
    (own,) = third.get(f"{standing.url}/qualifications").json()["items"]
    body = awarding.complaint(target="qualification", qualification_id=own["id"])
    url = f"{standing.url}/complaints"
    for stranger in (as_org(["supplier"]), first):
        answer = stranger.post(url, json=body)
        assert (answer.status_code, samples.pointers(answer)) == (422, ["#/qualification_id"])
    bare = awarding.complaint(target="qualification")
    assert third.post(url, json=bare).status_code == 422
    end = datetime.fromisoformat(own["standstill_end"])
    bidding.advance(end.astimezone(UTC))
    refused(third.post(url, json=body), "complaint_window_closed")
    assert third.get(url).json()["items"] == []


def test_a_pending_cancellation_keeps_everybody_from_being_invited(
    standing: Case, drain: Drain
) -> None:
    end = datetime.fromisoformat(standing.tender["prequalification_standstill_end"])
    bidding.advance(end.astimezone(UTC) - timedelta(hours=1))
    asked = standing.buyer.post(f"{standing.url}/cancel", json={"reason": "Нет средств"})
    assert asked.status_code == 200, asked.text
    assert prequalifying.invited(standing, drain)["status_details"] == "prequalificationStandstill"
    (one,) = standing.buyer.get(f"{standing.url}/cancellations").json()["items"]
    assert standing.buyer.post(f"/v1/cancellations/{one['id']}/withdraw").status_code == 200
    drain()
    assert standing.tender["status_details"] == "published"


def test_changed_criteria_give_more_time_and_want_to_be_confirmed(
    case: Case, drain: Drain, session: Session
) -> None:
    first, second, third = case.suppliers
    made = [prequalifying.applied(case, each) for each in case.suppliers]
    end = datetime.fromisoformat(case.tender["prequalification_period_end"])
    bidding.advance(end.astimezone(UTC) - timedelta(days=1))
    years = {**prequalifying.YEARS}
    years["requirement_groups"] = [
        {
            **prequalifying.YEARS["requirement_groups"][0],
            "requirements": [
                {
                    **prequalifying.YEARS["requirement_groups"][0]["requirements"][0],
                    "min_value": 2,
                }
            ],
        }
    ]
    body = {"rationale": "Смягчено", "criteria": [years, prequalifying.LICENCE]}
    amended = case.buyer.post(f"{case.url}/amend", json=body)

    assert amended.status_code == 200, amended.text
    now = amended.json()
    assert now["status_details"] == "prequalification"
    moved = datetime.fromisoformat(now["prequalification_period_end"])
    assert moved >= end + timedelta(days=4)
    assert datetime.fromisoformat(now["tender_period_end"]) >= moved + timedelta(days=21)
    assert first.post(f"/v1/submissions/{made[0]['id']}/confirm").json()["amendment"] == 1
    refused(first.post(f"/v1/submissions/{made[0]['id']}/confirm"), "conflict")
    again = second.post(f"/v1/submissions/{made[1]['id']}/replace", json=prequalifying.content(2))
    assert again.json()["amendment"] == 1
    shorter = {"rationale": "Раньше", "prequalification_period_end": end.isoformat()}
    refused(case.buyer.post(f"{case.url}/amend", json=shorter), "tender_period_shortened")
    prequalifying.closed(case, drain)
    statuses = {s.supplier_id: s.status for s in rows(session, Submission)}
    assert [statuses[each.org_id] for each in (first, second, third)] == [
        SubmissionStatus.PENDING,
        SubmissionStatus.PENDING,
        SubmissionStatus.LAPSED,
    ]
    refused(case.buyer.post(f"{case.url}/amend", json=body), "conflict")


def test_a_question_without_an_answer_keeps_the_time_to_apply_from_ending(
    case: Case, drain: Drain
) -> None:
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    question = {"title": {"ru": "Опыт"}, "description": {"ru": "Считается ли субподряд?"}}
    asked = case.suppliers[2].post(f"{case.url}/enquiries", json=question).json()
    before = case.tender["prequalification_period_end"]
    prequalifying.closed(case, drain)
    assert case.tender["status_details"] == "prequalification"
    refused(
        case.suppliers[2].post(f"{case.url}/submissions", json=prequalifying.content()),
        "application_period_ended",
    )
    answer = {"answer": {"ru": "Да"}}
    assert case.buyer.post(f"/v1/enquiries/{asked['id']}/answer", json=answer).status_code == 200

    assert case.tender["prequalification_period_end"] > before
    prequalifying.applied(case, case.suppliers[2])
    prequalifying.closed(case, drain)
    assert case.tender["status_details"] == "qualificationPending"


def test_terms_that_must_be_amended_hold_the_time_to_apply_until_they_are(
    as_org: AsOrg, case: Case, drain: Drain, session: Session
) -> None:
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    reviewer = as_org(["reviewer"])
    made = awarding.submitted(case.suppliers[2], case.tender)
    awarding.accepted(reviewer, made)
    awarding.reviewed(reviewer, made, "satisfy", effects=["amend_terms"])
    prequalifying.closed(case, drain)
    assert case.tender["status_details"] == "prequalification"
    body = {"rationale": "Решение", "description": {"ru": "Поставка по новому плану"}}

    amended = case.buyer.post(f"{case.url}/amend", json=body)

    assert amended.status_code == 200, amended.text
    resolved = case.buyer.post(f"/v1/complaints/{made['id']}/resolve", json={"rationale": "Да"})
    assert resolved.json()["status"] == "resolved"
    prequalifying.closed(case, drain)
    assert case.tender["status_details"] == "qualificationPending"


def test_the_clock_may_come_twice_or_too_early_and_nothing_happens_twice(
    case: Case, drain: Drain, session: Session
) -> None:
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    with db.worker_unit_of_work() as worker:
        assert not prequalification.close_due(worker, case.bidding.uuid)
        assert not prequalification.invite_due(worker, case.bidding.uuid)
    prequalifying.closed(case, drain)
    with db.worker_unit_of_work() as worker:
        assert not prequalification.close_due(worker, case.bidding.uuid)
    assert session.exec(select(func.count()).select_from(Qualification)).one() == 2
    for supplier in case.suppliers[:2]:
        prequalifying.decided(case, supplier)
    prequalifying.announced(case)
    refused(case.chief.post(f"{case.url}/announce-qualifications"), "conflict")
    prequalifying.invited(case, drain)
    with db.worker_unit_of_work() as worker:
        assert not prequalification.invite_due(worker, case.bidding.uuid)
    told = [e for e in rows(session, OutboxEvent) if e.type == "qualification.invited"]
    assert {e.org_id for e in told} == {each.org_id for each in case.suppliers[:2]}
    assert len(told) == 2
    for row in rows(session, Qualification):
        stream = f"qualification:{row.id.hex}"
        trail = session.exec(select(AuditEntry).where(AuditEntry.stream == stream)).all()
        actions = [entry.action for entry in sorted(trail, key=lambda entry: entry.seq)]
        assert actions == ["begin", "propose", "approve", "announce", "invite"]


def test_a_decision_can_end_the_tender_and_its_candidates_are_known_then(
    as_org: AsOrg, standing: Case, session: Session
) -> None:
    reviewer, made = as_org(["reviewer"]), complained(standing, standing.suppliers[2])
    awarding.accepted(reviewer, made)
    wrong = reviewer.post(
        f"/v1/complaints/{made['id']}/satisfy",
        json={"rationale": "x", "effects": ["cancel_award"]},
    )
    assert (wrong.status_code, samples.pointers(wrong)) == (422, ["#/effects/0"])
    awarding.reviewed(reviewer, made, "satisfy", effects=["cancel_tender"])

    assert standing.tender["status"] == "cancelled"
    told = session.exec(select(OcdsRecord)).one().compiled
    assert [c["relatedQualification"] for c in told["complaints"]] == [made["qualification_id"]]
    assert len(told["submissions"]["details"]) == 3
    assert {"interestedParty"} in [{*each["roles"]} for each in told["parties"]]


def test_where_the_rules_hide_no_names_candidates_are_known_with_the_results(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    law = policy_set(
        prequalification=True,
        prequalification_duration={"days": 10, "unit": "calendar", "rounding": "none"},
        min_candidates=1,
        hide_bidder_names=False,
    )
    operator = as_org(["operator"])
    assert operator.post("/v1/policy-sets", json=law).status_code == 201
    case = prequalifying.published(
        lambda roles, **_: as_org(roles, country="KZ") if roles == ["buyer"] else as_org(roles),
        procedure="open",
    )
    stranger = as_org(["supplier"])
    prequalifying.applied(case, case.suppliers[0])
    prequalifying.closed(case, drain)
    assert stranger.get(f"{case.url}/submissions").json()["items"] == []
    prequalifying.decided(case, case.suppliers[0])
    prequalifying.announced(case)

    (seen,) = stranger.get(f"{case.url}/qualifications").json()["items"]

    assert seen["status"] == "active"
    told = session.exec(select(OcdsRecord)).one().compiled
    assert [s["status"] for s in told["submissions"]["details"]] == ["valid"]
    # These rules know no time to complain: the workers invite at once.
    drain()
    assert case.tender["status_details"] == "published"


def test_what_only_the_invited_can_answer_is_no_request_for_others(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = prequalifying.published(as_org)
    drain()
    assert procurement.open_tender_ids(session) == [case.bidding.uuid]
    assert not procurement.is_for_the_invited(session, case.bidding.uuid)
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)
    for supplier in case.suppliers[:2]:
        prequalifying.decided(case, supplier)
    prequalifying.announced(case)
    prequalifying.invited(case, drain)
    body = {"rationale": "Уточнено", "description": {"ru": "Поставка в двенадцать школ"}}
    assert case.buyer.post(f"{case.url}/amend", json=body).status_code == 200
    drain()

    session.rollback()
    assert procurement.open_tender_ids(session) == []
    assert {item.closed_at is None for item in rows(session, DemandItem)} == {False}


def test_criteria_stay_fit_while_candidates_apply_and_as_they_are_afterwards(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = prequalifying.published(as_org)
    answer = case.buyer.post(f"{case.url}/amend", json={"rationale": "Изменено", "criteria": []})
    refused(answer, "terms_inconsistent")
    assert [e["code"] for e in answer.json()["errors"]] == ["missing"]
    for supplier in case.suppliers[:2]:
        prequalifying.applied(case, supplier)
    prequalifying.closed(case, drain)
    for supplier in case.suppliers[:2]:
        prequalifying.decided(case, supplier)
    prequalifying.announced(case)
    prequalifying.invited(case, drain)
    body = {"rationale": "Изменено", "criteria": [prequalifying.YEARS]}
    refused(case.buyer.post(f"{case.url}/amend", json=body), "application_period_ended")
    assert case.buyer.get(f"{case.url}/amendments").json()["items"] == []
    terms = case.buyer.get(f"{case.url}/submission-terms").json()
    assert [each["id"] for each in terms["criteria"]] == ["experience", "licence"]
