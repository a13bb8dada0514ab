"""Contracts in force with an agreed schedule, shipments and despatches, for tests."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlmodel import Session

from api.core import db
from tests.contracts import signing
from tests.procurement import awarding, samples
from tests.remembered import remembered

type AsOrg = Callable[..., Any]


class Execution(NamedTuple):
    """A contract about 600 desks in force, and its two sides."""

    buyer: Any
    supplier: Any
    contract: Any
    item: str

    @property
    def url(self) -> str:
        return f"/v1/contracts/{self.contract['id']}"

    def rows(self) -> list[Any]:
        """The rows in force, as the supplier sees them."""
        answer = self.supplier.get(f"{self.url}/delivery-schedule")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@remembered
def started(session: Session, as_org: AsOrg) -> Execution:
    """A contract that both sides signed; nothing is scheduled yet."""
    case = awarding.ranked(session, as_org)
    contract = signing.in_force(case, awarding.awarded(case))
    item = case.tender["lots"][0]["items"][0]["id"]
    return Execution(case.parties.buyer, case.parties.suppliers[0], contract, item)


@remembered
def scheduled(session: Session, as_org: AsOrg, *rows: dict[str, Any]) -> Execution:
    """A contract whose schedule (one row of everything unless given) both sides have agreed to."""
    made = started(session, as_org)
    agree(made, *rows)
    return made


def agree(made: Execution, *rows: dict[str, Any]) -> None:
    """Let the buyer propose and the supplier accept every row."""
    wanted = [row(made, **each) for each in rows] or [row(made)]
    answer = made.buyer.post(f"{made.url}/schedules", json={"rows": wanted})
    assert answer.status_code == 201, answer.text
    lines = [{"row_number": each["number"], "response": "accept"} for each in wanted]
    number = answer.json()["number"]
    answer = made.supplier.post(f"{made.url}/schedules/{number}/respond", json={"lines": lines})
    assert (answer.status_code, answer.json()["status"]) == (200, "agreed"), answer.text


def row(made: Execution, **changed: Any) -> dict[str, Any]:
    """A row: everything, delivered at place in Osh."""
    return {
        "number": 1,
        "item_id": made.item,
        "quantity": "600",
        "ready_by": samples.day(30),
        "ship_by": samples.day(40),
        "deliver_by": samples.day(60),
        "place_code": "kg-osh",
        "tolerance_pct": "5",
        "incoterm": "DAP",
        "named_place": "Osh, Kyrgyzstan",
        **changed,
    }


def shipment(made: Execution, **changed: Any) -> dict[str, Any]:
    """A shipment by lorry from Kashi by Irkeshtam to Osh."""
    leg = {
        "mode": "ROAD",
        "from_place_code": "cn-kashi",
        "to_place_code": "kg-osh",
        "crossing_code": "kg-irkeshtam",
        "carrier": "Silk Road Trucking",
        "document": {"type": "CMR", "number": "KG-2027-000123"},
        "equipment": [{"type": "CN", "number": "CSQU 305438 3", "seals": ["H7712345"]}],
    }
    return {
        "contract_id": made.contract["id"],
        "number": "SH-1",
        "legs": [leg],
        "packages": [
            {
                "sscc": "006141411234567890",
                "type": "PX",
                "gross_weight": "412.5",
                "net_weight": "390",
                "volume": "1.92",
            }
        ],
        **changed,
    }


def shipped(made: Execution, **changed: Any) -> Any:
    """Plan a shipment, as it answers."""
    answer = made.supplier.post("/v1/shipments", json=shipment(made, **changed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def now() -> str:
    """This moment by the clock that decides."""
    with db.worker_unit_of_work() as session:
        return db.now(session).isoformat()


def despatch(made: Execution, sent: Any, quantity: str, **changed: Any) -> Any:
    """Try to issue the despatch advice of a shipment, for the first row."""
    line = {"schedule_row_id": made.rows()[0]["id"], "quantity": quantity}
    body = {"number": f"DA-{sent['number']}", "despatched_at": now(), "lines": [line], **changed}
    return made.supplier.post(f"/v1/shipments/{sent['id']}/despatch-advices", json=body)


def despatched(made: Execution, quantity: str, **changed: Any) -> Any:
    """A shipment and its despatch advice, as it answers."""
    answer = despatch(made, shipped(made, **changed), quantity)
    assert answer.status_code == 201, answer.text
    return answer.json()


def receive(made: Execution, advice: Any, received: str, **changed: Any) -> Any:
    """Try to receive the first line of a despatch advice."""
    line = {
        "line_number": 1,
        "received_quantity": received,
        **{k: changed.pop(k) for k in ("short_quantity", "damaged_quantity") if k in changed},
    }
    body = {"number": "RC-1", "received_at": now(), "lines": [line], **changed}
    return made.buyer.post(f"/v1/despatch-advices/{advice['id']}/receipts", json=body)
