"""Where requests came from, beside the log: known to its keeper, forgotten without breaking it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import audit, db, settings
from api.core.audit import AuditEntry
from api.core.origins import AuditOrigin
from api.identity import credentials
from tests.audit.test_api import stream_of
from tests.identity import people
from tests.procurement import samples
from workers import housekeeper

type AsOrg = Callable[..., Any]
EMAIL = "aigul@example.kg"


def told(stream: str) -> list[Any]:
    """What the command says of a stream."""
    ran = CliRunner().invoke(main, ["audit", "origins", stream])
    assert ran.exit_code == 0, ran.output
    return [json.loads(line) for line in ran.stdout.splitlines()]


def entries(session: Session, stream: str) -> list[AuditEntry]:
    session.rollback()
    of_stream = select(AuditEntry).where(AuditEntry.stream == stream)
    return [*session.exec(of_stream.order_by(AuditEntry.seq))]  # type: ignore[arg-type]


def test_sec_13_an_entry_leads_to_the_address_and_the_key_until_they_are_forgotten(
    as_org: AsOrg, session: Session, superuser: Any
) -> None:
    buyer = as_org(["buyer"])
    stream = stream_of(samples.published(buyer))
    asked = told(stream)
    assert [(each["seq"], each["action"]) for each in asked] == [
        (each.seq, each.action) for each in entries(session, stream)
    ]
    prefix = credentials.prefix_of(buyer.key)
    assert {(each["ip"], each["key_prefix"]) for each in asked} == {("testclient", prefix)}
    of = {each.request_id for each in entries(session, stream)}
    kept = session.exec(select(AuditOrigin).where(col(AuditOrigin.request_id).in_(of))).all()
    assert len(kept) == len(of)  # once for all entries of a request
    assert {each.org_id for each in kept} == {buyer.org_id}

    forgets, beyond = kept[0].request_id, settings.get().audit_origin_keep_days + 1
    superuser.execute(
        "UPDATE audit_origin SET created_at = now() - make_interval(days => %s)"
        " WHERE request_id = %s",
        (beyond, forgets),
    )
    assert housekeeper.tidy() == 1
    forgotten = [each["ip"] is None for each in told(stream)]
    gone = {each.seq for each in entries(session, stream) if each.request_id == forgets}
    assert forgotten == [each.seq in gone for each in entries(session, stream)]
    assert gone
    assert audit.first_broken(entries(session, stream)) is None


def test_sec_13_a_person_who_is_erased_leaves_no_address_and_the_chain_holds(
    as_org: AsOrg, session: Session
) -> None:
    buyer = as_org(["buyer"])
    person = people.joined(buyer, EMAIL)
    stream = stream_of(samples.drafted(person))
    (first, *_) = told(stream)
    assert (first["ip"], first["key_prefix"]) == ("testclient", None)
    assert first["actor"].startswith("person:")
    ran = CliRunner().invoke(main, ["people", "erase", EMAIL, "--yes"])
    assert ran.exit_code == 0, ran.output
    assert {each["ip"] for each in told(stream)} == {None}
    assert audit.first_broken(entries(session, stream)) is None


def test_sec_13_the_api_writes_where_requests_came_from_and_cannot_read_it(as_org: AsOrg) -> None:
    org = as_org(["buyer"]).org_id
    with pytest.raises(ProgrammingError, match="permission denied"), db.unit_of_work(org) as unit:
        unit.exec(select(AuditOrigin)).all()
