"""Despatch and receipt: quantities conserve, and every act leaves its facts and its event."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from api.contracts import performance
from api.contracts.models import DeliveryScheduleRow, Performance
from api.core.outbox import OutboxEvent
from api.delivery.models import DespatchAdvice, DespatchLine, Receipt, ReceiptLine
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.opendata.test_releases import compiled, releases

type AsOrg = Callable[..., Any]


@pytest.fixture
def made(session: Session, as_org: AsOrg) -> Execution:
    return executing.scheduled(session, as_org)


def errors(answer: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


def counted(made: Execution) -> tuple[str, str]:
    (row,) = made.rows()
    return row["despatched_quantity"], row["received_quantity"]


def test_no_more_is_despatched_than_was_ordered_with_its_tolerance(
    made: Execution, session: Session, as_org: AsOrg
) -> None:
    first, second = executing.shipped(made), executing.shipped(made, number="SH-2")
    assert executing.despatch(made, first, "400").status_code == 201

    more = executing.despatch(made, second, "231")
    assert (more.status_code, more.json()["code"]) == (409, "more_than_ordered")
    assert errors(more) == {("#/lines/0/quantity", "more_than_ordered")}
    assert "row 1, 230 SET" in more.json()["errors"][0]["detail"]
    stranger = "schedule_row_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
    line = {"schedule_row_id": stranger, "quantity": "1"}
    unknown = executing.despatch(made, second, "1", lines=[line])
    assert errors(unknown) == {("#/lines/0/schedule_row_id", "unknown_row")}
    good = {"schedule_row_id": made.rows()[0]["id"], "quantity": "1"}
    twice = executing.despatch(made, second, "1", lines=[good, good])
    assert errors(twice) == {("#/lines/1/schedule_row_id", "row_twice")}
    for moment, code in (("2099-01-01T00:00:00Z", "in_future"), ("2020-01-01T00:00:00Z", None)):
        late = executing.despatch(made, second, "1", despatched_at=moment)
        assert errors(late) == {("#/despatched_at", code or "before_contract")}
    again = executing.despatch(made, first, "1", number="DA-9")
    assert (again.status_code, again.json()["code"]) == (409, "despatch_exists")
    body = {"number": "X", "despatched_at": executing.now(), "lines": [good]}
    url = f"/v1/shipments/{second['id']}/despatch-advices"
    assert made.buyer.post(url, json=body).status_code == 403
    assert as_org(["supplier"]).post(url, json=body).status_code == 404
    session.rollback()
    assert len(session.exec(select(DespatchAdvice)).all()) == 1
    assert counted(made) == ("400", "0")

    assert executing.despatch(made, second, "230").status_code == 201
    assert counted(made) == ("630", "0")
    facts = made.buyer.get(f"{made.url}/performances").json()["items"]
    assert [(f["event"], f["quantity"]) for f in facts] == [
        ("handed_over", "400"),
        ("handed_over", "230"),
    ]


def test_a_buyer_receives_what_was_despatched_and_no_more(
    made: Execution, session: Session, as_org: AsOrg
) -> None:
    advice = executing.despatched(made, "600")

    more = executing.receive(made, advice, "599", short_quantity="2")
    assert (more.status_code, more.json()["code"]) == (409, "more_than_despatched")
    assert errors(more) == {("#/lines/0/received_quantity", "more_than_despatched")}
    early = executing.receive(made, advice, "1", received_at="2020-01-01T00:00:00Z")
    assert errors(early) == {("#/received_at", "received_before_despatched")}
    assert executing.receive(made, advice, "1", damaged_quantity="2").status_code == 422
    assert executing.receive(made, advice, "0").status_code == 422
    other = [{"line_number": 2, "received_quantity": "1"}]
    unknown = executing.receive(made, advice, "1", lines=other)
    assert errors(unknown) == {("#/lines/0/line_number", "unknown_line")}
    url = f"/v1/despatch-advices/{advice['id']}"
    assert as_org(["buyer"]).get(url).status_code == 404
    assert session.exec(select(Receipt)).all() == []
    assert counted(made) == ("600", "0")

    evidence = [{"type": "delivery_note", "title": "Акт № 7", "sha256": "a" * 64}]
    one = executing.receive(made, advice, "500", damaged_quantity="3", evidence=evidence)
    assert one.status_code == 201, one.text
    two = executing.receive(made, advice, "98", short_quantity="2", number="RC-2")
    assert two.status_code == 201, two.text
    done = executing.receive(made, advice, "1", number="RC-3")
    assert done.json()["code"] == "more_than_despatched"

    (line,) = made.supplier.get(url).json()["lines"]
    assert (line["received_quantity"], line["short_quantity"]) == ("598", "2")
    assert counted(made) == ("600", "598")
    listed = made.supplier.get(f"{url}/receipts").json()["items"]
    assert [r["lines"][0]["damaged_quantity"] for r in listed] == ["3", "0"]
    facts = made.supplier.get(f"{made.url}/performances").json()["items"]
    assert [(f["event"], f["quantity"], len(f["evidence"])) for f in facts] == [
        ("handed_over", "600", 0),
        ("received", "500", 1),
        ("received", "98", 0),
    ]
    session.rollback()
    kinds = [e.type for e in session.exec(select(OutboxEvent)) if e.type.startswith("goods.")]
    assert kinds == ["goods.received", "goods.received"]


def test_a_despatch_advice_is_taken_back_until_something_of_it_is_received(
    made: Execution, session: Session
) -> None:
    sent = executing.shipped(made)
    advice = executing.despatch(made, sent, "600").json()
    url, reason = f"/v1/despatch-advices/{advice['id']}/cancel", {"reason": "Не погружено"}
    assert made.buyer.post(url, json=reason).status_code == 403

    cancelled = made.supplier.post(url, json=reason).json()

    assert (cancelled["cancellation_reason"], counted(made)) == ("Не погружено", ("0", "0"))
    assert made.supplier.get(f"{made.url}/performances").json()["items"] == []
    assert made.supplier.post(url, json=reason).status_code == 409
    assert executing.receive(made, advice, "1").status_code == 409
    second = executing.despatch(made, sent, "300", number="DA-2").json()
    assert executing.receive(made, second, "1").status_code == 201
    late = made.supplier.post(f"/v1/despatch-advices/{second['id']}/cancel", json=reason)
    assert (late.status_code, late.json()["code"]) == (409, "despatch_received")
    assert counted(made) == ("300", "1")
    session.rollback()
    told = session.exec(select(Performance)).all()
    assert [fact.retracts_id is not None for fact in told] == [False, True, False, False]


def test_the_same_source_tells_a_fact_once(made: Execution, session: Session) -> None:
    advice = executing.despatched(made, "10")
    session.rollback()
    row = session.exec(select(DeliveryScheduleRow)).one()
    (fact,) = session.exec(select(Performance)).all()

    told = performance.record(session, row, fact.event, Decimal(10), fact.occurred_at, fact.source)

    assert told is False
    session.commit()
    assert len(session.exec(select(Performance)).all()) == 1
    assert advice["lines"][0]["quantity"] == "10"
    kinds = [e for e in session.exec(select(OutboxEvent)) if e.type == "contract.performed"]
    assert len(kinds) == 1


def test_goods_in_transit_are_received_after_the_contract_has_ended_but_none_are_sent(
    made: Execution, session: Session
) -> None:
    advice, planned = executing.despatched(made, "100"), executing.shipped(made, number="SH-2")
    end = {"reason": "mutual", "details": "Достаточно"}
    assert made.buyer.post(f"{made.url}/terminate", json=end).status_code == 200
    assert made.supplier.post(f"{made.url}/agree-termination").status_code == 200

    refused = executing.despatch(made, planned, "1")

    assert (refused.status_code, refused.json()["code"]) == (409, "contract_not_in_force")
    body = executing.shipment(made, number="SH-3")
    assert made.supplier.post("/v1/shipments", json=body).json()["code"] == "contract_not_in_force"
    assert executing.receive(made, advice, "100").status_code == 201
    session.rollback()
    assert len(session.exec(select(DespatchLine)).all()) == 1
    assert len(session.exec(select(ReceiptLine)).all()) == 1


def test_the_public_reads_how_far_the_rows_of_a_contract_have_come(
    session: Session, as_org: AsOrg
) -> None:
    made = executing.started(session, as_org)
    executing.agree(made, {"quantity": "400"}, {"number": 2, "quantity": "200"})
    advice = executing.despatched(made, "400")
    assert executing.receive(made, advice, "399").status_code == 201
    partly = milestones(session)
    assert executing.receive(made, advice, "1", number="RC-2").status_code == 201

    first, second = milestones(session)

    due = f"{made.rows()[0]['due']}T17:59:59.000000Z"
    assert partly[0] == {
        "id": "1",
        "type": "delivery",
        "code": "deliver_by",
        "description": "399 of 400 SET received",
        "dueDate": due,
        "status": "partiallyMet",
    }
    assert (first["status"], first["description"]) == ("met", "400 of 400 SET received")
    last = made.buyer.get(f"{made.url}/performances").json()["items"][-1]
    assert datetime.fromisoformat(first["dateMet"]) == datetime.fromisoformat(last["occurred_at"])
    assert (second["status"], "dateMet" in second) == ("scheduled", False)
    tags = [release["tag"] for release in releases(session)]
    assert [tag for tag in tags if "implementation" in tag[0]] == [
        ["implementation"],
        *[["implementationUpdate"]] * 3,
    ]


def milestones(session: Session) -> list[Any]:
    return list(compiled(session)["contracts"][0]["implementation"]["milestones"])
