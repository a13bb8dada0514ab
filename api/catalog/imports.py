"""Imports of offers: a file is kept in chunks, taken in batches, good rows kept.

Never commits: a batch is one transaction of the runner, and the job's cursor moves with it, so
that a killed worker neither loses nor repeats a row.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col, select

from api.catalog import offers, rows
from api.catalog.models import ImportChunk, ImportFailure
from api.catalog.offers import Lookup, Outcome
from api.catalog.rows import Format, Lines, Row, RowError
from api.core import jobs, pages
from api.core.errors import FieldError, Invalid, Problem, refused
from api.core.jobs import Job
from api.core.pages import PageQuery
from api.rules.offers import OFFER

TASK = "catalog.import_offers"
CHUNK_BYTES = 256 * 1024
BATCH_ROWS = 150
COUNTS = (*Outcome, "rejected")
_ACTIVATES = OFFER.actions["activate"][0]


@dataclass(frozen=True, slots=True)
class Options:
    """`dry_run` checks everything and keeps nothing; `activate` shows the offers to buyers."""

    format: Format
    dry_run: bool = False
    activate: bool = True


@dataclass(slots=True)
class Report:
    """What became of rows; the counts are named created, updated, unchanged and rejected."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)


def submit(session: Session, org_id: UUID, actor: str, file: BinaryIO, options: Options) -> Job:
    """Keep an uploaded file and ask for its import; Invalid when its columns are not right."""
    pieces = iter(lambda: file.read(CHUNK_BYTES), b"")
    first = next(pieces, b"")
    if not first.strip():
        raise refused("#/", "empty", "The file is empty.")
    if options.format is Format.CSV:
        rows.header(Lines(iter([first])))
    job = jobs.enqueue(
        session,
        TASK,
        {
            "format": options.format,
            "dry_run": options.dry_run,
            "activate": options.activate,
            "actor": actor,
        },
        org_id=org_id,
    )
    session.flush()
    lines, last = 0, b""
    for seq, data in enumerate(_chain(first, pieces)):
        chunk = ImportChunk(org_id=org_id, job_id=job.id, seq=seq, data=data)
        session.add(chunk)
        session.flush()
        session.expunge(chunk)
        lines, last = lines + data.count(b"\n"), data[-1:]
    job.progress_total = lines + (last != b"\n") - (options.format is Format.CSV)
    return job


def step(session: Session, job: Job) -> bool:
    """Take the next batch of a job's file; True when it was the last one."""
    assert job.org_id is not None, "an import belongs to an organisation"
    options = Options(
        Format(job.args["format"]), bool(job.args["dry_run"]), bool(job.args["activate"])
    )
    cursor: dict[str, Any] = job.cursor or {"offset": 0, "row": 0, "columns": None}
    lines = Lines(_chunks(session, job.id, cursor["offset"]), cursor["offset"])
    columns, number = cursor["columns"], cursor["row"]
    if columns is None:
        columns, number = _columns(lines, options.format)
    batch = list(islice(rows.read(lines, options.format, columns, number), BATCH_ROWS))
    report = take(session, job.org_id, job.args["actor"], batch, options)
    session.add_all(
        ImportFailure(org_id=job.org_id, job_id=job.id, **_values(e)) for e in report.errors
    )
    counts = Counter(job.result or {}) + report.counts
    job.result = {name: counts[name] for name in COUNTS}
    job.progress_done += len(batch)
    job.cursor = {
        "offset": lines.offset,
        "row": batch[-1].number if batch else number,
        "columns": columns,
    }
    if len(batch) == BATCH_ROWS:
        return False
    job.progress_total = job.progress_done
    session.connection().execute(delete(ImportChunk).where(col(ImportChunk.job_id) == job.id))
    return True


def take(
    session: Session, org_id: UUID, actor: str, batch: Sequence[Row], options: Options
) -> Report:
    """Save the offers of a batch, each in its own savepoint; bad rows only go to the report."""
    report = Report()
    whole = session.begin_nested() if options.dry_run else None
    lookup = _look_up(session, org_id, batch)
    for row in batch:
        if row.data is None:
            report.counts["rejected"] += 1
            report.errors += row.errors
            continue
        try:
            with session.begin_nested():
                offer, outcome = offers.save(session, org_id, actor, row.data, lookup)
                if options.activate and offer.status in _ACTIVATES:
                    offers.activate(session, offer, actor)
                    outcome = Outcome.UPDATED if outcome is Outcome.UNCHANGED else outcome
            report.counts[outcome] += 1
        except (Problem, DataError, IntegrityError) as error:
            report.counts["rejected"] += 1
            report.errors += row.refused(_findings(error))
            if not isinstance(error, Invalid):
                # Something was written and undone: the rows in memory no longer agree with it.
                lookup = _look_up(session, org_id, batch)
    if whole is not None:
        whole.rollback()
    return report


def errors(
    session: Session, org_id: UUID, job_id: UUID, page: PageQuery
) -> tuple[Sequence[ImportFailure], str | None]:
    """Rows that an import refused, in the order of the file; NotFound for anybody else's."""
    jobs.get(session, org_id=org_id, job_id=job_id)
    place = (col(ImportFailure.row), col(ImportFailure.id))
    query = select(ImportFailure).where(
        ImportFailure.job_id == job_id, ImportFailure.org_id == org_id
    )
    scope = f"imports:{org_id}:{job_id}"
    if page.cursor:
        row, id_ = pages.unseal(scope, {}, page.cursor)
        query = query.where(tuple_(*place) > tuple_(int(row), UUID(id_)))
    found = session.exec(query.order_by(*place).limit(page.limit + 1)).all()
    if len(found) <= page.limit:
        return found, None
    found = found[: page.limit]
    return found, pages.seal(scope, {}, [found[-1].row, found[-1].id])


def read_file(file: BinaryIO, format: Format) -> Iterator[Row]:
    """The rows of a whole file; Invalid when its columns are not right."""
    lines = Lines(iter(lambda: file.read(CHUNK_BYTES), b""))
    columns, number = _columns(lines, format)
    return rows.read(lines, format, columns, number)


def _columns(lines: Lines, format: Format) -> tuple[list[str], int]:
    """The columns of a file at its beginning, and how many rows they took."""
    return (rows.header(lines), 1) if format is Format.CSV else ([], 0)


def _look_up(session: Session, org_id: UUID, batch: Sequence[Row]) -> Lookup:
    return offers.look_up(session, org_id, [row.data for row in batch if row.data is not None])


def _findings(error: Problem | DataError | IntegrityError) -> list[FieldError]:
    if isinstance(error, Problem):
        whole = [FieldError(pointer="#/", code=error.code, detail=str(error))]
        return error.errors or whole
    state = getattr(error.orig, "sqlstate", None)
    detail = f"The database refused the row (SQLSTATE {state})."
    return [FieldError(pointer="#/", code="refused_by_database", detail=detail)]


def _chunks(session: Session, job_id: UUID, offset: int) -> Iterator[bytes]:
    """The file from a byte on, read as it is needed."""
    seq, skip = divmod(offset, CHUNK_BYTES)
    while True:
        data = session.exec(
            select(ImportChunk.data).where(ImportChunk.job_id == job_id, ImportChunk.seq == seq)
        ).one_or_none()
        if data is None:
            return
        yield data[skip:]
        seq, skip = seq + 1, 0


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _values(error: RowError) -> Mapping[str, Any]:
    return {name: getattr(error, name) for name in RowError.__slots__}
