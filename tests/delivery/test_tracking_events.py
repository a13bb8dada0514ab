from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.contracts import performance
from api.core import db
from api.delivery.models import TrackingEvent
from api.intake.models import IntakeSource
from api.rules.incoterms import Incoterm
from tests.delivery import tracking
from tests.delivery.tracking import Case, at, event, told

type Drain = Callable[[], int]


def rows(session: Session) -> list[TrackingEvent]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(TrackingEvent).order_by(TrackingEvent.event_id)).all()]


def refused(by: Any, case: Case, body: dict[str, Any]) -> tuple[int, str, str, str]:
    answer = by.post(f"{case.url}/tracking-events", json=body)
    problem = answer.json()
    (error,) = problem["errors"]
    return answer.status_code, problem["code"], error["code"], error["pointer"]


def performed(session: Session, case: Case) -> dict[str, Any]:
    session.rollback()
    found = performance.facts(session, [case.row_id])
    return {fact.event: (fact.quantity, fact.occurred_at.isoformat()) for fact in found}


def test_an_event_is_read_completed_and_seen_by_both_sides(case: Case) -> None:
    made = told(case.supplier, case, "1", "border_crossed", -5)
    assert (made["milestone"], made["rec24_code"], made["publisher_role"]) == (
        "border_crossed",
        "16",
        "supplier",
    )
    assert (made["leg_seq"], made["place_code"]) == (1, "kg-torugart")
    for side in (case.buyer, case.supplier):
        page = side.get(f"{case.url}/tracking-events").json()
        assert [each["id"] for each in page["items"]] == [made["id"]]
        assert tracking.timeline(side, case)["status"] == "in_transit"


def test_an_event_told_again_is_the_same_one_and_another_under_its_id_is_refused(
    case: Case, session: Session
) -> None:
    made = told(case.supplier, case, "1", "picked_up", -5)
    assert told(case.supplier, case, "1", "picked_up", -5)["id"] == made["id"]
    other = case.supplier.post(f"{case.url}/tracking-events", json=event("1", "delivered", -1))
    assert (other.status_code, other.json()["code"]) == (409, "event_id_taken")
    assert [row.milestone for row in rows(session)] == ["picked_up"]


def test_what_has_not_happened_is_no_actual_event(case: Case, session: Session) -> None:
    assert refused(case.supplier, case, event("1", "delivered", 1)) == (
        422,
        "event_in_future",
        "event_in_future",
        "#/event_time",
    )
    assert rows(session) == []
    planned = told(case.supplier, case, "1", "delivered", 1, classifier="PLN")
    assert planned["classifier"] == "PLN"
    soon = told(case.supplier, case, "2", "departed", 0.05)  # three minutes: within the tolerance
    assert soon["classifier"] == "ACT"


def test_a_clock_without_a_zone_is_read_in_that_of_its_source_or_refused(
    case: Case, session: Session
) -> None:
    naive = {**event("1", "departed", 0), "event_time": "2026-03-08 10:00:00"}
    assert refused(case.supplier, case, naive)[2:] == ("timezone_missing", "#/event_time")
    assert rows(session) == []
    zoned = tracking.source(case.supplier, "api", timezone="Asia/Shanghai")
    answer = case.supplier.post(
        f"{case.url}/tracking-events", json={**naive, "source_id": zoned["id"]}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["event_time"] == "2026-03-08T02:00:00Z"
    assert answer.json()["event_timezone_offset"] == "+08:00"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"place_code": "kg-atlantis"}, "place_unknown", "#/place_code"),
        ({"place_code": "kg-osh"}, "crossing_unknown", "#/place_code"),
        ({"leg_seq": 2}, "leg_unknown", "#/leg_seq"),
        ({"event_time": "yesterday at noon"}, "time_unreadable", "#/event_time"),
        ({"event_time": "0001-01-01T00:00:00Z"}, "time_out_of_range", "#/event_time"),
        ({"milestone": "accepted"}, "buyer_only", "#/milestone"),
        ({"milestone": None}, "value_error", "#/"),
        ({"milestone": "teleported"}, "enum", "#/milestone"),
        ({"confidence": "1.5"}, "less_than_equal", "#/confidence"),
        ({"event_id": "\u0000"}, "value_error", "#/event_id"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_changes_nothing(
    case: Case, session: Session, change: dict[str, Any], code: str, pointer: str
) -> None:
    body = {**event("1", "border_crossed", -1), **change}
    status, _, found, where = refused(case.supplier, case, body)
    assert (status, found, where) == (422, code, pointer)
    assert rows(session) == []


def test_a_stranger_finds_no_shipment_and_no_source(
    case: Case, as_org: Callable[..., Any], session: Session
) -> None:
    stranger = as_org(["buyer", "supplier"])
    told(case.supplier, case, "1", "picked_up", -5)
    mine = tracking.source(case.supplier, "track17")
    for path in ("timeline", "timeline.svg", "eta", "tracking-events"):
        assert stranger.get(f"{case.url}/{path}").status_code == 404
    posted = stranger.post(f"{case.url}/tracking-events", json=event("2", "delivered", -1))
    assert posted.status_code == 404
    assert stranger.get(f"/v1/tracking-sources/{mine['id']}").status_code == 404
    assert stranger.get("/v1/tracking-sources").json()["items"] == []
    many = stranger.post(
        "/v1/tracking-events",
        json={"events": [{**event("3", "delivered", -1), "shipment_id": case.id}]},
    ).json()
    assert (many["created"], many["errors"][0]["code"]) == (0, "shipment_unknown")
    taken = stranger.post(
        f"{case.url}/tracking-events",
        json={**event("4", "delivered", -1), "source_id": mine["id"]},
    )
    assert taken.status_code == 404
    assert [row.event_id for row in rows(session)] == ["1"]


def test_row_level_security_hides_events_from_strangers_and_no_role_alters_them(
    case: Case, as_org: Callable[..., Any]
) -> None:
    told(case.supplier, case, "1", "picked_up", -5)
    stranger = as_org(["supplier"])
    with db.unit_of_work(stranger.org_id) as session:
        assert session.exec(select(TrackingEvent)).all() == []
        assert session.exec(select(IntakeSource)).all() == []
    with db.unit_of_work(case.buyer.org_id) as session:
        assert len(session.exec(select(TrackingEvent)).all()) == 1
    for role in ("app", "worker", "owner"):
        for act in ("UPDATE tracking_event SET milestone = NULL", "DELETE FROM tracking_event"):
            with pytest.raises(DBAPIError, match="permission denied|append-only"):  # noqa: SIM117
                with db.engine(role).begin() as connection:
                    connection.exec_driver_sql(act)


def test_of_many_events_the_good_ones_are_kept_and_the_others_listed_by_row(case: Case) -> None:
    batch = [
        {**event("1", "picked_up", -9), "shipment_id": case.id},
        {**event("2", "delivered", 9), "shipment_id": case.id},
        {**event("1", "picked_up", -9), "shipment_id": case.id},
        {**event("3", "departed", -8), "shipment_id": case.id},
    ]
    report = case.supplier.post("/v1/tracking-events", json={"events": batch}).json()
    assert {k: report[k] for k in ("created", "duplicate", "rejected")} == {
        "created": 2,
        "duplicate": 1,
        "rejected": 1,
    }
    (error,) = report["errors"]
    assert (error["row"], error["pointer"], error["code"], error["value"]) == (
        2,
        "#/events/1/event_time",
        "event_in_future",
        at(9),
    )


def test_the_timeline_shows_plan_against_actual_with_reasons_whatever_the_order(
    case: Case,
) -> None:
    told(case.supplier, case, "a2", "delivered", -1)
    told(case.supplier, case, "e1", "delivered", -2, classifier="EST", delay_reason="WEA")
    told(case.supplier, case, "p1", "delivered", -13, classifier="PLN")
    told(case.supplier, case, "a1", "border_crossed", -20)
    found = tracking.timeline(case.buyer, case)
    assert (found["status"], found["events"]) == ("delivered", 4)
    assert [step["milestone"] for step in found["steps"]] == ["border_crossed", "delivered"]
    delivered = tracking.steps(found)["delivered"]
    assert delivered["deviation_hours"] == "12.0"
    assert delivered["delay_reasons"] == ["WEA"]
    assert found["due"][0]["standing"] == "done"
    back = {"event_id": "r", "event_time": at(0), "retracts_event_id": "a2"}
    assert case.supplier.post(f"{case.url}/tracking-events", json=back).status_code == 201
    after = tracking.timeline(case.buyer, case)
    assert after["status"] == "in_transit"
    assert tracking.steps(after)["delivered"]["actual_at"] is None


def test_the_picture_is_svg_with_every_step_and_escapes_what_it_is_told(case: Case) -> None:
    told(case.supplier, case, "p", "delivered", -9, classifier="PLN")
    told(case.supplier, case, "a", "delivered", -3, delay_reason="<script>")
    answer = case.buyer.get(f"{case.url}/timeline.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "<script>" not in answer.text
    assert "+6.0 h &lt;script&gt;" in answer.text
    assert answer.text.count("<circle") == 3 + 2
    empty = tracking.timeline(case.buyer, case)
    assert empty["status"] == "delivered"


def test_actual_events_perform_the_contract_once_and_a_retraction_takes_it_back(
    awarded: Case, session: Session, superuser: Any, drain: Drain
) -> None:
    told(awarded.supplier, awarded, "1", "picked_up", -30)
    told(awarded.supplier, awarded, "2", "delivered", -2, classifier="EST")
    drain()
    assert performed(session, awarded) == {}
    told(awarded.supplier, awarded, "3", "delivered", -1)
    told(awarded.buyer, awarded, "gate", "delivered", -0.5)
    drain()
    assert performed(session, awarded) == {"arrived": (100, at(-1))}
    back = {"event_id": "r", "event_time": at(0), "retracts_event_id": "3"}
    assert awarded.supplier.post(f"{awarded.url}/tracking-events", json=back).status_code == 201
    drain()
    assert performed(session, awarded) == {"arrived": (100, at(-0.5))}
    told(awarded.buyer, awarded, "late", "delivered", -4)
    drain()
    assert performed(session, awarded) == {"arrived": (100, at(-4))}
    superuser.execute("UPDATE despatch_advice SET cancelled_at = now(), cancellation_reason = 't'")
    told(awarded.supplier, awarded, "4", "in_transit", -20)
    drain()
    assert performed(session, awarded) == {}
    superuser.execute("UPDATE despatch_advice SET cancelled_at = NULL, cancellation_reason = NULL")
    told(awarded.supplier, awarded, "5", "in_transit", -19)
    drain()
    assert performed(session, awarded) == {"arrived": (100, at(-4))}


def test_under_a_sea_rule_the_handover_is_on_board(
    superuser: Any, as_org: Callable[..., Any]
) -> None:
    case = tracking.shipment(
        superuser, as_org(["buyer"]), as_org(["supplier"]), incoterm=Incoterm.FOB
    )
    told(case.supplier, case, "1", "picked_up", -230)
    (due,) = tracking.timeline(case.buyer, case)["due"]
    assert (due["event"], due["standing"], due["days_late"]) == ("ship_by", "late", 10)
    told(case.supplier, case, "2", "loaded", -216)
    (due,) = tracking.timeline(case.buyer, case)["due"]
    assert (due["standing"], due["days_late"]) == ("done_late", 1)


def test_only_the_buyer_accepts(case: Case) -> None:
    told(case.supplier, case, "1", "delivered", -3)
    told(case.buyer, case, "2", "accepted_subject_to_inspection", -2)
    assert tracking.timeline(case.supplier, case)["status"] == "inspecting"
    told(case.buyer, case, "3", "accepted", -1)
    assert tracking.timeline(case.supplier, case)["status"] == "accepted"
