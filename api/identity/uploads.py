"""Files that are the whole body of a request."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, cast

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.core.errors import BadRequest, PayloadTooLarge, UnsupportedMediaType
from api.identity.access import Context
from api.identity.links import BYTES

MEMORY_BYTES = 1_000_000
"""What a file may take of the memory; the rest is on disk."""


def described(example: str, description: str = "The file as it is") -> dict[str, Any]:
    """What the OpenAPI document says of a body that is a file (`openapi_extra` of its route)."""
    content = {BYTES: {"schema": {"type": "string", "format": "binary"}, "example": example}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


@asynccontextmanager
async def spooled(
    request: Request, ctx: Context, *, media_type: str, limit: int | None = None
) -> AsyncIterator[BinaryIO]:
    """The body as a file, on disk beyond the first megabyte; its digest, with the query, stands for
    it in idempotency.

    Nothing is read of a body of another media type, or of one that says it has more bytes than
    `limit`. Raises UnsupportedMediaType, PayloadTooLarge, or BadRequest when it breaks off.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise UnsupportedMediaType(f"Send the file as {media_type}.")
    told = request.headers.get("content-length", "")
    if limit is not None and told.isdecimal() and int(told) > limit:
        raise PayloadTooLarge(f"The body may have at most {limit} bytes.")
    digest = hashlib.sha256(request.url.query.encode() + b"\0")
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as file:
        try:
            async for chunk in request.stream():
                digest.update(chunk)
                file.write(chunk)
        except ClientDisconnect as error:
            raise BadRequest("The upload broke off before its end.") from error
        file.seek(0)
        ctx.body = digest.digest()
        yield cast(BinaryIO, file)
