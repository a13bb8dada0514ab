import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.core import health, settings, telemetry


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    app.include_router(health.router)
    return app


def test_nothing_is_traced_unless_asked_for(app: FastAPI) -> None:
    assert telemetry.install(app, InMemorySpanExporter()) is None


def test_requests_are_traced_when_telemetry_is_on(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = settings.Settings(telemetry=True)
    monkeypatch.setattr(settings, "get", lambda: on)
    exporter = InMemorySpanExporter()
    provider = telemetry.install(app, exporter)
    assert provider is not None

    TestClient(app).get("/livez")
    provider.shutdown()

    assert "GET /livez" in {span.name for span in exporter.get_finished_spans()}
