"""Deliveries a second against a bare HTTP loop, and one black hole among twenty healthy endpoints.

    python benchmarks/bench_webhooks.py [--messages 1000]

The baseline posts the same bytes to the same receiver with as many requests at once, and neither
signs, nor claims, nor keeps a log; both keep their connections open. Receiver, database and
dispatcher share this machine; the two take turns, and the median of the turns is told.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import threading
import time
from uuid import uuid4

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)
os.environ.update(
    KERBEN_ENVIRONMENT="test",
    KERBEN_LOG_LEVEL="ERROR",
    KERBEN_BASE_URL="https://kerben.example",
    KERBEN_OUTBOUND_INSECURE="true",
    KERBEN_OUTBOUND_NETWORKS='["127.0.0.0/8"]',
)

import httpx2
from sqlalchemy import text
from sqlmodel import Session

from api import registry  # noqa: F401
from api.core import db, logs, migrations
from api.core.outbox import emit
from api.identity.models import Organisation
from api.rules.identifiers import IdentifierScheme
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import OrgRole
from api.webhooks import catalogue
from api.webhooks.schemas.endpoints import EndpointIn
from api.webhooks.service import endpoints
from workers import dispatcher, relay

TYPE, AT_ONCE, TURNS = "tender.published", 50, 3
ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


class Receiver(threading.Thread):
    """Answers 204 to whatever comes, in an event loop of its own; `silent` never answers."""

    def __init__(self, silent: bool = False) -> None:
        super().__init__(daemon=True)
        self.silent, self.ready, self.port = silent, threading.Event(), 0
        self.start()
        self.ready.wait()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=1000)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                if self.silent:
                    await asyncio.sleep(3600)
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


def organisation(session: Session) -> Organisation:
    made = Organisation(
        roles=["buyer"],
        country="KG",
        legal_name={"en": "Bench"},
        identifier_scheme=IdentifierScheme.KG_INN,
        identifier_id=str(uuid4().int)[:14],
        languages=["ru"],
        status=OrganisationStatus.VERIFIED,
    )
    session.add(made)
    session.flush()
    return made


def prepare(urls: list[str], messages: int, in_flight: int) -> None:
    """An organisation with these endpoints, and so many messages due for each."""
    with db.worker_unit_of_work() as session:
        org = organisation(session)
        for url in urls:
            endpoints.create(
                session,
                org_id=org.id,
                actor="bench",
                scopes=["tenders:read"],
                org_roles=[OrgRole.BUYER],
                data=EndpointIn(url=url, event_types=[TYPE], max_in_flight=in_flight),
            )
        for _ in range(messages):
            emit(session, TYPE, uuid4(), org_id=org.id, **catalogue.TYPES[TYPE].example)
    while relayed():
        pass


def relayed() -> int:
    with db.worker_unit_of_work() as session:
        return relay.make_jobs(session)


def query(statement: str) -> list[float]:
    with db.worker_unit_of_work() as session:
        return [float(value) for value in session.connection().execute(text(statement)).scalars()]


async def bare(url: str, body: bytes, messages: int) -> float:
    """Messages a second of a loop that only posts."""
    async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=AT_ONCE)) as client:
        gate = asyncio.Semaphore(AT_ONCE)

        async def post() -> None:
            async with gate:
                await client.post(url, content=body)

        started = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(messages)))
        return messages / (time.perf_counter() - started)


def until_done(wanted: int) -> None:
    """Run the dispatcher until so many deliveries have succeeded."""
    stop = threading.Event()
    thread = threading.Thread(target=dispatcher.run, args=(stop,))
    thread.start()
    while query("SELECT count(*) FROM webhook_delivery WHERE status = 'succeeded'")[0] < wanted:
        time.sleep(0.02)
    stop.set()
    thread.join()


def throughput(messages: int) -> None:
    receiver, rates = Receiver(), list[tuple[float, float]]()
    for turn in range(TURNS):
        prepare([receiver.url], messages, AT_ONCE)
        with db.worker_unit_of_work() as session:
            body = session.connection().scalar(text("SELECT body FROM webhook_message LIMIT 1"))
        baseline = asyncio.run(bare(receiver.url, bytes(body or b""), messages))
        started = time.perf_counter()
        until_done((turn + 1) * messages)
        rates.append((messages / (time.perf_counter() - started), baseline))
    ours, baseline = (statistics.median(each) for each in zip(*rates, strict=True))
    ratio = statistics.median(one / other for one, other in rates)
    print(  # noqa: T201
        f"{messages} deliveries, {AT_ONCE} at once: {ours:.0f}/s; bare httpx2 loop {baseline:.0f}/s;"
        f" ratio {ratio:.2f} (goal >= 0.6)"
    )


def p95(dead: bool, messages: int) -> float:
    """Milliseconds from due to answered, of the healthy endpoints alone."""
    query("WITH gone AS (DELETE FROM webhook_endpoint RETURNING 1) SELECT count(*) FROM gone")
    receivers = [Receiver() for _ in range(20)]
    urls = [each.url for each in receivers]
    prepare([*urls, Receiver(silent=True).url] if dead else urls, messages, 5)
    until_done(20 * messages)
    waits = query(
        "SELECT extract(epoch FROM a.created_at - min(a.created_at) OVER ()) * 1000"
        " FROM webhook_attempt a WHERE a.error IS NULL"
    )
    return statistics.quantiles(waits, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1000)
    messages = parser.parse_args().messages
    logs.configure("ERROR", "json")
    migrations.upgrade()
    throughput(messages)
    turns = [(p95(False, 25), p95(True, 25)) for _ in range(TURNS)]
    healthy, beside = (statistics.median(each) for each in zip(*turns, strict=True))
    ratio = statistics.median(other / one for one, other in turns)
    print(  # noqa: T201
        f"p95 of twenty healthy endpoints: {healthy:.0f} ms; with a black hole beside them"
        f" {beside:.0f} ms; ratio {ratio:.2f} (goal <= 1.2)"
    )
    db.dispose()


if __name__ == "__main__":
    main()
