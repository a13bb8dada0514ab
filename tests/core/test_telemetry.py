import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from api.core import health, logs, settings, telemetry, traces
from api.main import create_app

TRACE = 0x4BF92F3577B34DA6A3CE929D0E0E4736
TRACEPARENT = f"00-{TRACE:032x}-00f067aa0ba902b7-01"
ELSEWHERE = NonRecordingSpan(SpanContext(TRACE, 0x00F067AA0BA902B7, True, TraceFlags(1)))


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    app.include_router(health.router)
    return app


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Telemetry is on, and off again after the test."""
    config = settings.get().model_copy(update={"telemetry": True})
    monkeypatch.setattr(settings, "get", lambda: config)
    yield
    traces.stop()


@pytest.fixture
def exporter(on: None) -> InMemorySpanExporter:
    """What this process exports."""
    exporter = InMemorySpanExporter()
    traces.start(exporter)
    return exporter


def exported(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    traces.flush()
    return {span.name: span for span in exporter.get_finished_spans()}


def everything(span: ReadableSpan) -> str:
    """All that leaves the process with a span, as one text."""
    return span.to_json() + repr(span.links)


def test_nothing_is_traced_unless_asked_for(app: FastAPI) -> None:
    exporter = InMemorySpanExporter()
    assert telemetry.install(app, exporter) is None
    with trace.use_span(ELSEWHERE), traces.span("work", origins=[TRACEPARENT]) as span:
        assert traces.traceparent() is None
        assert not span.is_recording()
    TestClient(app).get("/livez")
    assert exporter.get_finished_spans() == ()


def test_requests_are_traced_when_telemetry_is_on(app: FastAPI, on: None) -> None:
    exporter = InMemorySpanExporter()
    provider = telemetry.install(app, exporter)
    assert provider is not None

    TestClient(app).get("/livez")
    provider.shutdown()

    assert "GET /livez" in {span.name for span in exporter.get_finished_spans()}


def test_a_request_goes_on_with_the_trace_of_its_caller(
    app: FastAPI, exporter: InMemorySpanExporter
) -> None:
    telemetry.install(app)
    TestClient(app).get("/livez", headers={"traceparent": TRACEPARENT})
    (span,) = exported(exporter).values()
    assert span.context.trace_id == TRACE


@pytest.mark.parametrize("convention", ["", "http", "http/dup"])
def test_neither_keys_nor_query_strings_leave_with_a_span(
    exporter: InMemorySpanExporter,
    as_org: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    convention: str,
) -> None:
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", convention)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST", ".*")
    monkeypatch.setattr(
        "opentelemetry.instrumentation._semconv."
        "_OpenTelemetrySemanticConventionStability._initialized",
        False,
    )
    key = as_org(["buyer"]).key
    client = TestClient(create_app())
    client.get(
        "/v1/offers",
        params={"q": "hidden-words", "cursor": "hidden-cursor"},
        headers={
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": "hidden-key",
            "Cookie": "session=hidden-cookie",
        },
    )
    span = exported(exporter)["GET /v1/offers"]
    assert span.attributes is not None
    assert "/v1/offers" in str(span.attributes.get("http.target") or span.attributes["url.path"])
    assert key not in everything(span)
    assert "hidden" not in everything(span)


def test_an_error_marks_a_span_by_its_type_and_tells_no_message(
    exporter: InMemorySpanExporter,
) -> None:
    with pytest.raises(ValueError, match="secret"), traces.span("work"):
        raise ValueError("secret")
    span = exported(exporter)["work"]
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == span.status.description == "ValueError"
    assert "secret" not in everything(span)


def test_a_span_has_one_origin_as_its_parent_and_several_as_its_links(
    exporter: InMemorySpanExporter,
) -> None:
    other = TRACEPARENT.replace("4bf9", "5bf9")
    with traces.span("child", origins=[TRACEPARENT]):
        assert str(traces.traceparent()).startswith(TRACEPARENT[:36])
        assert len(str(traces.traceparent())) == traces.TRACEPARENT_LENGTH
    with traces.span("joined", origins=[TRACEPARENT, other]):
        pass
    with traces.span("root"):
        pass
    spans = exported(exporter)
    parent = spans["child"].parent
    assert parent is not None
    assert (parent.trace_id, parent.span_id) == (TRACE, 0x00F067AA0BA902B7)
    assert spans["joined"].parent is None
    assert [f"{link.context.trace_id:032x}" for link in spans["joined"].links] == [
        TRACEPARENT[3:35],
        other[3:35],
    ]
    assert len({span.context.trace_id for span in spans.values()}) == 3


@pytest.mark.parametrize("origin", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_an_origin_that_is_none_begins_a_trace(exporter: InMemorySpanExporter, origin: str) -> None:
    with traces.span("work", origins=[origin]):
        pass
    assert exported(exporter)["work"].parent is None


def test_lines_of_the_log_name_their_trace(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("INFO", "json")
    log = structlog.get_logger("test")
    with traces.span("work") as span:
        log.info("inside")
    log.info("outside")
    inside, outside = (json.loads(line) for line in stream.getvalue().splitlines())
    context = span.get_span_context()
    assert inside["trace_id"] == f"{context.trace_id:032x}"
    assert inside["span_id"] == f"{context.span_id:016x}"
    assert "trace_id" not in outside


def test_the_service_is_named_by_its_variable(on: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "kerben-relay")
    provider = traces.start(InMemorySpanExporter())
    assert provider is not None
    assert provider.resource.attributes["service.name"] == "kerben-relay"
