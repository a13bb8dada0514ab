"""The one HTTP client for URLs that users give us: it cannot be led to where they cannot go.

A name is judged by what it resolves to, when the connection is made and to that very address, so
that a name which changes its address between check and use gains nothing. Each attempt resolves
and judges again; a connection that was kept open serves only while its address is one of those
that the name has now. Redirects are answers like any other. What a user is told names no address.
"""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import anyio
import httpcore2
import structlog
from httpcore2 import AsyncConnectionInterface, AsyncNetworkBackend, AsyncNetworkStream

from api.core import settings
from api.rules import outbound
from api.rules.outbound import AttemptError

CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 15.0
MAX_ANSWER_BYTES = 64 * 1024
KEEP_SECONDS = 3.0
"""How long a connection waits for the next request: less than the 5 seconds after which common
servers close theirs."""
USER_AGENT = "Kerben-Webhooks/1"
type _Way = AsyncConnectionInterface | httpcore2.AsyncConnectionPool
type _Asking = Callable[[_Way], Awaitable[Answer]]
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


class Connections:
    """Connections that receivers keep open, for the next requests from the same event loop.

    Requests to one name that begin together ask the resolver once. Close it in its loop.
    """

    def __init__(self, keep_seconds: float = KEEP_SECONDS) -> None:
        self._keep_seconds = keep_seconds
        self._idle: dict[tuple[Any, ...], list[_Connection]] = defaultdict(list)
        self._asked: dict[tuple[str, int], asyncio.Task[list[str]]] = {}

    async def addresses(self, host: str, port: int) -> list[str]:
        """What the name means now, judged. Raises OutboundFailed."""
        asked = self._asked.get((host, port))
        if asked is None:
            asked = asyncio.ensure_future(_resolved(host, port))
            self._asked[host, port] = asked
            asked.add_done_callback(partial(self._told, (host, port)))
        try:
            with anyio.fail_after(CONNECT_SECONDS):
                # Who is cancelled leaves the answer to the others.
                return await asyncio.shield(asked)
        except TimeoutError:
            raise OutboundFailed(AttemptError.TIMEOUT, "no connection in time") from None

    def _told(self, name: tuple[str, int], asked: asyncio.Task[list[str]]) -> None:
        del self._asked[name]
        if not asked.cancelled():
            asked.exception()  # that nobody waits for it any more is no fault

    async def take(
        self, origin: httpcore2.Origin, tls: ssl.SSLContext, addresses: Sequence[str]
    ) -> "_Connection":
        """A connection to one of these addresses and no other: an open one, or one to be made."""
        kept = self._idle[_key(origin, tls)]
        while kept:
            connection = kept.pop()
            if connection.address in addresses and not connection.is_over():
                return connection
            await connection.aclose()
        return _Connection(origin, tls, addresses)

    async def give(self, connection: "_Connection") -> None:
        """Keep a connection that has had its answer, if the receiver keeps it too."""
        if self._keep_seconds and connection.is_idle():
            connection.keep_until = time.monotonic() + self._keep_seconds
            self._idle[connection.key].append(connection)
        else:
            await connection.aclose()

    async def close(self, *, old_only: bool = False) -> None:
        """Close those that wait, or those that have waited for long."""
        now = time.monotonic()
        for key in list(self._idle):
            waiting = self._idle.pop(key)
            kept = [each for each in waiting if old_only and each.keep_until > now]
            if kept:
                self._idle[key] = kept
            for connection in waiting:
                if connection not in kept:
                    await connection.aclose()


async def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    tls: ssl.SSLContext | None = None,
    most: int = MAX_ANSWER_BYTES,
    connections: Connections | None = None,
) -> Answer:
    """Make one request and read the first `most` bytes of its answer. Raises OutboundFailed.

    It names the request or job of ours that it is made for, if there is one. With `connections` it
    may go over an open one; when the receiver has just closed that, it is made over a new one.
    """
    target = checked(url)
    own = structlog.contextvars.get_contextvars().get("request_id")
    told = {"host": target.authority, "user-agent": USER_AGENT, **headers}
    if own:
        told["request-id"] = str(own)
    where = httpcore2.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode("ascii"),
    )
    ask = partial(_ask, method=method, url=where, headers=told, body=body, most=most)
    try:
        with anyio.fail_after(TOTAL_SECONDS):
            return await _sent(ask, where.origin, tls or _tls(), connections or Connections(0))
    except (TimeoutError, httpcore2.TimeoutException):
        raise OutboundFailed(AttemptError.TIMEOUT, "no answer in time") from None
    except httpcore2.ConnectError:
        raise OutboundFailed(AttemptError.TLS, "no TLS connection") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        raise OutboundFailed(AttemptError.HTTP, "the connection ended without an answer") from None
    except httpcore2.ProxyError:
        raise OutboundFailed(AttemptError.BLOCKED, "refused by the egress proxy") from None


async def _sent(
    ask: _Asking,
    origin: httpcore2.Origin,
    tls: ssl.SSLContext,
    connections: Connections,
) -> Answer:
    proxy = settings.get().outbound_proxy
    if proxy is not None:
        async with httpcore2.AsyncHTTPProxy(proxy_url=proxy, ssl_context=tls) as through:
            return await ask(through)
    addresses = await connections.addresses(origin.host.decode(), origin.port)
    connection = await connections.take(origin, tls, addresses)
    if connection.is_idle():
        try:
            return await _over(connection, ask, connections)
        except (httpcore2.ReadError, httpcore2.WriteError, httpcore2.RemoteProtocolError):
            connection = _Connection(origin, tls, addresses)
    return await _over(connection, ask, connections)


async def _over(connection: "_Connection", ask: _Asking, connections: Connections) -> Answer:
    try:
        answer = await ask(connection)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await connection.aclose()
        raise
    await connections.give(connection)
    return answer


async def _ask(
    over: _Way,
    *,
    method: str,
    url: httpcore2.URL,
    headers: Mapping[str, str],
    body: bytes,
    most: int,
) -> Answer:
    # The whole is timed (TOTAL_SECONDS), its parts need no clocks of their own.
    timeouts = {"connect": CONNECT_SECONDS}
    async with over.stream(
        method, url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts}
    ) as response:
        return Answer(
            response.status,
            {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers},
            await _head(response, most),
        )


class _Connection(httpcore2.AsyncHTTPConnection):
    """A connection to one of judged addresses, and how long it is kept."""

    def __init__(
        self, origin: httpcore2.Origin, tls: ssl.SSLContext, addresses: Sequence[str]
    ) -> None:
        self.key, self.keep_until = _key(origin, tls), 0.0
        self._guarded = GuardedBackend(addresses)
        super().__init__(origin, tls, network_backend=self._guarded)

    @property
    def address(self) -> str:
        """Where it leads, once it is made."""
        return self._guarded.address

    def is_over(self) -> bool:
        """True when it has waited for too long, or the receiver has closed it."""
        return time.monotonic() >= self.keep_until or self.has_expired()


class GuardedBackend(AsyncNetworkBackend):
    """Connects to one of the addresses that a name was judged by, never to what a name means later."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses, self.address = addresses, ""
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """A connection to the first of the addresses that takes one. Raises OutboundFailed."""
        for address in self._addresses:
            try:
                made = await self._backend.connect_tcp(
                    address, port, timeout=CONNECT_SECONDS / len(self._addresses)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
            else:
                self.address = address
                return made
        if isinstance(last, httpcore2.ConnectTimeout):
            raise OutboundFailed(AttemptError.TIMEOUT, "no connection in time")
        raise OutboundFailed(AttemptError.TCP, "no connection")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> AsyncNetworkStream:
        """Never: a URL of a user leads to no socket of ours."""
        raise _blocked("blocked address")


async def _resolved(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OutboundFailed, `blocked` if one of them is bad."""
    literal = _literal(host)
    try:
        # An address needs no resolver, and no thread to wait for it.
        addresses = [literal] if literal else await _asked_of_resolver(host, port)
    except (OSError, UnicodeError):
        raise OutboundFailed(AttemptError.DNS, "the name is not known") from None
    if not addresses or not all(map(_allowed, addresses)):
        raise _blocked("blocked address")
    return addresses


async def _asked_of_resolver(host: str, port: int) -> list[str]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _key(origin: httpcore2.Origin, tls: ssl.SSLContext) -> tuple[Any, ...]:
    return origin.scheme, origin.host, origin.port, tls


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
