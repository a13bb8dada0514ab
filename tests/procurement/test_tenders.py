"""The life of a tender through the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col, select

from api.core import db
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline, fire_due
from api.core.outbox import OutboxEvent
from api.procurement import service as procurement
from api.procurement.models import Item, Lot, Tender
from api.rules.tenders import LotStatus, TenderStage, TenderStatus
from tests.procurement import samples

type AsOrg = Callable[..., Any]
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def stranger(as_org: AsOrg) -> Any:
    return as_org(["buyer", "supplier"])


def events(session: Session) -> list[str]:
    session.rollback()
    return [*session.exec(select(OutboxEvent.type).order_by(col(OutboxEvent.id)))]


def test_a_draft_is_answered_with_its_lots_and_items(buyer: Any, session: Session) -> None:
    answer = buyer.post("/v1/tenders", json=samples.tender())

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/tenders/{body['id']}"
    assert body["ocid"].startswith("ocds-kerben0-")
    assert (body["status"], body["status_details"]) == ("draft", "draft")
    assert (body["procurement_method"], body["main_procurement_category"]) == ("open", "goods")
    (lot,) = body["lots"]
    assert lot["value"] == {"amount": "6700000", "currency": "KGS"}
    assert (lot["position"], lot["status"], lot["incoterms"]) == (1, "planned", ["DAP", "DDP"])
    (item,) = lot["items"]
    assert (item["quantity"], item["unit_code"]) == ("600", "SET")
    assert item["classification"] == {"scheme": "CPV", "id": "39160000-1"}
    assert buyer.get(f"/v1/tenders/{body['id']}").json() == body
    assert events(session) == ["tender.created"]


def test_every_tender_has_its_own_ocid(buyer: Any) -> None:
    assert samples.drafted(buyer)["ocid"] != samples.drafted(buyer)["ocid"]


def test_publishing_opens_the_tender_and_its_lots(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)

    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert (body["status"], body["status_details"]) == ("active", "published")
    assert body["tender_period_start"] == body["published_at"]
    assert [lot["status"] for lot in body["lots"]] == ["active"]
    assert events(session) == ["tender.created", "tender.published"]
    (deadline,) = session.exec(select(Deadline)).all()
    found = samples.row(session, made)
    assert (deadline.kind, deadline.due_at) == ("tender.period_ended", found.tender_period_end)


def test_publishing_twice_conflicts(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert samples.row(session, made).version == 2
    assert events(session) == ["tender.created", "tender.published"]


def test_an_incomplete_draft_is_not_published(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer, lots=[], tender_period_end=None)

    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "tender_incomplete")
    assert samples.pointers(answer) == ["#/lots", "#/tender_period_end"]
    assert samples.row(session, made).status is TenderStatus.DRAFT


def test_less_time_for_suppliers_than_the_law_gives_is_refused(
    buyer: Any, session: Session
) -> None:
    made = samples.drafted(buyer, tender_period_end=samples.in_days(20.9))

    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "tender_period_too_short")
    assert samples.pointers(answer) == ["#/tender_period_end"]
    assert samples.row(session, made).status is TenderStatus.DRAFT
    assert events(session) == ["tender.created"]


def test_a_draft_whose_deadline_has_passed_meanwhile_is_not_published(
    buyer: Any, session: Session
) -> None:
    made = samples.drafted(buyer)
    samples.row(session, made).tender_period_end = db.now(session)
    session.commit()

    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "deadline_in_past")
    assert samples.row(session, made).status is TenderStatus.DRAFT


@pytest.mark.parametrize(
    ("margin", "status", "code"),
    [
        (timedelta(days=21), 200, None),
        (timedelta(days=21) + MILLISECOND, 200, None),
        (timedelta(days=21) - MILLISECOND, 409, "tender_period_too_short"),
        (MILLISECOND, 409, "tender_period_too_short"),
        (timedelta(0), 409, "deadline_in_past"),
    ],
)
def test_a_millisecond_decides_and_the_database_tells_the_time(
    buyer: Any,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    margin: timedelta,
    status: int,
    code: str | None,
) -> None:
    made = samples.drafted(buyer)
    found = samples.row(session, made)
    now = db.now(session)
    found.tender_period_end = now + margin
    session.commit()
    monkeypatch.setattr("api.core.db.now", lambda _: now)

    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")

    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_the_period_ends_by_the_database_clock_whatever_the_application_believes(
    buyer: Any, stranger: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = samples.published(buyer)
    samples.bid_on(session, made, stranger)
    found = samples.row(session, made)
    found.tender_period_start = db.now(session) - timedelta(days=4)
    found.tender_period_end = db.now(session) + timedelta(milliseconds=250)
    session.commit()
    end = found.tender_period_end
    monkeypatch.setattr("api.rules.clock.utcnow", lambda: end + timedelta(days=9))

    with db.worker_unit_of_work() as early:
        assert procurement.close_due(early, samples.tender_id(made)) is False
    session.connection().exec_driver_sql("SELECT pg_sleep(0.3)")
    amended = buyer.post(
        f"/v1/tenders/{made['id']}/amend", json={"rationale": "late", "title": {"ru": "Поздно"}}
    )
    with db.worker_unit_of_work() as due:
        assert procurement.close_due(due, samples.tender_id(made)) is True
    with db.worker_unit_of_work() as again:
        assert procurement.close_due(again, samples.tender_id(made)) is False

    assert (amended.status_code, amended.json()["code"]) == (409, "tender_period_ended")
    closed = samples.row(session, made)
    assert (closed.status, closed.status_details) == (
        TenderStatus.ACTIVE,
        TenderStage.BID_OPENING_PENDING,
    )
    assert closed.title == made["title"]
    assert events(session)[-1] == "tender.closed"


def test_closing_at_the_very_end_and_not_a_millisecond_before(
    buyer: Any, stranger: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = samples.published(buyer)
    samples.bid_on(session, made, stranger)
    end = samples.row(session, made).tender_period_end
    assert end is not None

    monkeypatch.setattr("api.core.db.now", lambda _: end - MILLISECOND)
    assert procurement.close_due(session, samples.tender_id(made)) is False
    monkeypatch.setattr("api.core.db.now", lambda _: end)
    assert procurement.close_due(session, samples.tender_id(made)) is True


def test_the_deadline_event_closes_the_tender(
    buyer: Any, stranger: Any, session: Session, drain: Callable[[], int]
) -> None:
    made = samples.published(buyer)
    samples.bid_on(session, made, stranger)
    drain()
    found = samples.row(session, made)
    found.tender_period_start = db.now(session) - timedelta(days=4)
    found.tender_period_end = db.now(session)
    deadline = session.exec(select(Deadline)).one()
    deadline.due_at = found.tender_period_end
    session.commit()

    before = buyer.get(f"/v1/tenders/{made['id']}").json()["status_details"]
    with db.worker_unit_of_work() as clock:
        assert fire_due(clock, db.now(clock)) == 1
    drain()

    assert before == "published"
    assert samples.row(session, made).status_details is TenderStage.BID_OPENING_PENDING


def test_cancelling_needs_a_reason_and_takes_the_lots_with_it(
    as_org: AsOrg, session: Session
) -> None:
    buyer = as_org(["buyer"], procurement_regime="generic")
    made = samples.published(buyer)

    silent = buyer.post(f"/v1/tenders/{made['id']}/cancel", json={})
    answer = buyer.post(f"/v1/tenders/{made['id']}/cancel", json={"reason": "Нет средств"})

    assert (silent.status_code, samples.pointers(silent)) == (422, ["#/reason"])
    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert answer.json()["cancellation_reason"] == "Нет средств"
    assert [lot["status"] for lot in answer.json()["lots"]] == ["cancelled"]
    assert events(session)[-2:] == ["tender.cancelled", "cancellation.activated"]
    assert session.exec(select(Deadline)).all() == []


def test_a_cancelled_tender_stays_cancelled(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    url = f"/v1/tenders/{made['id']}"
    ended = samples.cancelled(buyer, made)

    answers = [
        buyer.post(f"{url}/publish"),
        buyer.post(f"{url}/cancel", json={"reason": "ещё раз"}),
        buyer.post(f"{url}/amend", json={"rationale": "нет", "title": {"ru": "Другое"}}),
        buyer.patch(url, json={"title": {"ru": "Другое"}}),
    ]

    assert [a.status_code for a in answers] == [409, 409, 409, 409]
    assert samples.row(session, made).cancellation_reason == "Нет средств"
    assert samples.row(session, made).version == ended["version"]


def test_a_draft_can_be_changed_and_its_lots_replaced(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)
    lots = [samples.lot(title={"ru": "Доски"}), samples.lot(title={"ru": "Шкафы"})]

    answer = buyer.patch(
        f"/v1/tenders/{made['id']}",
        json={"title": {"ru": "Мебель"}, "lots": lots, "procurement_method_details": None},
    )

    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["title"], body["version"]) == ({"ru": "Мебель"}, 2)
    assert body["description"] == made["description"]
    assert [(lot["position"], lot["title"]) for lot in body["lots"]] == [
        (1, {"ru": "Доски"}),
        (2, {"ru": "Шкафы"}),
    ]
    assert made["lots"][0]["id"] not in [lot["id"] for lot in body["lots"]]
    assert (len(session.exec(select(Lot)).all()), len(session.exec(select(Item)).all())) == (2, 2)
    assert buyer.get(f"/v1/tenders/{made['id']}").json() == body


def test_a_published_tender_is_amended_not_edited(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)

    answer = buyer.patch(f"/v1/tenders/{made['id']}", json={"title": {"ru": "Другое"}})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_draft")
    assert samples.row(session, made).title == made["title"]


def test_a_refused_change_leaves_the_draft_as_it_was(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)

    answer = buyer.patch(
        f"/v1/tenders/{made['id']}",
        json={"title": {"ru": "Другое"}, "lots": [samples.lot(delivery_period_end=samples.day(5))]},
    )

    assert answer.status_code == 422
    assert "#/lots/0/delivery_period_end" in samples.pointers(answer)
    assert buyer.get(f"/v1/tenders/{made['id']}").json() == made


def test_strangers_do_not_see_drafts_and_cannot_touch_published_tenders(
    buyer: Any, stranger: Any, session: Session
) -> None:
    draft, public = samples.drafted(buyer), samples.published(buyer)
    change = {"rationale": "x", "title": {"ru": "Чужое"}}

    assert stranger.get(f"/v1/tenders/{draft['id']}").status_code == 404
    assert stranger.get(f"/v1/tenders/{draft['id']}/amendments").status_code == 404
    assert stranger.get(f"/v1/tenders/{draft['id']}/audit").status_code == 404
    assert stranger.get(f"/v1/tenders/{public['id']}").json()["ocid"] == public["ocid"]
    for made in (draft, public):
        url = f"/v1/tenders/{made['id']}"
        assert stranger.post(f"{url}/publish").status_code == 404
        assert stranger.post(f"{url}/amend", json=change).status_code == 404
        assert stranger.post(f"{url}/cancel", json={"reason": "x"}).status_code == 404
        assert stranger.patch(url, json={"title": {"ru": "Чужое"}}).status_code == 404
        assert samples.row(session, made).version == made["version"]


def test_a_cancelled_draft_is_never_shown_to_others(buyer: Any, stranger: Any) -> None:
    made = samples.drafted(buyer)
    buyer.post(f"/v1/tenders/{made['id']}/cancel", json={"reason": "Не нужно"})

    assert stranger.get(f"/v1/tenders/{made['id']}").status_code == 404
    assert buyer.get(f"/v1/tenders/{made['id']}").json()["status"] == "cancelled"


def test_a_supplier_cannot_make_tenders(as_org: AsOrg, session: Session) -> None:
    answer = as_org(["supplier"]).post("/v1/tenders", json=samples.tender())

    assert answer.status_code == 403
    assert session.exec(select(Tender)).all() == []


def test_the_database_itself_hides_and_protects_foreign_tenders(
    buyer: Any, stranger: Any, session: Session
) -> None:
    draft, public = samples.drafted(buyer), samples.published(buyer)

    with db.unit_of_work(stranger.org_id) as foreign:
        seen = foreign.exec(select(Tender)).all()
        lots = foreign.exec(select(Lot)).all()
        items = foreign.exec(select(Item)).all()
        entries = foreign.exec(select(AuditEntry.stream)).all()
        connection = foreign.connection()
        # A bidder can hold the row of a published tender, and change nothing of it.
        with pytest.raises(ProgrammingError, match="row-level security"), connection.begin_nested():
            connection.exec_driver_sql("UPDATE tender SET created_at = now()")
        assert connection.exec_driver_sql("DELETE FROM tender").rowcount == 0
        for table in ("tender_lot", "tender_item"):
            moved = connection.exec_driver_sql(f"UPDATE {table} SET created_at = now()")
            removed = connection.exec_driver_sql(f"DELETE FROM {table}")
            assert (moved.rowcount, removed.rowcount) == (0, 0)
    with db.unit_of_work(buyer.org_id) as own:
        kept = own.connection().exec_driver_sql(
            "DELETE FROM tender_lot USING tender t WHERE t.id = tender_id AND t.status = 'active'"
        )
        assert kept.rowcount == 0

    assert [t.ocid for t in seen] == [public["ocid"]]
    assert {x.tender_id for x in (*lots, *items)} == {samples.tender_id(public)}
    trails = {stream for stream in entries if stream.startswith("tender:")}
    assert trails == {f"tender:{samples.tender_id(public).hex}"}
    assert samples.row(session, draft).status is TenderStatus.DRAFT
    assert {lot.status for lot in session.exec(select(Lot))} == {
        LotStatus.PLANNED,
        LotStatus.ACTIVE,
    }
