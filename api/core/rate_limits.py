"""How often a client may ask: buckets per key, organisation and address, told in every answer.

A request takes from its bucket before its route does any work. Whoever is known counts by key and
by organisation, under the organisation's plan; everybody else by address. Headers are those of
draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy: "default";q=1200;w=60` and
`RateLimit: "default";r=1199;t=60`, with quota, window and time in requests and seconds.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any, Literal, NamedTuple

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope

from api.core import rate_storage, settings
from api.core.errors import TooManyRequests

log = structlog.get_logger(__name__)
type Bucket = Literal["default", "search", "export", "login"]
REMEMBERED_SECONDS = 60
_MOST_KNOWN = 20_000
_PAUSE_SECONDS = 5
_NETWORK_OF_A_SUBSCRIBER = 64
"""Bits of an IPv6 address that one subscriber cannot choose."""


class Known(NamedTuple):
    """Whose token it was a moment ago; only authentication says whose it is."""

    client: str
    org: str
    plan: str
    until: float


class Taken(NamedTuple):
    """What is left of one policy after a request."""

    name: str
    quota: int
    window: int
    allowed: bool
    remaining: int
    reset: int


def limited(bucket: Bucket | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a route as one of a bucket of its own; with None, as not limited at all."""

    def mark[F: Callable[..., Any]](endpoint: F) -> F:
        endpoint.rate_bucket = bucket  # type: ignore[attr-defined]
        return endpoint

    return mark


def bucket_of(endpoint: Callable[..., Any], parameters: set[str]) -> Bucket | None:
    """The bucket that a route is marked with, or that of searching when it takes a text `q`."""
    fallback: Bucket = "search" if "q" in parameters else "default"
    found: Bucket | None = getattr(endpoint, "rate_bucket", fallback)
    return found


@dataclass(slots=True)
class Limiter:
    """The limits of this process, counted together with those of the others."""

    strategy: SlidingWindowCounterRateLimiter
    known: dict[bytes, Known]
    paused_until: float = 0.0

    async def take(self, scope: Scope, bucket: Bucket) -> list[Taken]:
        """Count a request; what is left of each policy that it falls under.

        Raises TooManyRequests. A store that fails is done without for some seconds: to limit is
        no reason to refuse.
        """
        found: list[Taken] = []
        failures: tuple[type[Exception], ...] = (*_failures(self.strategy.storage), OSError)
        if time.monotonic() < self.paused_until:
            return found
        try:
            policies = self._policies(scope, bucket)
            async for allowed, (name, identity, quota) in self._hit(policies):
                found.append(await self._told(name, identity, _item(quota), allowed))
        except failures as error:
            self.paused_until = time.monotonic() + _PAUSE_SECONDS
            log.warning("rate limits cannot be counted", error=str(error))
        return found

    def remember(self, token: str, *, client: str, org: str, plan: str | None) -> None:
        """Count what comes with `token` for this key and organisation from now on."""
        if len(self.known) >= _MOST_KNOWN:
            self.known.clear()
        until = time.monotonic() + REMEMBERED_SECONDS
        self.known[_digest(token)] = Known(client, org, plan or settings.STANDARD_PLAN, until)

    def remembers(self, token: str) -> bool:
        """True while `remember` need not be called again."""
        found = self.known.get(_digest(token))
        return found is not None and found.until > time.monotonic()

    def _policies(self, scope: Scope, bucket: Bucket) -> list[tuple[str, str, str]]:
        """Name, identity and quota of what the request counts for; the narrowest first."""
        plans = settings.get().rate_limits
        token = Headers(scope=scope).get("authorization", "").removeprefix("Bearer ")
        known = self.known.get(_digest(token)) if token else None
        if known is None or known.until <= time.monotonic():
            quota = plans.get(settings.ANONYMOUS_PLAN, {}).get(bucket)
            return [(bucket, f"ip:{address(scope)}", quota)] if quota else []
        plan = plans.get(known.plan, plans.get(settings.STANDARD_PLAN, {}))
        wanted = ((bucket, f"key:{known.client}"), ("organisation", f"org:{known.org}"))
        return [(name, identity, plan[name]) for name, identity in wanted if name in plan]

    async def _hit(
        self, policies: list[tuple[str, str, str]]
    ) -> AsyncIterator[tuple[bool, tuple[str, str, str]]]:
        """Count under each policy in turn, up to the first that refuses."""
        storage = self.strategy.storage
        if policies and isinstance(storage, rate_storage.PostgresStorage):
            items = [(_item(quota), name, identity) for name, identity, quota in policies]
            wanted = [
                (item.key_for(name, identity), item.amount, item.get_expiry())
                for item, name, identity in items
            ]
            for allowed, policy in zip(await storage.take_all(wanted), policies, strict=False):
                yield allowed, policy
            return
        for policy in policies:
            name, identity, quota = policy
            allowed = await self.strategy.hit(_item(quota), name, identity)
            yield allowed, policy
            if not allowed:
                return

    async def _told(
        self, name: str, identity: str, item: RateLimitItemPerSecond, allowed: bool
    ) -> Taken:
        stats = await self.strategy.get_window_stats(item, name, identity)
        window = item.get_expiry()
        reset = min(window, max(1, ceil(stats.reset_time - time.time())))
        return Taken(name, item.amount, window, allowed, max(0, stats.remaining), reset)


@asynccontextmanager
async def opened() -> AsyncIterator[Limiter | None]:
    """The limiter of a process; None when no plan has limits."""
    if not settings.get().rate_limits:
        yield None
        return
    async with rate_storage.opened() as storage:
        yield Limiter(SlidingWindowCounterRateLimiter(storage), {})


def limiter(scope: Scope) -> Limiter | None:
    """The limiter of the application that serves a request."""
    found: Limiter | None = getattr(scope["app"].state, "limiter", None)
    return found


async def admit(scope: Scope, bucket: Bucket | None) -> None:
    """Take a request from its bucket; its answer will say what is left.

    Raises TooManyRequests with `Retry-After`.
    """
    counting = limiter(scope)
    if counting is None or bucket is None:
        return
    taken = await counting.take(scope, bucket)
    if not taken:
        return
    scope.setdefault("kerben.headers", []).extend(
        [(b"ratelimit-policy", _policy(taken)), (b"ratelimit", _left(taken))]
    )
    last = taken[-1]
    if not last.allowed:
        raise TooManyRequests(
            "{quota} requests in {window} seconds are allowed; try again in {reset} seconds.",
            values={"quota": last.quota, "window": last.window, "reset": last.reset},
            headers={"Retry-After": str(last.reset)},
        )


def address(scope: Scope) -> str:
    """The client's address, of IPv6 only the network that a subscriber gets."""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        parsed = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _NETWORK_OF_A_SUBSCRIBER), strict=False).network_address)
    return str(parsed)


@lru_cache(maxsize=256)
def _item(quota: str) -> RateLimitItemPerSecond:
    amount, _, seconds = quota.partition("/")
    return RateLimitItemPerSecond(int(amount), int(seconds), namespace="kerben")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def _failures(storage: Storage) -> tuple[type[Exception], ...]:
    kinds = storage.base_exceptions
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _policy(taken: list[Taken]) -> bytes:
    return ", ".join(f'"{t.name}";q={t.quota};w={t.window}' for t in taken).encode()


def _left(taken: list[Taken]) -> bytes:
    return ", ".join(f'"{t.name}";r={t.remaining};t={t.reset}' for t in taken).encode()
