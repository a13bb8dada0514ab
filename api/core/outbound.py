"""The one HTTP client for URLs that users give us: it cannot be led to where they cannot go.

A name is judged by what it resolves to, when the connection is made and to that very address, so
that a name which changes its address between check and use gains nothing. Nothing is kept open
between requests: each attempt resolves and judges again. Redirects are answers like any other.
What a user is told names no address.
"""

import socket
import ssl
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import anyio
import httpcore2
import structlog
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from api.core import settings
from api.rules import outbound
from api.rules.outbound import AttemptError

CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 15.0
MAX_ANSWER_BYTES = 64 * 1024
USER_AGENT = "Kerben-Webhooks/1"
_PORTS = {"http": 80, "https": 443}


class OutboundFailed(Exception):
    """A request that got no answer; `kind` says where it ended, the text what a user may know."""

    def __init__(self, kind: AttemptError, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class Answer(NamedTuple):
    """Status, headers by lower-case names, and the beginning of the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Target(NamedTuple):
    """A URL whose form is allowed: `host` in ASCII, `path` with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def checked(url: str) -> Target:
    """The parts of a URL that we may call. Raises OutboundFailed, `blocked`. Asks no name server."""
    config = settings.get()
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        raise _blocked("not a URL") from None
    if any(ord(each) <= 32 or ord(each) == 127 or each == "\\" for each in url):
        raise _blocked("a URL has no spaces, controls or backslashes")
    if parts.scheme != "https" and not (config.outbound_insecure and parts.scheme == "http"):
        raise _blocked("only https is called")
    if "@" in parts.netloc:
        raise _blocked("a URL must not carry credentials")
    if "#" in url:
        raise _blocked("a URL must not have a fragment")
    if port not in config.outbound_ports and not config.outbound_insecure:
        raise _blocked("this port is not called")
    literal = _literal(host)
    if literal is not None and not _allowed(literal):
        raise _blocked("blocked address")
    if not host or host.rstrip(".").lower() in _own_hosts():
        raise _blocked("this host is not called")
    path = parts.path.encode("utf-8").decode("latin-1") or "/"
    return Target(parts.scheme, host, port, _target(parts, path))


async def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    tls: ssl.SSLContext | None = None,
    most: int = MAX_ANSWER_BYTES,
) -> Answer:
    """Make one request and read the first `most` bytes of its answer. Raises OutboundFailed.

    It names the request or job of ours that it is made for, if there is one.
    """
    target = checked(url)
    own = structlog.contextvars.get_contextvars().get("request_id")
    request_headers = {"host": target.authority, "user-agent": USER_AGENT, **headers}
    if own:
        request_headers["request-id"] = str(own)
    where = httpcore2.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode("ascii"),
    )
    limits = {"connect": CONNECT_SECONDS, "read": TOTAL_SECONDS, "write": TOTAL_SECONDS}
    try:
        with anyio.fail_after(TOTAL_SECONDS):
            async with (
                _connection(where.origin, tls or _tls()) as connection,
                connection.stream(
                    method,
                    where,
                    headers=list(request_headers.items()),
                    content=body,
                    extensions={"timeout": limits},
                ) as response,
            ):
                return Answer(
                    response.status,
                    {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers},
                    await _head(response, most),
                )
    except (TimeoutError, httpcore2.TimeoutException):
        raise OutboundFailed(AttemptError.TIMEOUT, "no answer in time") from None
    except httpcore2.ConnectError:
        raise OutboundFailed(AttemptError.TLS, "no TLS connection") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        raise OutboundFailed(AttemptError.HTTP, "the connection ended without an answer") from None
    except httpcore2.ProxyError:
        raise OutboundFailed(AttemptError.BLOCKED, "refused by the egress proxy") from None


class GuardedBackend(AsyncNetworkBackend):
    """Resolves a name, refuses it if any of its addresses is not public, connects to one of them."""

    def __init__(self) -> None:
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """A connection to a judged address. Raises OutboundFailed."""
        try:
            with anyio.fail_after(timeout):
                return await self._connect(await _resolved(host, port), port)
        except TimeoutError:
            raise OutboundFailed(AttemptError.TIMEOUT, "no connection in time") from None

    async def _connect(self, addresses: list[str], port: int) -> AsyncNetworkStream:
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout=CONNECT_SECONDS / len(addresses)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        if isinstance(last, httpcore2.ConnectTimeout):
            raise OutboundFailed(AttemptError.TIMEOUT, "no connection in time")
        raise OutboundFailed(AttemptError.TCP, "no connection")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> AsyncNetworkStream:
        """Never: a URL of a user leads to no socket of ours."""
        raise _blocked("blocked address")


async def _resolved(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OutboundFailed, `blocked` if one of them is bad."""
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutboundFailed(AttemptError.DNS, "the name is not known") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses or not all(map(_allowed, addresses)):
        raise _blocked("blocked address")
    return addresses


def _connection(
    origin: httpcore2.Origin, tls: ssl.SSLContext
) -> httpcore2.AsyncHTTPProxy | httpcore2.AsyncHTTPConnection:
    proxy = settings.get().outbound_proxy
    if proxy is not None:
        return httpcore2.AsyncHTTPProxy(proxy_url=proxy, ssl_context=tls)
    return httpcore2.AsyncHTTPConnection(
        origin=origin, ssl_context=tls, network_backend=GuardedBackend()
    )


async def _head(response: httpcore2.Response, most: int) -> bytes:
    """The first bytes of a body that may be endless."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) >= most:
            break
    return bytes(body[:most])


def _literal(host: str) -> str | None:
    """The address that a host spells, in any of the spellings that a resolver takes."""
    if not host:
        return None
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return str(found[0][4][0])


def _target(parts: SplitResult, path: str) -> str:
    target = f"{path}?{parts.query}" if parts.query else path
    return "".join(each if each.isascii() else f"%{ord(each):02X}" for each in target)


def _allowed(address: str) -> bool:
    return outbound.may_reach(address, settings.get().outbound_networks)


def _own_hosts() -> frozenset[str]:
    config = settings.get()
    own = urlsplit(config.base_url).hostname or ""
    return frozenset(each.rstrip(".").lower() for each in (own, *config.outbound_denied_hosts))


def _blocked(detail: str) -> OutboundFailed:
    return OutboundFailed(AttemptError.BLOCKED, detail)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the roots takes longer than a request."""
    return ssl.create_default_context()
