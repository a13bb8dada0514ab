"""What is known of people: every column that holds it is known, told, and forgotten."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from api import registry
from api.__main__ import main
from api.core import ids, jobs
from api.core.audit import AuditEntry
from api.core.errors import NotFound
from api.core.outbox import OutboxEvent
from api.core.settings import Settings
from api.identity.models import Member
from api.operations import checks, people
from tests.identity import people as somebody
from tests.webhooks.emitted import TYPES

type AsOrg = Callable[..., Any]
EMAIL, COLLEAGUE = "aigul.asanova@example.kg", "not-aigul.asanova@example.kg"
TELLING = re.compile(
    r"(^|_)(names?|email|mail|phone|telephone|mobile|fax|address|contact|birth|born|gender"
    r"|nationality|passport|inn|pin|snils|tax_id|ip|user_agent|signatory|signer|holder|members"
    r"|latitude|longitude|iban|subject|headers|password|totp|importer)(_|$)"
)
"""Columns with such names may hold what is about a person."""
OF_THINGS = {
    "guarantee.issuer_name": "a bank",
    "payee_account.bank_name": "a bank",
    "platform_account.bank_name": "a bank",
    "supplier_plan.names": "a plan",
    "platform_account.holder_name": "the platform itself",
    "screening_case.subject_digest": "a digest",
    "stripe_cursor.name": "a list",
    "watch_list.name": "a list",
    "api_client.name": "credentials of a program",
    "certificate_scheme.names": "a kind of certificate",
    "certificate_scheme.subject": "what is certified",
    "crossing.names": "a border crossing",
    "bid_document.file_name": "a file",
    "document.name": "a file",
    "channel_connection.name": "a connection",
    "channel_inquiry.subject": "what is asked for",
    "product_image.name": "a file",
    "product_rendition.name": "a size of an image",
    "master_product.names": "goods",
    "product_group.names": "goods",
    "product_group.names_origin": "goods",
    "certificate.file_name": "a file",
    "certificate_edition.file_name": "a file",
    "evidence.name": "a file",
    "sealed_document.name": "a file",
    "identity_provider.name": "a provider of logins",
    "intake_source.name": "a system",
    "job.name": "a task",
    "landed_cost_estimate.subject": "what was estimated",
    "matching_model.name": "a model",
    "embedding_model.name": "a model",
    "demand_vector.model_name": "a model",
    "offer_vector.model_name": "a model",
    "ocds_schema.name": "a schema",
    "person.totp_step": "a number of seconds",
    "place.latitude": "a town",
    "place.longitude": "a town",
    "place.names": "a town",
    "product.names": "goods",
    "product.names_origin": "goods",
    "transport_route.names": "a road",
    "unit.names": "a unit",
    "work_calendar_day.names": "a holiday",
}


def _columns() -> dict[str, Any]:
    return {
        f"{table.name}.{column.name}": column
        for table in registry.metadata.tables.values()
        for column in table.columns
    }


def test_sec_24_a_column_that_looks_like_a_persons_is_in_the_inventory() -> None:
    known = {f"{each.table}.{each.column}" for each in people.inventory()}
    telling = {
        name
        for name, column in _columns().items()
        if TELLING.search(column.name) and not name.endswith(("_id", "_at")) or name in OF_THINGS
    }
    telling |= {"bid_lot.importer_tax_id"}
    assert telling - known == set(OF_THINGS), "a row in personal_data.csv, or a reason in OF_THINGS"


def test_sec_24_a_new_column_of_a_person_would_be_seen() -> None:
    for name in ("phone", "home_address", "passport_number", "director_name", "birth_date", "inn"):
        assert TELLING.search(name), name
    for name in ("amount", "status", "shipment_id", "description", "recipient", "opening"):
        assert TELLING.search(name) is None, name


def test_sec_24_every_row_of_the_inventory_is_whole_and_about_a_column_that_is_there() -> None:
    columns = _columns()
    for each in people.inventory():
        assert f"{each.table}.{each.column}" in columns, each
        assert all((each.what, each.purpose, each.ground, each.retention)), each
        assert each.ground in ("contract", "legal obligation", "legitimate interest"), each
        acts = {"delete", "name", "address", "clear"} if each.link else {"scrub", "drop", "expire"}
        assert each.erasure in acts | {"keep"}, each
        if each.erasure == "keep":
            assert each.ground == "legal obligation", each
        for setting in re.findall(r"KERBEN_(\w+)", each.retention):
            assert setting.lower() in Settings.model_fields, each


def test_sec_24_what_is_told_of_events_names_people_by_id_alone() -> None:
    for name, kind in TYPES.items():
        assert "@" not in json.dumps(kind.example, default=str), name


@pytest.fixture
def known(as_org: AsOrg, session: Session) -> tuple[Any, Any, str]:
    """A buyer, and a member with an account whose address is in every kind of place."""
    buyer = as_org(["buyer"])
    somebody.with_app(somebody.joined(buyer, "owner@example.kg", "owner"))
    person = somebody.with_app(somebody.joined(buyer, EMAIL))
    buyer.client.cookies.clear()
    somebody.add(buyer, COLLEAGUE)
    body = {"name": "Айгүл Асанова", "email": EMAIL, "role": "procurement_officer"}
    elsewhere = as_org(["supplier"])
    for _ in range(2):
        answer = elsewhere.post("/v1/members", json=body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201
    job = jobs.enqueue(session, "test.mail", {"to": [EMAIL, COLLEAGUE]}, org_id=buyer.org_id)
    job.last_error = f"550 <{EMAIL.upper()}> is unknown"
    session.add(OutboxEvent(type="test.mail", resource_id=job.id, payload={"to": EMAIL, "n": 7}))
    session.commit()
    member = next(m for m in buyer.get("/v1/members").json()["items"] if m["email"] == EMAIL)
    return buyer, person, member["id"]


def _dump(superuser: psycopg.Connection[Any]) -> dict[str, str]:
    """Every row of every table, as text; bytes as they are."""
    found = {}
    for name, table in registry.metadata.tables.items():
        columns = [
            f"encode(\"{c.name}\", 'escape')"
            if str(c.type) in ("BLOB", "BYTEA")
            else f'"{c.name}"::text'
            for c in table.columns
        ]
        rows = superuser.execute(f'SELECT {", ".join(columns)} FROM "{name}"').fetchall()
        found[name] = "\n".join(str(row) for row in rows)
    return found


def _holding(superuser: psycopg.Connection[Any], text: str) -> set[str]:
    whole = re.compile(rf"(?<![\w.+-]){re.escape(text)}", re.IGNORECASE)
    return {name for name, rows in _dump(superuser).items() if whole.search(rows)}


def test_sec_13_sec_24_an_erased_person_is_in_no_table_and_the_audit_log_still_holds(
    known: tuple[Any, Any, str], session: Session, superuser: psycopg.Connection[Any], drain: Any
) -> None:
    buyer, person, member_id = known
    assert _holding(superuser, EMAIL) >= {
        "person", "member", "idempotency_record", "job", "outbox_event"
    }  # fmt: skip
    entries = session.exec(select(AuditEntry.id, AuditEntry.hash)).all()
    session.rollback()

    done = CliRunner().invoke(main, ["people", "erase", EMAIL, "--yes"])
    assert done.exit_code == 0, done.output

    assert _holding(superuser, EMAIL) == set()
    assert _holding(superuser, COLLEAGUE) >= {"member", "job"}
    assert person.get("/v1/session").status_code == 401
    login = {"email": EMAIL, "password": somebody.PASSWORD}
    assert buyer.client.post("/auth/login", json=login).status_code == 401
    row = session.get_one(Member, ids.parse("member", member_id))
    assert (row.name, row.removed_at is not None) == (people.ERASED, True)
    payload = session.exec(select(OutboxEvent.payload).where(OutboxEvent.type == "test.mail")).one()
    assert payload == {"to": people.ERASED, "n": 7}

    now = dict(session.exec(select(AuditEntry.id, AuditEntry.hash)).all())
    assert [now[id] for id, _ in entries] == [hash for _, hash in entries]
    assert "erase" in session.exec(select(AuditEntry.action)).all()
    assert [(name, found) for name, found in checks.run(session) if found] == []


def test_sec_24_a_person_is_told_all_that_is_known_and_no_authenticator(
    known: tuple[Any, Any, str], tmp_path: Path
) -> None:
    _, _, member_id = known
    file = tmp_path / "known.json"
    for whom in (EMAIL.upper(), member_id):
        done = CliRunner().invoke(main, ["people", "export", whom, "--file", str(file)])
        assert done.exit_code == 0, done.output
        told = json.loads(file.read_text())
        assert told["addresses"] == [EMAIL]
        assert told["data"]["person"][0]["email"] == EMAIL
        assert len(told["data"]["member"]) == 2
        assert told["data"]["login_session"][0]["ip"] is not None
        assert {act["action"] for act in told["acts"]} >= {"join"}
        assert "password_hash" not in file.read_text().replace('"column": "password_hash"', "")
        assert "argon2" not in file.read_text()
        assert COLLEAGUE not in file.read_text()


def test_sec_24_the_last_owner_is_not_forgotten_and_nothing_changes(
    as_org: AsOrg, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    buyer = as_org(["buyer"])
    somebody.joined(buyer, EMAIL, "owner")
    before = _dump(superuser)
    done = CliRunner().invoke(main, ["people", "erase", EMAIL, "--yes"])
    assert done.exit_code == 1
    assert "without an owner" in done.output
    assert _dump(superuser) == before


@pytest.mark.parametrize(
    "whom", ["nobody@example.kg", f"person_{UUID(int=1).hex}", "member_x", "x"]
)
def test_sec_24_who_is_not_known_is_not_found(session: Session, whom: str) -> None:
    with pytest.raises(NotFound):
        people.find(session, whom)
