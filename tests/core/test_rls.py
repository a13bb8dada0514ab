"""The second wall: what row-level security refuses when a query forgets the organisation."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import select

from api.core import audit, db, jobs
from api.identity.models import ApiClient, Member

type AsOrg = Callable[..., Any]

MEMBER = {"name": "Айгүл", "email": "aigul@example.kg", "role": "owner"}


def test_without_an_organisation_nothing_is_seen(as_org: AsOrg) -> None:
    as_org(["buyer"]).post("/v1/members", json=MEMBER)
    with db.unit_of_work() as session:
        assert session.exec(select(Member)).all() == []
        assert session.exec(select(ApiClient)).all() == []


def test_a_query_that_forgets_the_scope_still_sees_only_its_own(as_org: AsOrg) -> None:
    first, second = as_org(["buyer"]), as_org(["buyer"])
    for actor in (first, second):
        assert actor.post("/v1/members", json=MEMBER).status_code == 201
    with db.unit_of_work(first.org_id) as session:
        assert {m.org_id for m in session.exec(select(Member)).all()} == {first.org_id}
        changed = session.connection().execute(text("UPDATE member SET name = 'x'"))
        assert changed.rowcount == 1
    assert second.get("/v1/members").json()["items"][0]["name"] == MEMBER["name"]


def test_a_row_for_another_organisation_cannot_be_written(as_org: AsOrg) -> None:
    first, second = as_org(["buyer"]), as_org(["buyer"])
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        db.unit_of_work(first.org_id) as session,
    ):
        session.add(Member(org_id=second.org_id, **MEMBER))
    assert second.get("/v1/members").json()["items"] == []


def test_the_scope_does_not_outlive_its_transaction(as_org: AsOrg) -> None:
    actor = as_org(["buyer"])
    with db.unit_of_work(actor.org_id) as session:
        backend = session.connection().scalar(text("SELECT pg_backend_pid()"))
    for _ in range(50):
        with db.unit_of_work() as session:
            if session.connection().scalar(text("SELECT pg_backend_pid()")) == backend:
                assert session.connection().scalar(text("SELECT kerben_org()")) is None
                return
    raise AssertionError("the pooled connection did not come back")


def test_jobs_and_audit_entries_of_others_stay_hidden(as_org: AsOrg, client: Any) -> None:
    owner, stranger = as_org(["supplier"]), as_org(["supplier"])
    with db.worker_unit_of_work() as session:
        job = jobs.enqueue(session, "catalog.import_offers", {}, org_id=owner.org_id)
        audit.record(session, f"x:{uuid4().hex}", "a", actor="t", org_id=owner.org_id)

    assert owner.get(f"/v1/jobs/job_{job.id.hex}").json()["status"] == "queued"
    assert stranger.get(f"/v1/jobs/job_{job.id.hex}").status_code == 404
    with db.unit_of_work(stranger.org_id) as session:
        seen = session.connection().scalar(text("SELECT count(*) FROM audit_entry WHERE actor='t'"))
        assert seen == 0
