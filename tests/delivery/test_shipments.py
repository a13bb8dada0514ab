"""Shipments: legs, documents, equipment, packages, customs declarations; who may see them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from api.delivery.models import CustomsDeclaration, Package, Shipment, ShipmentLeg
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.procurement import awarding

type AsOrg = Callable[..., Any]


@pytest.fixture
def made(session: Session, as_org: AsOrg) -> Execution:
    return executing.started(session, as_org)


def errors(answer: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


def test_a_shipment_is_seen_by_both_sides_of_its_contract_and_by_nobody_else(
    made: Execution, session: Session, as_org: AsOrg
) -> None:
    key = awarding.fresh_key()
    broker = {"name": "Ош-Брокер", "address": "Ош, ул. Ленина, 1", "country": "KG"}
    body = executing.shipment(made, notify_party=broker)
    answer = made.supplier.post("/v1/shipments", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["notify_party"].items() >= broker.items()
    again = made.supplier.post("/v1/shipments", json=body, headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (sent, "true")
    assert made.supplier.post("/v1/shipments", json=body).json()["code"] == "already_exists"

    (leg,) = sent["legs"]
    assert (leg["seq"], leg["crossing_code"], leg["document"]["type"]) == (1, "kg-irkeshtam", "CMR")
    assert leg["equipment"] == [{"type": "CN", "number": "CSQU3054383", "seals": ["H7712345"]}]
    assert sent["consignee"]["organisation_id"] == sent["buyer_id"]
    assert "status" not in sent
    url = f"/v1/shipments/{sent['id']}"
    for side in (made.buyer, made.supplier):
        assert side.get(url).json() == sent
        assert side.get("/v1/shipments").json()["items"] == [sent]
    stranger = as_org(["buyer", "supplier"])
    assert stranger.get(url).status_code == 404
    assert stranger.get("/v1/shipments").json()["items"] == []
    assert stranger.post("/v1/shipments", json=body).status_code == 404
    declaration = {
        "kind": "import",
        "country": "KG",
        "number": "41710010/271126/0001234",
        "procedure": "40",
        "registered_at": executing.now(),
    }
    assert stranger.post(f"{url}/declarations", json=declaration).status_code == 404
    session.rollback()
    assert len(session.exec(select(Shipment)).all()) == 1
    kinds = [e.type for e in session.exec(select(OutboxEvent)) if e.type.startswith("shipment.")]
    assert kinds == ["shipment.created"]


def test_what_is_no_journey_or_no_package_is_refused_by_its_field(
    made: Execution, session: Session
) -> None:
    good = executing.shipment(made)
    leg, package = good["legs"][0], good["packages"][0]

    def legs(*changed: dict[str, Any]) -> Any:
        rows = [{**leg, **each} for each in changed]
        return made.supplier.post("/v1/shipments", json={**good, "legs": rows})

    for crossing in ("kg-khan-tengri", "kg-osh"):
        answer = legs({"crossing_code": crossing})
        assert errors(answer) == {("#/legs/0/crossing_code", "unknown_crossing")}
    assert errors(legs({"to_place_code": "kg-atlantis"})) == {
        ("#/legs/0/to_place_code", "unknown_place")
    }
    apart = legs({}, {"from_place_code": "kg-bishkek", "to_place_code": "kg-osh"})
    assert ("#/legs/1/from_place_code", "legs_apart") in errors(apart)
    inland = legs({"from_place_code": "kg-osh", "to_place_code": "kg-naryn"})
    assert errors(inland) == {("#/legs/0/crossing_code", "crossing_not_needed")}
    for document in (
        {"type": "AWB", "number": "235-12345678"},
        {"type": "TIR", "number": "X1"},
        {"type": "SMGS", "number": "12345678"},
    ):
        assert legs({"document": document}).status_code == 422, document
    for equipment in (
        {"type": "CN", "number": "CSQU3054384"},
        {"type": "RR", "number": "60000001"},
        {"type": "RR", "number": "ABCDEFG"},
    ):
        assert legs({"equipment": [equipment]}).status_code == 422, equipment
    for changed in (
        {"sscc": "006141411234567891"},
        {"type": "SX"},
        {"net_weight": "413"},
        {"gross_weight": "-1"},
    ):
        body = {**good, "packages": [{**package, **changed}]}
        assert made.supplier.post("/v1/shipments", json=body).status_code == 422, changed
    assert made.buyer.post("/v1/shipments", json=good).status_code == 403
    for table in (Shipment, ShipmentLeg, Package):
        assert session.exec(select(table)).all() == []

    rail = {
        "mode": "RAIL",
        "document": {"type": "SMGS", "number": "12345678"},
        "crossing_code": "kz-dostyk",
        "from_place_code": "cn-urumqi",
        "to_place_code": "kg-alamedin",
        "equipment": [{"type": "RR", "number": "52345675"}],
    }
    lorry = {"from_place_code": "kg-alamedin", "to_place_code": "kg-osh", "crossing_code": None}
    assert [each["seq"] for each in legs(rail, lorry).json()["legs"]] == [1, 2]


def test_a_customs_declaration_is_told_by_a_side_and_released_once(
    made: Execution, session: Session
) -> None:
    url = f"/v1/shipments/{executing.shipped(made)['id']}"
    body = {
        "kind": "import",
        "country": "KG",
        "number": "41710010/271126/0001234",
        "procedure": "40",
        "registered_at": executing.now(),
    }
    for changed, where in (
        ({"number": "1234"}, ("#/number", "declaration_number")),
        ({"number": "41710010/321126/0001234"}, ("#/number", "declaration_number")),
        ({"country": "CN"}, ("#/number", "declaration_number")),
        ({"country": "ZZ"}, ("#/country", "unknown_country")),
        ({"registered_at": "2099-01-01T00:00:00Z"}, ("#/registered_at", "in_future")),
        ({"released_at": "2020-01-01T00:00:00Z"}, ("#/released_at", "released_before_registered")),
    ):
        answer = made.buyer.post(f"{url}/declarations", json={**body, **changed})
        assert errors(answer) == {where}, answer.text
    naive = made.buyer.post(
        f"{url}/declarations", json={**body, "registered_at": "2026-11-27T10:00:00"}
    )
    assert errors(naive) == {("#/registered_at", "timezone_aware")}
    assert session.exec(select(CustomsDeclaration)).all() == []

    declared = made.buyer.post(f"{url}/declarations", json=body)
    assert declared.status_code == 201, declared.text
    assert made.buyer.post(f"{url}/declarations", json=body).json()["code"] == "already_exists"
    release = f"{url}/declarations/{declared.json()['id']}/release"
    released = {"released_at": executing.now()}
    assert made.supplier.post(release, json=released).status_code == 403
    assert made.buyer.post(release, json=released).status_code == 200
    assert made.buyer.post(release, json=released).status_code == 409
    (shown,) = made.supplier.get(url).json()["declarations"]
    assert (shown["procedure"], shown["released_at"] is not None) == ("40", True)
    session.rollback()
    trail = session.exec(
        select(AuditEntry)
        .where(col(AuditEntry.stream).startswith("shipment:"))
        .order_by(col(AuditEntry.seq))
    )
    assert [entry.action for entry in trail] == ["create", "declare", "release"]


def test_what_is_known_late_of_a_leg_is_named_later(made: Execution, session: Session) -> None:
    leg = executing.shipment(made)["legs"][0]
    bare = {**leg, "document": None, "carrier": None, "equipment": []}
    sent = executing.shipped(made, legs=[bare])
    url = f"/v1/shipments/{sent['id']}/legs"
    wrong = {"document": {"type": "SMGS", "number": "12345678"}}
    assert errors(made.supplier.post(f"{url}/1/update", json=wrong)) == {
        ("#/document/type", "document_of_mode")
    }
    assert made.supplier.post(f"{url}/1/update", json={}).status_code == 422
    body = {name: leg[name] for name in ("document", "carrier", "equipment")}
    assert made.supplier.post(f"{url}/2/update", json=body).status_code == 404
    assert made.buyer.post(f"{url}/1/update", json=body).status_code == 403
    unchanged = made.buyer.get(f"/v1/shipments/{sent['id']}").json()
    assert unchanged == sent

    changed = made.supplier.post(f"{url}/1/update", json=body).json()

    assert changed["legs"][0]["document"] == {"type": "CMR", "number": "KG-2027-000123"}
    assert changed["legs"][0]["equipment"][0]["number"] == "CSQU3054383"
    assert changed["version"] == sent["version"] + 1
    again = made.supplier.post(f"{url}/1/update", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
