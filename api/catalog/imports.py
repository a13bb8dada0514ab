"""Imports of offers: a file is kept in chunks, taken in batches, good rows kept.

Never commits: a batch is one transaction of the runner, and the job's cursor moves with it, so
that a killed worker neither loses nor repeats a row. A sku that comes twice in a file is taken
twice, in order: the last row stands.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import delete, func, tuple_
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, col, select

from api.catalog import offers, rows, sources
from api.catalog.columns import Header, storable
from api.catalog.models import (
    Certificate,
    ImportChunk,
    ImportFailure,
    ImportRow,
    Offer,
    OfferSource,
    Product,
)
from api.catalog.offers import ACTIVATED_FROM, Outcome, Saved
from api.catalog.rows import Format, Lines, Record, Row, RowError
from api.catalog.schemas import OfferIn
from api.catalog.sources import Source
from api.catalog.states import among
from api.core import bulk, jobs, pages
from api.core.errors import FieldError, Problem
from api.core.jobs import Job
from api.core.pages import PageQuery

TASK = "catalog.import_offers"
CHUNK_BYTES = 256 * 1024
BATCH_ROWS = 2_000
COUNTS = (*Outcome, "rejected")
_MAX_CELL = 32_767


@dataclass(frozen=True, slots=True)
class Options:
    """`dry_run` checks everything and keeps nothing; `activate` shows the offers to buyers;
    `all_or_nothing` checks the whole file before it takes any row of it."""

    format: Format
    dry_run: bool = False
    activate: bool = True
    all_or_nothing: bool = False


@dataclass(slots=True)
class Report:
    """What became of rows; the counts are named created, updated, unchanged and rejected."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)
    refused: list[Record] = field(default_factory=list)


def submit(session: Session, org_id: UUID, actor: str, file: BinaryIO, options: Options) -> Job:
    """Keep an uploaded file and ask for its import; Invalid when it cannot be read as a whole."""
    with sources.opened(file, options.format) as source:
        job = jobs.enqueue(
            session,
            TASK,
            {
                "format": options.format,
                "dry_run": options.dry_run,
                "activate": options.activate,
                "all_or_nothing": options.all_or_nothing,
                "actor": actor,
                **_told(source.head),
            },
            org_id=org_id,
        )
        lines = source.lines()
        job.progress_total = lines * 2 if lines and _checks_first(options) else lines
        job.result = {**dict.fromkeys(COUNTS, 0), **how_read(source)}
        job.cursor = {"offset": source.offset, "row": source.row}
        job.args = {**job.args, "begin": job.cursor}
        session.flush()
        for seq, data in enumerate(_pieces(source.pieces())):
            chunk = ImportChunk(org_id=org_id, job_id=job.id, seq=seq, data=data)
            session.add(chunk)
            session.flush()
            session.expunge(chunk)
    return job


def how_read(source: Source) -> dict[str, Any]:
    """What was found out about a file, as a job's result tells it."""
    told: dict[str, Any] = {"encoding": source.encoding}
    if source.head is not None:
        told |= {"delimiter": source.head.delimiter, "columns": source.head.shown()}
    return told


def head_of(job: Job) -> Header | None:
    """The columns of a job's file; None for NDJSON."""
    if "names" not in job.args:
        return None
    return Header(tuple(job.args["names"]), tuple(job.args["columns"]), job.args["delimiter"])


def step(session: Session, job: Job) -> bool:
    """Take the next batch of a job's file; True when it was the last one.

    `all_or_nothing`: batches are checked first, and taken from the beginning when none was refused.
    """
    assert job.org_id is not None, "an import belongs to an organisation"
    assert job.cursor is not None, "an import begins behind its header"
    options = Options(
        Format(job.args["format"]),
        bool(job.args["dry_run"]),
        bool(job.args["activate"]),
        bool(job.args.get("all_or_nothing")),
    )
    checking = _checks_first(options) and not job.cursor.get("checked")
    if checking:
        options = replace(options, dry_run=True)
    offset, number = job.cursor["offset"], job.cursor["row"]
    lines = Lines(_chunks(session, job.id, offset), offset)
    batch = list(islice(rows.read(lines, head_of(job), number), BATCH_ROWS))
    report = take(session, job.org_id, job.args["actor"], batch, options)
    place = {"org_id": job.org_id, "job_id": job.id}
    bulk.insert(
        session,
        ImportFailure,
        [bulk.new_row(**place, **_values(error)) for error in report.errors],
    )
    bulk.insert(
        session,
        ImportRow,
        [
            bulk.new_row(**place, row=r.number, cells=[storable(c, _MAX_CELL) for c in r.cells])
            for r in report.refused
        ],
    )
    before = job.result or {}
    job.result = {**before, **{n: before.get(n, 0) + report.counts[n] for n in COUNTS}}
    job.progress_done += len(batch)
    reached = {"offset": lines.offset, "row": batch[-1].number if batch else number}
    job.cursor = {**job.cursor, **reached}
    if len(batch) == BATCH_ROWS:
        return False
    if checking:
        job.result = {**job.result, **{n: 0 for n in COUNTS if n != "rejected"}}
        if not job.result["rejected"]:
            job.cursor = {**job.args["begin"], "checked": True}
            return False
    job.progress_total = job.progress_done
    session.connection().execute(delete(ImportChunk).where(col(ImportChunk.job_id) == job.id))
    return True


def take(
    session: Session, org_id: UUID, actor: str, batch: Sequence[Record], options: Options
) -> Report:
    """Save the offers of a batch; rows that say what is so already are not even read."""
    whole = session.begin_nested() if options.dry_run else None
    report = Report()
    context = _context(session, org_id)
    digests = [record.digest(context) for record in batch]
    read = _read(session, org_id, batch, digests, options)
    good = {place: row.data for place, row in read.items() if row.data is not None}
    saved = _saved(session, org_id, actor, [*good.values()], options)
    results = dict(zip(good, saved, strict=True))
    made_from = {}
    for place, record in enumerate(batch):
        result = results.get(place)
        if place not in read:
            report.counts[Outcome.UNCHANGED] += 1
        elif isinstance(result, Saved):
            report.counts[result.outcome] += 1
            made_from[result.offer_id] = _source(org_id, digests[place], result)
        else:
            row = read[place]
            report.counts["rejected"] += 1
            report.errors += row.errors if result is None else row.refused(_findings(result))
            report.refused.append(record)
    bulk.insert(session, OfferSource, [*made_from.values()], key=("offer_id",))
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


def _checks_first(options: Options) -> bool:
    return options.all_or_nothing and not options.dry_run


def _context(session: Session, org_id: UUID) -> bytes:
    """What a row's meaning depends on beside the row: the seller's certificates."""
    count, last = session.exec(
        select(func.count(), func.max(Certificate.updated_at)).where(Certificate.org_id == org_id)
    ).one()
    return f"{count} {last}".encode()


def _read(
    session: Session,
    org_id: UUID,
    batch: Sequence[Record],
    digests: Sequence[bytes],
    options: Options,
) -> dict[int, Row]:
    """The rows that may change something, by their place in the batch and in its order."""
    same = _unchanged(session, org_id, digests, options)
    read = {
        place: record.read() for place, record in enumerate(batch) if digests[place] not in same
    }
    skus = {row.data.sku for row in read.values() if row.data is not None}
    for place, digest in enumerate(digests):
        # Where its sku stands in another row too, the last of them must win.
        if place not in read and same[digest] in skus:
            read[place] = batch[place].read()
    return dict(sorted(read.items()))


def _unchanged(
    session: Session, org_id: UUID, digests: Sequence[bytes], options: Options
) -> dict[bytes, str]:
    """Digest -> sku of the rows from which an offer was made that is still as it was then."""
    query = (
        select(OfferSource.digest, Offer.sku, Offer.status)
        .join(Offer, col(Offer.id) == OfferSource.offer_id)
        .join(Product, col(Product.id) == Offer.product_id)
        .where(OfferSource.org_id == org_id, among(col(OfferSource.digest), digests))
        .where(OfferSource.offer_version == Offer.version)
        .where(OfferSource.product_version == Product.version)
    )
    return {
        digest: sku
        for digest, sku, status in session.exec(query)
        if not (options.activate and status in ACTIVATED_FROM)
    }


def _saved(
    session: Session, org_id: UUID, actor: str, batch: Sequence[OfferIn], options: Options
) -> list[Saved | Problem | DataError | IntegrityError]:
    """The results of a batch; a row that the database refuses is found by halving the batch."""
    if not batch:
        return []
    try:
        with session.begin_nested():
            return [*offers.save(session, org_id, actor, batch, activate=options.activate)]
    except (DataError, IntegrityError) as error:
        if len(batch) == 1:
            return [error]
    half = len(batch) // 2
    return [
        *_saved(session, org_id, actor, batch[:half], options),
        *_saved(session, org_id, actor, batch[half:], options),
    ]


def _source(org_id: UUID, digest: bytes, saved: Saved) -> dict[str, Any]:
    return {
        "offer_id": saved.offer_id,
        "org_id": org_id,
        "digest": digest,
        "offer_version": saved.version,
        "product_version": saved.product_version,
    }


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


def _pieces(data: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `CHUNK_BYTES`; the last one may be shorter."""
    kept = bytearray()
    for piece in data:
        kept += piece
        while len(kept) >= CHUNK_BYTES:
            yield bytes(kept[:CHUNK_BYTES])
            del kept[:CHUNK_BYTES]
    if kept:
        yield bytes(kept)


def _told(head: Header | None) -> dict[str, Any]:
    if head is None:
        return {}
    return {"names": head.names, "columns": head.columns, "delimiter": head.delimiter}


def _values(error: RowError) -> Mapping[str, Any]:
    return {name: getattr(error, name) for name in RowError.__slots__}
