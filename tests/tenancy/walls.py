"""What the database itself lets an organisation see and change, and what a refusal left behind."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlmodel import Session

from api import registry
from api.core import db
from api.identity import service as identity
from api.identity.models import Organisation
from api.identity.schemas import ClientIn

TABLES = sorted(str(table.__tablename__) for table in registry.TABLES)
WITH_ID = [
    n for n in TABLES if "id" in registry.metadata.tables[n].columns and n != "event_counter"
]
"""A counter of events has the id of what they are about."""
_HEX = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"
)


def state(superuser: psycopg.Connection[Any]) -> dict[str, Any]:
    """By table: how many rows there are, and a sum that any insert, update or delete changes."""
    each = sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "SELECT {}, count(*), sum(hashtextextended(xmin::text || ctid::text, 0)) FROM {}"
        ).format(sql.Literal(name), sql.Identifier(name))
        for name in TABLES
    )
    return {name: (count, total) for name, count, total in superuser.execute(each)}


def owners(superuser: psycopg.Connection[Any]) -> dict[UUID, str]:
    """Every id of every row, with its table."""
    each = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT id, {} FROM {}").format(sql.Literal(name), sql.Identifier(name))
        for name in WITH_ID
    )
    return {id: name for id, name in superuser.execute(each) if isinstance(id, UUID)}


def seen(session: Session) -> dict[str, set[Any]]:
    """What `select(Model)` without any condition gives, by table."""
    found = {}
    for name in WITH_ID:
        try:
            with session.begin_nested():
                rows = session.connection().execute(text(f'SELECT id FROM "{name}"'))
                found[name] = {row[0] for row in rows}
        except ProgrammingError:  # the role may not even ask
            found[name] = set()
    return found


def changed(session: Session, statement: str) -> int:
    """How many rows a statement without any condition would change; it is taken back."""
    try:
        with session.begin_nested() as nested:
            count = int(session.connection().execute(text(statement)).rowcount)
            nested.rollback()
            return count
    except DBAPIError:
        return 0


def named(body: bytes, of: dict[UUID, str], but: Iterable[UUID]) -> set[str]:
    """The tables whose rows a body names by id, apart from some."""
    own = set(but)
    found = {UUID(hex=each.decode()) for each in _HEX.findall(body)}
    return {of[each] for each in found - own if each in of}


def keys_without(actor: Any, scopes: Iterable[str]) -> dict[str, str]:
    """Keys of the actor's organisation: for each scope one that has every other."""
    made = {}
    with db.worker_unit_of_work() as session:
        organisation = session.get_one(Organisation, actor.org_id)
        full = identity.full_scopes(organisation)
        for scope in sorted(set(scopes)):
            rest = ClientIn(name="without", scopes=[each for each in full if each != scope])
            _, made[scope] = identity.create_client(
                session, org_id=organisation.id, actor="test", data=rest, grantable=full
            )
    return made


@contextmanager
def asked() -> Iterator[list[str]]:
    """The statements that requests send to the database meanwhile, without their values."""
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    event.listen(db.engine("app"), "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine("app"), "before_cursor_execute", note)
