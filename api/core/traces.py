"""Spans of this process and where they come from; nothing at all unless KERBEN_TELEMETRY is set.

A request's span is named in the rows it leaves behind (W3C `traceparent`), and goes on where they
are taken up. An error marks a span by its type only: messages may hold what a caller sent.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from api.core import settings

TRACEPARENT_LENGTH = 55
_NAME = "traceparent"
_format = TraceContextTextMapPropagator()
_lock = threading.Lock()
_provider: TracerProvider | None = None


def start(exporter: SpanExporter | None = None) -> TracerProvider | None:
    """Export this process's spans, by OTLP to where the OTEL_EXPORTER_OTLP_* variables point.

    None, and nothing is exported, while telemetry is off. A forked child starts its own.
    """
    global _provider
    if not settings.get().telemetry:
        return None
    with _lock:
        if _provider is None:
            name = os.environ.get(OTEL_SERVICE_NAME, "kerben")
            _provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
            _provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        return _provider


def flush() -> None:
    """Export the spans that wait."""
    if _provider is not None:
        _provider.force_flush()


def stop() -> None:
    """Export the spans that wait, and no more after them."""
    global _provider
    with _lock:
        provider, _provider = _provider, None
    if provider is not None:
        provider.shutdown()


def traceparent() -> str | None:
    """The current span as the W3C writes it; None while telemetry is off or outside a span."""
    if _provider is None:
        return None
    carrier: dict[str, str] = {}
    _format.inject(carrier)
    return carrier.get(_NAME)


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    origins: Sequence[str] = (),
    attributes: Mapping[str, str | int | float] | None = None,
) -> Iterator[Span]:
    """A span for the block, marked when the block raises.

    One of `origins` (values of `traceparent`) is its parent, several are its links; without any,
    it is a child of the current span, or begins a trace.
    """
    if _provider is None:
        yield trace.INVALID_SPAN
        return
    parents = [_read(origin) for origin in origins]
    with _provider.get_tracer("kerben").start_as_current_span(
        name,
        context=parents[0] if len(parents) == 1 else Context() if parents else None,
        kind=kind,
        attributes=attributes,
        links=[Link(_context(parent)) for parent in parents] if len(parents) > 1 else (),
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            mark_failed(current, error)
            raise


def mark_failed(current: Span, error: Exception) -> None:
    """Say in a span that its work ended in an error."""
    current.set_attribute(ERROR_TYPE, type(error).__qualname__)
    current.set_status(Status(StatusCode.ERROR, type(error).__qualname__))


def _read(origin: str) -> Context:
    return _format.extract({_NAME: origin}, Context())


def _context(parent: Context) -> trace.SpanContext:
    return trace.get_current_span(parent).get_span_context()
