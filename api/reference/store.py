"""Writing reference rows: only what differs, in batches, whoever else loads at the same time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.core.tables import Table
from api.reference.files import Progress
from api.rules.clock import utcnow

BATCH = 1000


@dataclass(slots=True)
class Loaded:
    """How many rows were created, changed or already as given, and columns that were not used."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    ignored_columns: list[str] = field(default_factory=list)

    def __add__(self, other: "Loaded") -> "Loaded":
        return Loaded(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            sorted({*self.ignored_columns, *other.ignored_columns}),
        )


def store(
    session: Session,
    model: type[Table],
    key: Sequence[str],
    rows: Sequence[dict[str, Any]],
    progress: Progress | None,
    label: str | None = None,
) -> Loaded:
    """Insert or update the rows that differ from those stored under the same key."""
    if not rows:
        return Loaded()
    known = {tuple(row[k] for k in key): row for row in _known(session, model, rows[0], label)}
    changed, created = [], 0
    for row in rows:
        old = known.get(tuple(row[k] for k in key))
        if old is not None and "names" in row:
            row["names"] = {**old["names"], **row["names"]}
        if old is None or any(old[name] != value for name, value in row.items()):
            created += old is None
            changed.append(row)
    _upsert(session, model, key, changed, progress, label or str(model.__tablename__))
    return Loaded(created, len(changed) - created, len(rows) - len(changed))


def store_new(
    session: Session,
    model: type[Table],
    key: Sequence[str],
    rows: Sequence[dict[str, Any]],
    progress: Progress | None,
) -> Loaded:
    """Insert the rows whose key is not stored yet; the others stay as they are."""
    keys = [{name: row[name] for name in key} for row in rows]
    there = {tuple(row[k] for k in key) for row in _known(session, model, keys[0], None)}
    new = [row for row in rows if tuple(row[k] for k in key) not in there]
    _upsert(session, model, key, new, progress, str(model.__tablename__))
    return Loaded(created=len(new), unchanged=len(rows) - len(new))


def _known(
    session: Session, model: type[Table], sample: Mapping[str, Any], scheme: str | None
) -> Iterable[Mapping[Any, Any]]:
    table = model.metadata.tables[str(model.__tablename__)]
    query = select(*(table.c[name] for name in sample))
    if scheme is not None:
        query = query.where(table.c.scheme == scheme)
    return session.connection().execute(query).mappings()


def _upsert(
    session: Session,
    model: type[Table],
    key: Sequence[str],
    rows: Sequence[dict[str, Any]],
    progress: Progress | None,
    label: str,
) -> None:
    table = model.metadata.tables[str(model.__tablename__)]
    now = utcnow()
    statement = insert(table)
    names = [name for name in (*(rows[0] if rows else ()), "updated_at") if name not in key]
    statement = statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in names}
    )
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        stamped = [{"id": uuid7(), "created_at": now, "updated_at": now, **row} for row in batch]
        session.connection().execute(statement, stamped)
        if progress:
            progress(label, start + len(batch), len(rows))
    session.expire_all()


def one_at_a_time(session: Session) -> None:
    """Two loads of the same tables at once would place codes without seeing each other's."""
    session.connection().execute(text("SELECT pg_advisory_xact_lock(hashtext('kerben.reference'))"))
