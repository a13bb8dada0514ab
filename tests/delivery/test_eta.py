from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, select

from api.core import bulk, db
from api.delivery.models import TransitObservation
from api.rules.transport import TransportMode
from tests.delivery import tracking
from tests.delivery.tracking import NOW, Case, event, told

type Drain = Callable[[], int]
CROSSING = "crossing:kg-torugart:CN-KG"
LEG = "leg:ROAD:cn-kashi:kg-bishkek"


def eta(by: Any, case: Case) -> Any:
    answer = by.get(f"{case.url}/eta")
    assert answer.status_code == 200, answer.text
    return answer.json()


def hours(found: Any, name: str) -> float:
    moment = datetime.fromisoformat(found[name])
    return (moment - datetime.fromisoformat(found["starts_at"])) / timedelta(hours=1)


def observed(session: Session) -> dict[str, Decimal]:
    session.rollback()
    rows = session.exec(select(TransitObservation)).all()
    return {row.segment: row.hours for row in rows}


def history(session: Session, superuser: Any, segment: str, *lasted: float) -> None:
    for number, each in enumerate(lasted):
        tracking.put(
            superuser,
            TransitObservation(
                segment=segment,
                hours=Decimal(str(each)),
                observed_at=NOW - timedelta(days=number),
                shipment_id=bulk.new_row()["id"],
                leg_seq=1,
            ),
        )


def test_before_anything_was_observed_the_published_hours_count_and_say_so(case: Case) -> None:
    found = eta(case.buyer, case)
    assert [segment["kind"] for segment in found["segments"]] == ["leg", "crossing", "leg"]
    crossing = found["segments"][1]
    assert (crossing["key"], crossing["p50_hours"], crossing["p90_hours"]) == (
        CROSSING,
        "2.3",
        "6.5",
    )
    assert "CAREC" in crossing["basis"]
    assert (crossing["reviewed"], crossing["observations"]) == (False, "0.0")
    assert 15 < hours(found, "p50_at") < hours(found, "p90_at") < 50
    assert eta(case.supplier, case)["segments"] == found["segments"]


def test_own_history_moves_the_estimate(case: Case, session: Session, superuser: Any) -> None:
    before = eta(case.buyer, case)
    history(session, superuser, CROSSING, *[50.0] * 20)
    after = eta(case.buyer, case)
    crossing = after["segments"][1]
    assert 18 < Decimal(crossing["observations"]) <= 20
    assert Decimal(crossing["p50_hours"]) > 20
    assert hours(after, "p50_at") > hours(before, "p50_at") + 20


def test_a_way_that_is_over_is_observed_and_a_retraction_takes_the_hours_back(
    case: Case, session: Session, drain: Drain
) -> None:
    told(case.supplier, case, "1", "departed", -30)
    told(case.supplier, case, "2", "arrived", -20, place_code="kg-torugart")
    told(case.supplier, case, "3", "border_crossed", -16)
    told(case.supplier, case, "4", "arrived", -6, place_code="kg-bishkek")
    drain()
    assert observed(session) == {CROSSING: Decimal(4), LEG: Decimal(20)}
    back = {"event_id": "r", "event_time": tracking.at(0), "retracts_event_id": "3"}
    assert case.supplier.post(f"{case.url}/tracking-events", json=back).status_code == 201
    drain()
    assert observed(session) == {}


def test_on_the_way_only_what_is_left_counts(case: Case) -> None:
    whole = eta(case.buyer, case)
    told(case.supplier, case, "1", "departed", -10)
    told(case.supplier, case, "2", "at_border", -3)
    waiting = eta(case.buyer, case)
    assert [s["kind"] for s in waiting["segments"]] == ["crossing", "leg"]
    told(case.supplier, case, "3", "border_crossed", -1)
    crossed = eta(case.buyer, case)
    assert [s["kind"] for s in crossed["segments"]] == ["leg"]
    assert hours(whole, "p50_at") > hours(waiting, "p50_at") > hours(crossed, "p50_at")
    told(case.supplier, case, "4", "delivered", -0.5)
    over = eta(case.buyer, case)
    assert (over["p50_at"], over["segments"]) == (None, [])
    assert datetime.fromisoformat(over["delivered_at"]) == NOW - timedelta(hours=0.5)


def test_a_planned_departure_begins_the_way_and_the_carriers_estimate_is_shown(case: Case) -> None:
    told(case.supplier, case, "1", "departed", 48, classifier="PLN", leg_seq=1)
    told(case.supplier, case, "2", "delivered", 90, classifier="EST")
    found = eta(case.buyer, case)
    assert datetime.fromisoformat(found["starts_at"]) == NOW + timedelta(hours=48)
    assert datetime.fromisoformat(found["carrier_at"]) == NOW + timedelta(hours=90)


def test_what_nothing_is_known_of_is_named_and_a_plan_is_something(
    superuser: Any, as_org: Callable[..., Any]
) -> None:
    case = tracking.shipment(
        superuser, as_org(["buyer"]), as_org(["supplier"]), crossing=None, mode=TransportMode.AIR
    )
    found = eta(case.buyer, case)
    assert (found["p50_at"], found["missing"]) == (None, ["leg:AIR:cn-kashi:kg-bishkek"])
    told(case.supplier, case, "1", "departed", 10, classifier="PLN", leg_seq=1)
    told(case.supplier, case, "2", "arrived", 70, classifier="PLN", leg_seq=1)
    planned = eta(case.buyer, case)
    assert planned["segments"][0]["basis"] == "plan"
    assert hours(planned, "p50_at") == pytest.approx(60, abs=1)
    superuser.execute("DELETE FROM shipment_equipment")
    superuser.execute("DELETE FROM shipment_leg")
    assert eta(case.buyer, case)["missing"] == ["legs"]


def test_a_train_is_expected_by_what_trains_take_and_not_by_what_lorries_wait(
    superuser: Any, as_org: Callable[..., Any]
) -> None:
    case = tracking.shipment(
        superuser,
        as_org(["buyer"]),
        as_org(["supplier"]),
        crossing="kz-altynkol",
        mode=TransportMode.RAIL,
    )
    found = eta(case.buyer, case)
    crossing = found["segments"][1]
    assert (crossing["key"], crossing["p50_hours"]) == ("crossing:kz-altynkol:CN-KG", "29.5")
    assert all("CAREC" in each["basis"] and not each["reviewed"] for each in found["segments"])
    assert found["missing"] == []


def test_hours_are_for_everybody_and_whose_they_are_for_nobody(
    case: Case, session: Session, superuser: Any, as_org: Callable[..., Any]
) -> None:
    history(session, superuser, CROSSING, 5.0)
    with db.unit_of_work(as_org(["supplier"]).org_id) as other:
        columns = (TransitObservation.segment, TransitObservation.hours)
        assert [*other.exec(select(*columns)).all()] == [(CROSSING, Decimal(5))]
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db.unit_of_work(case.buyer.org_id) as other,
    ):
        other.exec(select(TransitObservation.shipment_id)).all()


def test_clocks_that_contradict_each_other_teach_nothing(
    case: Case, session: Session, drain: Drain
) -> None:
    batch = [("1", "departed", -5), ("2", "at_border", -9), ("3", "border_crossed", -10)]
    for key, milestone, when in batch:
        body = {"events": [{**event(key, milestone, when), "shipment_id": case.id}]}
        assert case.supplier.post("/v1/tracking-events", json=body).json()["created"] == 1
    drain()
    assert observed(session) == {}
