"""Around every request: its id, metrics, one line of the log, limits of its body, the last net."""

import re
import time
from collections.abc import Callable
from http import HTTPMethod
from typing import Any

import structlog
from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from api.core import errors, metrics, settings
from api.core.errors import Problem
from api.core.failures import problem_response

log = structlog.get_logger(__name__)
_STREAMED = ("/v1/imports",)
_DOCUMENTS = "/v1/documents"
_TRACKING = "/v1/tracking-imports"
_ENVELOPES = re.compile(r"/v1/(tenders/[^/]+/bids|bids/[^/]+/replace)")
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_METHODS = frozenset(method.value for method in HTTPMethod)


class RequestMiddleware:
    """Request id, metrics, one access-log line, body limit, and the last net for defects."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, started = f"req_{uuid7().hex}", time.perf_counter()
        own_headers = ((b"request-id", request_id.encode()), _NO_SNIFFING)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *own_headers]
            await send(message)

        try:
            await self.app(scope, _limited(scope, receive), reply)
        except Exception as error:
            if status:
                raise
            problem = error if isinstance(error, Problem) else errors.Internal()
            if not isinstance(error, Problem):
                log.exception("unexpected error", path=scope["path"])
            await problem_response(Request(scope), problem)(scope, receive, reply)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            # Clients may invent methods without end, and each label value costs memory for good.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - started
            metrics.observe_request(method, route, status, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 1),
                client_request_id=Headers(scope=scope).get("x-request-id"),
            )


def _limited(scope: Scope, receive: Receive) -> Callable[[], Any]:
    """`receive` that answers 413 once the body passes the limit of its route."""
    config = settings.get()
    limit = config.max_body_bytes
    if scope["path"] in _STREAMED:
        limit = config.max_import_bytes
    elif scope["path"] == _DOCUMENTS:
        limit = config.max_document_bytes
    elif scope["path"] == _TRACKING:
        limit = config.max_tracking_bytes
    elif _ENVELOPES.fullmatch(scope["path"]):
        limit = config.max_bid_bytes
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # An HTTPException, because FastAPI calls every other failure of reading a bad body.
            raise HTTPException(413, f"The body may have at most {limit} bytes.")
        return message

    return counted
