"""Set-ups that take many requests are made once, and their rows laid again for whoever asks.

A set-up is remembered by its name and arguments, and only where it begins on empty tables: what is
laid is then exactly what making it anew would leave. One set-up may call another. Times in the
rows are those of the first making.
"""

import copy
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, wraps
from itertools import count
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql
from sqlmodel import Session

from api import registry
from api.core import embedded, settings

LAW = (
    "market_language",
    "import_parameter",
    "policy_set",
    "rate_charge",
    "region",
    "scorecard_policy",
    "supplier_plan",
    "transport_route",
    "work_calendar_day",
    "work_calendar_year",
)
"""Reference data that tests change; they are given back after each."""
_ENTERED = "matching_model"
"""What the fixture that runs the jobs enters before a test begins."""
_PLAIN = (str, int, float, Decimal, bool, type(None))


class _Kept(NamedTuple):
    """The rows of each table, as COPY writes them, and what the set-up returned."""

    rows: Mapping[str, bytes]
    made: Any


_KEPT: dict[str, _Kept] = {}
numbers = count(1)
"""Of the organisations of a whole run: what is laid again must not meet a number twice."""


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test make everything anew, with numbers from the first on."""
    monkeypatch.setattr(__name__ + "._KEPT", {})
    monkeypatch.setattr(__name__ + ".numbers", count(1))


@cache
def connection() -> psycopg.Connection[Any]:
    """A connection that no policy or trigger binds."""
    host = embedded.server_host(settings.get().data_dir.resolve())
    opened = psycopg.connect(host=host, user="postgres", dbname=embedded.DATABASE, autocommit=True)
    opened.execute("SET session_replication_role = replica")
    return opened


def moment() -> Any:
    """Changes whenever a transaction that wrote has ended."""
    query = "SELECT pg_snapshot_xmax(pg_current_snapshot())"
    return connection().execute(query).fetchone()


def filled() -> list[str]:
    """The tables that a test has left rows in: asking costs less than emptying all of them."""
    row = connection().execute(_filled()).fetchone()
    return list(row[0]) if row else []


@cache
def _filled() -> str:
    asked = ", ".join(
        f"CASE WHEN EXISTS (SELECT FROM \"{table.__tablename__}\") THEN '{table.__tablename__}' END"
        for table in registry.TABLES
        if table not in registry.REFERENCE
    )
    return f"SELECT array_remove(ARRAY[{asked}], NULL)"


def remembered[**P, T](build: Callable[P, T]) -> Callable[P, T]:
    """Let a set-up be made once for each set of plain arguments, and laid again after that.

    It returns what can be copied: rows of the session it was given can not. Sessions and
    fixtures that are functions do not count as arguments; with any other argument that is not
    plain (an organisation, say) the tables are not empty, and it is made anew.
    """

    @wraps(build)
    def laid(*args: P.args, **kwargs: P.kwargs) -> T:
        parts = [_told(each) for each in (*args, *kwargs.items())]
        if None in parts or set(filled()) - {_ENTERED}:
            return build(*args, **kwargs)
        law = _law()
        key = f"{build.__module__}.{build.__qualname__} {parts} {law}"
        if (kept := _KEPT.get(key)) is not None:
            _lay(kept.rows)
            return copy.deepcopy(kept.made)
        made = build(*args, **kwargs)
        if _law() == law:
            _KEPT[key] = _Kept(_taken(), copy.deepcopy(made))
        return made

    return laid


def _told(value: Any) -> str | None:
    """An argument as part of the key; None for what cannot be one."""
    if isinstance(value, Session):
        return "session"
    if callable(value):
        return str(value.__qualname__)
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, Mapping):
        value = sorted(value.items())
    if isinstance(value, list | tuple):
        parts = [_told(each) for each in value]
        return None if None in parts else repr(parts)
    return None


@cache
def _columns(table: str) -> sql.Composable:
    """The columns that can be written."""
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
    )
    names = connection().execute(query, [f'"{table}"']).fetchall()
    return sql.SQL(", ").join(sql.Identifier(name) for (name,) in names)


def _taken() -> dict[str, bytes]:
    found = {}
    for table in filled():
        query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)")
        query = query.format(_columns(table), sql.Identifier(table))
        with connection().cursor().copy(query) as copied:
            found[table] = b"".join(bytes(part) for part in copied)
    return found


def _lay(rows: Mapping[str, bytes]) -> None:
    with connection().transaction():
        for table, kept in rows.items():
            name = sql.Identifier(table)
            if table == _ENTERED:
                connection().execute(sql.SQL("DELETE FROM {}").format(name))
            query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
            with connection().cursor().copy(query.format(name, _columns(table))) as copied:
                copied.write(kept)


def _law() -> Any:
    """What tells one state of the law from another."""
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in LAW)
    query = f"SELECT {counts}, (SELECT count(valid_to) FROM policy_set)"
    return connection().execute(query).fetchone()
