"""OpenTelemetry traces of the API, off unless KERBEN_TELEMETRY is set."""

from typing import Any

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import Span

from api.core import traces

_WITH_QUERY = ("http.url", "http.target", "url.full")
# Hidden even where OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_* asks for all headers.
_SECRET_HEADERS = [".*auth.*", ".*cookie.*", ".*key.*", ".*token.*", ".*secret.*"]


def install(app: FastAPI, exporter: SpanExporter | None = None) -> TracerProvider | None:
    """Trace the requests of `app`; None, and nothing is traced, while telemetry is off."""
    provider = traces.start(exporter)
    if provider is not None:
        FastAPIInstrumentor.instrument_app(
            app,
            tracer_provider=provider,
            server_request_hook=_hide_query,
            http_capture_headers_sanitize_fields=_SECRET_HEADERS,
            exclude_spans=["receive", "send"],
        )
    return provider


def _hide_query(span: Span, scope: dict[str, Any]) -> None:
    """Query strings hold cursors, and what people search for."""
    if not span.is_recording() or not scope.get("query_string"):
        return
    known = getattr(span, "attributes", None) or {}
    for name in _WITH_QUERY:
        if name in known:
            span.set_attribute(name, str(known[name]).partition("?")[0])
    if "url.query" in known:
        span.set_attribute("url.query", "")
