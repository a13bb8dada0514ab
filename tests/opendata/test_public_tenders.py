"""What everybody may read of a tender, written by the real tasks and read without credentials."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col, select

from api.core import db
from api.core.deadlines import fire_due
from api.opendata.models import PublicDocument
from api.opendata.schemas import TenderPublished
from api.procurement.schemas import TenderOut
from tests.procurement import samples
from workers.opendata import publish_tender

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"], legal_name={"ru": "Мэрия г. Ош"}, identifier_id="02345678901234")


def path(made: Any) -> str:
    return f"/public/tenders/{made['ocid']}"


def documents(session: Session) -> list[PublicDocument]:
    session.rollback()
    session.expire_all()
    of_bids = col(PublicDocument.path).endswith("/bidding")
    return [*session.exec(select(PublicDocument).where(~of_bids))]


def test_a_published_tender_is_read_without_credentials_as_its_buyer_sees_it(
    buyer: Any, client: Any, drain: Drain
) -> None:
    made = samples.published(buyer)
    drain()

    answer = client.get(path(made))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=60"
    expected = {k: v for k, v in made.items() if k not in ("buyer_id", "version", "quick")}
    expected["buyer"] = {"id": "KG-INN-02345678901234", "name": {"ru": "Мэрия г. Ош"}}
    assert answer.json() == {**expected, "enquiries": [], "cancellations": []}


def test_the_public_sees_the_fields_of_a_tender_less_what_needs_an_account() -> None:
    shown = TenderOut.model_fields.keys() - {"buyer_id", "version", "quick"} | {
        "buyer",
        "enquiries",
        "cancellations",
    }
    assert TenderPublished.model_fields.keys() == shown


def test_a_draft_is_never_public_even_when_it_is_cancelled(
    buyer: Any, client: Any, drain: Drain, session: Session
) -> None:
    made = samples.drafted(buyer)
    drain()
    assert client.get(path(made)).status_code == 404

    buyer.post(f"/v1/tenders/{made['id']}/cancel", json={"reason": "Передумали"})
    drain()

    answer = client.get(path(made))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert documents(session) == []


def test_an_amendment_and_a_cancellation_are_read_at_once_under_a_new_etag(
    buyer: Any, client: Any, drain: Drain, session: Session
) -> None:
    made = samples.published(buyer)
    drain()
    first = client.get(path(made))

    title = {"ru": "Мебель", "ky": "Эмерек"}
    amend = {"title": title, "rationale": "Уточнение"}
    assert buyer.post(f"/v1/tenders/{made['id']}/amend", json=amend).status_code == 200
    drain()
    second = client.get(path(made), headers={"If-None-Match": first.headers["etag"]})
    buyer.post(f"/v1/tenders/{made['id']}/cancel", json={"reason": "Нет денег"})
    drain()
    pending = client.get(path(made)).json()
    samples.complaints_over(made)
    drain()
    third = client.get(path(made))

    assert (second.status_code, second.json()["title"]) == (200, title)
    assert [each["status"] for each in pending["cancellations"]] == ["pending"]
    assert pending["status"] == "active"
    assert (third.json()["status"], third.json()["cancellation_reason"]) == (
        "cancelled",
        "Нет денег",
    )
    assert len({answer.headers["etag"] for answer in (first, second, third)}) == 3
    assert len(documents(session)) == 1


def test_the_end_of_its_period_shows_in_the_public_tender(
    buyer: Any, client: Any, drain: Drain, session: Session
) -> None:
    made = samples.published(buyer)
    tender = samples.row(session, made)
    tender.tender_period_start = datetime.now(UTC) - timedelta(days=2)
    tender.tender_period_end = datetime.now(UTC) - timedelta(seconds=1)
    session.add(tender)
    session.commit()
    with db.worker_unit_of_work() as worker:
        fire_due(worker, db.now(worker) + timedelta(days=30))
    drain()

    stage = buyer.get(f"/v1/tenders/{made['id']}").json()["status_details"]
    assert stage != made["status_details"]
    assert client.get(path(made)).json()["status_details"] == stage


def test_writing_the_same_again_leaves_the_document_and_its_time(
    buyer: Any, drain: Drain, session: Session
) -> None:
    made = samples.published(buyer)
    drain()
    (before,) = documents(session)
    etag, updated_at = before.etag, before.updated_at

    with db.worker_unit_of_work() as worker:
        publish_tender(worker, samples.tender_id(made).hex)

    (after,) = documents(session)
    assert (after.etag, after.updated_at) == (etag, updated_at)


@pytest.mark.parametrize("given", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_who_has_the_current_version_is_sent_no_body(
    buyer: Any, client: Any, drain: Drain, given: str
) -> None:
    made = samples.published(buyer)
    drain()
    etag = client.get(path(made)).headers["etag"]

    answer = client.get(path(made), headers={"If-None-Match": given.format(etag=etag)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert "content-type" not in answer.headers
    assert client.get(path(made), headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("ocid", ["ocds-kerben0-1", "%00", "x" * 300, "ocds-kerben0-000001%00"])
def test_what_is_no_ocid_is_refused_before_the_database(client: Any, ocid: str) -> None:
    answer = client.get(f"/public/tenders/{ocid}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_the_services_role_cannot_write_public_documents(
    buyer: Any, drain: Drain, session: Session
) -> None:
    samples.published(buyer)
    drain()
    with db.unit_of_work(buyer.org_id) as own:
        changed = own.connection().execute(text("UPDATE public_document SET body = ''"))
        assert changed.rowcount == 0
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        db.unit_of_work(buyer.org_id) as own,
    ):
        own.add(PublicDocument(path="/x", media_type="text/plain", etag='"x"', body=b"x"))
    (kept,) = documents(session)
    assert kept.body.startswith(b"{")


def test_connections_that_broke_while_idle_are_replaced_unnoticed(
    buyer: Any, client: Any, drain: Drain, superuser: Any
) -> None:
    made = samples.published(buyer)
    drain()
    for _ in range(3):
        assert client.get(path(made)).status_code == 200
        cut_off(superuser)
    assert client.get(path(made)).status_code == 200


@pytest.fixture
def database_away(superuser: Any) -> Iterator[Callable[[bool], None]]:
    """Refuse the service's role, as a database that is away does, and let it in again."""

    def switch(away: bool) -> None:
        superuser.execute(f"ALTER ROLE kerben_reporting {'NOLOGIN' if away else 'LOGIN'}")
        cut_off(superuser)

    yield switch
    switch(False)


def test_while_the_database_is_away_the_answer_is_503_and_then_it_recovers(
    buyer: Any, client: Any, drain: Drain, database_away: Callable[[bool], None]
) -> None:
    made = samples.published(buyer)
    drain()
    assert client.get(path(made)).status_code == 200

    database_away(True)
    away = client.get(path(made))
    database_away(False)

    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert away.headers["retry-after"] == "2"
    assert client.get(path(made)).status_code == 200


def cut_off(superuser: Any) -> None:
    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kerben_reporting'"
    )
