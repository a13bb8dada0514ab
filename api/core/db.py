"""Engines (API and workers, each its own database role), one way to get a transaction.

A connection of a role that row-level security would not bind is refused (api/core/roles.py).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from select import POLLIN, poll
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import set_json_loads
from pydantic import SecretStr
from pydantic_core import from_json
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.pool import QueuePool
from sqlmodel import Session, create_engine

from api.core import embedded, roles, settings

STATEMENT_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_SECONDS = {"app": 5, "worker": 5, "owner": 5, "replica": 2, "reporting": 5}
_SCOPE_SETTINGS = (
    "org_id",
    "key_prefix",
    "operator",
    "reviewer",
    "process",
    "person_id",
    "proof",
)
_COMMITTED = "committed"
_NOW = "SELECT clock_timestamp()"
_SANDBOX_NOW = (
    "SELECT clock_timestamp() + make_interval(secs => coalesce(sum(seconds), 0)) FROM clock_shift"
)
_engines: dict[str, Engine] = {}


def url(role: str) -> str:
    """Connection string of `app`, `worker`, `owner`, `reporting` (the app's without one) or
    `replica` (the worker's without one).

    The embedded server's when none is set.
    """
    config = settings.get()
    worker = config.worker_database_url or config.database_url
    given: SecretStr | None = {
        "app": config.database_url,
        "worker": worker,
        "owner": config.owner_database_url,
        "reporting": config.reporting_database_url or config.database_url,
        "replica": config.replica_database_url or worker,
    }[role]
    if given:
        return given.get_secret_value()
    own = "worker" if role == "replica" else role
    return embedded.url(config.data_dir, f"kerben_{own}")


def engine(role: str) -> Engine:
    """The process's engine of a role; its pool is as large as the request threads."""
    found = _engines.get(role)
    return found if found is not None else _engines.setdefault(role, _create(role))


def check_roles(*roles_used: str) -> None:
    """Raise UnsafeRole for a role that no process may run as; a database that is away is not asked.

    Its connections are looked at when they are made, too.
    """
    for role in roles_used:
        try:
            with psycopg.connect(url(role), connect_timeout=CONNECT_TIMEOUT_SECONDS[role]) as link:
                roles.require(link, told_by(role))
        except psycopg.OperationalError:
            continue


def told_by(role: str) -> str:
    """The role whose variable names the connection string that `role` uses."""
    config = settings.get()
    if role == "reporting" and config.reporting_database_url is None and not config.embedded:
        return "app"
    if role == "replica" and config.replica_database_url is None:
        return "worker"
    return role


def dispose() -> None:
    """Close every pooled connection and forget the engines."""
    while _engines:
        _engines.popitem()[1].dispose()


def connections() -> dict[str, tuple[int, int]]:
    """By role: the connections of this process's pool that are in use, and those that wait."""
    pools = {role: each.pool for role, each in list(_engines.items())}
    return {
        role: (pool.checkedout(), pool.checkedin())
        for role, pool in pools.items()
        if isinstance(pool, QueuePool)
    }


@contextmanager
def unit_of_work(org_id: UUID | None = None) -> Iterator[Session]:
    """One transaction of the API's role: commit when the block succeeds, else roll back.

    Row-level security shows only what `org_id` may see; without it, only what is public.
    """
    with Session(engine("app"), expire_on_commit=False, info={}) as session:
        if org_id is not None:
            session.info["org_id"] = str(org_id)
        with session.begin():
            yield session
        _committed(session)


@contextmanager
def worker_unit_of_work() -> Iterator[Session]:
    """One transaction of the workers' role, which sees the rows of every organisation."""
    with Session(engine("worker"), expire_on_commit=False) as session:
        with session.begin():
            yield session
        _committed(session)


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Do `act` once this unit of work is committed; never when it is rolled back."""
    session.info.setdefault(_COMMITTED, []).append(act)


def scope(session: Session, **values: str) -> None:
    """Tell row-level security who asks, for the rest of this transaction only."""
    session.info.update(values)
    _apply(session.connection(), values)


def now(session: Session) -> datetime:
    """The database's clock, the only one that decides whether something is late.

    In a sandbox, as far ahead as it has been advanced (api/core/sandbox.py).
    """
    moment: datetime = session.connection().scalar(text(clock()))
    return moment


def clock() -> str:
    """The query that tells `now`, to be asked within another one."""
    return _SANDBOX_NOW if settings.get().sandbox else _NOW


def rows(session: Session, query: str, **values: object) -> list[tuple[Any, ...]]:
    """Rows straight from the driver in PostgreSQL's binary format, for reads of very many values.

    `query` names its values as `%(name)s`; a state column comes as its text.
    """
    session.flush()
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        set_json_loads(from_json, cursor)
        return list(cursor.execute(query, values).fetchall())


def one(session: Session, query: str, values: Mapping[str, object]) -> tuple[Any, ...]:
    """The row that a query answers with, straight from the driver, for the busiest of statements.

    `query` names its values as `%(name)s`, and is prepared. Errors are SQLAlchemy's.
    """
    driver: Any = session.connection().connection.driver_connection
    try:
        row: tuple[Any, ...] = driver.execute(query, values, prepare=True).fetchone()
    except psycopg.Error as error:
        raise DBAPIError.instance(query, dict(values), error, psycopg.Error) from error
    return row


@event.listens_for(Session, "after_begin")
def _scope_transaction(session: Session, _: SessionTransaction, connection: Connection) -> None:
    _apply(connection, {k: session.info[k] for k in _SCOPE_SETTINGS if k in session.info})


def _apply(connection: Connection, values: dict[str, str]) -> None:
    for name, value in values.items():
        connection.execute(
            text("SELECT set_config(:name, :value, true)"),
            {"name": f"kerben.{name}", "value": value},
        )


def _create(role: str) -> Engine:
    size = settings.get().threads
    timeout = STATEMENT_TIMEOUT_MS if role in ("app", "replica") else 0
    made = create_engine(
        url(role).replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=size,
        max_overflow=0,  # an overflow connection is closed after one use
        pool_use_lifo=True,
        connect_args={
            "options": f"-c timezone=UTC -c statement_timeout={timeout}{_whole(role)}",
            "connect_timeout": CONNECT_TIMEOUT_SECONDS[role],
        },
    )
    event.listen(made, "checkout", _require_alive)
    if role != "owner":
        event.listen(made, "first_connect", partial(_require, told_by(role)))
    return made


def _require(role: str, connection: Any, _: object) -> None:
    """Let no transaction begin as a role that row-level security does not bind."""
    try:
        roles.require(connection, role)
    except roles.UnsafeRole:
        connection.close()
        raise
    connection.rollback()


def _require_alive(connection: Any, _: object, __: object) -> None:
    """Let the pool make another connection for one that the server has closed.

    While nobody speaks, there is something to read only when the server says goodbye or has gone,
    or for a notice; only then the server is asked, so that a request need not wait for a ping.
    """
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    if not waiting.poll(0):
        return
    try:
        connection.execute("SELECT")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error


def _whole(role: str) -> str:
    """A request's transaction ends in time whatever it does; PostgreSQL ends the session then."""
    seconds = settings.get().request_timeout_seconds
    return f" -c transaction_timeout={seconds * 1000}" if role == "app" else ""


def _committed(session: Session) -> None:
    for act in session.info.pop(_COMMITTED, ()):
        act()


def _forget_parents() -> None:
    """A connection of the parent is its own: two processes must not speak over one."""
    while _engines:
        _engines.popitem()[1].dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents)
