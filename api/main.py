"""Assembly only."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI

import api.registry  # noqa: F401  (completes the metadata)
from api import expansions
from api.audit.router import ROUTERS as audit
from api.catalog.routers import ROUTERS as catalog
from api.channels.router import ROUTERS as channels
from api.contracts.router import ROUTERS as contracts
from api.core import (
    docs,
    documentation,
    edge,
    failures,
    health,
    problems,
    rate_limits,
    routes,
    security_txt,
    settings,
    telemetry,
    traces,
)
from api.delivery.router import ROUTERS as delivery
from api.identity import (
    debarments_router,
    description,
    files_router,
    jobs_router,
    sandbox_router,
    suspensions_router,
    usage_router,
)
from api.identity.access import UnitRoute
from api.identity.answers import Resource
from api.identity.router import ROUTERS as identity
from api.intake.router import ROUTERS as intake
from api.matching.router import ROUTERS as matching
from api.onboarding.router import ROUTERS as onboarding
from api.opendata import reads
from api.opendata.router import ROUTERS as opendata
from api.operations.router import ROUTERS as operations
from api.payments.router import ROUTERS as payments
from api.procurement.router import ROUTERS as procurement
from api.reference.policy_router import ROUTERS as policies
from api.reference.router import ROUTERS as reference
from api.screening.router import ROUTERS as screening
from api.sourcing.router import ROUTERS as sourcing
from api.translation.router import ROUTERS as translation
from api.webhooks import forms
from api.webhooks.router import ROUTERS as webhooks

DESCRIPTION = (
    "Procurement and supplier matching between Kyrgyzstan and China. Every error is "
    "`application/problem+json` (RFC 9457) with a stable `code`; every POST accepts "
    "`Idempotency-Key`; lists are keyset pages."
)
ROUTERS = (
    *opendata,
    *identity,
    debarments_router.router,
    debarments_router.public,
    jobs_router.router,
    files_router.router,
    sandbox_router.router,
    suspensions_router.of_organisation,
    suspensions_router.router,
    *intake,
    usage_router.router,
    *reference,
    *policies,
    *screening,
    *onboarding,
    *catalog,
    *procurement,
    *sourcing,
    *contracts,
    *delivery,
    *payments,
    *channels,
    *matching,
    *translation,
    *audit,
    *operations,
    *webhooks,
    health.router,
    problems.router,
    security_txt.router,
)
"""In the order in which a path is looked for: the most read first."""


def expanding(app: FastAPI) -> tuple[dict[str, UnitRoute], dict[str, Resource]]:
    """Routes by the names of their operations, and what those can be expanded by."""
    routes = {route.unique_id: route for route in app.routes if isinstance(route, UnitRoute)}
    known = {name: resource for resource in expansions.RESOURCES for name in resource.operations}
    return routes, known


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let as many requests run as there are database connections; open those of public reads.

    What is loaded by now stays: a full garbage collection, which would look at all of it, would
    hold every request for half a second.
    """
    gc.collect()
    gc.freeze()
    anyio.to_thread.current_default_thread_limiter().total_tokens = settings.get().threads
    async with reads.opened() as app.state.documents, rate_limits.opened() as app.state.limiter:
        yield
    traces.flush()


def create_app() -> FastAPI:
    """The ASGI application."""
    documented = settings.get().documented
    app = FastAPI(
        title="Kerben",
        version="1",
        summary="Open procurement and supplier matching, Kyrgyzstan and China",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        contact={"name": "Kerben", "url": "https://kerben.kg"},
        servers=[{"url": "/", "description": "This server"}],
        openapi_url="/openapi.json" if documented else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=docs.TAGS,
        lifespan=lifespan,
        # `telemetry.install` traces; FastAPI need not look for another tracer at each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    failures.install_error_handlers(app)
    app.add_middleware(edge.RequestMiddleware)
    if documented:
        documentation.install(app)
    # Not include_router, which looks for a route twice, router by router. The documentation's own
    # routes, there already, come last.
    app.router.routes[:0] = [route for router in ROUTERS for route in router.routes]
    routes.install(app.router)
    app.state.expansions = expanding(app)
    app.state.limiter = None
    docs.install_schema(app, extend=forms.describe)
    description.install(app)
    telemetry.install(app)
    return app
