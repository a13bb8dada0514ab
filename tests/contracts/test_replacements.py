"""Rejected goods are replaced by a row of the schedule of their own, and paid for once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.contracts import delivering
from tests.contracts.delivering import PROTOCOL
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.opendata import test_releases
from tests.payments import paying
from tests.payments.paying import Paid
from tests.remembered import remembered

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
PARTS = (
    {"number": 1, "kind": "on_delivery", "basis_points": 4000},
    {"number": 2, "kind": "on_acceptance", "basis_points": 6000},
)


DAMAGED = {"reason_code": "damaged", "reason": "Сколы"}


def due(session: Session, days: int = 30) -> str:
    return delivering.today(session, days).isoformat()


def decide(case: Paid, number: int, action: str, **body: Any) -> Any:
    url = case.url(f"acceptances/{number}/{action}")
    answer = case.made.buyer.post(url, json={**PROTOCOL, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


@remembered
def rejected(session: Session, as_org: AsOrg, drain: Drain) -> Paid:
    """600 desks have come, 580 were accepted, 20 are to be replaced in 30 days."""
    case = paying.agreed(session, as_org, drain, parts=PARTS)
    paying.receive(case, "600")
    delivering.presented(case.made, "600")
    decide(case, 1, "accept", accepted_quantity="580", replace_by=due(session), **DAMAGED)
    return case


@pytest.fixture
def case(as_org: AsOrg, session: Session, drain: Drain) -> Paid:
    return rejected(session, as_org, drain)


def rows(case: Paid) -> list[Any]:
    return list(case.made.supplier.get(case.url("delivery-schedule")).json()["items"])


def test_what_is_rejected_is_sent_again_by_a_row_of_its_own_and_paid_for_once(
    case: Paid, session: Session
) -> None:
    first, added = rows(case)

    assert (added["number"], added["quantity"], added["deliver_by"]) == (2, "20", due(session))
    assert added["replaces_row_id"] == first["id"]
    shown = case.made.buyer.get(case.url("acceptances/1")).json()
    assert shown["replacement_row_id"] == added["id"]
    told = [p for n, p in delivering.events(session, "contract.") if n.endswith("_ordered")]
    assert [(p["acceptance"], p["quantity"]) for p in told] == [(1, "20")]
    delivered, accepted = (Decimal(each["called"]) for each in case.milestones())
    assert (delivered, accepted) == (Decimal(400_000), Decimal(580_000))

    sides = Execution(case.made.buyer, case.made.supplier, case.made.contract, "")
    sent = executing.shipped(sides, number="SH-AGAIN")
    line = {"schedule_row_id": added["id"], "quantity": "21"}
    many = executing.despatch(sides, sent, "21", lines=[line])
    assert many.json()["code"] == "more_than_ordered", many.text
    advice = executing.despatch(sides, sent, "20", lines=[{**line, "quantity": "20"}])
    assert executing.receive(sides, advice.json(), "20", number="RC-AGAIN").status_code == 201
    wrong = delivering.presented(case.made, "20", schedule_row_id=added["id"], replaces=2)
    assert wrong.status_code == 404
    again = delivering.presented(case.made, "20", schedule_row_id=added["id"])
    assert again.json()["replaces"] == 1, again.text
    decide(case, 2, "accept", accepted_quantity="20")

    delivered, accepted = (Decimal(each["called"]) for each in case.milestones())
    assert (delivered, accepted) == (Decimal(400_000), Decimal(600_000))
    (release,) = test_releases.releases(session)[-1:]
    assert release["tag"] == ["implementationUpdate"]
    papers = release["contracts"][0]["implementation"]["documents"]
    assert [each["title"] for each in papers] == [f"Protocol {PROTOCOL['protocol_number']}"] * 2
    assert papers[0]["description"] == "Row 1: 580 SET accepted, 20 rejected"


def test_a_replacement_adds_nothing_to_the_order_and_an_amendment_moves_its_day_alone(
    case: Paid, session: Session
) -> None:
    first, added = rows(case)
    kept = {*executing.row(Execution(None, None, None, "")), "delivery_address"}
    given = [{name: each[name] for name in sorted(kept)} for each in (first, added)]
    body = {
        "rationale_type": "durationExtension",
        "rationale": "Перевал закрыт",
        "value_delta": "0",
    }
    url = case.url("changes")
    more = [given[0], {**given[1], "quantity": "21"}]
    refused = case.made.supplier.post(url, json={**body, "schedule": more})
    assert refused.json()["errors"][0]["code"] == "replacement_differs"
    later = [given[0], {**given[1], "deliver_by": due(session, 50)}]
    for n, schedule in enumerate((later, [given[0]]), start=1):
        proposed = case.made.supplier.post(url, json={**body, "schedule": schedule})
        assert proposed.status_code == 201, proposed.text
        assert case.made.buyer.post(f"{url}/{n}/agree").status_code == 200
        assert [row["deliver_by"] for row in rows(case)][1:] == [due(session, 50)]

    with pytest.raises(DBAPIError, match="what is replaced"):
        session.connection().exec_driver_sql(
            "UPDATE delivery_schedule_row SET quantity = 19 WHERE replaces_row_id IS NOT NULL"
        )
    session.rollback()


def test_what_replaced_goods_and_is_rejected_too_is_replaced_again(
    case: Paid, session: Session
) -> None:
    _, added = rows(case)
    sides = Execution(case.made.buyer, case.made.supplier, case.made.contract, "")
    line = {"schedule_row_id": added["id"], "quantity": "20"}
    sent = executing.shipped(sides, number="SH-AGAIN")
    advice = executing.despatch(sides, sent, "20", lines=[line]).json()
    assert executing.receive(sides, advice, "20", number="RC-AGAIN").status_code == 201
    delivering.presented(case.made, "20", schedule_row_id=added["id"])
    late = case.made.buyer.post(
        case.url("acceptances/2/reject"),
        json={**PROTOCOL, **DAMAGED, "replace_by": due(session, -1)},
    )
    assert late.json()["errors"][0]["code"] == "in_past"
    assert len(rows(case)) == 2

    decide(case, 2, "reject", replace_by=due(session, 60), **DAMAGED)

    assert [row["replaces_row_id"] for row in rows(case)[1:]] == [rows(case)[0]["id"], added["id"]]
    assert rows(case)[2]["quantity"] == "20"
