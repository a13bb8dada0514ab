"""Workers and connections that die amid an import, rows that only the database refuses, feeds."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from api.catalog import imports
from api.catalog.models import (
    ImportChunk,
    ImportFailure,
    LeadTimeTier,
    Offer,
    OfferSource,
    PriceTier,
    Product,
)
from api.core import audit, db
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline
from api.core.ids import parse
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from tests.catalog import samples
from tests.catalog.uploads import NDJSON, counted, counts, finished, refused, sent, taken
from workers import app as workers

SCRIPT = Path(__file__).parent / "killable_import.py"


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def refusing(superuser: psycopg.Connection[Any]) -> Iterator[None]:
    """The database refuses the offer R-7, as it refuses what no check of ours foresees."""
    superuser.execute("ALTER TABLE offer ADD CONSTRAINT no_seven CHECK (sku <> 'R-7')")
    yield
    superuser.execute("ALTER TABLE offer DROP CONSTRAINT no_seven")


def desks(count: int, **changed: str) -> bytes:
    header = list(dict.fromkeys([*samples.HEADER, *changed]))
    rows = ({"sku": f"R-{i}", **changed} for i in range(count))
    return samples.csv_file(*rows, header=header)


def due_again(session: Session, job_id: UUID) -> None:
    """Let the next attempt begin at once."""
    session.expire_all()
    job = session.get_one(Job, job_id)
    job.run_at, job.lease_until = job.created_at, None
    session.commit()


def assert_each_once(session: Session, count: int) -> None:
    """Every row has one offer, with its tiers, its trail and its event, and no row has two."""
    session.expire_all()
    skus = session.exec(select(Offer.sku)).all()
    assert Counter(skus) == {f"R-{i}": 1 for i in range(count)}
    assert session.exec(select(func.count()).select_from(Product)).one() == count
    assert session.exec(select(func.count()).select_from(PriceTier)).one() == 3 * count
    assert session.exec(select(func.count()).select_from(LeadTimeTier)).one() == 2 * count
    actions = session.exec(select(AuditEntry.action).where(AuditEntry.actor != "test")).all()
    assert Counter(actions) == {"create": 2 * count, "activate": count}
    events = session.exec(
        select(OutboxEvent.type).where(OutboxEvent.type != "organisation.created")
    ).all()
    assert Counter(events) == {"offer.activated": count}
    assert session.exec(select(ImportChunk.id)).all() == []


def test_a_worker_that_is_killed_leaves_no_row_out_and_takes_none_twice(
    seller: Any, session: Session
) -> None:
    answer = sent(seller, desks(40))
    job_id = parse("job", answer.json()["id"])
    environment = {
        **os.environ,
        "KERBEN_DATABASE_URL": db.url("app"),
        "KERBEN_WORKER_DATABASE_URL": db.url("worker"),
        "KERBEN_OWNER_DATABASE_URL": db.url("owner"),
        "PYTHONPATH": str(SCRIPT.parents[2]),
    }
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), job_id.hex],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["5\n", "10\n", "15\n"]
        process.kill()
    job = session.get_one(Job, job_id)
    assert (job.done_at, job.attempts) == (None, 1)
    assert 10 <= job.progress_done < 40
    assert len(session.exec(select(Offer)).all()) == job.progress_done

    due_again(session, job_id)
    job_shown = finished(seller, answer)
    assert counted(job_shown) == counts(created=40)
    assert (job_shown["progress"], job_shown["attempts"]) == ({"done": 40, "total": 40}, 2)
    assert_each_once(session, 40)


def test_a_connection_that_breaks_amid_a_batch_costs_the_batch_only(
    seller: Any,
    session: Session,
    superuser: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imports, "BATCH_ROWS", 25)
    answer = sent(seller, desks(60))
    job_id = parse("job", answer.json()["id"])
    calls = 0

    def cut_off(unit: Session, job: Job) -> bool:
        nonlocal calls
        calls += 1
        done = imports.step(unit, job)
        if calls == 2:
            backend = unit.connection().scalar(text("SELECT pg_backend_pid()"))
            superuser.execute("SELECT pg_terminate_backend(%s)", [backend])
        return done

    workers.run_job(job_id.hex, cut_off)
    job = session.get_one(Job, job_id)
    assert (job.progress_done, job.done_at, job.failed_at) == (25, None, None)
    assert job.last_error is not None
    assert "OperationalError" in job.last_error

    due_again(session, job_id)
    assert counted(finished(seller, answer)) == counts(created=60)
    assert_each_once(session, 60)


def test_two_imports_of_one_file_at_once_make_each_offer_once(
    seller: Any, session: Session
) -> None:
    answers = [sent(seller, desks(40)) for _ in range(2)]
    ids = [parse("job", answer.json()["id"]) for answer in answers]
    together = Barrier(2)

    def step(unit: Session, job: Job) -> bool:
        together.wait(timeout=20)
        return imports.step(unit, job)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda job_id: workers.run_job(job_id.hex, step), ids))

    results = Counter[str]()
    for job_id, answer in zip(ids, answers, strict=True):
        if session.get_one(Job, job_id).done_at is None:
            due_again(session, job_id)
            finished(seller, answer)
        results += counted(seller.get(answer.headers["Location"]).json())
    assert results == {"created": 40, "unchanged": 40}
    assert_each_once(session, 40)


@pytest.mark.usefixtures("refusing")
def test_a_row_that_only_the_database_refuses_costs_no_other(seller: Any, session: Session) -> None:
    answer = sent(seller, desks(50))

    assert counted(finished(seller, answer)) == counts(created=49, rejected=1)
    assert refused(seller, answer) == [(9, "", "refused_by_database")]
    assert session.exec(select(ImportFailure.detail)).all() == [
        "The database refused the row (SQLSTATE 23514)."
    ]
    assert session.exec(select(func.count()).select_from(Product)).one() == 49


def test_a_feed_that_comes_again_changes_only_what_is_new_in_it(
    seller: Any, session: Session
) -> None:
    body = desks(40)
    assert taken(seller, body) == counts(created=40)
    before = session.exec(select(Offer.version, Offer.updated_at).order_by(col(Offer.id))).all()
    written = len(session.exec(select(AuditEntry.id)).all())

    assert taken(seller, body) == counts(unchanged=40)
    assert (
        session.exec(select(Offer.version, Offer.updated_at).order_by(col(Offer.id))).all()
        == before
    )
    assert len(session.exec(select(AuditEntry.id)).all()) == written

    changed = body.replace(b"118.00", b"117.00", 2)
    assert taken(seller, changed) == counts(updated=2, unchanged=38)
    events = session.exec(
        select(OutboxEvent.payload).where(OutboxEvent.type == "offer.changed")
    ).all()
    assert events == [{"fields": ["price_tiers"]}] * 2
    assert taken(seller, changed) == counts(unchanged=40)


def test_an_offer_that_was_changed_by_hand_is_what_the_feed_says_again(
    seller: Any, session: Session
) -> None:
    body = desks(2)
    taken(seller, body)
    first, second = seller.get("/v1/offers").json()["items"]
    seller.patch(f"/v1/offers/{first['id']}", json={"warranty_months": 1})
    seller.patch(f"/v1/products/{second['product']['id']}", json={"brand": "X"})

    assert taken(seller, body) == counts(updated=2)
    found = seller.get("/v1/offers").json()["items"]
    assert {o["warranty_months"] for o in found} == {24}
    assert {o["product"]["brand"] for o in found} == {"睿学"}
    assert taken(seller, body) == counts(unchanged=2)


def test_a_row_means_something_else_once_its_certificate_is_withdrawn(seller: Any) -> None:
    made = seller.post("/v1/certificates", json=samples.CERTIFICATE).json()
    body = samples.csv_file({"certificates": samples.CERTIFICATE["number"]})
    assert taken(seller, body) == counts(created=1)
    assert taken(seller, body) == counts(unchanged=1)

    answer = seller.post(f"/v1/certificates/{made['id']}/withdraw")
    assert answer.status_code == 200, answer.text
    assert taken(seller, body) == counts(rejected=1)


def test_a_draft_that_the_feed_repeats_is_shown_when_so_asked(seller: Any) -> None:
    body = desks(30)
    assert taken(seller, body, activate=False) == counts(created=30)
    assert taken(seller, body, activate=False) == counts(unchanged=30)
    assert taken(seller, body) == counts(updated=30)
    assert taken(seller, body) == counts(unchanged=30)


def test_many_changes_leave_whole_trails_and_deadlines(seller: Any, session: Session) -> None:
    taken(seller, desks(30, valid_through="2099-01-01"))
    taken(seller, desks(30, valid_through="2099-02-01", brand="X"))
    taken(seller, desks(30, valid_through="", brand="X"))

    for offer in session.exec(select(Offer)).all():
        trail = select(AuditEntry).where(AuditEntry.stream == f"offer:{offer.id.hex}")
        entries = session.exec(trail.order_by(col(AuditEntry.seq))).all()
        assert [e.action for e in entries] == ["create", "activate", "update", "update"]
        assert entries[2].change == {"fields": ["product", "valid_through"]}
        assert audit.first_broken(entries) is None
        assert offer.version == 4
    assert session.exec(select(Deadline.id)).all() == []
    assert {p.version for p in session.exec(select(Product))} == {2}
    assert session.exec(select(func.count()).select_from(OfferSource)).one() == 30


def test_a_single_offer_and_an_imported_one_are_made_alike(
    seller: Any, as_org: Callable[..., Any], session: Session
) -> None:
    other = as_org(["supplier"])
    taken(seller, samples.ndjson_file(samples.offer()), NDJSON, activate=False)
    samples.drafted(other)

    def told(actor: Any) -> tuple[Any, Any]:
        (offer,) = actor.get("/v1/offers", params={"seller": shown(actor)}).json()["items"]
        own = {"id", "org_id", "seller_id", "product", "created_at", "updated_at"}
        product = {k: v for k, v in offer["product"].items() if k not in own}
        query = select(AuditEntry.action, AuditEntry.change).where(
            AuditEntry.org_id == actor.org_id, AuditEntry.action == "create"
        )
        entries = session.exec(query.order_by(col(AuditEntry.stream))).all()
        trail = sorted((action, sorted(change)) for action, change in entries)
        return ({k: v for k, v in offer.items() if k not in own} | {"product": product}, trail)

    assert told(seller) == told(other)


def shown(actor: Any) -> str:
    return f"organisation_{actor.org_id.hex}"
