"""OCDS releases of tenders: one at each public event, in its own transaction, valid, for good."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db
from api.core.audit import AuditEntry
from api.core.outbox import emit
from api.opendata.models import OcdsRecord, OcdsRelease
from api.opendata.ocds import merging, schemas, sections
from api.opendata.ocds.process import Section
from api.procurement.models import Amendment, Tender
from tests.opendata import standard
from tests.procurement import samples

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(
        ["buyer"],
        legal_name={"ru": "Мэрия г. Ош", "ky": "Ош ш. мэриясы"},
        identifier_id="02345678901234",
    )


def releases(session: Session) -> list[dict[str, Any]]:
    session.rollback()
    rows = session.exec(select(OcdsRelease).order_by(OcdsRelease.number))
    return [json.loads(row.body) for row in rows]


def compiled(session: Session) -> dict[str, Any]:
    session.rollback()
    session.expire_all()
    return session.exec(select(OcdsRecord)).one().compiled


def amend(buyer: Any, made: Any, **changed: Any) -> Any:
    body = {"rationale": "Уточнение", **changed}
    return buyer.post(f"/v1/tenders/{made['id']}/amend", json=body)


def test_a_published_tender_is_a_tender_release_before_any_worker_runs(
    buyer: Any, session: Session
) -> None:
    item = samples.item(additional_classifications=[{"scheme": "HS", "id": "940360"}])
    made = samples.published(buyer, lots=[samples.lot(items=[item])])

    (release,) = releases(session)

    (lot,) = made["lots"]
    assert release["ocid"] == made["ocid"]
    assert release["id"] == f"{made['ocid']}-000001"
    assert (release["tag"], release["initiationType"]) == (["tender"], "tender")
    assert release["language"] == "ru"
    assert release["parties"] == [
        {
            "id": "KG-INN-02345678901234",
            "name": "Мэрия г. Ош",
            "name_ky": "Ош ш. мэриясы",
            "identifier": {
                "scheme": "KG-INN",
                "id": "02345678901234",
                "legalName": "Мэрия г. Ош",
                "legalName_ky": "Ош ш. мэриясы",
            },
            "address": release["parties"][0]["address"],
            "roles": ["buyer", "procuringEntity"],
        }
    ]
    assert release["parties"][0]["address"]["countryName_en"] == "Kyrgyzstan"
    assert release["buyer"] == {"id": "KG-INN-02345678901234", "name": "Мэрия г. Ош"}
    tender = release["tender"]
    assert (tender["id"], tender["title"], tender["title_ky"]) == (
        made["id"],
        "Школьная мебель",
        "Мектеп эмереги",
    )
    assert (tender["status"], tender["statusDetails"]) == ("active", "published")
    assert (tender["procurementMethod"], tender["procurementMethodDetails"]) == (
        "open",
        made["procurement_method_details"],
    )
    assert tender["tenderPeriod"]["endDate"][:19] == made["tender_period_end"][:19]
    assert tender["lots"] == [
        {
            "id": lot["id"],
            "title": "Парты",
            "title_ky": "Парталар",
            "status": "active",
            "value": {"amount": 6700000, "currency": "KGS"},
            "contractPeriod": tender["lots"][0]["contractPeriod"],
            "deliveryTerms": [{"incoterms": "DAP"}, {"incoterms": "DDP"}],
            "requiredCertificates": ["ISO9001"],
        }
    ]
    (shown,) = tender["items"]
    assert shown["relatedLot"] == lot["id"]
    assert (shown["quantity"], shown["unit"]["scheme"], shown["unit"]["id"]) == (
        600,
        "UNCEFACT",
        "SET",
    )
    assert (shown["classification"]["scheme"], shown["classification"]["id"]) == (
        "CPV",
        "39160000-1",
    )
    assert shown["additionalClassifications"][0]["scheme"] == "HS"
    assert shown["deliveryAddress"]["streetAddress"] == "ул. Школьная, 12"
    assert len(shown["deliveryLocation"]["geometry"]["coordinates"]) == 2


def test_each_public_event_appends_a_release_and_none_ever_changes(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    first = releases(session)[0]
    assert amend(buyer, made, title={"ru": "Мебель", "ky": "Эмерек"}).status_code == 200
    samples.cancelled(buyer, made)

    one, two, requested, three = releases(session)

    assert one == first
    assert [each["tag"] for each in (one, two, requested, three)] == [
        ["tender"],
        ["tenderAmendment"],
        ["tenderUpdate"],
        ["tenderCancellation"],
    ]
    (pending,), (active,) = (each["tender"]["cancellations"] for each in (requested, three))
    assert (pending["status"], active["status"]) == ("pending", "active")
    assert "cancellation" not in requested["tender"]
    assert one["date"] < two["date"] < three["date"]
    assert two["tender"]["title"] == "Мебель"
    assert two["tender"]["title_ky"] == "Эмерек"
    (amendment,) = two["tender"]["amendments"]
    assert (amendment["rationale"], amendment["amendsReleaseID"], amendment["releaseID"]) == (
        "Уточнение",
        one["id"],
        two["id"],
    )
    assert three["tender"]["amendments"] == [amendment]
    assert (three["tender"]["status"], three["tender"]["cancellation"]["rationale"]) == (
        "cancelled",
        "Нет средств",
    )
    assert [lot["status"] for lot in three["tender"]["lots"]] == ["cancelled"]


def test_a_draft_is_not_published_even_when_it_is_cancelled(buyer: Any, session: Session) -> None:
    made = samples.drafted(buyer)
    buyer.post(f"/v1/tenders/{made['id']}/cancel", json={"reason": "Передумали"})
    assert releases(session) == []


def test_a_request_that_is_repeated_with_its_key_publishes_once(
    buyer: Any, session: Session
) -> None:
    made = samples.drafted(buyer)
    for _ in range(3):
        answer = buyer.post(
            f"/v1/tenders/{made['id']}/publish", headers={"Idempotency-Key": "once"}
        )
        assert answer.status_code == 200
    assert len(releases(session)) == 1


@pytest.mark.parametrize("action", ["publish", "amend", "cancel"])
def test_an_act_whose_release_is_invalid_fails_and_changes_nothing(
    as_org: AsOrg, session: Session, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    # Under these rules a cancellation takes effect at once.
    buyer = as_org(["buyer"], procurement_regime="generic")
    made = samples.drafted(buyer) if action == "publish" else samples.published(buyer)
    session.rollback()
    before = samples.row(session, made).model_dump()
    trail = len([*session.exec(select(AuditEntry))])
    kept = releases(session)
    monkeypatch.setitem(
        sections.SECTIONS,  # type: ignore[arg-type]
        "tender",
        lambda process: Section(
            {"buyer": process.reference(process.tender.buyer_id), "tender": {"id": "x"}},
            {process.tender.buyer_id: {"buyer"}},
        ),
    )

    bodies = {
        "amend": {"title": {"ru": "Мебель", "ky": "Эмерек"}, "rationale": "Уточнение"},
        "cancel": {"reason": "Нет"},
    }
    answer = buyer.post(f"/v1/tenders/{made['id']}/{action}", json=bodies.get(action))

    assert (answer.status_code, answer.json()["code"]) == (500, "publication_invalid")
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers
    assert all(pointer.startswith("#/tender") for pointer in pointers)
    assert samples.row(session, made).model_dump() == before
    assert len([*session.exec(select(AuditEntry))]) == trail
    assert [*session.exec(select(Amendment))] == []
    assert releases(session) == kept


def test_no_role_can_change_or_remove_a_release(buyer: Any, session: Session) -> None:
    samples.published(buyer)
    kept = releases(session)
    for engine in ("app", "worker", "owner"):
        for statement in (
            "UPDATE ocds_release SET body = ''",
            "DELETE FROM ocds_release",
            "TRUNCATE ocds_release",
        ):
            session.rollback()
            with db.engine(engine).begin() as connection:
                connection.execute(text("SELECT set_config('kerben.publisher', 'on', true)"))
                with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                    connection.execute(text(statement))
    assert releases(session) == kept


def test_only_the_publisher_writes_releases_and_records(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        db.unit_of_work(buyer.org_id) as own,
    ):
        own.connection().execute(
            text(
                "INSERT INTO ocds_release (id, created_at, updated_at, ocid, number, release_id,"
                " date, tags, etag, body) VALUES (gen_random_uuid(), now(), now(), 'x', 1, 'x',"
                " now(), '{}', 'x', '')"
            )
        )
    with db.unit_of_work(buyer.org_id) as own:
        changed = own.connection().execute(text("UPDATE ocds_record SET body = ''"))
        assert changed.rowcount == 0
    assert compiled(session)["ocid"] == made["ocid"]


def test_a_record_is_what_its_releases_come_to_and_what_the_database_says(
    buyer: Any, session: Session, client: Any
) -> None:
    made = samples.published(buyer)
    amend(
        buyer, made, title={"ru": "Мебель", "ky": "Эмерек"}, description={"ru": "Только поставка"}
    )
    lot = made["lots"][0]
    change = {"id": lot["id"], "value": {"amount": "6500000.50", "currency": "KGS"}}
    assert amend(buyer, made, lots=[change]).status_code == 200
    samples.cancelled(buyer, made)

    record = client.get(f"/public/ocds/records/{made['ocid']}").json()["records"][0]

    every = releases(session)
    rebuilt = merging.compiled(every)
    assert record["compiledRelease"] == rebuilt == compiled(session)
    assert [each["url"].rpartition("/")[2] for each in record["releases"]] == [
        each["id"] for each in every
    ]
    row = samples.row(session, made)
    tender = rebuilt["tender"]
    assert (tender["title"], tender["description"]) == (
        row.title["ru"],
        row.description["ru"],
    )
    assert tender["title_ky"] == row.title["ky"]
    assert tender["status"] == row.status
    assert tender["lots"][0]["value"]["amount"] == 6500000.5
    assert [each["id"] for each in tender["amendments"]] == ["1", "2"]


@pytest.mark.shared
def test_a_record_merges_alike_under_the_standards_own_rules(
    buyer: Any, session: Session, shared_data: Path
) -> None:
    made = samples.published(buyer)
    amend(buyer, made, title={"ru": "Мебель", "ky": "Эмерек"})
    official = standard.load(shared_data / "ocds").release
    assert merging.compiled(releases(session), merging.rules_of(official)) == compiled(session)


@pytest.mark.shared
def test_the_standards_schema_is_enforced_once_it_is_loaded(
    buyer: Any, session: Session, shared_data: Path
) -> None:
    with db.worker_unit_of_work() as worker:
        schemas.load(worker, shared_data / "ocds" / "built")
    samples.published(buyer)
    assert len(releases(session)) == 1

    strict = schemas.loaded(session)
    assert strict is not None
    strict["required"] = [*strict["required"], "planning"]
    session.connection().execute(
        text("UPDATE ocds_schema SET digest = 'other', body = CAST(:body AS jsonb)"),
        {"body": json.dumps(strict)},
    )
    session.commit()
    made = samples.drafted(buyer)
    answer = buyer.post(f"/v1/tenders/{made['id']}/publish")
    assert (answer.status_code, answer.json()["code"]) == (500, "publication_invalid")
    assert len(releases(session)) == 1


def test_a_second_writer_of_a_process_waits_though_it_holds_no_row_of_it(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    with Session(db.engine("worker")) as one, Session(db.engine("worker")) as two:
        one.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:process, 19))"),
            {"process": samples.tender_id(made).hex},
        )
        _say(one, (samples.tender_id(made),))
        two.connection().execute(text("SET LOCAL lock_timeout = '50ms'"))
        _say(two, (samples.tender_id(made),))
        with pytest.raises(DBAPIError, match="lock timeout"):
            two.commit()
        one.commit()
    assert [each["id"][-1] for each in releases(session)] == ["1", "2"]


def test_who_waited_tells_what_was_committed_meanwhile(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    tender_id = samples.tender_id(made)

    def speak() -> None:
        with db.worker_unit_of_work() as other:
            other.get(Tender, tender_id)
            _say(other, (tender_id,))

    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with Session(db.engine("worker")) as one:
        one.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:process, 19))"),
            {"process": tender_id.hex},
        )
        other = threading.Thread(target=speak)
        other.start()
        while not session.connection().scalar(waiting):
            session.rollback()
        changed = one.get(Tender, tender_id)
        assert changed is not None
        changed.title = {"ru": "Новое имя"}
        emit(one, "tender.amended", tender_id, org_id=None)
        one.commit()
        other.join()
    assert [each["tender"]["title"] for each in releases(session)] == [
        "Школьная мебель",
        "Новое имя",
        "Новое имя",
    ]


def _say(session: Session, ids: tuple[Any, ...]) -> None:
    for each in ids:
        emit(session, "tender.closed", each, org_id=None)


def test_one_transaction_makes_one_release_of_a_process_with_every_tag(
    buyer: Any, session: Session
) -> None:
    made = samples.published(buyer)
    with db.worker_unit_of_work() as worker:
        _say(worker, (samples.tender_id(made),) * 2)
        emit(worker, "tender.amended", samples.tender_id(made), org_id=None)
    assert [each["tag"] for each in releases(session)] == [
        ["tender"],
        ["tenderUpdate", "tenderAmendment"],
    ]


def test_what_is_rolled_back_is_not_published(buyer: Any, session: Session) -> None:
    made = samples.published(buyer)
    with Session(db.engine("worker")) as used_again:
        _say(used_again, (samples.tender_id(made),))
        used_again.rollback()
        used_again.exec(select(Tender)).all()
        used_again.commit()
    assert len(releases(session)) == 1
