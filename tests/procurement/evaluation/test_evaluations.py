"""Evaluations through the API: proposed, completed by another person, public, recomputable."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db, ids
from api.core.errors import NotFound
from api.procurement.evaluation import files, verification
from api.procurement.models import Bid, Evaluation, Tender
from api.procurement.service import evaluations
from api.rules.bids import BidStage
from api.rules.tenders import TenderStage
from tests.conftest import Actor
from tests.procurement import bidding, law, samples
from tests.procurement.evaluation import deciding
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def second(buyer: Any) -> Actor:
    """Another person of the buyer."""
    return bidding.another_client(buyer)


@pytest.fixture
def suppliers(as_org: AsOrg) -> list[Any]:
    return [as_org(["supplier"]) for _ in range(3)]


@pytest.fixture
def over(as_org: AsOrg, buyer: Any, suppliers: list[Any]) -> bidding.Opened:
    """Three bids by unit price: the second is the lowest, the third the dearest."""
    prices = ("9850.00", "9700.00", "11000.00")
    return deciding.opened(as_org, buyer, [*zip(suppliers, prices, strict=True)])


def state_of(session: Session, over: bidding.Opened) -> tuple[Any, ...]:
    """What a refused action must leave as it is."""
    session.rollback()
    session.expire_all()
    tender = session.get_one(Tender, over.bidding.uuid)
    rows = session.exec(select(Evaluation).where(Evaluation.tender_id == tender.id)).all()
    stages = session.exec(select(Bid.status_details).where(Bid.tender_id == tender.id)).all()
    return (
        tender.version,
        tender.status_details,
        sorted((row.number, row.status, row.version, row.sha256) for row in rows),
        sorted(stages),
    )


def test_the_lowest_bid_is_first_once_two_people_have_agreed(
    over: bidding.Opened, buyer: Any, second: Actor, session: Session
) -> None:
    draft = deciding.propose(over, buyer)
    assert (draft["status"], draft["number"]) == ("draft", 1)
    order = [over.bids[index]["id"] for index in (1, 0, 2)]
    assert draft["result"]["ranking"] == order

    with pytest.raises(NotFound):
        evaluations.ranking(session, ids.parse("lot", draft["lot_id"]))
    done = deciding.complete(draft, second)

    assert done.status_code == 200, done.text
    assert done.json()["status"] == "completed"
    assert done.json()["completed_by"] != done.json()["proposed_by"]
    assert done.json()["sha256"] == draft["sha256"]
    tender = samples.row(session, over.tender)
    assert tender.status_details is TenderStage.EVALUATION_COMPLETE
    ranked = evaluations.ranking(session, ids.parse("lot", draft["lot_id"]))
    assert [(ids.show("bid", each.bid_id), each.rank) for each in ranked] == [
        *zip(order, (1, 2, 3), strict=True)
    ]
    assert ranked[0].price.amount == Decimal(5820000)
    assert ranked[0].vat_included
    stages = session.exec(select(Bid.status_details).where(Bid.tender_id == tender.id)).all()
    assert {*stages} == {BidStage.VALID}


def test_nobody_completes_what_they_proposed(
    over: bidding.Opened, buyer: Any, session: Session
) -> None:
    draft = deciding.propose(over, buyer)
    before = state_of(session, over)
    refused = deciding.complete(draft, buyer)
    assert (refused.status_code, refused.json()["code"]) == (409, "four_eyes")
    assert state_of(session, over) == before


def test_the_completed_file_is_public_and_recomputed_offline(
    over: bidding.Opened,
    buyer: Any,
    second: Actor,
    client: Any,
    drain: Callable[[], int],
    tmp_path: Path,
) -> None:
    draft = deciding.propose(over, buyer)
    url = f"/public/tenders/{over.tender['ocid']}/evaluations/{draft['lot_id']}"
    drain()
    assert client.get(url).status_code == 404, "a draft is nobody's business"
    assert deciding.complete(draft, second).status_code == 200
    drain()

    public = client.get(url)

    assert public.status_code == 200
    own = buyer.get(f"/v1/evaluations/{draft['id']}/file")
    assert public.content == own.content
    assert files.sha256(public.content) == draft["sha256"] == own.headers["ETag"].strip('"')
    assert verification.check(public.content, sha256=draft["sha256"]) == []
    file = tmp_path / "evaluation.json"
    file.write_bytes(public.content)
    told = CliRunner().invoke(main, ["verify", "evaluation", str(file)])
    assert told.exit_code == 0, told.output
    same = client.get(url, headers={"If-None-Match": public.headers["ETag"]})
    assert same.status_code == 304
    for wrong in ("/public/tenders/x/evaluations/lot_1", url[:-1]):
        assert client.get(wrong).status_code == 422


def test_the_file_is_bound_to_the_root_that_was_published_at_the_deadline(
    over: bidding.Opened, buyer: Any
) -> None:
    draft = deciding.propose(over, buyer)
    said = json.loads(buyer.get(f"/v1/evaluations/{draft['id']}/file").content)["inputs"]
    roots = buyer.get(f"/v1/tenders/{over.bidding.id}/bidding").json()["roots"]
    assert said["lot"]["root"] == roots[0]["content"]["root"]
    assert {each["commitment"] for each in said["bids"]} == {
        each["commitment"] for each in over.record["bids"]
    }


def test_a_draft_that_no_longer_follows_is_refused_and_replaced(
    over: bidding.Opened, buyer: Any, second: Actor, session: Session
) -> None:
    draft = deciding.propose(over, buyer)
    reasons = [{"code": "certificate_missing", "detail": "Нет сертификата"}]
    body = {"bid_id": over.bids[1]["id"], "reasons": reasons}
    assert buyer.post(f"{deciding.lot_url(over)}/disqualifications", json=body).status_code == 201
    before = state_of(session, over)

    refused = deciding.complete(draft, second)

    assert (refused.status_code, refused.json()["code"]) == (409, "evaluation_stale")
    assert state_of(session, over) == before
    again = deciding.propose(over, second)
    assert again["number"] == 2
    assert again["result"]["ranking"] == [over.bids[0]["id"], over.bids[2]["id"]]
    listed = buyer.get(f"/v1/tenders/{over.bidding.id}/evaluations").json()["items"]
    assert [each["status"] for each in listed] == ["superseded", "draft"]
    assert deciding.complete(draft, second).status_code == 409
    assert deciding.complete(again, buyer).status_code == 200
    out = session.get_one(Bid, ids.parse("bid", over.bids[1]["id"]))
    session.refresh(out)
    assert out.status_details is BidStage.DISQUALIFIED
    assert out.disqualification == [{**reasons[0], "pointer": "#"}]


def test_a_disqualification_stays_in_the_file_and_can_be_revoked(
    over: bidding.Opened, buyer: Any
) -> None:
    url = f"{deciding.lot_url(over)}/disqualifications"
    reason = {"code": "certificate_missing", "detail": "Нет сертификата"}
    body = {"bid_id": over.bids[1]["id"], "reasons": [reason]}
    assert buyer.post(url, json=body).status_code == 201
    assert buyer.post(url, json=body).json()["code"] == "already_exists"
    found = deciding.propose(over, buyer)["result"]
    out = next(each for each in found["bids"] if each["id"] == over.bids[1]["id"])
    assert (out["rank"], out["reasons"]) == (None, [reason])
    revoked = buyer.post(f"{url}/revoke", json={"bid_id": over.bids[1]["id"]})
    assert revoked.status_code == 200
    assert deciding.propose(over, buyer)["result"]["ranking"][0] == over.bids[1]["id"]
    listed = buyer.get(f"/v1/tenders/{over.bidding.id}/disqualifications").json()["items"]
    assert [each["revoked_at"] is None for each in listed] == [False]
    again = buyer.post(f"{url}/revoke", json={"bid_id": over.bids[1]["id"]})
    assert again.status_code == 404


def test_strangers_and_bidders_learn_nothing_of_an_evaluation(
    over: bidding.Opened, buyer: Any, as_org: AsOrg, suppliers: list[Any], session: Session
) -> None:
    draft = deciding.propose(over, buyer)
    before = state_of(session, over)
    for other in (as_org(["buyer"]), suppliers[0]):
        for path in ("", "/file"):
            assert other.get(f"/v1/evaluations/{draft['id']}{path}").status_code == 404
        assert other.get(f"/v1/tenders/{over.bidding.id}/evaluations").status_code == 404
    stranger = as_org(["buyer"])
    assert deciding.complete(draft, stranger).status_code == 404
    assert stranger.post(f"{deciding.lot_url(over)}/evaluations").status_code == 404
    assert deciding.complete(draft, suppliers[0]).status_code == 403
    assert state_of(session, over) == before


def test_before_the_opening_and_after_completion_nothing_is_evaluated(
    as_org: AsOrg, buyer: Any, second: Actor, suppliers: list[Any]
) -> None:
    made = deciding.published(as_org, buyer)
    url = f"/v1/tenders/{made.id}/lots/{made.tender['lots'][0]['id']}/evaluations"
    assert buyer.post(url).json()["code"] == "not_evaluating"
    handed = bidding.submit(made, suppliers[0], "9000.00")
    over = bidding.finished(made, [handed])
    assert deciding.complete(deciding.propose(over, buyer), second).status_code == 200
    for path in ("evaluations", "scores/submit"):
        again = buyer.post(f"{deciding.lot_url(over)}/{path}")
        assert (again.status_code, again.json()["code"]) == (409, "not_evaluating")


def test_the_tender_is_evaluated_when_its_last_lot_is(
    as_org: AsOrg, buyer: Any, second: Actor, suppliers: list[Any], session: Session
) -> None:
    two = [
        samples.lot(value=None),
        samples.lot(title={"ru": "Стулья", "ky": "Отургучтар"}, value=None),
    ]
    over = deciding.opened(as_org, buyer, [(suppliers[0], "9000.00")], lots=two)
    first = deciding.propose(over, buyer, 0)
    assert deciding.complete(first, second).status_code == 200
    assert samples.row(session, over.tender).status_details is TenderStage.BIDS_OPENED
    assert buyer.post(f"{deciding.lot_url(over, 0)}/evaluations").json()["code"] == "conflict"
    assert deciding.complete(deciding.propose(over, second, 1), buyer).status_code == 200
    assert samples.row(session, over.tender).status_details is TenderStage.EVALUATION_COMPLETE


def test_of_two_who_complete_at_once_one_does(
    over: bidding.Opened, buyer: Any, second: Actor, session: Session
) -> None:
    third = bidding.another_client(buyer)
    draft = deciding.propose(over, buyer)
    people = [second, third]
    answers = at_once([lambda p=person: deciding.complete(draft, p) for person in people])
    assert sorted(each.status_code for each in answers) == [200, 409]
    rows = session.exec(select(Evaluation)).all()
    assert [row.status for row in rows] == ["completed"]
    events = session.connection().exec_driver_sql(
        "SELECT count(*) FROM outbox_event WHERE type = 'evaluation.completed'"
    )
    assert events.scalar_one() == 1


def test_of_two_who_propose_at_once_the_later_draft_stands(
    over: bidding.Opened, buyer: Any, second: Actor, session: Session
) -> None:
    answers = at_once(
        [
            lambda p=person: p.post(f"{deciding.lot_url(over)}/evaluations")
            for person in (buyer, second)
        ]
    )
    assert [each.status_code for each in answers] == [201, 201]
    rows = session.exec(select(Evaluation)).all()
    assert sorted((row.number, row.status.value) for row in rows) == [
        (1, "superseded"),
        (2, "draft"),
    ]


def test_a_completed_evaluation_cannot_be_altered_even_in_the_database(
    over: bidding.Opened, buyer: Any, second: Actor
) -> None:
    draft = deciding.propose(over, buyer)
    for statement in ("UPDATE evaluation SET file = ''", "DELETE FROM evaluation"):
        with db.engine("worker").connect() as connection, pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)
    assert deciding.complete(draft, second).status_code == 200
    with (
        db.engine("worker").connect() as connection,
        pytest.raises(DBAPIError, match="never altered"),
    ):
        connection.exec_driver_sql("UPDATE evaluation SET version = version + 1")


def test_an_accepted_claim_changes_the_rank_and_never_the_price(
    as_org: AsOrg, buyer: Any, second: Actor, suppliers: list[Any], session: Session
) -> None:
    claim = [{"certificate_scheme": "ST1", "certificate_number": "KG-1"}]
    over = deciding.opened(
        as_org,
        buyer,
        [
            (suppliers[0], "10000.00"),
            (suppliers[1], lambda t: bidding.content(t, "11000.00", domestic_claims=claim)),
        ],
    )
    cheap, local = (each["id"] for each in over.bids)
    assert deciding.propose(over, buyer)["result"]["ranking"] == [cheap, local]
    url = f"{deciding.lot_url(over)}/preference-decisions"
    none = buyer.post(url, json={"bid_id": cheap, "accepted": True, "reason": "Местный"})
    assert none.json()["code"] == "conflict"
    accepted = buyer.post(url, json={"bid_id": local, "accepted": True, "reason": "СТ-1 проверен"})
    assert accepted.status_code == 200, accepted.text
    draft = deciding.propose(over, buyer)
    assert draft["result"]["ranking"] == [local, cheap]
    assert deciding.complete(draft, second).status_code == 200
    ranked = evaluations.ranking(session, ids.parse("lot", draft["lot_id"]))
    assert ranked[0].price.amount == Decimal(6600000)


def kazakh_law(as_org: AsOrg, **parameters: Any) -> Any:
    """A buyer whose law names abnormally low prices."""
    rules = {"abnormally_low": {"below_mean_bp": 4000}, **parameters}
    answer = as_org(["operator"]).post("/v1/policy-sets", json=law.policy_set(**rules))
    assert answer.status_code == 201, answer.text
    return as_org(["buyer"], country="KZ")


def test_a_low_price_must_be_justified_before_the_evaluation_is_complete(
    as_org: AsOrg, suppliers: list[Any], session: Session
) -> None:
    buyer = kazakh_law(as_org)
    second = bidding.another_client(buyer)
    prices = ("1000.00", "9700.00", "9900.00")
    over = deciding.opened(as_org, buyer, [*zip(suppliers, prices, strict=True)])
    low = over.bids[0]["id"]
    url = f"{deciding.lot_url(over)}/price-justifications"
    question = {"bid_id": low, "question": "Почему?", "answer_until": samples.in_days(60)}
    assert buyer.post(url, json=question).json()["code"] == "conflict", "no draft yet"
    draft = deciding.propose(over, buyer)
    assert draft["result"]["justification_awaited"] == [low]
    before = state_of(session, over)
    refused = deciding.complete(draft, second)
    assert refused.json()["code"] == "justification_awaited"
    assert samples.pointers(refused) == [f"#/bids/{low}"]
    assert state_of(session, over) == before
    other = buyer.post(url, json={**question, "bid_id": over.bids[1]["id"]})
    assert other.json()["code"] == "not_abnormally_low"

    asked = buyer.post(url, json=question)

    assert asked.status_code == 201, asked.text
    own = f"/v1/price-justifications/{asked.json()['id']}/answer"
    assert suppliers[1].post(own, json={"answer": "Я"}).status_code == 404
    decide = f"/v1/tenders/{over.bidding.id}/price-justifications/{asked.json()['id']}"
    early = buyer.post(f"{decide}/reject", json={"reason": "Нет"})
    assert early.json()["code"] == "answer_awaited"
    listed = suppliers[1].get(f"/v1/tenders/{over.bidding.id}/price-justifications")
    assert listed.json()["items"] == []
    assert suppliers[0].post(own, json={"answer": "Свой завод"}).status_code == 200
    assert suppliers[0].post(own, json={"answer": "И ещё"}).json()["code"] == "conflict"
    accepted = buyer.post(f"{decide}/accept", json={"reason": "Подтверждено"})
    assert accepted.json()["status"] == "accepted", accepted.text
    assert deciding.complete(draft, second).json()["code"] == "evaluation_stale"
    again = deciding.propose(over, buyer)
    assert again["result"]["ranking"][0] == low
    assert deciding.complete(again, second).status_code == 200


def test_a_price_without_a_good_explanation_is_not_ranked_and_a_late_one_not_heard(
    as_org: AsOrg, suppliers: list[Any]
) -> None:
    buyer = kazakh_law(as_org)
    prices = ("1000.00", "9700.00", "9900.00")
    over = deciding.opened(as_org, buyer, [*zip(suppliers, prices, strict=True)])
    deciding.propose(over, buyer)
    url = f"{deciding.lot_url(over)}/price-justifications"
    question = {"bid_id": over.bids[0]["id"], "question": "Почему?"}
    past = buyer.post(url, json={**question, "answer_until": samples.in_days(1)})
    assert past.json()["errors"][0]["code"] == "deadline_in_past"
    until = samples.in_days(40)
    asked = buyer.post(url, json={**question, "answer_until": until}).json()
    bidding.advance(samples.datetime.fromisoformat(until))
    late = suppliers[0].post(
        f"/v1/price-justifications/{asked['id']}/answer", json={"answer": "Да"}
    )
    assert late.json()["code"] == "answer_late"
    decide = f"/v1/tenders/{over.bidding.id}/price-justifications/{asked['id']}/reject"
    assert buyer.post(decide, json={"reason": "Не объяснил"}).json()["status"] == "rejected"
    found = deciding.propose(over, buyer)["result"]
    assert over.bids[0]["id"] not in found["ranking"]
    out = next(each for each in found["bids"] if each["id"] == over.bids[0]["id"])
    assert out["reasons"] == [{"code": "abnormally_low", "detail": "Не объяснил"}]


def test_a_policy_can_keep_evaluations_from_the_public(
    as_org: AsOrg, suppliers: list[Any], client: Any, drain: Callable[[], int]
) -> None:
    buyer = kazakh_law(as_org, publish_evaluation=False)
    over = deciding.opened(as_org, buyer, [(suppliers[0], "9000.00")])
    draft = deciding.propose(over, buyer)
    assert deciding.complete(draft, bidding.another_client(buyer)).status_code == 200
    drain()
    url = f"/public/tenders/{over.tender['ocid']}/evaluations/{draft['lot_id']}"
    assert client.get(url).status_code == 404


def test_each_lot_is_judged_by_its_own_answer(as_org: AsOrg) -> None:
    """Who gives the longer warranty for a lot is first there, whatever it gives for the other."""
    buyer, suppliers = as_org(["buyer"]), [as_org(["supplier"]) for _ in range(2)]
    chief = bidding.another_client(buyer)
    (asked,) = deciding.ASKED["criteria"]
    months = {suppliers[0]: (12, 36), suppliers[1]: (36, 12)}

    def answering(supplier: Any) -> Any:
        return lambda tender: bidding.content(
            tender,
            "9000.00",
            requirement_responses=[
                {"requirement_id": "warranty", "value": value, "lot_id": lot["id"]}
                for lot, value in zip(tender["lots"], months[supplier], strict=True)
            ],
        )

    over = deciding.opened(
        as_org,
        buyer,
        [(supplier, answering(supplier)) for supplier in suppliers],
        terms={"criteria": [{**asked, "relates_to": "lot"}]},
        award=deciding.rated(
            {**deciding.PRICE, "weight_bp": 5000}, {**deciding.WARRANTY, "weight_bp": 5000}
        ),
        lots=[samples.lot(), samples.lot()],
    )

    rankings = []
    for lot in range(2):
        draft = deciding.propose(over, buyer, lot)
        assert deciding.complete(draft, chief).status_code == 200
        rankings.append(draft["result"]["ranking"])

    first, second = (bid["id"] for bid in over.bids)
    assert rankings == [[second, first], [first, second]]
