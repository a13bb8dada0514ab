"""Bytes that nothing needs any more are let go, while the row of the file stays. Never commits.

The row forgets its key; what no row names is swept from the store (`service.sweep`), hours after
the commit at most. So whatever is killed in between, a row never names bytes that are gone, and the
bytes go all the same. When the same ones come again, they are kept again (`service.keep`).
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, text, update
from sqlmodel import Session, SQLModel, col, select

from api.core import db
from api.core.files import service
from api.core.files.models import File

_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:lock, 17))")


def hold(session: Session, file_ids: Collection[UUID]) -> set[UUID]:
    """Lock files until the end of the transaction; those of them that nobody else has locked.

    Neither a row can come to refer to them meanwhile, nor can the same bytes be handed in.
    """
    found = session.exec(
        select(File.id, File.org_id, File.sha256)
        .where(col(File.id).in_(file_ids))
        .with_for_update(skip_locked=True)
    ).all()
    ask = session.connection().scalar
    return {
        file_id
        for file_id, org_id, sha256 in found
        if ask(_TRY, {"lock": service.lock_name(org_id, sha256)})
    }


def expunge(
    session: Session, held: Collection[UUID], of: type[SQLModel], *, spent: ColumnElement[bool]
) -> int:
    """Let the bytes go of those files, which are held, that only rows of `of` refer to of which
    `spent` is true; how many. Every other row counts: the same bytes are kept once for all."""
    needed: set[UUID] = set()
    for column in _references():
        query = select(column).where(column.in_(held))
        if column.table is of.__table__:  # type: ignore[attr-defined]
            query = query.where(~spent)
        needed.update(session.exec(query).all())
    freed = (
        update(File)
        .where(col(File.id).in_({*held} - needed), col(File.key).is_not(None))
        .values(key=None, expunged_at=db.now(session), version=col(File.version) + 1)
        .execution_options(synchronize_session=False)
    )
    return session.connection().execute(freed).rowcount


def _references() -> Iterator[Column[UUID]]:
    """Every column that names a file, of every table."""
    target: Table = File.__table__  # type: ignore[attr-defined]
    for table in SQLModel.metadata.tables.values():
        for key in table.foreign_keys:
            if key.column is target.c.id:
                yield key.parent
