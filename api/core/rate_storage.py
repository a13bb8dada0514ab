"""Where the counters of rate limits live: Redis when there is one, else PostgreSQL.

PostgreSQL's counters are changed by a function that is told the key, and by no other statement of the
application. They are an unlogged table in transactions that wait for no disk: they outlive a
restart of the service and of the database, and are empty after the database has crashed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from limits.aio.storage import RedisStorage, SlidingWindowCounterSupport, Storage
from psycopg import AsyncConnection
from psycopg import Error as DatabaseError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from sqlalchemy import BigInteger, Column, text
from sqlmodel import Field, SQLModel

from api.core import db, settings
from api.core.tables import TIMESTAMP

PATIENCE_SECONDS = 0.5
"""A store that is silent for so long is done without."""
CONNECTIONS = 4
_REDIS = ("redis://", "rediss://")
_TAKE = "SELECT * FROM kerben_take_rate(%s, %s, %s, %s)"
_TAKE_ALL = "SELECT * FROM kerben_take_rates(%s, %s, %s)"
_LOOK = "SELECT * FROM kerben_take_rate(%s, 0, %s, 0)"
_REMEMBERED = 10_000


class RateBucket(SQLModel, table=True):
    """What one key used of a limit in the window of number `slot`, and in the one before it."""

    __tablename__ = "rate_bucket"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    key: str = Field(primary_key=True, max_length=200)
    slot: int = Field(sa_type=BigInteger)
    hits: int
    previous: int
    touched_at: datetime | None = Field(
        default=None,
        sa_column=Column(TIMESTAMP, nullable=False, server_default=text("clock_timestamp()")),
    )


class PostgresStorage(Storage, SlidingWindowCounterSupport):
    """A storage of the library `limits` for its sliding-window counter.

    Taking and looking are one statement: what a taking saw is given to the next look.
    """

    STORAGE_SCHEME = None

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        super().__init__(None)
        self._pool = pool
        self._seen: dict[str, tuple[int, float, int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return (DatabaseError, PoolTimeout, PoolClosed)

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """True when `amount` more fits in the limit; then it is counted."""
        row = await self._row(_TAKE, key, limit, expiry, amount)
        return self._see(key, row)

    async def take_all(self, wanted: Sequence[tuple[str, int, int]]) -> list[bool]:
        """Take one from each key, limit and seconds in turn, up to the first that has none left.

        One statement, where the library's way is one for each.
        """
        columns = [[*each] for each in zip(*wanted, strict=True)]
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_TAKE_ALL, columns)).fetchall()
        return [self._see(key, row) for (key, _, _), row in zip(wanted, rows, strict=False)]

    def _see(self, key: str, row: TupleRow) -> bool:
        """Whether it was taken; the next look at the window is given what this one saw."""
        if len(self._seen) < _REMEMBERED:
            self._seen[key] = (row[1], row[2], row[3], row[4])
        return bool(row[0])

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count and seconds to live of the window before, then of this one."""
        seen = self._seen.pop(key, None)
        if seen is None:
            _, *window = await self._row(_LOOK, key, expiry)
            seen = (window[0], window[1], window[2], window[3])
        return seen

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        await self.clear(key)

    async def clear(self, key: str) -> None:
        raise NotImplementedError("what a key has used is forgotten by time alone")

    async def check(self) -> bool:
        """True while the database answers."""
        try:
            async with self._pool.connection() as connection:
                await connection.execute("SELECT")
        except self.base_exceptions:
            return False
        return True

    async def reset(self) -> int | None:
        raise NotImplementedError("the counters of all keys are never reset together")

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("only the sliding-window counter is kept here")

    async def get(self, key: str) -> int:
        raise NotImplementedError("only the sliding-window counter is kept here")

    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError("only the sliding-window counter is kept here")

    async def _row(self, statement: Any, *values: object) -> TupleRow:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(statement, values)).fetchone()
        assert row is not None
        return row


@asynccontextmanager
async def opened() -> AsyncIterator[Storage]:
    """The counters of this installation, shared by all its processes."""
    redis = redis_url()
    if redis is not None:
        yield RedisStorage(
            f"async+{redis}",
            implementation="redispy",
            key_prefix="kerben-rate",
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
        )
        return
    pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
        db.url("app"),
        min_size=1,
        max_size=CONNECTIONS,
        timeout=PATIENCE_SECONDS,
        reconnect_timeout=2.0,
        open=False,
        name="rate-limits",
        kwargs={
            "autocommit": True,
            "prepare_threshold": 0,
            "options": "-c synchronous_commit=off -c statement_timeout=1000",
            "connect_timeout": 2,
        },
    )
    async with pool:
        yield PostgresStorage(pool)


def redis_url() -> str | None:
    """`KERBEN_REDIS_URL`, else the broker when that is a Redis."""
    config = settings.get()
    url = config.redis_url or config.broker_url
    text = url.get_secret_value()
    return text if text.startswith(_REDIS) else None
