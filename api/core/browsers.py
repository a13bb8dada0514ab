"""What browsers are told besides the answer: security headers, and which portals may read it.

The headers are those of OWASP's REST Security cheat sheet; an answer that has one of its own keeps
it.
"""

import base64
import re
from functools import cache
from hashlib import sha256
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from api.core import settings

HSTS = "max-age=31536000"
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_EXPOSED = (
    "Content-Language", "Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location",
    "RateLimit", "RateLimit-Policy", "Request-Id", "Retry-After", "Sunset", "WWW-Authenticate",
)  # fmt: skip
_ASKED = (
    "Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "X-CSRF-Token",
    "X-Request-Id",
)  # fmt: skip
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def protect(headers: list[tuple[bytes, bytes]]) -> None:
    """Add to the raw headers of an answer (names in lower case) the security headers it lacks.

    Answers are kept by nobody unless they say otherwise; one with an entity tag may be kept by its
    reader, who asks each time whether it still holds.
    """
    names = {name for name, _ in headers}
    headers.extend(pair for pair in _fixed(settings.get().secure) if pair[0] not in names)
    if b"cache-control" not in names:
        kept = b"private, no-cache" if b"etag" in names else b"no-store"
        headers.append((b"cache-control", kept))


def page_policy(html: str) -> str:
    """The Content-Security-Policy of a page whose scripts are our own files and those in `html`.

    Swagger UI and Redoc write styles into the page, and Redoc searches in a worker that it makes.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(html)
    )
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    )


class Portals(CORSMiddleware):
    """Lets pages of the origins that the settings name read answers; others are told nothing."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser wants to hear before it sends more than a plain request."""
        answer = super().preflight_response(request_headers)
        return answer if answer.status_code == HTTPStatus.OK else Response(status_code=204)


def shared(app: ASGIApp) -> ASGIApp:
    """The application, readable from the pages of the portals."""
    origins = settings.get().portal_origins
    if not origins:
        return app
    return Portals(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=_ASKED,
        allow_credentials=True,
        expose_headers=_EXPOSED,
    )


@cache
def _fixed(secure: bool) -> tuple[tuple[bytes, bytes], ...]:
    headers = {
        b"x-content-type-options": b"nosniff",
        b"content-security-policy": DATA_POLICY.encode(),
        b"x-frame-options": b"DENY",
        b"referrer-policy": b"no-referrer",
        b"cross-origin-resource-policy": b"same-site",
        b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    }
    if secure:
        headers[b"strict-transport-security"] = HSTS.encode()
    return tuple(headers.items())
