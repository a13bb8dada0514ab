"""From the agreed schedule over despatch and receipt to damages, acceptance and an amendment."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from tests.contracts import delivering
from tests.delivery import executing
from tests.opendata import test_releases
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def wait_until(moment: datetime) -> None:
    now = datetime.fromisoformat(executing.now())
    awarding.advance((moment - now) / timedelta(days=1))


def milestones(session: Session) -> list[tuple[list[str], str, str]]:
    """Tags of the releases with a milestone of the only row, its number and status."""
    session.rollback()
    found = []
    for release in test_releases.releases(session):
        for contract in release.get("contracts", ()):
            for each in contract.get("implementation", {}).get("milestones", ()):
                found.append((release["tag"], each["id"], each["status"]))
    return found


def told(session: Session, drain: Drain) -> list[tuple[str, str]]:
    """The warnings and delays that the clock has told."""
    clock.tick()
    drain()
    kinds = ("delivery.at_risk", "delivery.late")
    found = delivering.events(session, "delivery.")
    return [(name, payload["due_date"]) for name, payload in found if name in kinds]


def test_what_was_received_late_is_presented_and_costs_what_the_terms_say(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    made = executing.scheduled(session, as_org)
    advice = executing.despatched(made, "600")
    row = made.rows()[0]["id"]
    present = {
        "schedule_row_id": row,
        "delivered_quantity": "550",
        "proof_of_delivery": {"signatory": "Асанов Бакыт", "signed_at": executing.now()},
    }
    early = made.supplier.post(f"{made.url}/acceptances", json=present)
    assert (early.status_code, early.json()["code"]) == (409, "not_received")
    drain()
    due = date.fromisoformat(made.rows()[0]["deliver_by"])
    wait_until(delivering.noon(due + timedelta(days=1)))
    assert told(session, drain) == [("delivery.late", due.isoformat())]
    assert milestones(session)[-1] == (["implementationUpdate"], "1", "notMet")

    received = executing.receive(made, advice, "550")
    assert received.status_code == 201, received.text
    presented = made.buyer.post(f"{made.url}/acceptances", json=present)
    assert presented.status_code == 201, presented.text
    over = {**present, "delivered_quantity": "1"}
    again = made.supplier.post(f"{made.url}/acceptances", json=over)
    assert again.json()["code"] == "not_received"

    (found,) = made.supplier.get(f"{made.url}/penalty").json()["result"]["rows"]
    # 5 % of 600 may be missing: 570 are due, of which 550 came a day late and 20 are missing.
    assert (found["required_quantity"], found["late_quantity"]) == ("570", "570")
    assert [(part["quantity"], part["days_late"]) for part in found["parts"]] == [
        ("550", 1),
        ("20", 1),
    ]
    accept = {
        "accepted_quantity": "550",
        "protocol_number": "2026/16",
        "commission_members": delivering.MEMBERS,
    }
    accepted = made.buyer.post(f"{made.url}/acceptances/1/accept", json=accept)
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["rejected_quantity"] == "0"


def test_an_agreed_amendment_moves_the_day_that_is_watched(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    made = executing.scheduled(session, as_org)
    drain()
    before = date.fromisoformat(made.rows()[0]["deliver_by"])
    after = before + timedelta(days=30)
    change = {
        "rationale_type": "durationExtension",
        "rationale": "Перевал закрыт",
        "value_delta": "0",
        "schedule": [executing.row(made, deliver_by=after.isoformat())],
    }
    proposed = made.supplier.post(f"{made.url}/changes", json=change)
    assert proposed.status_code == 201, proposed.text
    assert made.buyer.post(f"{made.url}/changes/1/agree").status_code == 200
    drain()

    wait_until(delivering.noon(before + timedelta(days=1)))
    assert told(session, drain) == []
    wait_until(delivering.noon(after - timedelta(days=1)))
    assert told(session, drain) == [("delivery.at_risk", after.isoformat())]
    wait_until(delivering.noon(after + timedelta(days=1)))
    assert told(session, drain)[1:] == [("delivery.late", after.isoformat())]
    assert made.supplier.get(f"{made.url}/penalty").json()["inputs"]["rows"][0]["due_date"] == (
        after.isoformat()
    )
