"""Messages of tracking sources, kept by the intake, are read into events. Never commits.

What could not be taken can be read again, when a shipment has become known, or a moment is no
longer in the future.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from api.core import bulk, jobs, pages
from api.core.jobs import Job
from api.core.pages import PageQuery
from api.delivery.carriers import CARRIERS
from api.delivery.carriers.told import Parse, SourceKind, Told, Unreadable, parsed
from api.delivery.models import TrackingFault
from api.delivery.schemas.tracking import Clock
from api.delivery.service import tracking_files, tracking_intake, tracking_native
from api.delivery.service.tracking_files import MEDIA_TYPES, FileFormat
from api.delivery.service.tracking_intake import COUNTS, Numbered, Report
from api.intake import service as intake
from api.intake.models import IntakeMessage, IntakeSource, Proof
from api.intake.providers import Provider
from api.intake.schemes import StandardWebhooks
from api.rules.permissions import BUYERS, SELLERS

BATCH = 2_000
_FORMATS = {media_type: format for format, media_type in MEDIA_TYPES.items()}
_PARSE: dict[SourceKind, Parse] = {
    SourceKind.API: tracking_native.parse,
    SourceKind.PARTNER: tracking_native.parse_envelope,
    **{kind: carrier.parse for kind, carrier in CARRIERS.items()},
}


def submit(
    session: Session, source: IntakeSource, body: bytes, format: FileFormat, *, actor: str
) -> Job:
    """Keep a file of events and ask for its reading. Raises FileUnreadable.

    The same file again is the same job.
    """
    tracking_files.require_readable(body, format)
    kept = intake.keep(
        session,
        source,
        body,
        media_type=MEDIA_TYPES[format],
        verified_by=Proof.CREDENTIALS,
        actor=actor,
    )
    return jobs.get(session, org_id=source.org_id, job_id=kept.job_id)


def work(session: Session, job: Job, source: IntakeSource, message: IntakeMessage) -> bool:
    """Read the next batch of a message; True when it was the last."""
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
    source: IntakeSource, message: IntakeMessage, begin: int
) -> tuple[list[Numbered], int]:
    """What the documents of a file behind the first `begin` tell, and the last one that was read."""
    parse = _PARSE[SourceKind(source.provider)]
    format = _FORMATS[message.media_type]
    found = tracking_files.documents(intake.content(message), format, begin)
    told: list[Numbered] = []
    row = begin
    for row, (entry, document) in enumerate(islice(found, BATCH), begin + 1):
        if isinstance(document, Unreadable):
            told.append(Numbered(row, _within(entry, document)))
            continue
        events = _events(parse, document)
        told += [
            Numbered(row, _within(entry, each) if isinstance(each, Unreadable) else each)
            for each in events
        ]
    return told, row


def _webhook(source: IntakeSource, message: IntakeMessage) -> tuple[list[Numbered], int]:
    """Everything that a webhook tells, numbered by event, and how much that is."""
    try:
        document = parsed(intake.content(message))
    except Unreadable as error:
        return [Numbered(1, error)], 1
    events = _events(_PARSE[SourceKind(source.provider)], document)
    told = [Numbered(row, each) for row, each in enumerate(events, 1)]
    return told, len(told)


def _events(parse: Parse, document: Any) -> Iterator[Told | Unreadable]:
    try:
        yield from parse(document)
    except Unreadable as error:
        yield error


def _within(entry: str, error: Unreadable) -> Unreadable:
    return Unreadable(f"{entry}{error.pointer}", error.code, str(error))


def _keep_faults(session: Session, job: Job, message: IntakeMessage, report: Report) -> None:
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


_SCHEMES = {
    SourceKind.API: {},
    SourceKind.PARTNER: {"standard_webhooks": StandardWebhooks()},
    **{kind: carrier.schemes for kind, carrier in CARRIERS.items()},
}
PROVIDERS = tuple(
    Provider(kind.value, _SCHEMES[kind], work, roles=SELLERS | BUYERS, settings=Clock)
    for kind in SourceKind
)
"""Whose messages are worked here, for the intake."""
