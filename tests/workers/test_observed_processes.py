"""What `kerben relay` and `kerben worker` show of themselves, as processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import Session, select

from api.core import db, deadlines, jobs, metrics, settings
from api.core.outbox import OutboxEvent
from tests.workers.brokers import Broker

type Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]

SCRIPT = Path(__file__).parent / "scraped.py"
KIND = "tender.period_ended"
TIMEOUT_SECONDS = 240


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def read(port: int) -> Figures:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read_once_the_database_answers(port: int) -> Figures:
    """On a machine that is busy with other tests it may be too slow for one scrape."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (figures := read(port))["kerben_database_up", ()]:
        assert time.monotonic() < deadline, figures
        threading.Event().wait(metrics.MAX_AGE_SECONDS)
    return figures


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


@contextmanager
def observed(
    *command: str, port: int, endpoint: str, broker: Broker
) -> Iterator[subprocess.Popen[str]]:
    """A process that is scraped at `port` and sends its spans to `endpoint` only when it ends."""
    environment = {
        **os.environ,
        "KERBEN_DATABASE_URL": db.url("app"),
        "KERBEN_WORKER_DATABASE_URL": db.url("worker"),
        "KERBEN_BROKER_URL": broker.url,
        "KERBEN_QUEUE_PREFIX": broker.prefix,
        "KERBEN_METRICS_PORT": str(port),
        "KERBEN_TELEMETRY": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        "PYTHONPATH": str(SCRIPT.parents[2]),
    }
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(
    process: subprocess.Popen[str], port: int, name: str, number: float, **labels: str
) -> None:
    """Scrape until a figure has come to a number."""
    key, found = (name, tuple(sorted(labels.items()))), 0.0
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while found < number:
        assert process.poll() is None
        assert time.monotonic() < deadline, found
        try:
            found = read(port).get(key, 0.0)
        except OSError:
            threading.Event().wait(0.1)
    assert found == number


def end(process: subprocess.Popen[str]) -> str:
    """What a process said, once it has ended as it was asked to."""
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0
    return said


def test_a_process_is_scraped_while_it_runs_and_only_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = threading.active_count()
    with metrics.exposed():
        assert threading.active_count() == before
    port = free_port()
    config = settings.get().model_copy(update={"metrics_port": port})
    monkeypatch.setattr(settings, "get", lambda: config)
    with metrics.exposed():
        figures = read_once_the_database_answers(port)
    assert ("kerben_deadline_lateness_seconds_count", ()) in figures
    with pytest.raises(OSError, match="refused"):
        read(port)


@pytest.mark.brokers
def test_the_relay_shows_its_figures_and_sends_its_spans_before_it_ends(
    session: Session, rabbitmq: Broker
) -> None:
    with db.worker_unit_of_work() as unit:
        deadlines.arm(unit, KIND, uuid4(), db.now(unit) - timedelta(seconds=1), org_id=None)
    port = free_port()
    with collector() as (endpoint, spans):
        with observed(
            "-m", "api", "relay", port=port, endpoint=endpoint, broker=rabbitmq
        ) as process:
            wait_for(process, port, "kerben_deadline_lateness_seconds_count", 1)
            read_once_the_database_answers(port)
            end(process)
        (fired,) = spans
    assert fired.name == "deadline fired"
    query = select(OutboxEvent.traceparent).where(OutboxEvent.type == KIND)
    (traceparent,) = session.exec(query).all()
    assert str(traceparent)[3:52] == f"{fired.trace_id.hex()}-{fired.span_id.hex()}"


@pytest.mark.brokers
def test_the_children_of_a_worker_are_counted_together_and_send_their_spans_before_they_end(
    rabbitmq: Broker,
) -> None:
    number, port = 40, free_port()
    origin = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with db.worker_unit_of_work() as unit:
        for each in range(number):
            jobs.enqueue(unit, "test.count", {"number": each}, origins=[origin])
    figure, labels = "kerben_job_duration_seconds_count", {"task": "test.count", "outcome": "done"}
    with (
        collector() as (endpoint, spans),
        observed(str(SCRIPT), port=port, endpoint=endpoint, broker=rabbitmq) as process,
    ):
        folder = Path(tempfile.gettempdir()) / f"kerben-metrics-{process.pid}"
        wait_for(process, port, figure, number, **labels)
        children = len(list(folder.glob("histogram_*.db"))) - 1
        assert spans == [], "no span is sent before the children end"
        assert end(process).endswith("ended\n")
    assert not folder.exists()
    assert children == 2, "each counted in a file of its own, beside the parent's"
    assert len(spans) == number
    assert {span.trace_id.hex() for span in spans} == {origin[3:35]}
    assert {span.parent_span_id.hex() for span in spans} == {origin[36:52]}
