"""From a request to the worker in one trace, and nothing of it while telemetry is off."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlmodel import Session, col, select

from api.core import db, deadlines, jobs, settings, traces
from api.core.jobs import Job
from api.core.outbox import OutboxEvent, emit
from api.main import create_app
from tests.catalog import samples as catalog
from tests.matching import samples
from workers import clock, relay
from workers.app import app as celery
from workers.app import task

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]

KIND = "tender.period_ended"


@task("test.tell")
def tell(session: Session) -> None:
    raise ValueError("a secret of the caller")


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Telemetry is on; what this process exports."""
    config = settings.get().model_copy(update={"telemetry": True})
    monkeypatch.setattr(settings, "get", lambda: config)
    exporter = InMemorySpanExporter()
    traces.start(exporter)
    yield exporter
    traces.stop()


def exported(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    traces.flush()
    return [span for span in exporter.get_finished_spans() if span.name == name]


def parent_of(span: ReadableSpan) -> tuple[int, int] | None:
    return (span.parent.trace_id, span.parent.span_id) if span.parent else None


def identity_of(span: ReadableSpan) -> tuple[int, int]:
    return span.context.trace_id, span.context.span_id


def test_job_10_one_command_is_one_trace_across_request_outbox_and_worker(
    as_org: AsOrg, drain: Drain, session: Session, exporter: InMemorySpanExporter
) -> None:
    samples.stock(as_org(["supplier"], country="CN"))
    traced = TestClient(create_app())
    samples.desks(replace(as_org(["buyer"]), client=traced))
    drain()

    (request,) = exported(exporter, "POST /v1/tenders/{tender_id}/publish")
    trace_id, span_id = identity_of(request)
    published = session.exec(
        select(OutboxEvent).where(OutboxEvent.type == "tender.published")
    ).one()
    assert str(published.traceparent)[:52] == f"00-{trace_id:032x}-{span_id:016x}"
    asked = {
        job.name: job for job in session.exec(select(Job).where(Job.event_id == published.id)).all()
    }
    assert asked.keys() == {
        "matching.match_tender",
        "opendata.publish_tender",
        "opendata.publish_bidding",
    }
    assert all(job.traceparents == [published.traceparent] for job in asked.values())
    matching = asked["matching.match_tender"]

    (work,) = exported(exporter, "matching.match_tender")
    assert work.kind is SpanKind.CONSUMER
    assert parent_of(work) == identity_of(request)
    assert dict(work.attributes or {}) == {
        "kerben.job": matching.id.hex,
        "kerben.task": "matching.match_tender",
        "kerben.queue": "matching",
        "kerben.attempt": 1,
        "kerben.request": published.request_id,
        "kerben.outcome": "done",
    }
    completed = session.exec(
        select(OutboxEvent).where(OutboxEvent.type == "matching.completed")
    ).one()
    assert str(completed.traceparent)[3:52] == f"{trace_id:032x}-{identity_of(work)[1]:016x}"


def test_work_for_many_requests_is_linked_to_each(
    as_org: AsOrg, drain: Drain, exporter: InMemorySpanExporter
) -> None:
    seller = replace(as_org(["supplier"], country="CN"), client=TestClient(create_app()))
    for other in (samples.PUMP, samples.BRUSH):
        catalog.activated(seller, **other)
    drain()
    requests = exported(exporter, "POST /v1/offers/{offer_id}/activate")
    (work,) = exported(exporter, "matching.index_offers")
    assert len(requests) == 2
    assert parent_of(work) is None
    linked = {(link.context.trace_id, link.context.span_id) for link in work.links}
    assert linked == {identity_of(request) for request in requests}


def test_a_failed_attempt_marks_its_span_and_tells_no_message(
    session: Session, exporter: InMemorySpanExporter
) -> None:
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.tell", {})
    celery.tasks["test.tell"].run(job.id.hex)
    (work,) = exported(exporter, "test.tell")
    assert work.status.status_code is StatusCode.ERROR
    about = work.attributes or {}
    assert (about["error.type"], about["kerben.outcome"]) == ("ValueError", "retried")
    assert "secret" not in json.dumps(json.loads(work.to_json()))
    assert session.get_one(Job, job.id).last_error == "ValueError: a secret of the caller"


def test_a_deadline_begins_the_trace_of_what_follows_from_it(
    session: Session, drain: Drain, exporter: InMemorySpanExporter
) -> None:
    with db.worker_unit_of_work() as unit:
        deadlines.arm(unit, KIND, uuid4(), db.now(unit) - timedelta(seconds=1), org_id=None)
    clock.tick()
    with db.worker_unit_of_work() as unit:
        assert relay.make_jobs(unit) == 1
    (fired,) = exported(exporter, "deadline fired")
    assert parent_of(fired) is None
    assert (fired.attributes or {})["kerben.deadline"] == KIND
    (job,) = session.exec(select(Job)).all()
    assert str((job.traceparents or [""])[0])[3:35] == f"{fired.context.trace_id:032x}"


def test_while_telemetry_is_off_nothing_of_a_trace_is_stored(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    samples.stock(as_org(["supplier"], country="CN"))
    caller = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    buyer = as_org(["buyer"])
    tender = samples.desks(buyer)
    assert buyer.post(f"/v1/tenders/{tender['id']}/cancel", headers=caller, json={"reason": "x"})
    with db.worker_unit_of_work() as unit:
        emit(unit, "offer.changed", uuid4(), org_id=None)
        deadlines.arm(unit, KIND, uuid4(), db.now(unit), org_id=None)
    clock.tick()
    drain()
    events = session.exec(select(OutboxEvent.traceparent).order_by(col(OutboxEvent.id))).all()
    assert len(events) > 5
    assert set(events) == {None}
    assert set(session.exec(select(Job.traceparents)).all()) == {None}
