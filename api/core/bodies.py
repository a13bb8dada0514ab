"""Limits of a request's body: bytes, time to arrive, encoding, depth and lengths of its JSON."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from api.core import settings
from api.core.errors import (
    BadRequest,
    PayloadTooLarge,
    Problem,
    RequestTimeout,
    UnsupportedMediaType,
)
from api.rules import sealing

MAX_DEPTH = 32
MAX_ITEMS = 10_000
_STREAMED = ("/v1/imports",)
_DOCUMENTS = "/v1/documents"
_TRACKING = "/v1/tracking-imports"
_STATEMENTS = "/v1/bank-statements"
_IMAGES = re.compile(r"/v1/products/[^/]+/images")
_ENVELOPES = re.compile(r"/v1/(tenders/[^/]+/bids|bids/[^/]+/replace)")
_SEALED = re.compile(r"/v1/tenders/[^/]+/sealed-documents")
_SLOWEST_BYTES_A_SECOND = 50_000


class BodyRefused(HTTPException):
    """A problem of reading a body; of an HTTPException alone FastAPI makes no 400 of its own."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, str(problem), problem.headers)
        self.problem = problem


class BoundedRequest(Request):
    """A request whose JSON is neither too deep nor too long."""

    async def json(self) -> Any:
        """The body as JSON. Raises BodyRefused beyond `MAX_DEPTH` and `MAX_ITEMS`."""
        value = await super().json()
        require_shape(value)
        return value


def require_shape(value: Any) -> None:
    """Refuse JSON nested deeper than `MAX_DEPTH`, or an array or object beyond `MAX_ITEMS`."""
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise BodyRefused(
                BadRequest(
                    "The JSON may be nested {depth} levels deep.", values={"depth": MAX_DEPTH}
                )
            )
        deeper: list[Any] = []
        for container in level:
            if len(container) > MAX_ITEMS:
                raise BodyRefused(
                    BadRequest(
                        "An array or object may have at most {items} elements.",
                        values={"items": MAX_ITEMS},
                    )
                )
            children = container.values() if isinstance(container, dict) else container
            deeper += [child for child in children if isinstance(child, dict | list)]
        level = deeper


def limited(scope: Scope, receive: Receive) -> Callable[[], Any]:
    """`receive` that refuses a body beyond its bytes (413), its time (408), or compressed (415).

    A compressed body could grow a thousandfold, so none is taken (RFC 9110 section 15.5.16).
    """
    if Headers(scope=scope).get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType(
            "Send the body without Content-Encoding.", headers={"Accept-Encoding": "identity"}
        )
    limit = _limit(scope["path"])
    seconds = settings.get().body_timeout_seconds + limit / _SLOWEST_BYTES_A_SECOND
    end = time.monotonic() + seconds
    seen, complete = 0, False

    async def counted() -> Message:
        nonlocal seen, complete
        if complete:  # what comes now is only that the client has gone
            return await receive()
        try:
            async with asyncio.timeout(max(0, end - time.monotonic())):
                message = await receive()
        except TimeoutError as error:
            raise BodyRefused(
                RequestTimeout(
                    "The body had {seconds} seconds to arrive.", values={"seconds": round(seconds)}
                )
            ) from error
        seen += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if seen > limit:
            raise BodyRefused(
                PayloadTooLarge("The body may have at most {limit} bytes.", values={"limit": limit})
            )
        return message

    return counted


def _limit(path: str) -> int:
    config = settings.get()
    if path in _STREAMED:
        return config.max_import_bytes
    if path == _DOCUMENTS:
        return config.max_document_bytes
    if path == _TRACKING:
        return config.max_tracking_bytes
    if path == _STATEMENTS:
        return config.max_statement_bytes
    if _IMAGES.fullmatch(path):
        return config.max_image_bytes
    if _ENVELOPES.fullmatch(path):
        return config.max_bid_bytes
    if _SEALED.fullmatch(path):
        return sealing.sealed_length(sealing.document_bucket(config.max_document_bytes))
    return config.max_body_bytes
