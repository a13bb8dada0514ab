"""Acceptance: presented with proof, inspected, accepted, rejected, deemed; two at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.contracts import acceptances
from api.contracts.models import Acceptance, DeliveryScheduleRow
from api.core import db, ids
from api.rules.acceptance import AcceptanceStatus
from tests.contracts import delivering
from tests.contracts.delivering import PROTOCOL, Delivery
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
type Superuser = psycopg.Connection[Any]


@pytest.fixture
def made(as_org: AsOrg, session: Session) -> Delivery:
    """600 desks were received of the only row."""
    found = delivering.begun(session, as_org)
    delivering.received(found, "600")
    return found


def decide(made: Delivery, action: str, number: int = 1, **body: Any) -> Any:
    url = made.url(f"acceptances/{number}/{action}")
    return made.buyer.post(url, json={**PROTOCOL, **body})


def rows(session: Session) -> list[Acceptance]:
    session.rollback()
    session.expire_all()
    return sorted(session.exec(select(Acceptance)).all(), key=lambda row: row.number)


def test_goods_are_presented_with_proof_inspected_and_accepted_by_a_protocol(
    made: Delivery, as_org: AsOrg, session: Session
) -> None:
    photo = delivering.uploaded(made.supplier, b"photo")
    proof = {
        "signatory": "Асанов Бакыт",
        "signed_at": delivering.noon(delivering.today(session, -1)).isoformat(),
        "photo_document_id": photo,
        "geo": {"latitude": "42.8746", "longitude": "74.5698"},
    }
    shown = delivering.presented(made, "600", proof_of_delivery=proof)
    assert (shown.status_code, shown.json()["status"]) == (201, "pending"), shown.text
    report = delivering.uploaded(made.buyer, b"report")
    inspected = made.buyer.post(
        made.url("acceptances/1/inspections"),
        json={
            "level": "II",
            "aql": "2.5",
            "agency": "SGS Bishkek",
            "inspected_at": delivering.noon(delivering.today(session, -1)).isoformat(),
            "passed": True,
            "report_document_id": report,
        },
    )
    assert inspected.status_code == 201, inspected.text
    papers = made.supplier.get(made.url("documents")).json()["items"]
    assert [each["document_id"] for each in papers] == [photo, report]
    assert made.supplier.get(made.url(f"documents/{report}/content")).content == b"report"
    own = {**PROTOCOL, "accepted_quantity": "600"}
    assert made.supplier.post(made.url("acceptances/1/accept"), json=own).status_code == 404

    done = decide(made, "accept", accepted_quantity="600")

    assert done.json()["status"] == "final", done.text
    assert done.json()["commission_members"] == delivering.MEMBERS
    assert (done.json()["pod_latitude"], done.json()["inspections"][0]["aql"]) == ("42.8746", "2.5")
    stranger = as_org(["supplier"])
    for path in ("acceptances", "acceptances/1", "documents", f"documents/{photo}/content"):
        assert stranger.get(made.url(path)).status_code == 404
    assert stranger.get(f"/v1/documents/{photo}").status_code == 404
    assert decide(made, "reject", reason_code="damaged").status_code == 409
    names = [name for name, _ in delivering.events(session, "acceptance.")]
    assert names == ["acceptance.presented", "acceptance.accepted"]
    with pytest.raises(DBAPIError, match="decision"):
        session.connection().exec_driver_sql("UPDATE acceptance SET status = 'rejected'")
    session.rollback()


def test_defects_keep_acceptance_provisional_until_they_are_remedied(
    made: Delivery, session: Session
) -> None:
    delivering.presented(made, "600")
    defect = {"severity": "major", "description": "Столешница", "quantity": "20"}
    assert made.buyer.post(made.url("acceptances/1/defects"), json=defect).status_code == 201
    many = made.buyer.post(made.url("acceptances/1/defects"), json={**defect, "quantity": "601"})
    assert many.json()["errors"][0]["code"] == "above_delivered"

    early = decide(made, "accept", accepted_quantity="600")
    assert (early.status_code, early.json()["code"]) == (409, "defects_open")
    assert rows(session)[0].status is AcceptanceStatus.PENDING
    provisional = decide(made, "accept-provisionally", accepted_quantity="600")
    assert provisional.json()["status"] == "provisional", provisional.text
    assert made.buyer.post(made.url("acceptances/1/defects/1/remedy")).status_code == 200
    final = decide(made, "accept", accepted_quantity="600", protocol_number="2026/18")
    assert (final.json()["status"], final.json()["protocol_number"]) == ("final", "2026/18")


def test_a_rejection_has_a_reason_code_and_says_until_when_to_replace(
    made: Delivery, session: Session
) -> None:
    delivering.presented(made, "400")
    replace_by = delivering.today(session, 30).isoformat()
    no_reason = decide(made, "accept", accepted_quantity="380")
    too_many = decide(made, "accept", accepted_quantity="401")
    assert [a.json()["errors"][0]["code"] for a in (no_reason, too_many)] == [
        "missing",
        "does_not_add_up",
    ]
    part = decide(
        made,
        "accept",
        accepted_quantity="380",
        reason_code="damaged",
        reason="Сколы",
        replace_by=replace_by,
    )
    assert (part.json()["rejected_quantity"], part.json()["replace_by"]) == ("20", replace_by)

    other = delivering.presented(made, "20", replaces=1)
    assert other.json()["errors"][0]["code"] == "replaced_by_row"
    rest = delivering.presented(made, "200")
    assert rest.json()["replaces"] is None, rest.text
    rejected = decide(made, "reject", 2, reason_code="not_as_specified")
    assert (rejected.json()["status"], rejected.json()["rejected_quantity"]) == ("rejected", "200")


def test_no_more_is_presented_than_was_received_and_the_database_says_so_too(
    made: Delivery, session: Session
) -> None:
    assert delivering.presented(made, "600.5").json()["code"] == "not_received"
    assert delivering.presented(made, "500").status_code == 201
    more = delivering.presented(made, "101")
    assert (more.status_code, more.json()["code"]) == (409, "not_received")
    future = delivering.presented(
        made,
        "1",
        proof_of_delivery={
            "signatory": "А",
            "signed_at": delivering.noon(delivering.today(session, 2)).isoformat(),
        },
    )
    assert future.json()["errors"][0]["code"] == "in_future"
    (first,) = rows(session)
    twin = Acceptance.model_validate(
        {
            **first.model_dump(exclude={"id", "number", "delivered_quantity"}),
            "number": 2,
            "delivered_quantity": Decimal(101),
        }
    )
    session.add(twin)
    with pytest.raises(DBAPIError, match="presented_within_received"):
        session.flush()
    session.rollback()
    with pytest.raises(DBAPIError, match="a quantity"):
        session.connection().exec_driver_sql(
            "UPDATE delivery_schedule_row SET presented_quantity = 0"
        )
    session.rollback()


def test_two_who_present_the_last_quantity_at_once_do_not_both_succeed(
    made: Delivery, session: Session
) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda _: delivering.presented(made, "400"), range(2))]

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(rows(session)) == 1
    row = session.get(DeliveryScheduleRow, ids.parse("schedule_row", made.rows[0]))
    assert row is not None
    assert row.presented_quantity == 400


def test_silence_is_acceptance_when_the_policys_days_are_over(
    made: Delivery, session: Session, drain: Drain
) -> None:
    deemed_at = delivering.presented(made, "600").json()["deemed_at"]
    assert deemed_at is not None
    clock.tick()
    drain()
    assert rows(session)[0].status is AcceptanceStatus.PENDING

    awarding.advance(30)
    late = decide(made, "reject", reason_code="damaged")
    assert (late.status_code, late.json()["code"]) == (409, "deemed_accepted")
    clock.tick()
    drain()

    (found,) = rows(session)
    assert (found.status, found.accepted_quantity) == (AcceptanceStatus.DEEMED, 600)
    assert found.decided_by == "system:clock"
    assert found.decided_at == found.deemed_at


def test_a_buyer_that_disputes_the_goods_in_time_is_not_silent(
    made: Delivery, session: Session, drain: Drain
) -> None:
    delivering.presented(made, "600")
    dispute = {
        "type": "defect",
        "schedule_row_ids": made.rows,
        "description": "Столешницы",
        "desired_outcome": "replace",
    }
    assert made.buyer.post(made.url("disputes"), json=dispute).status_code == 201
    awarding.advance(30)
    clock.tick()
    drain()

    assert rows(session)[0].status is AcceptanceStatus.PENDING
    rejected = decide(made, "reject", reason_code="defective")
    assert rejected.json()["status"] == "rejected", rejected.text


def test_a_rejection_and_the_clock_do_not_both_decide(
    made: Delivery, session: Session, superuser: Superuser
) -> None:
    delivering.presented(made, "600")
    (first,) = rows(session)
    # The trigger that keeps the moment does not bind this connection.
    with db.worker_unit_of_work() as unit:
        shift = db.now(unit)
    superuser.execute(
        "UPDATE acceptance SET deemed_at = %s::timestamptz + interval '60 ms'", (shift,)
    )

    def deem() -> bool:
        for _ in range(500):
            with db.worker_unit_of_work() as unit:
                if acceptances.deem_due(unit, first.id):
                    return True
                known = unit.get(Acceptance, first.id, populate_existing=True)
                if known is not None and known.status is not AcceptanceStatus.PENDING:
                    return False
        raise AssertionError("nobody decided")

    with ThreadPoolExecutor(2) as pool:
        deemed = pool.submit(deem)
        answer = pool.submit(lambda: decide(made, "reject", reason_code="damaged")).result()
        by_clock = deemed.result()

    (found,) = rows(session)
    assert by_clock == (answer.status_code == 409)
    assert found.status is (AcceptanceStatus.DEEMED if by_clock else AcceptanceStatus.REJECTED)
    assert found.accepted_quantity == (600 if by_clock else 0)
    assert found.version == 2
