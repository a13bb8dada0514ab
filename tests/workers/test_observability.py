"""What is measured of the work, and its traces from a request to the worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlmodel import Session, col, select

from api.core import db, deadlines, jobs, metrics, settings, traces
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
type Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]

SCRIPT = Path(__file__).parent / "scraped.py"
KIND = "tender.period_ended"


@task("test.fail")
def fail(session: Session) -> None:
    raise ValueError("a secret of the caller")


def parsed(text: str) -> Figures:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(client: Any) -> Figures:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return parsed(answer.text)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scrape asks the database."""
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)


# What the database holds


@pytest.mark.usefixtures("fresh")
def test_every_queue_shows_its_jobs_and_how_long_the_oldest_waits(client: Any) -> None:
    with db.worker_unit_of_work() as unit:
        now = db.now(unit)
        for name, ago, fields in (
            ("matching.match_tender", 100, {}),
            ("matching.index_seller", 300, {}),
            ("matching.index_offers", 900, {"lease_until": now + timedelta(minutes=5)}),
            ("matching.index_offers", -600, {}),
            ("catalog.import_offers", 50, {"lease_until": now - timedelta(seconds=1)}),
            ("procurement.close_tender", 700, {"failed_at": now}),
            ("procurement.close_tender", 700, {"done_at": now}),
            ("another.task", -60, {}),
        ):
            run_at = now - timedelta(seconds=ago)
            unit.add(Job(name=name, args={}, run_at=run_at, **fields))
    figures = scraped(client)

    def by_queue(figure: str) -> dict[str, float]:
        return {
            labels[0][1]: number
            for (name, labels), number in figures.items()
            if name == f"kerben_jobs_{figure}"
        }

    assert by_queue("open") == {"default": 1, "deadlines": 0, "imports": 1, "matching": 4}
    assert by_queue("running") == {"default": 0, "deadlines": 0, "imports": 0, "matching": 1}
    assert by_queue("failed") == {"default": 0, "deadlines": 1, "imports": 0, "matching": 0}
    oldest = by_queue("oldest_due_seconds")
    assert (oldest["default"], oldest["deadlines"]) == (0, 0)
    assert 300 <= oldest["matching"] < 400
    assert 50 <= oldest["imports"] < 150


@pytest.mark.usefixtures("fresh")
def test_the_outbox_and_the_deadlines_show_how_far_they_are_behind(client: Any) -> None:
    figures = scraped(client)
    assert figures["kerben_database_up", ()] == 1
    assert figures["kerben_outbox_pending", ()] == figures["kerben_outbox_lag_seconds", ()] == 0
    assert figures["kerben_deadline_overdue_seconds", ()] == 0
    with db.worker_unit_of_work() as unit:
        now = db.now(unit)
        old = now - timedelta(seconds=120)
        for made in (old, now):
            unit.add(OutboxEvent(type="x", resource_id=uuid4(), payload={}, created_at=made))
        deadlines.arm(unit, KIND, uuid4(), now - timedelta(seconds=60), org_id=None)
        deadlines.arm(unit, KIND, uuid4(), now + timedelta(hours=1), org_id=None)
    figures = scraped(client)
    assert figures["kerben_outbox_pending", ()] == 2
    assert 120 <= figures["kerben_outbox_lag_seconds", ()] < 220
    assert 60 <= figures["kerben_deadline_overdue_seconds", ()] < 160


@pytest.mark.usefixtures("fresh")
def test_without_the_database_the_process_still_tells_of_itself(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/livez")
    away = SecretStr("postgresql://kerben_worker@127.0.0.1:1/kerben")
    config = settings.get().model_copy(update={"worker_database_url": away})
    monkeypatch.setattr(settings, "get", lambda: config)
    figures = scraped(client)
    names = {name for name, _ in figures}
    assert figures["kerben_database_up", ()] == 0
    assert {"kerben_http_requests_total", "process_cpu_seconds_total"} <= names
    assert not names & {"kerben_jobs_open", "kerben_outbox_pending"}


def test_scrapes_in_a_row_ask_the_database_once(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)
    before = scraped(client)
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", 3600.0)
    with db.worker_unit_of_work() as unit:
        jobs.enqueue(unit, "matching.match_tender", {})
    key = ("kerben_jobs_open", (("queue", "matching"),))
    assert scraped(client)[key] == before[key] == 0
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)
    assert scraped(client)[key] == 1


def test_pools_show_the_connections_in_use(client: Any) -> None:
    key = ("kerben_database_connections", (("role", "worker"), ("state", "in_use")))
    before = scraped(client)[key]
    with db.worker_unit_of_work() as unit:
        db.now(unit)
        during = scraped(client)
    assert during[key] == before + 1
    assert during["kerben_database_connections_max", ()] == settings.get().threads


# What the process counts


def test_methods_that_clients_invent_share_one_label(client: Any) -> None:
    before = value("kerben_http_requests_total", method="other", route="unmatched", status="404")
    for method in ("KERBEN1", "KERBEN2"):
        assert client.request(method, "/nowhere").status_code == 404
    figures = scraped(client)
    methods = {dict(labels).get("method") for name, labels in figures if "http_requests" in name}
    assert not {"KERBEN1", "KERBEN2"} & methods
    key = (("method", "other"), ("route", "unmatched"), ("status", "404"))
    assert figures["kerben_http_requests_total", key] == before + 2


def test_an_attempt_at_a_job_is_timed_by_its_outcome(session: Session) -> None:
    def attempts(outcome: str) -> float:
        labels = {"task": "test.fail", "outcome": outcome}
        return value("kerben_job_duration_seconds_count", **labels)

    before = attempts("retried"), attempts("failed"), attempts("done")
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.fail", {})
    for _ in range(settings.get().job_max_attempts):
        with db.worker_unit_of_work() as unit:
            row = unit.get_one(Job, job.id)
            row.run_at = db.now(unit)
            unit.add(row)
        celery.tasks["test.fail"].run(job.id.hex)
    celery.tasks["test.fail"].run(job.id.hex)

    assert session.get_one(Job, job.id).failed_at
    assert (attempts("retried"), attempts("failed")) == (before[0] + 7, before[1] + 1)
    assert attempts("done") == before[2] == 0


def test_a_match_is_timed_by_tender_and_by_item(as_org: AsOrg, drain: Drain) -> None:
    names = ("kerben_match_tender_duration_seconds", "kerben_match_item_duration_seconds")
    before = [value(f"{name}_{part}") for name in names for part in ("count", "sum")]
    samples.stock(as_org(["supplier"], country="CN"))
    samples.desks(as_org(["buyer"]))
    drain()
    after = [value(f"{name}_{part}") for name in names for part in ("count", "sum")]
    tenders, seconds, items, shares = (a - b for a, b in zip(after, before, strict=True))
    assert (tenders, items) == (1, 1)
    assert seconds == pytest.approx(shares)
    assert 0 < seconds < 60


def test_rows_of_an_import_are_counted_by_what_became_of_them(as_org: AsOrg, drain: Drain) -> None:
    def rows() -> list[float]:
        outcomes = ("created", "updated", "unchanged", "rejected")
        return [value("kerben_import_rows_total", outcome=outcome) for outcome in outcomes]

    seller, before = as_org(["supplier"]), rows()
    good, bad = catalog.offer(sku="A"), catalog.offer(sku="B", currency="XXX")
    for _ in range(2):
        answer = seller.post(
            "/v1/imports",
            content=catalog.ndjson_file(good, bad),
            headers={"Content-Type": "application/x-ndjson"},
            params={"format": "ndjson"},
        )
        assert answer.status_code == 202, answer.text
        drain()
    assert [a - b for a, b in zip(rows(), before, strict=True)] == [1, 0, 1, 2]


def test_the_clock_shows_how_late_it_was_and_counts_nothing_it_took_back() -> None:
    count, total = (value(f"kerben_deadline_lateness_seconds_{part}") for part in ("count", "sum"))
    with db.worker_unit_of_work() as unit:
        deadlines.arm(unit, KIND, uuid4(), db.now(unit) - timedelta(seconds=5), org_id=None)

    def taken_back() -> None:
        with db.worker_unit_of_work() as unit:
            assert deadlines.fire_due(unit, db.now(unit)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        taken_back()
    assert value("kerben_deadline_lateness_seconds_count") == count
    clock.tick()
    assert value("kerben_deadline_lateness_seconds_count") == count + 1
    assert 5 <= value("kerben_deadline_lateness_seconds_sum") - total < 60


# Processes of their own


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def read(port: int) -> Figures:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return parsed(answer.read().decode())


def test_the_relay_is_scraped_while_it_runs_and_only_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = threading.active_count()
    with metrics.exposed():
        assert threading.active_count() == before
    port = free_port()
    config = settings.get().model_copy(update={"metrics_port": port})
    monkeypatch.setattr(settings, "get", lambda: config)
    with metrics.exposed():
        figures = read(port)
    assert figures["kerben_database_up", ()] == 1
    assert ("kerben_deadline_lateness_seconds_count", ()) in figures
    with pytest.raises(OSError, match="refused"):
        read(port)


class Collector(BaseHTTPRequestHandler):
    """An OTLP/HTTP endpoint that keeps what it is sent."""

    spans: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.spans += [span for scope in group.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    spans: list[Any] = []
    handler = type("Kept", (Collector,), {"spans": spans})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_children_of_a_worker_are_counted_together_and_send_their_spans_before_they_end(
    session: Session,
) -> None:
    number, port = 40, free_port()
    origin = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with db.worker_unit_of_work() as unit:
        for each in range(number):
            jobs.enqueue(unit, "test.count", {"number": each}, origins=[origin])
    labels = (("outcome", "done"), ("task", "test.count"))
    with collector() as (endpoint, spans):
        environment = {
            **os.environ,
            "KERBEN_DATABASE_URL": db.url("app"),
            "KERBEN_WORKER_DATABASE_URL": db.url("worker"),
            "KERBEN_METRICS_PORT": str(port),
            "KERBEN_TELEMETRY": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "3600000",
            "PYTHONPATH": str(SCRIPT.parents[2]),
        }
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT)], env=environment, stdout=subprocess.PIPE, text=True
        )
        folder = Path(tempfile.gettempdir()) / f"kerben-metrics-{process.pid}"
        try:
            counted, deadline = 0.0, time.monotonic() + 120
            while counted < number:
                assert process.poll() is None
                assert time.monotonic() < deadline, counted
                try:
                    counted = read(port).get(("kerben_job_duration_seconds_count", labels), 0.0)
                except OSError:
                    threading.Event().wait(0.1)
            children = len(list(folder.glob("histogram_*.db")))
            assert counted == number
            assert spans == [], "no span is sent before the children end"
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=60)
    assert said.endswith("ended\n")
    assert not folder.exists()
    assert children >= 2, "both children counted"
    assert len(spans) == number
    assert {span.trace_id.hex() for span in spans} == {origin[3:35]}
    assert {span.parent_span_id.hex() for span in spans} == {origin[36:52]}


# Traces


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


def test_one_command_is_one_trace_across_request_outbox_and_worker(
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
    (matching,) = session.exec(select(Job).where(Job.event_id == published.id)).all()
    assert matching.traceparents == [published.traceparent]

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
        job = jobs.enqueue(unit, "test.fail", {})
    celery.tasks["test.fail"].run(job.id.hex)
    (work,) = exported(exporter, "test.fail")
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
