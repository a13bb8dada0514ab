"""What sources send: kept byte for byte at once, read later by a job. Never commits.

A message is known by its source and the SHA-256 of its bytes: sent again, it is the same one, and
no job is asked for a second time. What could not be taken can be read again, when a shipment has
become known, or a moment is no longer in the future.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, jobs, pages
from api.core.errors import NotFound
from api.core.jobs import Job
from api.core.pages import PageQuery
from api.delivery.carriers import CARRIERS
from api.delivery.carriers.told import Parse, SourceKind, Told, Unreadable, parsed
from api.delivery.models import TrackingFault, TrackingMessage, TrackingSource
from api.delivery.service import tracking_files, tracking_intake, tracking_native
from api.delivery.service.tracking_files import MEDIA_TYPES, FileFormat
from api.delivery.service.tracking_intake import COUNTS, Numbered, Report

TASK = "delivery.read_tracking"
BATCH = 2_000
_FORMATS = {media_type: format for format, media_type in MEDIA_TYPES.items()}


class Received(NamedTuple):
    """A message, and whether it was there before."""

    message_id: UUID
    job_id: UUID
    duplicate: bool


def receive(
    session: Session,
    source: TrackingSource,
    body: bytes,
    *,
    media_type: str,
    signature: str | None,
    actor: str,
) -> Received:
    """Keep a message and ask for a job that reads it, unless the same bytes are there already.

    Of the same message in several transactions at once, one keeps it and the others wait for it.
    """
    job = jobs.enqueue(session, TASK, {"actor": actor}, org_id=source.org_id)
    sha256 = hashlib.sha256(body).hexdigest()
    row = bulk.new_row(
        source_id=source.id,
        org_id=source.org_id,
        job_id=job.id,
        media_type=media_type[:100],
        signature=None if signature is None else signature[:500],
        sha256=sha256,
        body=body,
        received_at=job.run_at,
    )
    statement = insert(TrackingMessage).values(row).on_conflict_do_nothing()
    with session.no_autoflush:
        kept = session.exec(statement.returning(col(TrackingMessage.id))).one_or_none()
    if kept is None:
        session.expunge(job)
        there = session.exec(
            select(TrackingMessage.id, TrackingMessage.job_id).where(
                TrackingMessage.source_id == source.id, TrackingMessage.sha256 == sha256
            )
        ).one()
        return Received(*there, duplicate=True)
    job.args = {**job.args, "message_id": row["id"].hex}
    job.result, job.cursor = dict.fromkeys(COUNTS, 0), {"row": 0}
    session.add(job)
    session.flush()
    return Received(row["id"], job.id, duplicate=False)


def submit(
    session: Session, source: TrackingSource, body: bytes, format: FileFormat, *, actor: str
) -> Job:
    """Keep a file of events and ask for its reading. Raises FileUnreadable.

    The same file again is the same job.
    """
    tracking_files.require_readable(body, format)
    kept = receive(
        session, source, body, media_type=MEDIA_TYPES[format], signature=None, actor=actor
    )
    return jobs.get(session, org_id=source.org_id, job_id=kept.job_id)


def read_again(session: Session, message: TrackingMessage, *, actor: str) -> Job:
    """Ask for another reading; what was taken before is a duplicate then."""
    job = jobs.enqueue(
        session, TASK, {"actor": actor, "message_id": message.id.hex}, org_id=message.org_id
    )
    job.result, job.cursor = dict.fromkeys(COUNTS, 0), {"row": 0}
    session.flush()
    return job


def step(session: Session, job: Job) -> bool:
    """Read the next batch of a message; True when it was the last."""
    message = session.get_one(TrackingMessage, UUID(hex=job.args["message_id"]))
    source = session.get_one(TrackingSource, message.source_id)
    begin = (job.cursor or {"row": 0})["row"]
    file = message.media_type in _FORMATS
    batch, last = _documents(source, message, begin) if file else _webhook(source, message)
    report = tracking_intake.take(
        session,
        source,
        batch,
        actor=job.args["actor"],
        message_id=message.id,
        sha256=message.sha256,
    )
    _keep_faults(session, job, message, report)
    before = job.result or dict.fromkeys(COUNTS, 0)
    job.result = {name: before[name] + count for name, count in report.counts.items()}
    job.progress_done, job.cursor = last, {"row": last}
    if file and last - begin == BATCH:
        return False
    job.progress_total = last
    return True


def get(session: Session, *, org_id: UUID, message_id: UUID) -> TrackingMessage:
    """A message to a source of the organisation; NotFound for anybody else's."""
    query = select(TrackingMessage).where(
        TrackingMessage.id == message_id, TrackingMessage.org_id == org_id
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def faults(
    session: Session, org_id: UUID, job_id: UUID, page: PageQuery
) -> tuple[Sequence[TrackingFault], str | None]:
    """What a reading did not take, in the order of the message; NotFound for anybody else's."""
    jobs.get(session, org_id=org_id, job_id=job_id)
    place = (col(TrackingFault.row), col(TrackingFault.id))
    query = select(TrackingFault).where(
        TrackingFault.job_id == job_id, TrackingFault.org_id == org_id
    )
    scope = f"tracking-faults:{org_id}:{job_id}"
    if page.cursor:
        row, id_ = pages.unseal(scope, {}, page.cursor)
        query = query.where(tuple_(*place) > tuple_(int(row), UUID(id_)))
    found = session.exec(query.order_by(*place).limit(page.limit + 1)).all()
    if len(found) <= page.limit:
        return found, None
    found = found[: page.limit]
    return found, pages.seal(scope, {}, [found[-1].row, found[-1].id])


def _documents(
    source: TrackingSource, message: TrackingMessage, begin: int
) -> tuple[list[Numbered], int]:
    """What the documents of a file behind the first `begin` tell, and the last one that was read."""
    parse = tracking_native.parse if source.kind is SourceKind.API else CARRIERS[source.kind].parse
    found = tracking_files.documents(message.body, _FORMATS[message.media_type])
    told: list[Numbered] = []
    row = begin
    for row, (entry, document) in enumerate(islice(found, begin, begin + BATCH), begin + 1):
        if isinstance(document, Unreadable):
            told.append(Numbered(row, _within(entry, document)))
            continue
        events = _events(parse, document)
        told += [
            Numbered(row, _within(entry, each) if isinstance(each, Unreadable) else each)
            for each in events
        ]
    return told, row


def _webhook(source: TrackingSource, message: TrackingMessage) -> tuple[list[Numbered], int]:
    """Everything that a webhook tells, numbered by event, and how much that is."""
    try:
        document = parsed(message.body)
    except Unreadable as error:
        return [Numbered(1, error)], 1
    events = _events(CARRIERS[source.kind].parse, document)
    told = [Numbered(row, each) for row, each in enumerate(events, 1)]
    return told, len(told)


def _events(parse: Parse, document: Any) -> Iterator[Told | Unreadable]:
    try:
        yield from parse(document)
    except Unreadable as error:
        yield error


def _within(entry: str, error: Unreadable) -> Unreadable:
    return Unreadable(f"{entry}{error.pointer}", error.code, str(error))


def _keep_faults(session: Session, job: Job, message: TrackingMessage, report: Report) -> None:
    rows = [
        bulk.new_row(
            org_id=message.org_id,
            message_id=message.id,
            job_id=job.id,
            row=fault.row,
            pointer=fault.pointer,
            code=fault.code[:60],
            detail=fault.detail[:1000],
            value=fault.value,
        )
        for fault in report.faults
    ]
    bulk.insert(session, TrackingFault, rows)
