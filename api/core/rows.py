"""One row by its id, for those who are about to change it."""

from uuid import UUID

from sqlmodel import Session, col, select

from api.core.errors import NotFound
from api.core.tables import Table


def locked[T: Table](session: Session, model: type[T], row_id: UUID) -> T:
    """The row as it is now, locked until the transaction ends. Raises NotFound."""
    query = select(model).where(col(model.id) == row_id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found
