"""What requests cost, by the database's own count and not by the clock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from api.core import db

type Asked = tuple[str, Any]
"""A statement and its values."""


@contextmanager
def asked(role: str = "app") -> Iterator[list[Asked]]:
    """The statements that are sent to the database meanwhile as this role."""
    statements: list[Asked] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        statements.append((statement, values))

    event.listen(db.engine(role), "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine(role), "before_cursor_execute", note)


def blocks(session: Session, statements: Sequence[Asked]) -> int:
    """How many blocks of the database reading statements touch, asked again."""
    explain, total = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ", 0
    for statement, values in statements:
        plan = session.connection().exec_driver_sql(explain + statement, values).scalar_one()
        total += plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
    return total
