"""The commission: conflicts of interest, scores, terms, two envelopes, minutes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db, ids, signing
from api.procurement.models import CommissionMember, EvaluationScore, ScoreSheet
from api.procurement.models import Tender as TenderRow
from api.rules.tenders import TenderStage
from tests.conftest import Actor
from tests.procurement import bidding, samples
from tests.procurement.bidding import Opened
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def people(buyer: Any) -> list[Actor]:
    """Two further people of the buyer."""
    return [bidding.another_client(buyer) for _ in range(2)]


@pytest.fixture
def suppliers(as_org: AsOrg) -> list[Any]:
    return [as_org(["supplier"]) for _ in range(2)]


@pytest.fixture
def over(as_org: AsOrg, buyer: Any, suppliers: list[Any]) -> Opened:
    """Two bids: the dearer one with the longer warranty; the commission scores the method."""
    return deciding.opened(
        as_org,
        buyer,
        [
            (suppliers[0], deciding.with_warranty("9000.00", 12)),
            (suppliers[1], deciding.with_warranty("10000.00", 36)),
        ],
        award=deciding.rated(deciding.PRICE, deciding.WARRANTY, deciding.METHOD),
        terms=deciding.ASKED,
    )


def points(over: Opened, *given: str) -> dict[str, Any]:
    """Points of a member for the bids in their order."""
    return {
        "scores": [
            {"bid_id": bid["id"], "criterion_id": "method", "points": value}
            for bid, value in zip(over.bids, given, strict=False)
        ]
    }


def version(session: Session, over: Opened) -> int:
    """The tender's version, which every decision about it raises."""
    session.rollback()
    session.expire_all()
    return session.get_one(TenderRow, over.bidding.uuid).version


def test_rated_criteria_are_scored_by_answers_and_by_every_member(
    over: Opened, buyer: Any, people: list[Actor]
) -> None:
    """Price: 60 and 54; warranty: 0 and 25; method: 15 % of 70 and of 50."""
    deciding.appoint(over, buyer, *people)
    for person in people:
        assert deciding.declare(over, person).status_code == 200
    url = f"{deciding.lot_url(over)}/scores"
    for person, given in zip(people, (("80", "50"), ("60", "50")), strict=True):
        assert person.post(url, json=points(over, *given)).status_code == 200
        early = people[0].post(f"{deciding.lot_url(over)}/evaluations")
        assert early.json()["code"] == "scores_missing"
        assert person.post(f"{url}/submit").status_code == 200

    draft = deciding.propose(over, people[0])

    found = {each["id"]: each for each in draft["result"]["bids"]}
    first, second = (found[bid["id"]] for bid in over.bids)
    assert {name: each["weighted"] for name, each in first["criteria"].items()} == {
        "price": "60",
        "warranty": "0",
        "method": "10.5",
    }
    assert {name: each["weighted"] for name, each in second["criteria"].items()} == {
        "price": "54",
        "warranty": "25",
        "method": "7.5",
    }
    assert draft["result"]["ranking"] == [second["id"], first["id"]]
    assert (first["score"], second["score"]) == ("70.5", "86.5")
    assert deciding.complete(draft, people[1]).status_code == 200


def test_a_member_neither_sees_nor_decides_before_declaring(
    over: Opened, buyer: Any, people: list[Actor], session: Session
) -> None:
    deciding.appoint(over, buyer, *people)
    before = version(session, over)
    lot = deciding.lot_url(over)
    tender = f"/v1/tenders/{over.bidding.id}"
    reasons = [{"code": "late_paper", "detail": "Нет"}]
    out = {"bid_id": over.bids[0]["id"], "reasons": reasons}
    for person in (people[0], buyer):
        refused = [
            person.get(f"/v1/bids/{over.bids[0]['id']}"),
            person.get(f"{tender}/bids"),
            person.get(f"{tender}/evaluations"),
            person.get(f"{lot}/scores"),
            person.post(f"{lot}/scores", json=points(over, "1")),
            person.post(f"{lot}/scores/submit"),
            person.post(f"{lot}/evaluations"),
            person.post(f"{lot}/disqualifications", json=out),
        ]
        codes = {(each.status_code, each.json()["code"]) for each in refused}
        assert codes == {(403, "conflict_of_interest_undeclared")}
    assert version(session, over) == before
    assert session.exec(select(ScoreSheet)).all() == []
    assert deciding.declare(over, people[0]).status_code == 200
    assert people[0].get(f"/v1/bids/{over.bids[0]['id']}").status_code == 200
    scored = people[0].post(f"{lot}/scores", json=points(over, "1"))
    assert scored.status_code == 200, scored.text


def test_a_conflict_of_interest_excludes_for_good(
    over: Opened, buyer: Any, people: list[Actor], session: Session
) -> None:
    deciding.appoint(over, buyer, *people)
    told = deciding.declare(over, people[0], "Мой брат работает у поставщика")
    assert (told.status_code, told.json()["status"]) == (200, "excluded")
    before = version(session, over)
    for answer in (
        people[0].get(f"/v1/bids/{over.bids[0]['id']}"),
        people[0].post(f"{deciding.lot_url(over)}/scores", json=points(over, "1")),
        people[0].post(f"{deciding.lot_url(over)}/evaluations"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "conflict_of_interest")
    assert deciding.declare(over, people[0]).json()["code"] == "conflict"
    assert version(session, over) == before
    assert session.exec(select(EvaluationScore)).all() == []
    silent = people[1].post(
        f"/v1/tenders/{over.bidding.id}/conflict-declarations", json={"has_conflict": True}
    )
    assert silent.status_code == 422


def test_the_scores_of_a_member_who_is_excluded_later_do_not_count(
    over: Opened, buyer: Any, people: list[Actor]
) -> None:
    deciding.appoint(over, buyer, *people)
    url = f"{deciding.lot_url(over)}/scores"
    for person, given in zip(people, (("100", "50"), ("60", "50")), strict=True):
        assert deciding.declare(over, person).status_code == 200
        assert person.post(url, json=points(over, *given)).status_code == 200
        assert person.post(f"{url}/submit").status_code == 200
    draft = deciding.propose(over, people[1])
    assert deciding.declare(over, people[0], "Узнал о родстве").status_code == 200
    again = deciding.propose(over, people[1])
    for evaluation, mean in ((draft, "80"), (again, "60")):
        found = {each["id"]: each for each in evaluation["result"]["bids"]}
        assert found[over.bids[0]["id"]]["criteria"]["method"]["mean"] == mean


def test_submitted_scores_are_final_and_hidden_until_everybody_has_submitted(
    over: Opened, buyer: Any, people: list[Actor], session: Session
) -> None:
    deciding.appoint(over, buyer, *people)
    first, second = people
    url = f"{deciding.lot_url(over)}/scores"
    for person in people:
        assert deciding.declare(over, person).status_code == 200
    assert first.post(url, json=points(over, "80")).status_code == 200
    incomplete = first.post(f"{url}/submit")
    assert incomplete.json()["code"] == "scores_missing"
    assert samples.pointers(incomplete) == [f"#/bids/{over.bids[1]['id']}/method"]
    assert first.post(url, json=points(over, "90", "50")).status_code == 200
    assert first.post(f"{url}/submit").status_code == 200
    again = first.post(url, json=points(over, "10", "10"))
    assert (again.status_code, again.json()["code"]) == (409, "scores_submitted")
    assert second.get(url).json() == []
    assert second.post(url, json=points(over, "20", "30")).status_code == 200
    assert [each["scores"][0]["points"] for each in second.get(url).json()] == ["20"]
    assert second.post(f"{url}/submit").status_code == 200
    shown = second.get(url).json()
    assert [[score["points"] for score in each["scores"]] for each in shown] == [
        ["90", "50"],
        ["20", "30"],
    ]
    rows = session.exec(select(EvaluationScore.points)).all()
    assert sorted(rows) == [Decimal(20), Decimal(30), Decimal(50), Decimal(90)]
    for statement in (
        "UPDATE evaluation_score SET points = 1",
        "UPDATE score_sheet SET submitted_at = NULL",
        "DELETE FROM evaluation_score",
    ):
        with db.engine("worker").connect() as connection, pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)


def test_scores_are_for_bids_and_criteria_of_the_lot(
    over: Opened, buyer: Any, people: list[Actor], session: Session
) -> None:
    deciding.appoint(over, buyer, people[0])
    deciding.declare(over, people[0])
    url = f"{deciding.lot_url(over)}/scores"
    stranger = "bid_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
    wrong = {"bid_id": stranger, "criterion_id": "price", "points": "1"}
    refused = people[0].post(url, json={"scores": [wrong]})
    assert refused.status_code == 422
    assert samples.pointers(refused) == ["#/scores/0/bid_id", "#/scores/0/criterion_id"]
    beyond = {"bid_id": over.bids[0]["id"], "criterion_id": "method", "points": "100.1"}
    assert people[0].post(url, json={"scores": [beyond]}).status_code == 422
    assert session.exec(select(ScoreSheet)).all() == []


def test_the_buyer_appoints_its_own_people_once(
    over: Opened, buyer: Any, people: list[Actor], suppliers: list[Any], session: Session
) -> None:
    url = f"/v1/tenders/{over.bidding.id}/commission-members"
    deciding.appoint(over, buyer, people[0], role="chair")
    [own] = buyer.get(url).json()["items"]
    body = {"client_id": own["client_id"], "name": "Асанова", "role": "member"}
    assert buyer.post(url, json=body).json()["code"] == "already_exists"
    foreign = suppliers[0].get("/v1/clients").json()["items"][0]["id"]
    refused = buyer.post(url, json={**body, "client_id": foreign})
    assert samples.pointers(refused) == ["#/client_id"]
    assert suppliers[0].post(url, json=body).status_code == 403
    assert deciding.declare(over, people[1]).status_code == 404, "no member"
    assert len(session.exec(select(CommissionMember)).all()) == 1


def test_of_two_envelopes_quality_is_final_before_a_price_is_known(
    as_org: AsOrg, buyer: Any, people: list[Actor], suppliers: list[Any], session: Session
) -> None:
    made = deciding.published(
        as_org,
        buyer,
        award=deciding.rated({**deciding.PRICE, "weight_bp": 8500}, deciding.METHOD),
        terms={"two_envelopes": True},
    )
    handed = []
    for supplier, price in zip(suppliers, ("9000.00", "10000.00"), strict=True):
        envelopes = [
            {"kind": "technical", "id": f"t{price}", "version": 1, "content": {}},
            {
                "kind": "price",
                "id": f"p{price}",
                "version": 1,
                "content": bidding.content(made.tender, price),
            },
        ]
        body = {"envelopes": envelopes, "tenderers": []}
        answer = supplier.post(f"/v1/tenders/{made.id}/bids", json=body)
        assert answer.status_code == 201, answer.text
        handed.append(answer.json())
    bidding.pass_deadline(made)
    assert bidding.open_all(made, bidding.TECHNICAL)["status"] == "opened"
    tender = buyer.get(f"/v1/tenders/{made.id}").json()
    over = Opened(made, tender, handed, None)
    deciding.appoint(over, buyer, *people)
    for person in people:
        assert deciding.declare(over, person).status_code == 200
    first, second = people
    lot = deciding.lot_url(over)
    assert first.post(f"{lot}/evaluations").json()["code"] == "not_evaluating"
    done = f"/v1/tenders/{made.id}/evaluate-first-package"
    assert first.post(done).json()["code"] == "scores_missing"
    assert samples.row(session, tender).status_details is TenderStage.FIRST_PACKAGE_PENDING
    out = {"bid_id": handed[1]["id"], "reasons": [{"code": "no_method", "detail": "Нет методики"}]}
    assert first.post(f"{lot}/disqualifications", json=out).status_code == 201
    for person in people:
        assert person.post(f"{lot}/scores", json=points(over, "70")).status_code == 200
        assert person.post(f"{lot}/scores/submit").status_code == 200

    answer = first.post(done)

    assert answer.json()["status_details"] == "firstPackageEvaluated", answer.text
    assert bidding.open_all(made, bidding.PRICE)["status"] == "opened"
    final = deciding.propose(over, first)
    assert final["result"]["ranking"] == [handed[0]["id"]]
    assert deciding.complete(final, second).status_code == 200
    sealed = first.get(f"/v1/bids/{handed[1]['id']}").json()
    assert sealed["status_details"] == "disqualified"


def test_minutes_are_signed_and_approved_by_members(
    over: Opened, buyer: Any, people: list[Actor], client: Any, session: Session
) -> None:
    seats = deciding.appoint(over, buyer, *people)
    url = f"/v1/tenders/{over.bidding.id}/minutes"
    body = {
        "held_at": "2027-03-02T09:00:00Z",
        "present": [seats[0]["id"]],
        "text": {"ru": "Комиссия рассмотрела заявки.", "ky": "Комиссия табыштамаларды карады."},
    }
    before = version(session, over)
    assert people[0].post(url, json=body).json()["code"] == "conflict_of_interest_undeclared"
    assert version(session, over) == before
    for person in people:
        assert deciding.declare(over, person).status_code == 200
    stranger = {**body, "present": ["commission_member_019abf2e8c1d7c3fa9b04b4c6f0d2e11"]}
    assert samples.pointers(people[0].post(url, json=stranger)) == ["#/present/0"]
    made = people[0].post(url, json=body)
    assert made.status_code == 201, made.text
    approved = people[1].post(f"{url}/{made.json()['id']}/approve")
    assert approved.status_code == 200, approved.text
    assert people[1].post(f"{url}/{made.json()['id']}/approve").json()["code"] == "already_exists"
    [found] = people[0].get(url).json()["items"]
    assert found["content"]["text"] == body["text"]
    keys = {
        each["key_id"]: each["public_key"]
        for each in client.get("/public/audit/keys").json()["items"]
    }
    for signed in (found, *found["approvals"]):
        assert signing.verify(signed["content"], signed["signature"], keys[signed["key_id"]])
        forged = {**signed["content"], "number": 2}
        assert not signing.verify(forged, signed["signature"], keys[signed["key_id"]])
    assert [each["member_id"] for each in found["approvals"]] == [seats[1]["id"]]
    assert found["approvals"][0]["content"]["minutes_signature"] == found["signature"]
    assert ids.parse("minutes", found["id"])


def test_after_the_award_everybody_reads_declarations_and_minutes_without_names(
    as_org: AsOrg, buyer: Any, people: list[Actor], client: Any, drain: Callable[[], int]
) -> None:
    over = deciding.opened(as_org, buyer, [(as_org(["supplier"]), "9000.00")])
    public = f"/public/tenders/{over.tender['ocid']}/commission"
    seats = deciding.appoint(over, buyer, *people, bidding.another_client(buyer))
    assert deciding.declare(over, people[0]).status_code == 200
    assert deciding.declare(over, people[1]).status_code == 200
    url = f"/v1/tenders/{over.bidding.id}"
    sitting = {
        "held_at": "2027-03-02T09:00:00Z",
        "present": [seats[0]["id"], seats[1]["id"]],
        "text": {"ru": "Комиссия рассмотрела заявки."},
    }
    minutes = people[0].post(f"{url}/minutes", json=sitting).json()
    draft = deciding.propose(over, people[0])
    assert deciding.complete(draft, people[1]).status_code == 200
    award = people[0].post(
        f"{url}/awards", json={"lot_id": over.tender["lots"][0]["id"], "reason": "Цена"}
    )
    assert award.status_code == 201, award.text
    drain()
    early = client.get(public)
    decided = people[1].post(f"/v1/awards/{award.json()['id']}/approve", json={"reason": "Да"})
    assert decided.status_code == 200, decided.text
    drain()

    told = client.get(public)

    assert early.status_code == 404
    assert told.status_code == 200, told.text
    shown = told.json()
    assert [(e["id"], e["role"], e["status"]) for e in shown["declarations"]] == [
        (seat["id"], "member", status)
        for seat, status in zip(seats, ("cleared", "cleared", "appointed"), strict=True)
    ]
    (found,) = shown["minutes"]
    assert (found["content"], found["signature"]) == (minutes["content"], minutes["signature"])
    for personal in ("Асанова", "client_id", *(person.key for person in people)):
        assert personal not in told.text
    assert client.get(public, headers={"If-None-Match": told.headers["ETag"]}).status_code == 304
    approved = people[1].post(f"{url}/minutes/{minutes['id']}/approve")
    assert approved.status_code == 200, approved.text
    drain()
    (again,) = client.get(public).json()["minutes"]
    assert [each["member_id"] for each in again["approvals"]] == [seats[1]["id"]]
    wrong = client.get("/public/tenders/ocds-1/commission")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "ocid_malformed")
