"""Restricted tenders that invite at most so many, and candidates that qualify for single lots."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import ids
from api.opendata.models import OcdsRecord
from api.procurement.models import Bid, Qualification
from api.rules.prequalification import QualificationStatus
from tests.identity import register
from tests.procurement import awarding, bidding, prequalifying, samples
from tests.procurement.bidding import Bidding
from tests.procurement.prequalifying import LICENCE, REASON, YEARS, Case

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
SHORTLIST = {
    "maximum_candidates": 3,
    "ranked_by": [{"requirement_id": "experience-years", "order": "highest"}],
}
LIMITED = {**prequalifying.TERMS, "shortlist": SHORTLIST}
_Q = QualificationStatus


def rows[R](session: Session, model: type[R]) -> list[R]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model))]


def announced(
    as_org: AsOrg, drain: Drain, years: Sequence[int], *, rejected: Sequence[int] = ()
) -> Case:
    """Results of candidates with so many years, of whom at most three are invited."""
    case = prequalifying.published(
        as_org, suppliers=len(years), regime="generic", terms=LIMITED, procedure="restricted"
    )
    for supplier, number in zip(case.suppliers, years, strict=True):
        prequalifying.applied(case, supplier, number)
    prequalifying.closed(case, drain)
    for n, supplier in enumerate(case.suppliers):
        prequalifying.decided(case, supplier, qualified=n not in rejected)
    prequalifying.announced(case)
    return case


def told(case: Case, supplier: Any) -> Any:
    """The qualification that a candidate sees to stand."""
    shown = supplier.get(f"{case.url}/qualifications").json()["items"]
    [own] = [each for each in shown if each["status"] != "cancelled"]
    return own


def invited(case: Case) -> list[bool]:
    return [e.get(f"{case.url}/prequalification").json()["invited"] for e in case.suppliers]


def test_the_first_by_the_published_rule_are_invited_and_the_next_for_who_is_debarred(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = announced(as_org, drain, (5, 9, 7, 9, 4))
    lot = case.tender["lots"][0]["id"]
    shown = [told(case, supplier)["shortlisted"] for supplier in case.suppliers]
    assert shown == [[], [lot], [lot], [lot], []]
    assert {q.status for q in rows(session, Qualification)} == {_Q.ACTIVE}
    register.debarred(session, case.suppliers[1].org_id)

    made = prequalifying.invited(case, drain)

    assert made["status_details"] == "published"
    assert invited(case) == [True, False, True, True, False]
    body = {"envelopes": [{"kind": "price", "id": "a", "version": 1,
                           "content": bidding.content(case.tender)}]}  # fmt: skip
    late = case.suppliers[4].post(f"{case.url}/bids", json=body)
    assert (late.status_code, late.json()["code"]) == (403, "not_invited")
    assert rows(session, Bid) == []
    assert case.buyer.get(f"{case.url}/prequalification").json()["shortlist"] == SHORTLIST
    facts = session.exec(select(OcdsRecord)).one().compiled["preQualification"]
    assert facts["maximumCandidates"] == 3
    assert facts["candidateRanking"] == [{"requirement": "experience-years", "order": "highest"}]


def test_who_is_pushed_off_the_shortlist_by_a_complaint_is_told_anew_and_may_complain(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    case = announced(as_org, drain, (5, 6, 7, 9), rejected=[3])
    lot = case.tender["lots"][0]["id"]
    before = [told(case, supplier) for supplier in case.suppliers]
    assert [each["shortlisted"] for each in before] == [[lot], [lot], [lot], None]
    best, reviewer = case.suppliers[3], as_org(["reviewer"])
    body = awarding.complaint(target="qualification", qualification_id=before[3]["id"])
    made = best.post(f"{case.url}/complaints", json=body).json()
    made = best.post(f"/v1/complaints/{made['id']}/submit", json={}).json()
    awarding.accepted(reviewer, made)
    awarding.reviewed(reviewer, made, "satisfy", effects=["cancel_qualification"])
    drain()
    awarding.advance(2)
    prequalifying.decided(case, best)

    prequalifying.announced(case)

    after = [told(case, supplier) for supplier in case.suppliers]
    assert [each["shortlisted"] for each in after] == [[], [lot], [lot], [lot]]
    assert [b["id"] == a["id"] for b, a in zip(before, after, strict=True)] == [
        False,
        True,
        True,
        False,
    ]
    assert after[0]["standstill_end"] == after[3]["standstill_end"] > after[1]["standstill_end"]
    assert [after[0][name] for name in ("findings", "decision", "status")] == [
        before[0][name] for name in ("findings", "decision", "status")
    ]
    body = awarding.complaint(target="qualification", qualification_id=after[0]["id"])
    assert case.suppliers[0].post(f"{case.url}/complaints", json=body).status_code == 201
    prequalifying.invited(case, drain)
    assert invited(case) == [False, True, True, True]


@pytest.mark.parametrize(
    ("regime", "shortlist", "codes"),
    [
        ("state", SHORTLIST, ["no_shortlist"]),
        ("generic", {**SHORTLIST, "maximum_candidates": 2}, ["shortlist_too_short"]),
        (
            "generic",
            {**SHORTLIST, "ranked_by": [{"requirement_id": "has-licence", "order": "highest"}]},
            ["not_comparable"],
        ),
    ],
)
def test_a_shortlist_that_the_law_does_not_allow_keeps_a_tender_a_draft(
    as_org: AsOrg, regime: str, shortlist: dict[str, Any], codes: list[str]
) -> None:
    buyer = as_org(["buyer"], procurement_regime=regime)
    draft = samples.drafted(buyer, procedure="restricted", **prequalifying.periods())
    url = f"/v1/tenders/{draft['id']}"
    terms = {**prequalifying.TERMS, "shortlist": shortlist}
    assert buyer.request("PUT", f"{url}/submission-terms", json=terms).status_code == 200

    answer = buyer.post(f"{url}/publish")

    assert answer.status_code == 409, answer.text
    assert [each["code"] for each in answer.json()["errors"]] == codes
    assert buyer.get(url).json()["status_details"] == "draft"


def by_lots(as_org: AsOrg) -> tuple[Case, list[str]]:
    """A tender of two lots, for the first of which a licence is asked for."""
    buyer = as_org(["buyer"])
    lots = [
        samples.lot(
            value=None,
            delivery_period_start=samples.day(120),
            delivery_period_end=samples.day(200),
        )
        for _ in range(2)
    ]
    draft = samples.drafted(buyer, procedure="restricted", lots=lots, **prequalifying.periods())
    url = f"/v1/tenders/{draft['id']}"
    first, second = (lot["id"] for lot in draft["lots"])
    terms = {"criteria": [YEARS, {**LICENCE, "related_lot": first}]}
    assert buyer.request("PUT", f"{url}/submission-terms", json=terms).status_code == 200
    openers = bidding.openers(as_org, buyer)
    made = buyer.post(f"{url}/publish")
    assert made.status_code == 200, made.text
    suppliers = [as_org(["supplier"]) for _ in range(3)]
    case = Case(
        Bidding(buyer, made.json(), openers, {}), buyer, awarding.second_client(buyer), suppliers
    )
    return case, [first, second]


def qualified(case: Case, drain: Drain, *, licensed: Sequence[bool]) -> None:
    """All have the years; only the licensed answer for the first lot, and are found to be so."""
    for supplier, has in zip(case.suppliers, licensed, strict=True):
        content = prequalifying.content(5)
        content["requirement_responses"] = content["requirement_responses"][: 1 + has]
        answer = supplier.post(f"{case.url}/submissions", json=content)
        assert answer.status_code == 201, answer.text
    prequalifying.closed(case, drain)
    for supplier, has in zip(case.suppliers, licensed, strict=True):
        url = f"/v1/qualifications/{prequalifying.pending(case, supplier)['id']}"
        found = prequalifying.findings()[: 1 + has]
        case.buyer.post(f"{url}/propose", json={**REASON, "findings": found})
        answer = case.chief.post(f"{url}/approve", json=REASON)
        assert answer.status_code == 200, answer.text
    prequalifying.announced(case)
    prequalifying.invited(case, drain)


def test_candidates_qualify_lot_by_lot_and_bid_for_those_lots_alone(
    as_org: AsOrg, drain: Drain
) -> None:
    case, lots = by_lots(as_org)
    qualified(case, drain, licensed=[True, True, False])
    assert [told(case, supplier)["invited_lots"] for supplier in case.suppliers] == [
        lots,
        lots,
        lots[1:],
    ]
    tender = case.tender
    only = bidding.content(tender)
    only["lots"] = only["lots"][1:]
    handed = [
        bidding.submit(case.bidding, case.suppliers[0]),
        bidding.submit(case.bidding, case.suppliers[1], only),
        bidding.submit(case.bidding, case.suppliers[2]),
    ]

    over = bidding.finished(case.bidding, handed)

    assert [bid["status_details"] for bid in over.bids] == ["opened", "opened", "disqualified"]
    [reason] = over.bids[2]["disqualification"]
    lot = ids.parse("lot", lots[0]).hex
    assert (reason["code"], reason["pointer"]) == ("not_invited", f"#/lots/{lot}")


def test_a_lot_for_which_too_few_qualify_is_unsuccessful_and_the_others_go_on(
    as_org: AsOrg, drain: Drain
) -> None:
    case, lots = by_lots(as_org)
    qualified(case, drain, licensed=[True, False, False])
    shown = case.tender
    assert shown["status_details"] == "published"
    assert [lot["status"] for lot in shown["lots"]] == ["unsuccessful", "active"]
    assert [told(case, each)["lots"] for each in case.suppliers] == [lots, lots[1:], lots[1:]]
    assert {tuple(told(case, each)["invited_lots"]) for each in case.suppliers} == {(lots[1],)}
