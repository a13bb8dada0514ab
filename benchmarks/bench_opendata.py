"""Open data: what reads of OCDS cost beside the bare driver, and what a release costs its act.

Reads, baseline "bare driver": a Starlette route that runs the same statement on the same kind of
pool and sends the very bytes that the product sends. Both run in this process and are called as
ASGI applications, one request after another, so that no socket hides the difference.

Publishing, baseline "without": the same act (publishing a tender) with the publisher of releases
taken out, so that tender, audit entry and event are written but no release and no record.
"""

import asyncio
import os
import tempfile
import time
from contextlib import asynccontextmanager
from typing import Any

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)
os.environ["KERBEN_RATE_LIMITS"] = "{}"

from rich.console import Console
from rich.table import Table
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from api.core import db, logs, migrations, outbox
from api.demo import story
from api.main import create_app
from api.opendata import feeds, reads
from api.procurement import service as procurement
from api.reference import service as reference

TENDERS = int(os.environ.get("KERBEN_BENCH_TENDERS", "200"))
READS = int(os.environ.get("KERBEN_BENCH_READS", "1500"))
ROUNDS, PAGE = 5, 100
console = Console()


def main() -> None:
    """Print both comparisons: medians and ratios."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    acts = publishing()
    table = Table(title=f"Publishing a tender ({TENDERS} each way)")
    for name in ("without a release, ms", "with it, ms", "added, ms", "ratio"):
        table.add_column(name, justify="right")
    bare, whole = acts
    table.add_row(
        f"{bare * 1000:.1f}",
        f"{whole * 1000:.1f}",
        f"{(whole - bare) * 1000:.1f}",
        f"{whole / bare:.2f}",
    )
    console.print(table)
    asyncio.run(compare_reads())


def publishing() -> tuple[float, float]:
    """Median seconds of publishing a tender: without the publisher, and with it."""
    wanted = story.requests()[0]
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        ids = story.load_organisations(session, story.organisations(), lambda _: None)
    taken: dict[bool, list[float]] = {False: [], True: []}
    publishers = dict(outbox._publishers)
    for n in range(TENDERS * 2):
        with_release = bool(n % 2)
        outbox._publishers.clear()
        outbox._publishers.update(publishers if with_release else {})
        with db.worker_unit_of_work() as session:
            tender_id = drafted(session, ids[wanted["buyer"]], wanted)
        started = time.perf_counter()
        with db.worker_unit_of_work() as session:
            tender = procurement.lock(session, buyer_id=ids[wanted["buyer"]], tender_id=tender_id)
            procurement.publish(session, tender, actor="bench")
        taken[with_release].append(time.perf_counter() - started)
    return median(taken[False]), median(taken[True])


async def compare_reads() -> None:
    """Rates of both ways for each kind of read."""
    async with reads.opened() as pool:
        first = await feeds.releases(pool, after=(0, 0), limit=1)
        (ocid,) = (await reads.fetch(pool, "SELECT min(ocid) FROM ocds_record", ()))[0]
    assert first is not None, "nothing was published"
    release_id = f"{ocid}-000001"
    cases: dict[str, tuple[str, str, Any, tuple[object, ...]]] = {
        "a release": (
            f"{feeds.RELEASES}/{ocid}/{release_id}",
            "",
            feeds._RELEASE,
            (ocid, release_id),
        ),
        "a record": (f"{feeds.RECORDS}/{ocid}", "", feeds._RECORD, (ocid,)),
        f"a page of {PAGE} releases": (
            feeds.RELEASES,
            f"limit={PAGE}",
            feeds._RELEASE_PAGE,
            (0, 0, PAGE + 1),
        ),
    }
    table = Table(title=f"Reads, one after another ({READS} a round, best of {ROUNDS} rounds)")
    for name in ("read", "bytes", "bare driver, 1/s", "product, 1/s", "ratio"):
        table.add_column(name, justify="left" if name == "read" else "right")
    app = create_app()
    async with app.router.lifespan_context(app):
        for name, (path, query, statement, values) in cases.items():
            body = await called(app, path, query)
            bare = bare_app(path, statement, values, body)
            async with bare.router.lifespan_context(bare):
                count = READS if len(body) < 100_000 else READS // 10
                rates: dict[str, list[float]] = {"bare": [], "product": []}
                for _ in range(ROUNDS):
                    rates["bare"].append(await rate(bare, path, query, count))
                    rates["product"].append(await rate(app, path, query, count))
            base, own = max(rates["bare"]), max(rates["product"])
            table.add_row(
                name, f"{len(body):,}", f"{base:,.0f}", f"{own:,.0f}", f"{own / base:.2f}"
            )
    console.print(table)


def bare_app(path: str, statement: Any, values: tuple[object, ...], body: bytes) -> Starlette:
    """One route that reads the rows and sends the bytes that the product made of them."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        async with reads.opened() as app.state.pool:
            yield

    async def read(request: Request) -> Response:
        async with request.app.state.pool.connection() as connection:
            cursor = await connection.execute(statement, values, binary=True)
            assert await cursor.fetchall()
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route(path, read)], lifespan=lifespan)


async def rate(app: ASGIApp, path: str, query: str, count: int) -> float:
    """Requests a second."""
    started = time.perf_counter()
    for _ in range(count):
        await called(app, path, query)
    return count / (time.perf_counter() - started)


async def called(app: ASGIApp, path: str, query: str) -> bytes:
    """The body that an application answers with 200."""
    parts: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        else:
            parts.append(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"bench")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }
    await app(scope, receive, send)
    return b"".join(parts)


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def drafted(session: Session, buyer_id: Any, wanted: Any) -> Any:
    """A draft of the demonstration's first request."""
    return story.draft(session, buyer_id, wanted).id


if __name__ == "__main__":
    main()
