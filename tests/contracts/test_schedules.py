"""Delivery schedules: proposed, answered row by row, in force, amended by both sides."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.contracts.models import DeliverySchedule, DeliveryScheduleRow, OrderResponse
from api.core import db
from api.core.outbox import OutboxEvent
from api.procurement.models import BidLot
from api.rules.incoterms import Incoterm
from tests.contracts.test_downgrade import migrate
from tests.delivery import executing
from tests.delivery.executing import Execution, row
from tests.procurement import samples

type AsOrg = Callable[..., Any]


@pytest.fixture
def made(session: Session, as_org: AsOrg) -> Execution:
    return executing.started(session, as_org)


def propose(by: Any, made: Execution, *rows: dict[str, Any]) -> Any:
    return by.post(f"{made.url}/schedules", json={"rows": [*rows]})


def respond(by: Any, made: Execution, number: int, *lines: dict[str, Any]) -> Any:
    return by.post(f"{made.url}/schedules/{number}/respond", json={"lines": [*lines]})


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


def events(session: Session, kind: str) -> list[OutboxEvent]:
    session.rollback()
    query = select(OutboxEvent).where(OutboxEvent.type.startswith(kind))  # type: ignore[attr-defined]
    return list(session.exec(query.order_by(OutboxEvent.id)))  # type: ignore[arg-type]


def test_a_schedule_is_in_force_once_the_other_side_accepts_every_row(
    made: Execution, session: Session, as_org: AsOrg
) -> None:
    half = {"quantity": "300", "incoterm": "FCA", "named_place": "Kashi"}
    rows = [row(made, number=1, **half), row(made, number=2, quantity="300")]
    proposed = propose(made.buyer, made, *rows)
    assert (proposed.status_code, proposed.json()["status"]) == (201, "proposed"), proposed.text
    assert made.rows() == []
    own = respond(made.buyer, made, 1, {"row_number": 1, "response": "accept"})
    assert (own.status_code, own.json()["code"]) == (409, "own_schedule")
    partial = respond(made.supplier, made, 1, {"row_number": 1, "response": "accept"})
    assert codes(partial) == {("#/lines", "rows_differ")}
    assert session.exec(select(OrderResponse)).all() == []

    lines = [{"row_number": n, "response": "accept"} for n in (1, 2)]
    agreed = respond(made.supplier, made, 1, *lines).json()

    assert (agreed["status"], agreed["agreed_by"]) == ("agreed", agreed["response"]["org_id"])
    assert [line["line_status_code"] for line in agreed["response"]["lines"]] == ["5", "5"]
    first, second = made.rows()
    assert (first["contractual_event"], first["due"]) == ("ship_by", samples.day(40))
    assert (second["contractual_event"], second["due"]) == ("deliver_by", samples.day(60))
    assert (first["incoterm_version"], first["unit_code"]) == ("2020", "SET")
    told = [event.type for event in events(session, "contract.schedule")]
    assert told == ["contract.schedule_proposed", "contract.schedule_agreed"]
    again = propose(made.supplier, made, row(made))
    assert (again.status_code, again.json()["code"]) == (409, "schedule_in_force")
    stranger = as_org(["supplier"])
    for path in ("schedules", "delivery-schedule", "performances"):
        assert stranger.get(f"{made.url}/{path}").status_code == 404
    assert propose(stranger, made, row(made)).status_code == 404


def test_a_changed_row_is_proposed_back_and_a_rejected_one_ends_the_proposal(
    made: Execution, session: Session
) -> None:
    assert propose(made.buyer, made, row(made)).status_code == 201
    assert propose(made.supplier, made, row(made)).json()["code"] == "schedule_open"
    changed = row(made, deliver_by=samples.day(75))
    line = {"row_number": 1, "response": "change", "reason": "Нет машин", "change": changed}
    assert respond(made.supplier, made, 1, {**line, "reason": None}).status_code == 422
    other = {**line, "change": {**changed, "number": 2}}
    assert codes(respond(made.supplier, made, 1, other)) == {("#/lines/0/change", "row_differs")}
    less = {**line, "change": {**changed, "quantity": "599"}}
    assert codes(respond(made.supplier, made, 1, less)) == {("#/rows", "quantity_differs")}
    assert session.exec(select(OrderResponse)).all() == []

    countered = respond(made.supplier, made, 1, line).json()

    assert (countered["status"], countered["response"]["lines"][0]["line_status_code"]) == (
        "countered",
        "3",
    )
    _, second = made.buyer.get(f"{made.url}/schedules").json()["items"]
    assert (second["number"], second["status"], second["based_on"]) == (2, "proposed", 1)
    rejected = {"row_number": 1, "response": "reject", "reason": "Поздно"}
    assert respond(made.buyer, made, 2, rejected).json()["status"] == "rejected"
    assert made.rows() == []
    third = propose(made.supplier, made, row(made)).json()
    withdraw = f"{made.url}/schedules/{third['number']}/withdraw"
    assert made.buyer.post(withdraw).status_code == 409
    stale = made.supplier.post(withdraw, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert made.supplier.post(withdraw).json()["status"] == "withdrawn"
    accept = {"row_number": 1, "response": "accept"}
    assert respond(made.buyer, made, 3, accept).status_code == 409


def test_a_row_is_split_over_several_days_and_its_quantity_is_kept(
    made: Execution, session: Session
) -> None:
    first = row(made, number=1, quantity="400")
    second = row(made, number=2, quantity="200")
    assert propose(made.buyer, made, first, second).status_code == 201
    part = {**first, "number": 3, "quantity": "250", "deliver_by": samples.day(80)}
    line: dict[str, Any] = {
        "row_number": 1,
        "response": "change",
        "reason": "Половина раньше, половина позже",
        "change": {**first, "quantity": "150"},
        "split": [part],
    }
    accept = {"row_number": 2, "response": "accept"}
    at = "#/lines/0/split"
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"split": [{**part, "quantity": "251"}]}, (at, "quantity_differs")),
        ({"change": first}, (at, "quantity_differs")),
        ({"split": [{**part, "number": 2}]}, (f"{at}/0/number", "row_twice")),
        ({"split": [{**part, "item_id": f"item_{7:032x}"}]}, (f"{at}/0/item_id", "row_differs")),
        ({"response": "accept", "change": None}, ("#/lines/0", "value_error")),
    ]
    for changed, expected in cases:
        refused = respond(made.supplier, made, 1, {**line, **changed}, accept)
        assert refused.status_code == 422, refused.text
        assert expected in codes(refused), refused.text
    twice = respond(made.supplier, made, 1, {**line, "split": [part, part]}, accept)
    assert codes(twice) == {(at, "quantity_differs")}
    halves = [{**part, "quantity": "125"}, {**part, "quantity": "125"}]
    same = respond(made.supplier, made, 1, {**line, "split": halves}, accept)
    assert codes(same) == {("#/rows/2/number", "row_twice")}
    session.rollback()
    assert session.exec(select(OrderResponse)).all() == []

    countered = respond(made.supplier, made, 1, line, accept).json()

    assert countered["status"] == "countered"
    statuses = [each["line_status_code"] for each in countered["response"]["lines"]]
    assert statuses == ["3", "5"]
    xml = made.buyer.get(f"{made.url}/schedules/1/ubl/order-response").text
    assert xml.count("<cac:OrderLine>") == 3
    assert "<cbc:LineID>1</cbc:LineID>" in xml
    answers = [{"row_number": n, "response": "accept"} for n in (1, 2, 3)]
    assert respond(made.buyer, made, 2, *answers).json()["status"] == "agreed"
    in_force = [(each["number"], each["quantity"], each["due"]) for each in made.rows()]
    late, soon = samples.day(80), samples.day(60)
    assert in_force == [(1, "150", soon), (2, "200", soon), (3, "250", late)]


def test_a_schedule_that_does_not_fit_the_contract_is_refused_by_its_field(
    made: Execution, session: Session
) -> None:
    other = "item_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"quantity": "601"}, ("#/rows", "quantity_differs")),
        ({"item_id": other}, ("#/rows/0/item_id", "unknown_item")),
        ({"place_code": "kg-nowhere"}, ("#/rows/0/place_code", "unknown_place")),
        ({"deliver_by": None}, ("#/rows/0/deliver_by", "date_missing")),
        ({"ship_by": samples.day(61)}, ("#/rows/0/deliver_by", "dates_backward")),
        ({"incoterm": "FOB"}, ("#/rows/0/incoterm", "MODE_CONFLICT")),
        ({"named_place": None}, ("#/rows/0/named_place", "place_missing")),
        ({"incoterm": None}, ("#/rows/0/named_place", "incoterm_missing")),
    ]
    for changed, expected in cases:
        answer = propose(made.buyer, made, row(made, **changed))
        assert answer.status_code == 422, changed
        assert expected in codes(answer), answer.text
    twice = propose(made.buyer, made, row(made, quantity="300"), row(made, quantity="300"))
    assert codes(twice) == {("#/rows/1/number", "row_twice")}
    assert session.exec(select(DeliverySchedule)).all() == []


def test_a_change_of_the_contract_amends_the_schedule_once_both_agree(
    made: Execution, session: Session
) -> None:
    executing.agree(made)
    (before,) = made.rows()
    assert executing.despatched(made, "200")
    later = samples.day(90)
    body = {
        "rationale_type": "durationExtension",
        "rationale": "Граница закрыта",
        "value_delta": "0",
        "schedule": [row(made, deliver_by=later)],
    }
    below = {**body, "schedule": [row(made, quantity="100"), row(made, number=2, quantity="500")]}
    refused = made.supplier.post(f"{made.url}/changes", json=below)
    assert codes(refused) == {("#/schedule/0/quantity", "below_despatched")}
    more = {**body, "schedule": [row(made, quantity="700")]}
    assert codes(made.supplier.post(f"{made.url}/changes", json=more)) == {
        ("#/schedule", "quantity_differs")
    }
    assert len(session.exec(select(DeliverySchedule)).all()) == 1

    proposed = made.supplier.post(f"{made.url}/changes", json=body)
    assert proposed.status_code == 201, proposed.text
    cuts = {**body, "rationale_type": "volumeCuts", "schedule": [row(made, quantity="500")]}
    assert made.supplier.post(f"{made.url}/changes", json=cuts).status_code == 201
    assert made.rows() == [{**before, "despatched_quantity": "200"}]
    alone = respond(made.buyer, made, 2, {"row_number": 1, "response": "accept"})
    assert alone.status_code == 409
    assert made.buyer.post(f"{made.url}/changes/1/agree").status_code == 200

    (after,) = made.rows()
    assert (after["id"], after["due"], after["despatched_quantity"]) == (before["id"], later, "200")
    first, second, _ = made.buyer.get(f"{made.url}/schedules").json()["items"]
    assert (first["status"], second["status"], second["change_number"]) == (
        "superseded",
        "agreed",
        1,
    )
    outdated = made.buyer.post(f"{made.url}/changes/2/agree")
    assert (outdated.status_code, outdated.json()["code"]) == (409, "schedule_outdated")
    session.rollback()
    assert [r.quantity for r in session.exec(select(DeliveryScheduleRow))] == [600]
    contract = made.buyer.get(made.url).json()
    assert [change["status"] for change in contract["changes"]] == ["active", "pending"]


def test_rows_agree_otherwise_than_by_their_incoterm_as_the_bid_does_or_by_a_change(
    made: Execution, session: Session
) -> None:
    for bid in session.exec(select(BidLot)):
        bid.incoterm, bid.place_code, bid.named_place = Incoterm.FCA, "cn-yiwu", "Yiwu"
        bid.deviations = ["unloaded"]
        session.add(bid)
    session.commit()
    plain = row(made, incoterm=None, named_place=None)
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"deviations": []}, ("#/rows/0/deviations", "deviations_differ")),
        ({"deviations": ["stowed"]}, ("#/rows/0/deviations/0", "deviation_unfit")),
        ({"deviations": ["unloaded"] * 2}, ("#/rows/0/deviations/1", "deviation_twice")),
        ({"deviations": ["washed"]}, ("#/rows/0/deviations/0", "enum")),
    ]
    for changed, expected in cases:
        refused = propose(made.buyer, made, {**plain, **changed})
        assert expected in codes(refused), refused.text
    assert session.exec(select(DeliverySchedule)).all() == []
    assert propose(made.buyer, made, plain).json()["rows"][0]["deviations"] == ["unloaded"]
    order = made.supplier.get(f"{made.url}/schedules/1/ubl/order").text
    assert made.buyer.post(f"{made.url}/schedules/1/withdraw").status_code == 200
    sent = {"url": f"{made.url}/ubl/orders", "headers": {"Content-Type": "application/xml"}}
    terms = "/Order/cac:OrderLine/cac:LineItem/cac:DeliveryTerms/cbc:SpecialTerms"
    refused = made.buyer.post(content=order.replace(">unloaded<", ">cleared<"), **sent)
    assert (terms, "deviation_unfit") in codes(refused), refused.text

    assert made.buyer.post(content=order, **sent).json()["schedule_number"] == 2

    accept = {"row_number": 1, "response": "accept"}
    assert respond(made.supplier, made, 2, accept).json()["status"] == "agreed"
    (agreed,) = made.rows()
    assert (agreed["incoterm"], agreed["deviations"]) == ("FCA", ["unloaded"])
    for document in ("order", "order-response"):
        xml = made.buyer.get(f"{made.url}/schedules/2/ubl/{document}").text
        assert "<cbc:SpecialTerms>unloaded</cbc:SpecialTerms>" in xml
    body = {
        "rationale_type": "durationExtension",
        "rationale": "Стороны договорились",
        "value_delta": "0",
        "schedule": [row(made, incoterm="DDP", deviations=["vat_unpaid", "loaded"])],
    }
    refused = made.supplier.post(f"{made.url}/changes", json=body)
    assert codes(refused) == {("#/schedule/0/deviations/1", "deviation_unfit")}
    body["schedule"] = [row(made, incoterm="DDP", deviations=["vat_unpaid"])]
    assert made.supplier.post(f"{made.url}/changes", json=body).status_code == 201
    assert made.buyer.post(f"{made.url}/changes/1/agree").status_code == 200
    (amended,) = made.rows()
    assert (amended["incoterm"], amended["deviations"]) == ("DDP", ["vat_unpaid"])


def test_rows_that_were_there_take_what_the_bid_agreed(made: Execution, session: Session) -> None:
    halves = ({"quantity": "300", "number": n, "incoterm": t} for n, t in ((1, "FCA"), (2, "DAP")))
    executing.agree(made, *halves)
    for bid in session.exec(select(BidLot)):
        bid.incoterm, bid.deviations = Incoterm.FCA, ["unloaded"]
        session.add(bid)
    session.commit()
    session.close()
    with db.engine("owner").connect() as connection:
        migrate(connection, lambda script, now: script._downgrade_revs("0151", now))
        migrate(connection, lambda script, now: script._upgrade_revs("0157", now))
        connection.exec_driver_sql("ALTER TABLE delivery_schedule_row NO FORCE ROW LEVEL SECURITY")
        query = "SELECT number, deviations FROM delivery_schedule_row ORDER BY number"
        there = connection.exec_driver_sql(query).all()
        connection.rollback()
    assert [*map(tuple, there)] == [(1, ["unloaded"]), (2, [])]


def test_the_supplier_tells_what_lies_ready_and_no_more_than_was_ordered(
    made: Execution, session: Session
) -> None:
    executing.agree(made, {"incoterm": "EXW", "named_place": "Yiwu"})
    url, at = f"{made.url}/delivery-schedule/1/ready", executing.now()
    assert made.supplier.post(url, json={"quantity": "400", "ready_at": at}).status_code == 200

    more = made.supplier.post(url, json={"quantity": "231", "ready_at": at})
    assert (more.status_code, more.json()["code"]) == (409, "more_ready_than_ordered")
    future = {"quantity": "1", "ready_at": "2099-01-01T00:00:00Z"}
    assert codes(made.supplier.post(url, json=future)) == {("#/ready_at", "in_future")}
    body = {"quantity": "1", "ready_at": at}
    assert made.buyer.post(url, json=body).status_code == 403
    assert made.supplier.post(url.replace("/1/", "/2/"), json=body).status_code == 404

    facts = made.buyer.get(f"{made.url}/performances").json()["items"]
    assert [(fact["event"], fact["quantity"]) for fact in facts] == [("ready", "400")]
    (row_shown,) = made.rows()
    assert row_shown["contractual_event"] == "ship_by"
