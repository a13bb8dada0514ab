"""The refused rows of an import as a CSV file, to be repaired and sent again.

It opens in Excel as the supplier's own file did: UTF-8 with a mark, the same columns and the same
delimiter, and `columns.ERRORS` behind them, which an import passes over.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Text, func, literal
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import Session, col, select

from api.catalog import imports
from api.catalog.columns import ERRORS
from api.catalog.models import ImportFailure, ImportRow
from api.core import jobs
from api.core.errors import NotFound
from api.core.spreadsheets import CsvWriter

_LINES = 500


def written(session: Session, org_id: UUID, job_id: UUID) -> Iterator[bytes]:
    """The file in pieces, in the order of the rows; NotFound for anybody else's import.

    A row that is wrong in several places names all of them. Of NDJSON the line is one column.
    """
    job = jobs.get(session, org_id=org_id, job_id=job_id)
    if job.name != imports.TASK:
        raise NotFound
    head = imports.head_of(job)
    names = head.names if head else ("line",)
    kept = [place for place, name in enumerate(head.columns if head else names) if name]
    writer = CsvWriter(head.delimiter if head else ",")
    writer.write([*(names[place] for place in kept), *ERRORS])
    query = (
        select(ImportRow.row, ImportRow.cells, *map(_joined, ("column", "code", "detail")))
        .join(ImportFailure, (col(ImportFailure.job_id) == ImportRow.job_id))
        .where(ImportFailure.row == ImportRow.row)
        .where(ImportRow.job_id == job_id, ImportRow.org_id == org_id)
        .group_by(col(ImportRow.id))
        .order_by(col(ImportRow.row))
        .execution_options(yield_per=_LINES)
    )
    for number, cells, *told in session.exec(query):
        padded = [*cells, *[""] * (len(names) - len(cells))]
        writer.write([*(padded[place] for place in kept), number, *told])
        if writer.full():
            yield writer.taken()
    yield writer.taken()


def _joined(column: str) -> Any:
    found = getattr(ImportFailure, column)
    return func.string_agg(found, aggregate_order_by(literal("; ", Text), col(ImportFailure.id)))
