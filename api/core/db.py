"""Two engines (API and workers, each its own database role), one way to get a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, create_engine

from api.core import embedded, settings

STATEMENT_TIMEOUT_MS = 30_000
_SCOPE_SETTINGS = ("org_id", "key_prefix", "operator")


def url(role: str) -> str:
    """Connection string of `app`, `worker` or `owner`; the embedded server's when none is set."""
    config = settings.get()
    given: SecretStr | None = {
        "app": config.database_url,
        "worker": config.worker_database_url or config.database_url,
        "owner": config.owner_database_url,
    }[role]
    plain = given.get_secret_value() if given else embedded.url(config.data_dir, f"kerben_{role}")
    return plain


@cache
def engine(role: str) -> Engine:
    """The process's engine of a role; its pool is as large as the request threads."""
    size = settings.get().threads
    options = f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS if role == 'app' else 0}"
    return create_engine(
        url(role).replace("postgresql://", "postgresql+psycopg://", 1),
        pool_pre_ping=True,
        pool_size=size,
        max_overflow=0,  # an overflow connection is closed after one use
        pool_use_lifo=True,
        connect_args={"options": options, "connect_timeout": 5},
    )


def dispose() -> None:
    """Close every pooled connection and forget the engines."""
    for role in ("app", "worker", "owner"):
        engine(role).dispose()
    engine.cache_clear()


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


@contextmanager
def worker_unit_of_work() -> Iterator[Session]:
    """One transaction of the workers' role, which sees the rows of every organisation."""
    with Session(engine("worker"), expire_on_commit=False) as session, session.begin():
        yield session


def scope(session: Session, **values: str) -> None:
    """Tell row-level security who asks, for the rest of this transaction only."""
    session.info.update(values)
    _apply(session.connection(), values)


def now(session: Session) -> datetime:
    """The database's clock, the only one that decides whether something is late."""
    moment: datetime = session.connection().scalar(text("SELECT clock_timestamp()"))
    return moment


@event.listens_for(Session, "after_begin")
def _scope_transaction(session: Session, _: SessionTransaction, connection: Connection) -> None:
    _apply(connection, {k: session.info[k] for k in _SCOPE_SETTINGS if k in session.info})


def _apply(connection: Connection, values: dict[str, str]) -> None:
    for name, value in values.items():
        connection.execute(
            text("SELECT set_config(:name, :value, true)"),
            {"name": f"kerben.{name}", "value": value},
        )
