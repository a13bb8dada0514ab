"""Files on their way out: whole or in part, always to be kept and never to be shown by a browser,
and short links to them that end with the right of who asked for them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from api.core import db, settings
from api.core.files import service as files
from api.core.files.models import File
from api.core.files.problems import RangeNotSatisfiable
from api.identity import credentials
from api.identity.access import Context

BYTES = "application/octet-stream"
FILE_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes; `ETag` is their SHA-256",
        "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What the OpenAPI document says of an answer that is a file."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class FileLinkOut(BaseModel):
    """An address at which the bytes are read without other credentials, for a short time."""

    url: str
    expires_at: datetime = Field(description="At most five minutes from now")


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes are asked for (RFC 9110 section 14): `range` if `if_range` is the ETag."""

    range: str | None
    if_range: str | None

    def of(self, file: File) -> tuple[int, int]:
        """The first byte and the one after the last; the whole file where one range is not asked
        for. Raises RangeNotSatisfiable."""
        found = _RANGE.fullmatch(self.range or "")
        current = self.if_range is None or self.if_range == etag(file)
        if found is None or not current or found[0] == "bytes=-":
            return 0, file.size
        first, last = found.groups()
        if not first:
            start, end = max(0, file.size - int(last)), file.size
        else:
            start, end = int(first), min(int(last) + 1, file.size) if last else file.size
            if last and int(last) < start:
                return 0, file.size
        if start >= file.size or start == end:
            raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{file.size}"})
        return start, end


async def requested_part(
    range: Annotated[
        str | None, Header(max_length=200, description="One range, as `bytes=0-1023`")
    ] = None,
    if_range: Annotated[
        str | None, Header(max_length=100, description="The `ETag` that the range is of")
    ] = None,
) -> Part:
    """The headers that ask for a part of a file."""
    return Part(range, if_range)


def etag(file: File) -> str:
    """The digest of the bytes, as ETag."""
    return f'"{file.sha256}"'


def made(ctx: Context, file: File, name: str) -> FileLinkOut:
    """A link to a file that the caller may read. Raises FileWithheld."""
    files.require_given(file)
    config = settings.get()
    until = db.now(ctx.session) + timedelta(seconds=config.file_link_seconds)
    until = until.replace(microsecond=0)
    visit = ctx.caller.visit
    link = credentials.Link(
        ctx.caller.id, visit.person_id if visit else None, ctx.org_id, file.id, name[-100:], until
    )
    base = config.files_base_url or config.base_url
    ctx.headers["Cache-Control"] = "no-store"
    url = f"{base.rstrip('/')}/files/{credentials.new_link(link)}"
    return FileLinkOut(url=url, expires_at=until)


def sent(
    file: File,
    name: str,
    pieces: Iterable[bytes],
    start: int,
    end: int,
    *,
    caching: str = "private, no-transform",
) -> Response:
    """The bytes from `start` until before `end`; the first piece is read before anything is told."""
    rest: Iterator[bytes] = iter(pieces)
    first = next(rest)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(end - start),
        "ETag": etag(file),
        "Accept-Ranges": "bytes",
        "Cache-Control": caching,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    whole = end - start == file.size
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    return StreamingResponse(
        chain((first,), rest), 200 if whole else 206, headers, media_type=BYTES
    )
