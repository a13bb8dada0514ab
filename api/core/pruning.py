"""Rows that nobody needs any more are deleted, a batch a transaction, the oldest first."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, SQLModel

from api.core import db

AT_ONCE = 1_000


def prune(session: Session, model: type[SQLModel], column: str, *, days: int) -> int:
    """Delete up to `AT_ONCE` rows whose moment in `column` is more than so many days ago; how many.

    A row without a moment there stays, and so, until later, does one that somebody has locked.
    """
    table: Any = model.__table__  # type: ignore[attr-defined]
    moment = table.c[column]
    old = (
        select(table.c.id)
        .where(moment < db.now(session) - timedelta(days=days))
        .order_by(moment)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return session.connection().execute(delete(table).where(table.c.id.in_(old))).rowcount
