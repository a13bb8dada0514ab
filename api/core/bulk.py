"""Many rows with few statements: COPY into a temporary table, then INSERT or UPDATE from there.

PostgreSQL refuses COPY into a table with row-level security, and every table here has it. Few rows
go by plain statements, which cost less than a temporary table.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Row, Table, bindparam, text
from sqlalchemy import update as update_statement
from sqlalchemy.dialects.postgresql import insert as insert_statement
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel
from uuid_utils.compat import uuid7

from api.rules.clock import utcnow

FEW = 20
_STAGE = "kerben_stage"
_KEPT = ("id", "created_at")

type Values = Mapping[str, Any]


def new_row(**values: Any) -> dict[str, Any]:
    """The columns of a new row of a `Table`: an id and the moment, and what is given."""
    now = utcnow()
    return {"id": uuid7(), "created_at": now, "updated_at": now, **values}


def insert_with(
    session: Session, model: type[SQLModel], row: Values, beside: type[SQLModel], other: Values
) -> None:
    """Insert a row, and one of another table beside it, by one statement."""
    besides = insert_statement(_table(beside)).values(dict(other)).cte("beside")
    statement = insert_statement(_table(model)).values(dict(row)).add_cte(besides)
    session.connection().execute(statement)


def insert(
    session: Session, model: type[SQLModel], rows: Sequence[Values], *, key: Sequence[str] = ()
) -> None:
    """Insert rows, which all have the same columns.

    With `key`, a row that is there already under this unique key takes the new values; its id and
    its creation stay.
    """
    if not rows:
        return
    table, names = _table(model), list(rows[0])
    taken = [name for name in names if name not in (*key, *_KEPT)]
    if len(rows) < FEW:
        statement = insert_statement(table)
        if key:
            changes = {name: statement.excluded[name] for name in taken}
            statement = statement.on_conflict_do_update(index_elements=key, set_=changes)
        session.connection().execute(statement, [dict(row) for row in rows])
        return
    conflict = ""
    if key:
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in taken)
        conflict = f" ON CONFLICT ({_list(key)}) DO UPDATE SET {changed}"
    insertion = f'INSERT INTO "{table.name}" ({_list(names)}) SELECT {_list(names)} FROM {_STAGE}'
    _staged(session, table, rows, insertion + conflict)


def insert_new(
    session: Session, model: type[SQLModel], rows: Sequence[Values], *, key: Sequence[str]
) -> set[UUID]:
    """Insert the rows that are not there yet under the unique key; the ids of those inserted.

    Of rows that another transaction is just inserting, its end is waited for.
    """
    if not rows:
        return set()
    table, names = _table(model), list(rows[0])
    if len(rows) < FEW:
        statement = insert_statement(table).on_conflict_do_nothing(index_elements=key)
        found = session.connection().execute(
            statement.values([dict(row) for row in rows]).returning(table.c.id)
        )
        return {row.id for row in found}
    insertion = (
        f'INSERT INTO "{table.name}" ({_list(names)}) SELECT {_list(names)} FROM {_STAGE}'
        f" ON CONFLICT ({_list(key)}) DO NOTHING RETURNING id"
    )
    return {row.id for row in _staged(session, table, rows, insertion)}


def update(session: Session, model: type[SQLModel], rows: Sequence[Values]) -> None:
    """Give rows new values by their `id`; all of `rows` have the same columns."""
    if not rows:
        return
    table, names = _table(model), [name for name in rows[0] if name != "id"]
    if len(rows) < FEW:
        values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
        statement = update_statement(table).where(table.c.id == bindparam("row_id")).values(values)
        changes = [
            {"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows
        ]
        session.connection().execute(statement, changes)
        return
    changed = ", ".join(f'"{name}" = s."{name}"' for name in names)
    change = f'UPDATE "{table.name}" t SET {changed} FROM {_STAGE} s WHERE t.id = s.id'
    _staged(session, table, rows, change)


def _staged(
    session: Session, table: Table, rows: Sequence[Values], statement: str
) -> Sequence[Row[Any]]:
    """Run the statement while a temporary table holds the rows; what it returns."""
    names, connection = list(rows[0]), session.connection()
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE {_STAGE} ON COMMIT DROP AS"
            f' SELECT {_list(names)} FROM "{table.name}" WITH NO DATA'
        )
    )
    driver: Any = connection.connection.driver_connection
    copy = f"COPY {_STAGE} FROM STDIN (FORMAT BINARY)"
    try:
        with driver.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {_STAGE}", prepare=False)
            types = [column.type_code for column in cursor.description]
            with cursor.copy(copy) as stream:
                stream.set_types(types)
                for row in rows:
                    stream.write_row([*row.values()])
    except psycopg.Error as error:
        raise DBAPIError.instance(copy, None, error, psycopg.Error) from error
    result = connection.execute(text(statement))
    returned = result.all() if result.returns_rows else []
    connection.execute(text(f"DROP TABLE {_STAGE}"))
    return returned


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def _list(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
