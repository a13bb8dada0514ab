"""Around every request: its id, metrics, one line of the log, limits of its body, the last net."""

import time
from http import HTTPMethod

import structlog
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from api.core import bodies, browsers, errors, metrics, origins
from api.core.errors import Problem
from api.core.failures import problem_response

log = structlog.get_logger(__name__)
_METHODS = frozenset(method.value for method in HTTPMethod)


class LastNet:
    """The limits of a body; whatever goes wrong inside is answered as a problem, unless an answer has
    begun."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def reply(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, bodies.limited(scope, receive), reply)
        except Exception as error:
            if begun:
                raise
            problem = error if isinstance(error, Problem) else errors.Internal()
            if not isinstance(error, Problem):
                log.exception("unexpected error", path=_path(scope))
            await problem_response(Request(scope), problem)(scope, receive, send)


class RequestMiddleware:
    """Request id, metrics, one access-log line, headers of every answer, and the body's limit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = browsers.shared(LastNet(app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, started = f"req_{uuid7().hex}", time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        address = scope.get("client") or (None,)
        origins.current.set(origins.Origin(request_id, address[0]))
        status = 0

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = scope.get("kerben.headers", ())
                own = (b"request-id", request_id.encode())
                message["headers"] = [*message["headers"], own, *told]
                browsers.protect(message["headers"])
            await send(message)

        try:
            await self.app(scope, receive, reply)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            # Clients may invent methods without end, and each label value costs memory for good.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - started
            metrics.observe_request(method, route, status, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=_path(scope),
                status=status,
                ms=round(seconds * 1000, 1),
                client_request_id=Headers(scope=scope).get("x-request-id"),
            )


def _path(scope: Scope) -> str:
    """The path for the log; of one that is a credential by itself, its pattern."""
    route = getattr(scope.get("route"), "path", "")
    return route if "{secret}" in route else str(scope["path"])
