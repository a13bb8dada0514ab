"""How the public routes answer: bytes with an entity tag, or that there is nothing newer."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from api.core.errors import refused
from api.core.http import PublicRoute
from api.opendata.schemas import LOT, OCID, RELEASE_ID

CACHING = "public, max-age=60"
FOREVER = "public, max-age=31536000, immutable"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The version that If-None-Match names is the current one"}
}

_FORMS: Mapping[str, tuple[re.Pattern[str], str, str]] = {
    "ocid": (OCID, "ocid_malformed", "Not the form of an OCID."),
    "lot_id": (LOT, "lot_malformed", "Not the form of the id of a lot."),
    "release_id": (RELEASE_ID, "release_id_malformed", "Not the form of a release id."),
}
"""The form of each parameter of a path, the code of another one, and what is said then."""


class DocumentRoute(PublicRoute):
    """Declared and documented as every route, but run without FastAPI's parameters and exit
    stacks, which cost more than the read: the endpoint takes the texts of the request as they are,
    once every parameter of its path has the form of its kind (Invalid).
    """

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().run(scope, receive, send)
            return
        request = Request(scope, receive)
        for name, value in request.path_params.items():
            form, code, detail = _FORMS[name]
            if not form.fullmatch(value):
                raise refused(f"#?path/{name}", code, detail)
        answer = await self.endpoint(
            request, **request.path_params, if_none_match=request.headers.get("if-none-match")
        )
        await answer(scope, receive, send)


def answered(
    body: bytes,
    etag: str,
    if_none_match: str | None,
    *,
    media_type: str = "application/json",
    caching: str = CACHING,
    headers: dict[str, str] | None = None,
) -> Response:
    """The document, or 304 for who has this version already."""
    sent = {"ETag": etag, "Cache-Control": caching, **(headers or {})}
    if if_none_match is not None and names(if_none_match, etag):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type=media_type)


def names(if_none_match: str, etag: str) -> bool:
    """Weak comparison with a list of entity tags (RFC 9110, section 13.1.2)."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in given or "*" in given
