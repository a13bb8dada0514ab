"""Steps from a signed contract to received goods; each makes its requests."""

from typing import Any

from tests.delivery import executing
from tests.delivery.executing import Execution, now, row
from tests.procurement import samples
from tests.scenarios.recorder import Page


def schedule(told: Page, made: Execution) -> None:
    """A proposal, an order response that changes a row, and its acceptance."""
    told.say(
        "## The delivery schedule\n\nOne side proposes rows that together are what was ordered;"
        " the terms of the winning bid are taken where a row names none. Under DAP the date of"
        " delivery binds the seller, under FCA or CPT it would be the date of shipment"
        " (`contractual_event`)."
    )
    half = {"quantity": "300", "incoterm": None, "named_place": None}
    later = {"ready_by": samples.day(60), "ship_by": samples.day(70)}
    rows = [
        row(made, **half),
        row(made, **{**half, **later, "number": 2, "deliver_by": samples.day(80)}),
    ]
    url = f"{made.url}/schedules"
    told.call("buyer", made.buyer, "POST", url, json={"rows": rows}, expect=201)
    told.say(
        "The other side answers row by row (UBL OrderResponse): it accepts, rejects or changes."
        " A change is proposed back."
    )
    changed = {**rows[1], "deliver_by": samples.day(90)}
    lines = [
        {"row_number": 1, "response": "accept"},
        {"row_number": 2, "response": "change", "reason": "Нет машин", "change": changed},
    ]
    told.call(
        "supplier", made.supplier, "POST", f"{url}/1/respond", json={"lines": lines}, expect=200
    )
    told.say("With every row accepted the schedule is in force.")
    accepted = [{"row_number": number, "response": "accept"} for number in (1, 2)]
    told.call("buyer", made.buyer, "POST", f"{url}/2/respond", json={"lines": accepted}, expect=200)
    told.call("buyer", made.buyer, "GET", f"{made.url}/delivery-schedule", expect=200)


def shipment(told: Page, made: Execution) -> Any:
    """A shipment, a crossing that does not exist, and the export declaration."""
    told.say(
        "## The shipment\n\nLegs in their order, each with its transport document and equipment."
        " Check digits of containers (ISO 6346), wagons, packages (SSCC) and air waybills are"
        " verified, and a border crossing must exist."
    )
    body = executing.shipment(made, number="SH-2027-001")
    wrong = {**body, "legs": [{**body["legs"][0], "crossing_code": "kg-khan-tengri"}]}
    told.call("supplier", made.supplier, "POST", "/v1/shipments", json=wrong, expect=422)
    sent = told.call("supplier", made.supplier, "POST", "/v1/shipments", json=body, expect=201)
    declaration = {
        "kind": "export",
        "country": "CN",
        "number": "531420261234567890",
        "procedure": "0110",
        "registered_at": now(),
        "released_at": now(),
    }
    url = f"/v1/shipments/{sent.json()['id']}/declarations"
    told.call("supplier", made.supplier, "POST", url, json=declaration, expect=201)
    return sent.json()


def despatch(told: Page, made: Execution, sent: Any) -> Any:
    """A despatch advice of more than was ordered, and one that fits."""
    told.say(
        "## Despatch\n\nThe despatch advice counts against rows of the schedule. More than was"
        " ordered, with the tolerance of the row, is refused; the database counts under the row's"
        " lock, so two advices never pass together what they may not one by one."
    )
    line = {"schedule_row_id": made.rows()[0]["id"], "quantity": "316"}
    body = {"number": "DA-2027-001", "despatched_at": now(), "lines": [line]}
    url = f"/v1/shipments/{sent['id']}/despatch-advices"
    told.call("supplier", made.supplier, "POST", url, json=body, expect=409)
    good = {**body, "lines": [{**line, "quantity": "300"}]}
    return told.call("supplier", made.supplier, "POST", url, json=good, expect=201).json()


def receipt(told: Page, made: Execution, sent: Any, advice: Any) -> None:
    """The import declaration and what came."""
    told.say("## Import and receipt\n\nThe buyer tells of its own declaration and its release.")
    declaration = {
        "kind": "import",
        "country": "KG",
        "number": "41710010/271126/0001234",
        "procedure": "40",
        "registered_at": now(),
    }
    url = f"/v1/shipments/{sent['id']}/declarations"
    told_of = told.call("buyer", made.buyer, "POST", url, json=declaration, expect=201).json()
    released = {"released_at": now()}
    told.call(
        "buyer",
        made.buyer,
        "POST",
        f"{url}/{told_of['id']}/release",
        json=released,
        expect=200,
    )
    told.say("Of 300 desks 298 came, two are short, and one of those that came is damaged.")
    line = {
        "line_number": 1,
        "received_quantity": "298",
        "short_quantity": "2",
        "damaged_quantity": "1",
        "note": "Сколота столешница",
    }
    evidence = [{"type": "delivery_note", "title": "Накладная № 7", "sha256": "a" * 64}]
    body = {"number": "RC-2027-001", "received_at": now(), "lines": [line], "evidence": evidence}
    url = f"/v1/despatch-advices/{advice['id']}/receipts"
    told.call("buyer", made.buyer, "POST", url, json=body, expect=201)


def amendment(told: Page, made: Execution) -> None:
    """A change of the contract with a schedule, agreed to by the other side."""
    told.say(
        "## An amendment\n\nA schedule in force changes only by a change of the contract that both"
        " sides agree to. Rows keep their number; none goes below what was despatched."
    )
    first, second = made.rows()
    kept = {*executing.row(made)} - {"incoterm", "named_place"}
    rows = [{name: each[name] for name in sorted(kept)} for each in (first, second)]
    rows[1]["deliver_by"] = samples.day(100)
    body = {
        "rationale_type": "durationExtension",
        "rationale": "Граница закрыта из-за снега",
        "value_delta": "0",
        "schedule": rows,
    }
    url = f"{made.url}/changes"
    told.call("supplier", made.supplier, "POST", url, json=body, expect=201)
    told.call("buyer", made.buyer, "POST", f"{url}/1/agree", expect=200)


def facts(told: Page, made: Execution) -> None:
    """What both sides, and whoever computes lateness, read of it."""
    told.say(
        "## What happened\n\nEvery act has left facts about the rows. Lateness is computed from"
        " them: by the date that binds, and the event that the Incoterm makes decisive."
    )
    told.call("supplier", made.supplier, "GET", f"{made.url}/performances", expect=200)
    told.call("supplier", made.supplier, "GET", f"{made.url}/delivery-schedule", expect=200)
