import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core import db, encryption, ids
from api.core.jobs import Job
from api.delivery.models import TrackingEvent, TrackingFault
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource
from tests.delivery import tracking
from tests.delivery.tracking import SECRET, Case, at, post, track17

type Drain = Callable[[], int]
PICKED_UP = {
    "time_iso": None,
    "time_raw": {"date": "2026-03-08", "time": "10:00:00", "timezone": None},
    "sub_status": "InTransit_PickedUp",
    "location": "喀什",
    "address": {"country": "CN"},
}
CLEARED = {
    "time_iso": "2026-03-09T12:00:00+08:00",
    "sub_status": "InTransit_CustomsReleased",
    "address": {"country": "CN"},
}


def stored(session: Session, model: Any) -> list[Any]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model).order_by(model.id)).all()]


def told(session: Session) -> dict[str, TrackingEvent]:
    return {row.source_code or row.event_id: row for row in stored(session, TrackingEvent)}


def result(session: Session) -> Any:
    (job,) = session.exec(select(Job).where(Job.name == intake.TASK)).all()
    return job.result


def test_a_webhook_is_kept_byte_for_byte_answered_at_once_and_read_later(
    case: Case, client: Any, session: Session, drain: Drain
) -> None:
    source = tracking.source(case.supplier, "track17", timezone="Asia/Shanghai")
    body = json.dumps(track17(PICKED_UP, CLEARED), indent=3, ensure_ascii=False).encode() + b"\n \n"
    answer = post(client, source, body)
    assert (answer.status_code, answer.json()["duplicate"]) == (200, False)
    assert stored(session, TrackingEvent) == []
    (message,) = stored(session, IntakeMessage)
    assert message.body == body
    drain()
    picked, cleared = told(session).values()
    assert (picked.milestone, picked.event_time.isoformat(), picked.event_timezone_offset) == (
        "picked_up",
        "2026-03-08T02:00:00+00:00",
        "+08:00",
    )
    assert (picked.leg_seq, picked.raw_payload_sha256) == (1, message.sha256)
    assert cleared.milestone == "export_cleared"
    url = f"/v1/tracking-messages/{answer.json()['message_id']}"
    assert case.supplier.get(f"{url}/body").content == body
    assert case.supplier.get(url).json()["size"] == len(body)
    assert case.buyer.get(url).status_code == 404
    assert tracking.timeline(case.buyer, case)["status"] == "in_transit"


@pytest.mark.parametrize("kind", ["track17", "aftership", "dcsa", "epcis"])
def test_a_signature_is_checked_on_the_bytes_and_by_the_secret_of_the_source(
    case: Case, client: Any, session: Session, kind: str
) -> None:
    source = tracking.source(case.supplier, kind)
    body = b'{"a": 1}'
    good = tracking.signed(kind, body)
    ((header, value),) = good.items()
    for wrong in (
        tracking.signed(kind, b'{"a":1}'),
        tracking.signed(kind, body, "another secret"),
        {header: value[:-1] + ("0" if value[-1] != "0" else "1")},
        {header: ""},
        {header: "ключ".encode()},
        {"x-other": value},
    ):
        answer = post(client, source, body, **wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_wrong")
    assert stored(session, IntakeMessage) == []
    written = value if kind == "aftership" else value.upper()  # hexadecimal has no case
    assert post(client, source, body, **{header: written}).status_code == 200


def test_the_same_webhook_fifty_times_in_parallel_is_one_event(
    case: Case, client: Any, session: Session, drain: Drain
) -> None:
    source = tracking.source(case.supplier, "track17", timezone="Asia/Shanghai")
    with ThreadPoolExecutor(50) as pool:
        answers = [*pool.map(lambda _: post(client, source, track17(PICKED_UP)), range(50))]
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["duplicate"] for answer in answers) == [False] + [True] * 49
    assert len({answer.json()["message_id"] for answer in answers}) == 1
    drain()
    assert len(stored(session, IntakeMessage)) == len(stored(session, TrackingEvent)) == 1
    assert result(session) == {"created": 1, "duplicate": 0, "rejected": 0}


def test_a_later_message_repeats_events_and_only_the_new_ones_are_added(
    case: Case, client: Any, session: Session, drain: Drain
) -> None:
    source = tracking.source(case.supplier, "track17", timezone="Asia/Shanghai")
    post(client, source, track17(CLEARED))
    drain()
    post(client, source, track17(CLEARED, PICKED_UP))  # out of order, and told before
    drain()
    assert {row.milestone for row in told(session).values()} == {"picked_up", "export_cleared"}


def test_what_cannot_be_taken_is_quarantined_with_a_code_and_may_be_read_again(
    case: Case, client: Any, session: Session, superuser: Any, drain: Drain
) -> None:
    source = tracking.source(case.supplier, "track17")
    future = {**CLEARED, "time_iso": at(30)}
    unzoned = {**PICKED_UP, "sub_status": "InTransit_Departure"}
    unknown = {**CLEARED, "sub_status": "InTransit_Teleported"}
    kept = post(client, source, track17(future, unzoned, unknown, {"sub_status": None})).json()
    drain()
    assert result(session) == {"created": 1, "duplicate": 0, "rejected": 3}
    (event,) = stored(session, TrackingEvent)
    assert (event.milestone, event.source_code) == (None, "InTransit_Teleported")
    message = case.supplier.get(f"/v1/tracking-messages/{kept['message_id']}").json()
    url = f"/v1/tracking-imports/{message['job_id']}/errors"
    at_event = "#/data/track_info/tracking/providers/0/events"
    assert [
        (e["row"], e["code"], e["pointer"]) for e in case.supplier.get(url).json()["items"]
    ] == [
        (1, "event_in_future", f"{at_event}/0/event_time"),
        (2, "timezone_missing", f"{at_event}/1/event_time"),
        (4, "missing", f"{at_event}/3/stage"),
    ]
    assert case.buyer.get(url).status_code == 404
    changed = case.supplier.patch(
        f"/v1/tracking-sources/{source['id']}", json={"timezone": "Asia/Shanghai"}
    )
    assert changed.status_code == 200
    again = case.supplier.post(f"/v1/tracking-messages/{kept['message_id']}/read-again")
    drain()
    job = case.supplier.get(f"/v1/jobs/{again.json()['id']}").json()
    assert job["result"] == {"created": 1, "duplicate": 1, "rejected": 2}
    assert told(session)["InTransit_Departure"].milestone == "departed"


def test_a_number_that_nobody_knows_or_of_anothers_shipment_makes_no_event(
    case: Case, client: Any, session: Session, as_org: Callable[..., Any], drain: Drain
) -> None:
    stranger = tracking.source(as_org(["supplier"]), "track17")
    post(client, stranger, track17(CLEARED))
    drain()
    assert stored(session, TrackingEvent) == []
    (fault,) = stored(session, TrackingFault)
    assert (fault.code, fault.value) == ("shipment_unknown", "CMR-417")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"data": 5}', b"NaN", b"[" * 9000])
def test_a_signed_body_that_is_no_message_is_kept_and_reported(
    case: Case, client: Any, session: Session, drain: Drain, body: bytes
) -> None:
    source = tracking.source(case.supplier, "track17")
    assert post(client, source, body).status_code == 200
    drain()
    assert result(session)["rejected"] == 1
    (message,) = stored(session, IntakeMessage)
    assert message.body == body


def test_checkpoints_of_aftership_are_events(
    case: Case, client: Any, session: Session, drain: Drain
) -> None:
    source = tracking.source(case.buyer, "aftership", timezone="Asia/Bishkek")
    points = [
        {"checkpoint_time": "2026-03-08T10:00:00", "tag": "InTransit", "subtag": "InTransit_001"},
        {"checkpoint_time": at(-1), "tag": "Delivered", "subtag": "Delivered_003"},
    ]
    estimate = {"estimated_delivery_date": at(4)}
    post(
        client,
        source,
        {
            "event": "tracking_update",
            "event_id": "3f645f5e-530b-4062-8695-db6a64420af8",
            "msg": {
                "tracking_number": "TR417",
                "checkpoints": points,
                "courier_estimated_delivery_date": estimate,
            },
        },
    )
    drain()
    found = told(session)
    assert [(row.classifier, row.milestone) for row in found.values()] == [
        ("ACT", "in_transit"),
        ("ACT", "delivered"),
        ("EST", "delivered"),
    ]
    assert found["InTransit_001"].event_time.isoformat() == "2026-03-08T04:00:00+00:00"
    assert found["Delivered_003"].publisher_role == "buyer"


def dcsa(event_id: str, kind: str, code: str, **more: Any) -> dict[str, Any]:
    name = f"{kind.lower()}EventTypeCode"
    head = {"eventID": event_id, "eventCreatedDateTime": at(0)}
    if "retracts" in more:
        head["retractedEventID"] = more.pop("retracts")
    body = {
        "eventType": kind,
        name: code,
        "eventClassifierCode": "ACT",
        "eventDateTime": at(-3),
        "equipmentReference": "TR417",
        **more,
    }
    return {"metadata": head, "payload": body}


def test_events_of_dcsa_are_read_planned_estimated_actual_and_retracted(
    case: Case, client: Any, session: Session, drain: Drain
) -> None:
    source = tracking.source(case.supplier, "dcsa")
    border = {"facilityTypeCode": "BORD"}
    flat = {
        "eventID": "f",
        "eventType": "TRANSPORT",
        "transportEventTypeCode": "ARRI",
        "eventClassifierCode": "EST",
        "eventDateTime": at(20),
        "delayReasonCode": "WEA",
        "documentReferences": [
            {"documentReferenceType": "TRD", "documentReferenceValue": "CMR-417"}
        ],
        "transportCall": {"UNLocationCode": "KGFRU"},
    }
    post(
        client,
        source,
        [
            dcsa("a", "EQUIPMENT", "CROS", **border),
            dcsa("b", "TRANSPORT", "DEPA", eventClassifierCode="PLN", eventDateTime=at(5)),
            dcsa("c", "EQUIPMENT", "DROP", facilityTypeCode="CLOC"),
            dcsa("d", "TRANSPORT", "ARRI", retracts="c"),
            dcsa("e", "SHIPMENT", "CONF", documentTypeCode="BKG"),
            dcsa("g", "EQUIPMENT", "CUSR", eventLocation={"UNLocationCode": "CNKHG"}),
            flat,
        ],
    )
    drain()
    found = {row.event_id: row for row in stored(session, TrackingEvent)}
    assert {key: row.milestone for key, row in found.items()} == {
        "a": "border_crossed",
        "b": "departed",
        "c": "delivered",
        "d": None,
        "e": None,
        "f": "arrived",
        "g": "export_cleared",
    }
    assert (found["a"].place_code, found["a"].dcsa_code) == ("kg-torugart", "CROS")
    assert (found["e"].source_code, found["f"].delay_reason) == ("SHIPMENT CONF", "WEA")
    timeline = tracking.timeline(case.buyer, case)
    assert timeline["status"] == "in_transit"
    assert "delivered" not in tracking.steps(timeline)


def epcis(event_id: str | None, step: str, **more: Any) -> dict[str, Any]:
    event = {
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "eventTime": "2026-03-08T02:00:00Z",
        "eventTimeZoneOffset": "+08:00",
        "bizStep": step,
        "epcList": ["urn:epc:id:sscc:4012345.3000000000"],
        **more,
    }
    return {**event, "eventID": event_id} if event_id else event


def document(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": at(0),
        "epcisBody": {"eventList": [*events]},
    }


ERROR = {
    "declarationTime": "2026-03-09T00:00:00Z",
    "reason": "did_not_occur",
    "correctiveEventIDs": ["urn:uuid:3"],
}


def test_events_of_epcis_are_read_and_an_error_declaration_takes_one_back(
    awarded: Case, client: Any, session: Session, drain: Drain
) -> None:
    source = tracking.source(awarded.supplier, "epcis")
    paper = {"bizTransactionList": [{"type": "desadv", "bizTransaction": "urn:x:CMR-417"}]}
    first = epcis("urn:uuid:1", "https://ref.gs1.org/cbv/BizStep-departing", **paper)
    nameless = epcis(None, "receiving", **paper)
    post(client, source, document(first, nameless, epcis("urn:uuid:4", "teleporting", **paper)))
    drain()
    rows = stored(session, TrackingEvent)
    assert [row.milestone for row in rows] == ["departed", "delivered", None]
    assert (rows[0].event_timezone_offset, rows[0].event_time.hour) == ("+08:00", 2)
    assert tracking.timeline(awarded.buyer, awarded)["status"] == "delivered"
    wrong = ({**first, "errorDeclaration": ERROR}, {**nameless, "errorDeclaration": ERROR})
    right = epcis("urn:uuid:3", "shipping", disposition="in_transit", **paper)
    post(client, source, document(*wrong, right))
    drain()
    found = tracking.timeline(awarded.buyer, awarded)
    assert [step["milestone"] for step in found["steps"]] == ["picked_up"]
    assert (found["status"], found["events"]) == ("in_transit", 6)


def test_a_package_is_found_by_its_sscc_in_each_spelling(
    case: Case, client: Any, session: Session, superuser: Any, drain: Drain
) -> None:
    superuser.execute("UPDATE package SET sscc = '340123450000000000'")
    source = tracking.source(case.supplier, "epcis")
    urn = ["urn:epc:id:sscc:4012345.3000000000"]
    link = ["https://id.gs1.org/00/340123450000000000"]
    post(client, source, document(epcis("1", "loading", epcList=link)))
    post(client, source, document(epcis("2", "departing", epcList=urn)))
    drain()
    assert {row.milestone for row in stored(session, TrackingEvent)} == {"loaded", "departed"}


def test_a_disabled_source_takes_nothing_more_and_a_new_secret_replaces_the_old(
    case: Case, client: Any, session: Session
) -> None:
    source = tracking.source(case.supplier, "track17")
    url = f"/v1/tracking-sources/{source['id']}"
    changed = case.supplier.patch(url, json={"secret": "a newer secret"})
    assert changed.status_code == 200
    assert "secret" not in changed.json()
    body = b"{}"
    assert post(client, source, body).status_code == 401
    fresh = tracking.signed("track17", body, "a newer secret")
    assert post(client, source, body, **fresh).status_code == 200
    assert case.supplier.post(f"{url}/disable").json()["disabled_at"] is not None
    assert post(client, source, b"{ }", **tracking.signed("track17", b"{ }")).status_code == 404
    assert len(stored(session, IntakeMessage)) == 1


def test_a_secret_is_encrypted_at_rest_and_of_no_use_in_another_row(
    case: Case, session: Session
) -> None:
    made = tracking.source(case.supplier, "track17")
    other = tracking.source(case.supplier, "dcsa")
    one = session.get_one(IntakeSource, ids.parse("trackingsource", made["id"]))
    two = session.get_one(IntakeSource, ids.parse("trackingsource", other["id"]))
    assert one.secret is not None
    assert SECRET.encode() not in one.secret
    assert encryption.unlock(one.secret, one.id) == SECRET
    with pytest.raises(encryption.Undecipherable):
        encryption.unlock(one.secret, two.id)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "#/timezone"),
        ({"secret": None}, "#/"),
        ({"kind": "pigeon"}, "#/kind"),
        ({"future_tolerance_seconds": 86401}, "#/future_tolerance_seconds"),
    ],
)
def test_a_source_that_cannot_be_is_refused(
    case: Case, session: Session, change: dict[str, Any], pointer: str
) -> None:
    body = {"name": "n", "kind": "track17", "secret": SECRET, **change}
    answer = case.supplier.post("/v1/tracking-sources", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert stored(session, IntakeSource) == []


def test_a_webhook_shows_the_policies_nothing_before_its_signature_fits(case: Case) -> None:
    source = tracking.source(case.supplier, "track17")
    with db.unit_of_work() as session:
        assert session.exec(select(IntakeSource)).all() == []
        named = str(ids.parse("trackingsource", source["id"]))
        db.scope(session, intake_source=named)
        assert len(session.exec(select(IntakeSource)).all()) == 1
        assert session.exec(select(IntakeMessage)).all() == []
