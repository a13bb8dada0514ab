"""Reading stored documents: one statement on an async connection, without ORM and threads."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import LiteralString, NamedTuple

import structlog
from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from api.core import db
from api.core.errors import Unavailable

log = structlog.get_logger(__name__)
type Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
CONNECTIONS = 8
WAIT_SECONDS = 2.0
_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=2000"
FIND = "SELECT etag, media_type, body FROM public_document WHERE path = %s"


class Document(NamedTuple):
    """A stored document as it is sent."""

    etag: str
    media_type: str
    body: bytes


@asynccontextmanager
async def opened() -> AsyncIterator[Pool]:
    """The process's own small pool for public reads, as the role that can read nothing else.

    It opens without waiting, so that the service starts while the database is away, and gives
    up an attempt to connect after `WAIT_SECONDS`: the next request begins a new one.
    """
    pool: Pool = AsyncConnectionPool(
        db.url("reporting"),
        min_size=1,
        max_size=CONNECTIONS,
        timeout=WAIT_SECONDS,
        reconnect_timeout=WAIT_SECONDS,
        open=False,
        name="public-reads",
        kwargs={
            "autocommit": True,
            "prepare_threshold": 0,
            "options": _OPTIONS,
            "connect_timeout": 2,
        },
    )
    async with pool:
        yield pool


async def find(pool: Pool, path: str) -> Document | None:
    """The document of a path. Raises Unavailable while the database is away."""
    rows = await fetch(pool, FIND, (path,))
    return Document(*rows[0]) if rows else None


async def fetch(pool: Pool, query: LiteralString, values: Sequence[object]) -> list[TupleRow]:
    """The rows of one statement. Raises Unavailable while the database is away.

    A connection that broke while it was idle says so only when it is used, hence a second try
    after the pool has replaced all that are broken.
    """
    try:
        try:
            return await _fetch(pool, query, values)
        except PoolTimeout:
            raise
        except OperationalError as error:
            log.warning("a connection of public reads broke", error=str(error))
            await pool.check()
            return await _fetch(pool, query, values)
    except (OperationalError, PoolClosed) as error:
        raise Unavailable(headers={"Retry-After": "2"}) from error


async def _fetch(pool: Pool, query: LiteralString, values: Sequence[object]) -> list[TupleRow]:
    async with pool.connection() as connection:
        cursor = await connection.execute(query, values, binary=True)
        return await cursor.fetchall()
