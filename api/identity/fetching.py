"""Asking OpenID providers, whose addresses organisations give: https, public addresses, no
redirects, a short wait and a small answer. Development may ask its own machine without TLS."""

import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2

from api.core import settings

SECONDS = 10.0
MAX_BYTES = 256 * 1024


class FetchFailed(Exception):
    """No usable answer; the text says why, and names no address."""


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status: int
    body: bytes


def fetch(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Make one request. Raises FetchFailed."""
    _check(url)
    try:
        with (
            httpx2.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, headers=dict(headers or {}), content=body) as response,
        ):
            read = bytearray()
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > MAX_BYTES:
                    raise FetchFailed("the answer is too large")
            return Answer(response.status_code, bytes(read))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FetchFailed("no answer") from error


def _check(url: str) -> None:
    if settings.get().environment in ("development", "test"):
        return
    try:
        parts = urlsplit(url)
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise FetchFailed("the name is not known") from error
    if parts.scheme != "https" or parts.username is not None:
        raise FetchFailed("only https is called, without credentials")
    if not all(ip_address(each[4][0]).is_global for each in found):
        raise FetchFailed("this address is not called")
