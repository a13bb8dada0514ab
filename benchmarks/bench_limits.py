"""What a key for idempotency and the limits of requests cost a request.

Read: `GET /v1/organisations/me` without limits (the baseline), and with them counted in
PostgreSQL and, where one answers, in Redis. Command: `POST /v1/members` without an
Idempotency-Key (the baseline) and with one. All in one process on one database, without a network
between client and service; the variants take turns in every round.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)
os.environ.update(
    KERBEN_LOG_LEVEL="ERROR",
    KERBEN_RATE_LIMITS=json.dumps(
        {"standard": {"default": "999999999/60", "organisation": "999999999/60"}}
    ),
)

from rich.console import Console
from rich.table import Table
from uuid_utils import uuid7

from api.core import db, logs, migrations, rate_limits, settings
from api.demo import story
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.main import create_app
from api.reference import service as reference

ROUNDS, REQUESTS = 5, 40
REDIS = os.environ.get("KERBEN_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def prepare() -> str:
    """The key of an organisation in a fresh database."""
    logs.configure("ERROR", "json")
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        ids = story.load_organisations(session, story.organisations(), lambda _: None)
        org_id = next(iter(ids.values()))
        organisation = session.get(Organisation, org_id)
        assert organisation is not None
        scopes = identity.full_scopes(organisation)
        _, key = identity.create_client(
            session,
            org_id=org_id,
            actor="bench",
            data=ClientIn(name="bench", scopes=scopes),
            grantable=scopes,
        )
    return key


async def call(app: Any, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
    """The status of one request, made without a socket."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 50000),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await app(scope, receive, send)
    return status


@asynccontextmanager
async def limiter(redis: str | None) -> AsyncIterator[Any]:
    """The limiter of the product on one of its stores."""
    if redis is not None:
        os.environ["KERBEN_REDIS_URL"] = redis
    settings.get.cache_clear()
    async with rate_limits.opened() as found:
        os.environ.pop("KERBEN_REDIS_URL", None)
        settings.get.cache_clear()
        yield found


async def measure(variants: dict[str, Callable[[], Awaitable[int]]]) -> dict[str, float]:
    """The median milliseconds of a request, by variant."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, request in variants.items():
            for _ in range(REQUESTS):
                started = time.perf_counter()
                status = await request()
                times[name].append((time.perf_counter() - started) * 1000)
                assert status in (200, 201), status
    return {name: statistics.median(each[REQUESTS:]) for name, each in times.items()}


async def main() -> None:
    key = prepare()
    app = create_app()
    bearer = {"Authorization": f"Bearer {key}"}
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        limiters: dict[str, Any] = {"without limits": None}
        limiters["limits in PostgreSQL"] = await stack.enter_async_context(limiter(None))
        on_redis = await stack.enter_async_context(limiter(REDIS))
        if await on_redis.strategy.storage.check():
            limiters["limits in Redis"] = on_redis

        def read(chosen: Any) -> Callable[[], Awaitable[int]]:
            async def run() -> int:
                app.state.limiter = chosen
                return await call(app, "GET", "/v1/organisations/me", bearer)

            return run

        def command(keyed: bool) -> Callable[[], Awaitable[int]]:
            async def run() -> int:
                app.state.limiter = None
                member = {"name": "B", "email": f"{uuid7().hex}@example.kg", "role": "sales"}
                headers = {**bearer, "Content-Type": "application/json"}
                headers |= {"Idempotency-Key": uuid7().hex} if keyed else {}
                return await call(app, "POST", "/v1/members", headers, json.dumps(member).encode())

            return run

        show("Read", await measure({name: read(each) for name, each in limiters.items()}))
        variants = {"without a key": command(False), "with an Idempotency-Key": command(True)}
        show("Command", await measure(variants))


def show(title: str, found: dict[str, float]) -> None:
    """Milliseconds, and the ratio to the first."""
    table = Table("", "ms", "ratio", title=title)
    baseline = next(iter(found.values()))
    for name, milliseconds in found.items():
        table.add_row(name, f"{milliseconds:.2f}", f"{milliseconds / baseline:.2f}")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
