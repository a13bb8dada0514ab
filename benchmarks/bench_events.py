"""Events: 1,000 readers of the feed beside the bare driver, and what envelopes cost an act.

Readers: `GET /v1/events` by 1,000 API keys of 100 organisations, each from its own place, against
a Starlette route that runs the same statement for the same organisation and place on an async
psycopg pool of the same size and sends the very bytes that the product sends. The baseline knows
no credentials, row-level security, cursor, filter or log line. Both run in this process and are
called as ASGI applications by as many tasks at once as there are connections, so that no socket
hides the difference.

Acts: drafting a tender (`tender.created`) and publishing it with envelopes, against the same
without them: tender, audit entry, release and outbox row are written, but no envelope.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)
os.environ["KERBEN_RATE_LIMITS"] = "{}"

import anyio.to_thread
from psycopg_pool import AsyncConnectionPool
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from api.core import db, logs, migrations, outbox
from api.demo import story
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn
from api.main import create_app
from api.procurement import service as procurement
from api.reference import service as reference
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import OrgRole
from api.webhooks import catalogue, envelopes, feed
from api.webhooks.feed import Position

READERS, ORGANISATIONS = 1000, 100
EVENTS = int(os.environ.get("KERBEN_BENCH_EVENTS", "1000"))
TENDERS = int(os.environ.get("KERBEN_BENCH_TENDERS", "150"))
ROUNDS, PAGE, AT_ONCE = 5, 20, 8
PATH = "/v1/events"
console = Console()
_FILL = text("""
    INSERT INTO event_envelope (id, created_at, updated_at, event_id, org_id, parties, type,
      resource_id, sequence, channels, body, xid)
    SELECT uuidv7(), now(), now(), gen_random_uuid(), org, ARRAY[org],
      (CAST(:types AS text[]))[1 + n % :kinds], gen_random_uuid(), 1, ARRAY['tender_1'], :body,
      n
    FROM unnest(CAST(:orgs AS uuid[])) org, generate_series(1, :events) n
""")


class Reader(NamedTuple):
    """Who asks with what, and where it stands."""

    org_id: UUID
    key: str
    types: Sequence[str]
    place: Position


def main() -> None:
    """Print both comparisons: medians, rates and ratios."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    compare_acts()
    asyncio.run(compare_reads(readers()))


def compare_acts() -> None:
    """Median milliseconds of drafting and publishing a tender, with envelopes and without."""
    wanted = story.requests()[0]
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        ids = story.load_organisations(session, story.organisations(), lambda _: None)
    buyer = ids[wanted["buyer"]]
    publishers = dict(outbox._publishers)
    without = {key: value for key, value in publishers.items() if key is not envelopes.publish}
    taken: dict[tuple[str, bool], list[float]] = {}
    for n in range(TENDERS * 2):
        told = bool(n % 2)
        outbox._publishers.clear()
        outbox._publishers.update(publishers if told else without)
        started = time.perf_counter()
        with db.worker_unit_of_work() as session:
            tender_id = story.draft(session, buyer, wanted).id
        drafted = time.perf_counter()
        with db.worker_unit_of_work() as session:
            tender = procurement.lock(session, buyer_id=buyer, tender_id=tender_id)
            procurement.publish(session, tender, actor="bench")
        published = time.perf_counter()
        taken.setdefault(("drafting", told), []).append(drafted - started)
        taken.setdefault(("publishing", told), []).append(published - drafted)
    outbox._publishers.clear()
    outbox._publishers.update(publishers)
    table = Table(title=f"A tender ({TENDERS} each way, medians)")
    for name in ("act", "without envelopes, ms", "with, ms", "added, ms", "ratio"):
        table.add_column(name, justify="left" if name == "act" else "right")
    for act in ("drafting", "publishing"):
        bare, whole = (1000 * median(taken[act, told]) for told in (False, True))
        figures = (f"{bare:.2f}", f"{whole:.2f}", f"{whole - bare:.2f}", f"{whole / bare:.2f}")
        table.add_row(act, *figures)
    console.print(table)


def readers() -> list[Reader]:
    """Organisations with events behind them, and their keys, each somewhere among the events."""
    found, chance = [], random.Random(7)
    with db.worker_unit_of_work() as session:
        made = [
            Organisation(
                roles=["buyer", "supplier"],
                legal_name={"en": f"Organisation {number}"},
                identifier_scheme=IdentifierScheme.KG_INN,
                identifier_id=f"{number:014d}",
                country="KG",
                languages=["ru"],
                status=OrganisationStatus.VERIFIED,
                verification_level=2,
            )
            for number in range(ORGANISATIONS)
        ]
        session.add_all(made)
        session.flush()
        kinds = [*catalogue.TYPES.values()]
        session.connection().execute(
            _FILL,
            {
                "types": [kind.name for kind in kinds],
                "kinds": len(kinds),
                "body": envelopes.test_body(catalogue.TYPES["award.approved"]),
                "orgs": [each.id for each in made],
                "events": EVENTS,
            },
        )
        for number in range(READERS):
            each = made[number % ORGANISATIONS]
            scopes = identity.full_scopes(each)
            _, key = identity.create_client(
                session,
                org_id=each.id,
                actor="bench",
                data=ClientIn(name="bench", scopes=scopes),
                grantable=scopes,
            )
            visible = catalogue.visible_types(scopes, [OrgRole(role) for role in each.roles])
            place = Position(chance.randrange(EVENTS - 2 * PAGE), UUID(int=0))
            found.append(Reader(each.id, key, [*visible], place))
    with db.engine("owner").connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.exec_driver_sql("VACUUM ANALYZE event_envelope")
    return found


async def compare_reads(all_: Sequence[Reader]) -> None:
    """Rates of both ways: a full page, and nothing new."""
    last = [each._replace(place=Position(EVENTS, UUID(int=2**128 - 1))) for each in all_]
    table = Table(title=f"{READERS} readers, {AT_ONCE} at once (best of {ROUNDS} rounds)")
    for name in ("read", "bytes", "bare driver, 1/s", "product, 1/s", "ratio"):
        table.add_column(name, justify="left" if name == "read" else "right")
    app = create_app()
    async with app.router.lifespan_context(app):
        anyio.to_thread.current_default_thread_limiter().total_tokens = AT_ONCE
        for name, asking in ((f"a page of {PAGE}", all_), ("nothing new", last)):
            body = await called(app, asking[0])
            assert body.count(b'"timestamp"') == (PAGE if asking is all_ else 0), body
            bare = bare_app(body)
            async with bare.router.lifespan_context(bare):
                rates: dict[str, list[float]] = {"bare": [], "product": []}
                for _ in range(ROUNDS):
                    rates["bare"].append(await rate(bare, asking))
                    rates["product"].append(await rate(app, asking))
            base, own = max(rates["bare"]), max(rates["product"])
            figures = (f"{len(body):,}", f"{base:,.0f}", f"{own:,.0f}", f"{own / base:.2f}")
            table.add_row(name, *figures)
    console.print(table)


def bare_app(body: bytes) -> Starlette:
    """One route that reads the rows of whoever asks and sends the bytes that the product made."""
    statement: Any = feed._PAGE_OF_OWN

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        options: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0}
        url = db.url("worker")
        pool = AsyncConnectionPool(url, min_size=AT_ONCE, kwargs=options, open=False)
        async with pool as app.state.pool:
            yield

    async def read(request: Request) -> Response:
        reader: Reader = request.scope["reader"]
        values = {
            "org_id": reader.org_id,
            "xid": reader.place.xid,
            "id": reader.place.id,
            "types": reader.types,
            "channels": None,
            "count": PAGE + 1,
        }
        async with request.app.state.pool.connection() as connection:
            cursor = await connection.execute(statement, values, binary=True)
            assert await cursor.fetchall()
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route(PATH, read)], lifespan=lifespan)


async def rate(app: ASGIApp, asking: Sequence[Reader]) -> float:
    """Requests a second, each reader asking once."""
    waiting = iter(asking)

    async def work() -> None:
        for reader in waiting:
            await called(app, reader)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return len(asking) / (time.perf_counter() - started)


async def called(app: ASGIApp, reader: Reader) -> bytes:
    """The body that an application answers with 200."""
    parts: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        else:
            parts.append(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    query = {"limit": PAGE, "after": feed.shown(reader.org_id, reader.place)}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": urlencode(query).encode(),
        "headers": [(b"host", b"bench"), (b"authorization", f"Bearer {reader.key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
        "reader": reader,
    }
    await app(scope, receive, send)
    return b"".join(parts)


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
