"""Many bids at once: bare inserts into a plain table, and requests to a server of its own process.

`python benchmarks/deadline_rush.py` is that server: the API as `kerben serve` runs it.
"""

import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hammer
import psycopg
import uvicorn
from hammer import CONNECTIONS, HOST, PORT

from api.core import db, logs
from api.main import create_app

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
    server = subprocess.Popen([sys.executable, __file__])
    try:
        # Its errors go where ours go.
        done = subprocess.run(
            [sys.executable, hammer.__file__, str(plan)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        server.terminate()
        server.wait()
    return float(done.stdout)


if __name__ == "__main__":
    logs.configure("ERROR", "json")
    uvicorn.run(create_app(), host=HOST, port=PORT, log_config=None, access_log=False)
