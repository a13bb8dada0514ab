"""Assembly only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

import api.registry  # noqa: F401  (completes the metadata)
from api.audit.router import ROUTERS as audit
from api.catalog.routers import ROUTERS as catalog
from api.contracts.router import ROUTERS as contracts
from api.core import docs, health, http, problems, settings, telemetry, traces
from api.delivery.router import ROUTERS as delivery
from api.identity import clients_router, debarments_router, jobs_router, sandbox_router
from api.identity.router import members, organisations
from api.matching.router import ROUTERS as matching
from api.opendata import reads
from api.opendata.router import ROUTERS as opendata
from api.procurement.router import ROUTERS as procurement
from api.reference.policy_router import ROUTERS as policies
from api.reference.router import ROUTERS as reference
from api.webhooks import forms
from api.webhooks.router import ROUTERS as webhooks

DESCRIPTION = (
    "Procurement and supplier matching between Kyrgyzstan and China. Every error is "
    "`application/problem+json` (RFC 9457) with a stable `code`; every POST accepts "
    "`Idempotency-Key`; lists are keyset pages."
)
ROUTERS = (
    *opendata,
    organisations,
    members,
    debarments_router.router,
    debarments_router.public,
    clients_router.clients,
    clients_router.oauth,
    jobs_router.router,
    sandbox_router.router,
    *reference,
    *policies,
    *catalog,
    *procurement,
    *contracts,
    *delivery,
    *matching,
    *audit,
    *webhooks,
    health.router,
    problems.router,
)
"""In the order in which a path is looked for: the most read first."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let as many requests run as there are database connections; open those of public reads."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = settings.get().threads
    async with reads.opened() as app.state.documents:
        yield
    traces.flush()


def create_app() -> FastAPI:
    """The ASGI application."""
    app: FastAPI = FastAPIOffline(
        title="Kerben",
        version="1",
        summary="Open procurement and supplier matching, Kyrgyzstan and China",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        contact={"name": "Kerben", "url": "https://kerben.kg"},
        servers=[{"url": "/", "description": "This server"}],
        redirect_slashes=False,
        openapi_tags=docs.TAGS,
        lifespan=lifespan,
        # `telemetry.install` traces; FastAPI need not look for another tracer at each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    http.install_error_handlers(app)
    app.add_middleware(http.RequestMiddleware)
    # Not include_router, which looks for a route twice, router by router. The documentation's own
    # routes, there already, come last.
    app.router.routes[:0] = [route for router in ROUTERS for route in router.routes]
    docs.install_schema(app, extend=forms.describe)
    telemetry.install(app)
    return app
