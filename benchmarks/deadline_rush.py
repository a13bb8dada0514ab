"""Many bids at once: bare inserts into a plain table, and requests to a server of its own process.

python benchmarks/deadline_rush.py serve          the API as `kerben serve` runs it
python benchmarks/deadline_rush.py load FILE      send pickled requests, print the seconds
"""

import asyncio
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import uvicorn

from api.core import db, logs
from api.main import create_app

CONNECTIONS = 16
HOST, PORT = "127.0.0.1", 18474
BARE = """
CREATE TABLE bare_bid (
  id uuid PRIMARY KEY DEFAULT uuidv7(), tender_id uuid NOT NULL, supplier_id uuid NOT NULL,
  commitment text NOT NULL, ciphertext bytea NOT NULL, received_at timestamptz NOT NULL
);
ALTER TABLE bare_bid ALTER COLUMN ciphertext SET STORAGE EXTERNAL
"""
INSERT = (
    "INSERT INTO bare_bid (tender_id, supplier_id, commitment, ciphertext, received_at)"
    " VALUES (%s, %s, %s, %s, clock_timestamp())"
)


def inserted(rows: list[Any]) -> float:
    """Seconds of the bare inserts: each in a transaction of its own."""
    local = threading.local()
    links: list[psycopg.Connection[Any]] = []

    def one(row: Any) -> None:
        if not hasattr(local, "link"):
            local.link = psycopg.connect(db.url("app"), autocommit=True)
            links.append(local.link)
        local.link.execute(INSERT, row)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        started = time.perf_counter()
        list(pool.map(one, rows))
        seconds = time.perf_counter() - started
    for link in links:
        link.close()
    return seconds


def handed_in(requests: list[bytes], folder: Path) -> float:
    """Seconds until every bid is answered with its receipt, sent by a process of its own."""
    plan = folder / "requests.pickle"
    plan.write_bytes(pickle.dumps(requests))
    server = subprocess.Popen([sys.executable, __file__, "serve"])
    try:
        done = subprocess.run(
            [sys.executable, __file__, "load", str(plan)],
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        server.terminate()
        server.wait()
    return float(done.stdout)


async def rush(requests: list[bytes]) -> float:
    """Send every request once, over `CONNECTIONS` connections; the seconds it took."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection(HOST, PORT)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            break
    waiting = iter(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, PORT)
        for raw in waiting:
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert head[9:12] == b"201", body
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load", plan]:
            requests = pickle.loads(Path(plan).read_bytes())
            print(asyncio.run(rush(requests)))  # noqa: T201
        case ["serve"]:
            logs.configure("ERROR", "json")
            uvicorn.run(create_app(), host=HOST, port=PORT, log_config=None, access_log=False)
