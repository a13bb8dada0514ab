"""What nobody needs any more is deleted, a batch a transaction, the oldest first."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, SQLModel

from api.core import db

AT_ONCE = 1_000


def prune(session: Session, model: type[SQLModel], column: str, *, days: int) -> int:
    """Delete up to `AT_ONCE` rows whose moment in `column` is more than so many days ago; how many.

    A row without a moment there stays, and so, until later, does one that somebody has locked.
    """
    table, key, old = _old(session, model, column, days)
    return session.connection().execute(delete(table).where(key.in_(old))).rowcount


def blank(session: Session, model: type[SQLModel], column: str, content: str, *, days: int) -> int:
    """Take the `content` of such rows away, and leave what else is known of them; how many."""
    table, key, old = _old(session, model, column, days)
    old = old.where(table.c[content].is_not(None))
    emptied = update(table).where(key.in_(old)).values({content: None})
    return session.connection().execute(emptied).rowcount


def _old(session: Session, model: type[SQLModel], column: str, days: int) -> tuple[Any, Any, Any]:
    """The table, its key, and the keys of the oldest rows."""
    table: Any = model.__table__  # type: ignore[attr-defined]
    (key,) = table.primary_key.columns
    moment = table.c[column]
    old = (
        select(key)
        .where(moment < db.now(session) - timedelta(days=days))
        .order_by(moment)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return table, key, old
