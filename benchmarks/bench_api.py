"""Throughput of the API against the same work done by hand.

Hot read: `GET /public/tenders/{ocid}` against a bare Starlette route that reads the same row by
one statement of an async psycopg pool of the same size and sends the same bytes.
Command: `POST /v1/tenders` with an API key (a draft with a lot and an item, its audit entry, its
event) against a bare Starlette route that executes the statements of that very request, recorded
from the product, with fresh ids, in one transaction of a psycopg pool, and sends the same bytes.

The baseline has no middleware, log line, metric, trace, request id, ETag, authentication beyond
the recorded statement, validation or serialisation: it is the least that a Python server can do
for these answers. What the product saves in statements, the baseline saves as well.

Every server is one uvicorn process on loopback with the settings of `kerben serve`; servers take
turns in every round, and nothing else runs meanwhile. Load comes from wrk where it is installed,
else from a process of this file with raw sockets.
"""

import asyncio
import json
import os
import pickle
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

_DATA = Path(os.environ.get("KERBEN_DATA_DIR") or tempfile.mkdtemp(prefix="kerben-bench-"))
os.environ["KERBEN_DATA_DIR"] = str(_DATA)
os.environ["KERBEN_RATE_LIMITS"] = "{}"  # benchmarks/bench_limits.py measures those

import anyio.to_thread
import uvicorn
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import event
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from uuid_utils.compat import uuid7

from api.core import db, logs, migrations, settings
from api.demo import story
from api.identity import service as identity
from api.identity.schemas import ClientIn
from api.main import create_app
from api.opendata import reads
from api.opendata import service as opendata
from api.reference import service as reference

ROUNDS, SECONDS, CONNECTIONS = 5, 2, 16
HOST, PORT = "127.0.0.1", 18473
PLAN = _DATA / "plan.pickle"
READ, COMMAND = "hot read", "command"
PRODUCT, BY_HAND = "product", "by hand"
GOALS = {READ: 0.7, COMMAND: 0.4}
DRAFT = {
    "title": {"ru": "Школьная мебель", "ky": "Мектеп эмереги"},
    "description": {"ru": "Поставка и сборка"},
    "lots": [
        {
            "title": {"ru": "Парты", "ky": "Парталар"},
            "value": {"amount": "6700000", "currency": "KGS"},
            "delivery_place_code": "kg-osh",
            "delivery_period_end": "2090-06-01",
            "items": [
                {
                    "description": {"ru": "Парта ученическая двухместная"},
                    "classification": {"scheme": "CPV", "id": "39160000-1"},
                    "quantity": "600",
                    "unit_code": "SET",
                }
            ],
        }
    ],
}


@dataclass(frozen=True)
class Call:
    """One request, the statements it executes, and what is answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    answer: bytes = b""
    statements: tuple[tuple[str, dict[str, Any]], ...] = ()


def main() -> None:
    """Print what both routes serve a second, the product's and the one by hand, and the ratio."""
    logs.configure("ERROR", "console")
    calls = prepare()
    PLAN.write_bytes(pickle.dumps(calls))
    rates: dict[tuple[str, str], list[float]] = {}
    for _ in track(range(ROUNDS), description="Rounds"):
        for server in (BY_HAND, PRODUCT):
            with serving(server):
                for kind, call in calls.items():
                    rates.setdefault((kind, server), []).append(measure(call))
    report(rates, {kind: len(call.statements) for kind, call in calls.items()})


def prepare() -> dict[str, Call]:
    """The two calls, in a database with a published tender and a buyer's key."""
    migrations.upgrade()
    wanted = story.requests()[0]
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        ids = story.load_organisations(session, story.organisations(), lambda _: None)
        tender = story.publish(session, ids[wanted["buyer"]], wanted)
        opendata.publish_tender(session, tender.id)
        scopes = ["tenders:read", "tenders:write"]
        data = ClientIn(name="bench", scopes=scopes)
        _, key = identity.create_client(
            session, org_id=tender.buyer_id, actor="bench", data=data, grantable=scopes
        )
    path = opendata.tender_path(tender.ocid)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with TestClient(create_app()) as client:
        read = Call("GET", path, {}, "", answer=client.get(path).content)
        return {
            READ: replace(read, statements=((reads.FIND, {}),)),
            COMMAND: recorded(client, Call("POST", "/v1/tenders", headers, json.dumps(DRAFT))),
        }


def recorded(client: TestClient, call: Call) -> Call:
    """The call with its answer and its statements; a first one, so that "last used" is fresh."""
    statements: list[tuple[str, dict[str, Any]]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        statements.append((statement, dict(parameters)))

    for _ in range(2):
        statements.clear()
        event.listen(db.engine("app"), "before_cursor_execute", note)
        answer = client.post(call.path, content=call.body, headers=call.headers)
        event.remove(db.engine("app"), "before_cursor_execute", note)
        assert answer.status_code == 201, answer.text
    return replace(call, answer=answer.content, statements=tuple(statements))


@contextmanager
def serving(server: str) -> Iterator[None]:
    """A server process, with its log in the data folder, while the block lasts."""
    with (_DATA / "server.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, __file__, server], stderr=log, stdout=log)
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex((HOST, PORT)) == 0:
                        break
                assert process.poll() is None, f"the server ended: see {log.name}"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


def serve(server: str) -> None:
    """What `kerben serve` runs, or the bare routes with the same settings of uvicorn."""
    logs.configure(settings.get().log_level, settings.get().log_format)
    app = create_app() if server == PRODUCT else bare(pickle.loads(PLAN.read_bytes()))
    uvicorn.run(app, host=HOST, port=PORT, log_config=None, access_log=False, server_header=False)


def bare(calls: dict[str, Call]) -> Starlette:
    """Both routes with nothing but their statements."""
    threads = settings.get().threads
    writes = ConnectionPool(db.url("app"), min_size=threads, max_size=threads, open=False)
    replay = Replay(calls[COMMAND])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        async with reads.opened() as app.state.reads:
            with writes:
                yield

    async def read(request: Request) -> Response:
        pool: AsyncConnectionPool = request.app.state.reads
        async with pool.connection() as connection:
            cursor = await connection.execute(reads.FIND, (request.url.path,), binary=True)
            row = await cursor.fetchone()
        assert row is not None, request.url.path
        _, media_type, body = row
        return Response(body, media_type=media_type)

    def command(_: Request) -> Response:
        with writes.connection() as connection:
            replay.run(connection.cursor())
        return Response(calls[COMMAND].answer, 201, media_type="application/json")

    return Starlette(
        routes=[
            Route(calls[READ].path, read),
            Route(calls[COMMAND].path, command, methods=["POST"]),
        ],
        lifespan=lifespan,
    )


class Replay:
    """Recorded statements, each time with fresh ids where the request made rows."""

    def __init__(self, call: Call) -> None:
        answer = json.loads(call.answer)
        self.ocid = answer["ocid"]
        inserts = [p for s, p in call.statements if "INSERT INTO" in s]
        made = [
            each for p in inserts for each in (p["id"] if isinstance(p["id"], list) else [p["id"]])
        ]
        self.made = {each: each.hex for each in made}
        self.statements = [
            (statement, parameters, [k for k, v in parameters.items() if self.is_fresh(v)])
            for statement, parameters in call.statements
        ]

    def is_fresh(self, value: Any) -> bool:
        """True for a value that names a row that the request made, or holds one that does."""
        if isinstance(value, list):
            return any(self.is_fresh(each) for each in value)
        if isinstance(value, str):
            return self.ocid in value or any(digits in value for digits in self.made.values())
        return isinstance(value, UUID) and value in self.made

    def run(self, cursor: Any) -> None:
        """Execute all in the transaction of the cursor, reading what is answered."""
        fresh = {old: uuid7() for old in self.made}
        texts = {digits: fresh[old].hex for old, digits in self.made.items()}
        texts[self.ocid] = f"bench-{uuid7().hex}"[:40]
        for statement, parameters, keys in self.statements:
            renewed = dict(parameters)
            for key in keys:
                renewed[key] = _renewed(renewed[key], fresh, texts)
            cursor.execute(statement, renewed)
            if cursor.description:
                cursor.fetchall()


def _renewed(value: Any, fresh: dict[UUID, UUID], texts: dict[str, str]) -> Any:
    """The value, in which fresh ids stand for those that were recorded."""
    if isinstance(value, list):
        return [_renewed(each, fresh, texts) for each in value]
    if isinstance(value, str):
        for old, new in texts.items():
            value = value.replace(old, new)
        return value
    return fresh.get(value, value)


def measure(call: Call) -> float:
    """Answers a second over the connections, after a short warming up; any failure ends the run."""
    load(call, 1.0)
    return load(call, SECONDS)


def load(call: Call, seconds: float) -> float:
    """Answers a second of one run."""
    raw = _DATA / "request"
    lines = [f"{call.method} {call.path} HTTP/1.1", f"Host: {HOST}"]
    body = call.body.encode()
    lines += [f"{name}: {value}" for name, value in call.headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    raw.write_bytes("\r\n".join([*lines, "", ""]).encode() + body)
    if shutil.which("wrk"):
        return wrk(call, seconds)
    command = [sys.executable, __file__, "load", str(raw), str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def wrk(call: Call, seconds: float) -> float:
    """The rate that wrk counts, which must have met no error."""
    script = _DATA / "wrk.lua"
    headers = "".join(
        f"wrk.headers[{json.dumps(k)}]={json.dumps(v)}\n" for k, v in call.headers.items()
    )
    script.write_text(
        f"wrk.method={json.dumps(call.method)}\n{headers}"
        + (f"wrk.body=[==[{call.body}]==]\n" if call.body else "")
        + "done = function(summary, _, __)\n"
        "  local e = summary.errors\n"
        "  io.write(string.format('RESULT %d %d %d\\n', summary.requests, summary.duration,"
        " e.connect + e.read + e.write + e.status + e.timeout))\nend\n"
    )
    done = subprocess.run(
        [
            "wrk",
            "-t1",
            "--timeout",
            "20s",
            f"-c{CONNECTIONS}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(script),
        ]
        + [f"http://{HOST}:{PORT}{call.path}"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, microseconds, errors = map(int, result.split()[1:])
    assert errors == 0, done.stdout
    return requests / (microseconds / 1e6)


async def hammer(raw: bytes, seconds: float) -> float:
    """Send one request over and over on every connection; answers a second."""
    end, answers = time.perf_counter() + seconds, 0

    async def one() -> None:
        nonlocal answers
        reader, writer = await asyncio.open_connection(HOST, PORT)
        while time.perf_counter() < end:
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head[9:10] == b"2", head
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            answers += 1
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return answers / (time.perf_counter() - started)


def report(rates: dict[tuple[str, str], list[float]], statements: dict[str, int]) -> None:
    """One table: medians over the rounds, and the median of the ratios of each round."""
    table = Table(title=f"{ROUNDS} rounds of {SECONDS} s, {CONNECTIONS} connections, medians")
    for column in ("route", "statements", "by hand, 1/s", "product, 1/s", "ratio", "goal"):
        table.add_column(column, justify="left" if column == "route" else "right")
    for kind, goal in GOALS.items():
        hand, product = rates[kind, BY_HAND], rates[kind, PRODUCT]
        ratio = statistics.median(b / a for a, b in zip(hand, product, strict=True))
        table.add_row(
            kind,
            str(statements[kind]),
            f"{statistics.median(hand):.0f}",
            f"{statistics.median(product):.0f}",
            f"{ratio:.2f}",
            f">= {goal}",
        )
    Console().print(table)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
            shutil.rmtree(_DATA, ignore_errors=True)
        case ["load", raw, seconds]:
            print(asyncio.run(hammer(Path(raw).read_bytes(), float(seconds))))  # noqa: T201
        case [server]:
            serve(server)
