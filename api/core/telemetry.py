"""OpenTelemetry traces, off unless KERBEN_TELEMETRY is set."""

from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from api.core import settings


def install(app: FastAPI, exporter: SpanExporter | None = None) -> TracerProvider | None:
    """Trace the requests of `app`, by OTLP to where the OTEL_EXPORTER_OTLP_* variables point.

    None, and nothing is traced, while telemetry is off.
    """
    if not settings.get().telemetry:
        return None
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "kerben"}))
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    return provider
