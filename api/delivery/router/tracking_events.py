"""Routes of tracking events: one, many, a file of very many, and what became of them."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from starlette.requests import ClientDisconnect

from api.core import settings
from api.core.errors import BadRequest, InvalidCursor, PayloadTooLarge, UnsupportedMediaType
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.delivery import tracking_problems as problems
from api.delivery.carriers.told import SourceKind
from api.delivery.models import TrackingEvent
from api.delivery.schemas.tracking import (
    FaultOut,
    ReportOut,
    TrackedShipmentId,
    TrackingEventIn,
    TrackingEventOut,
    TrackingEventsIn,
    TrackingMessageId,
    TrackingMessageOut,
    TrackingSourceId,
)
from api.delivery.service import timelines, tracked, tracking_events, tracking_messages
from api.delivery.service.tracking_files import MEDIA_TYPES, FileFormat
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobId, JobOut
from api.intake import service as intake
from api.intake.models import IntakeMessage
from api.intake.problems import ContentDeleted, NothingToReplay

of_shipment = access.router("/shipments", "tracking")
events = access.router("/tracking-events", "tracking")
imports = access.router("/tracking-imports", "tracking")
messages = access.router("/tracking-messages", "tracking")
Read = Annotated[Context, require("tracking:read")]
Write = Annotated[Context, require("tracking:write")]
_LINE = (
    '{"event_id": "gps-000417", "shipment_id": "shipment_019abf2e8c1d7c3fa9b04b4c6f0d2e11",'
    ' "milestone": "border_crossed", "event_time": "2026-03-08T10:00:00+08:00",'
    ' "place_code": "kg-torugart"}\n'
)
_BODY = {
    "requestBody": {
        "required": True,
        "description": (
            "NDJSON: one event a line. ZIP: .ndjson, .jsonl and .json files of them. An event is"
            " that of `POST /v1/tracking-events`, or one of DCSA or EPCIS where the source is of"
            " that kind."
        ),
        "content": {
            MEDIA_TYPES[FileFormat.NDJSON]: {
                "schema": {"type": "string", "format": "binary"},
                "example": _LINE,
            },
            MEDIA_TYPES[FileFormat.ZIP]: {
                "schema": {"type": "string", "format": "binary"},
                "example": "The bytes of a ZIP file.",
            },
        },
    }
}
_STORED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes as they came",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@of_shipment.post(
    "/{shipment_id}/tracking-events",
    status_code=201,
    response_model=TrackingEventOut,
    responses=documented(problems.EventInFuture, problems.EventIdTaken, problems.SourceNotOfFormat),
)
def record_event(
    shipment_id: TrackedShipmentId, data: TrackingEventIn, ctx: Write
) -> TrackingEvent:
    """Tell one event of a shipment of yours; told again, it is the same one.

    Events are never altered: one that proves wrong is retracted by another.
    """
    return tracking_events.record(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, shipment_id=shipment_id, data=data
    )


@of_shipment.get(
    "/{shipment_id}/tracking-events",
    response_model=Page[TrackingEventOut],
    responses=documented(InvalidCursor),
)
def list_events(shipment_id: TrackedShipmentId, ctx: Read, page: PageDep) -> Page[Any]:
    """Everything that was told of a shipment by either side, retracted or not."""
    shipment = tracked.get(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    rows, cursor = timelines.list_events(ctx.session, ctx.org_id, shipment, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@events.post("", response_model=ReportOut, responses=documented(problems.SourceNotOfFormat))
def record_events(data: TrackingEventsIn, ctx: Write) -> ReportOut:
    """Tell up to 1,000 events; those that can be taken are, and the others are listed by row."""
    return tracking_events.record_many(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)


async def _upload(
    request: Request,
    ctx: Write,
    format: Annotated[FileFormat, Query(description="How the file is written")] = FileFormat.NDJSON,
) -> AsyncIterator[bytes]:
    """The body; its digest stands for it in idempotency."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPES[format]:
        raise UnsupportedMediaType(f"Send the file as {MEDIA_TYPES[format]}.")
    limit, told = settings.get().max_tracking_bytes, request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > limit:
        raise PayloadTooLarge(f"The body may have at most {limit} bytes.")
    try:
        body = await request.body()
    except ClientDisconnect as error:
        raise BadRequest("The upload broke off before its end.") from error
    ctx.body = hashlib.sha256(request.url.query.encode() + b"\0" + body).digest()
    yield body


@imports.post(
    "",
    status_code=202,
    response_model=JobOut,
    responses=documented(
        PayloadTooLarge,
        UnsupportedMediaType,
        problems.FileUnreadable,
        problems.SourceNotOfFormat,
    ),
    openapi_extra=_BODY,
)
def import_events(
    ctx: Write,
    body: Annotated[bytes, Depends(_upload)],
    format: FileFormat = FileFormat.NDJSON,
    source_id: Annotated[
        TrackingSourceId | None, Query(description="Whose format and zone the events have")
    ] = None,
) -> JobOut:
    """Tell very many events by a file.

    Good rows are kept, bad ones are listed by `GET /v1/tracking-imports/{job_id}/errors`; the
    job's result counts both. The same file again is the same job.
    """
    source = tracking_events.source_of_files(ctx.session, ctx.org_id, source_id)
    job = tracking_messages.submit(ctx.session, source, body, format, actor=ctx.actor)
    ctx.headers["Location"] = f"/v1/jobs/job_{job.id.hex}"
    return JobOut.of(job)


@imports.get("/{job_id}/errors", response_model=Page[FaultOut], responses=documented(InvalidCursor))
def list_errors(job_id: JobId, ctx: Read, page: PageDep) -> Page[Any]:
    """What a reading of a file or webhook of yours did not take, in its order."""
    rows, cursor = tracking_messages.faults(ctx.session, ctx.org_id, job_id, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@messages.get("/{message_id}", response_model=TrackingMessageOut)
def get_message(message_id: TrackingMessageId, ctx: Read) -> dict[str, Any]:
    """What a source of yours has sent; its `job_id` leads to what became of it."""
    found = _message(ctx, message_id)
    return {**found.model_dump(exclude={"body"}), "size": len(found.body or b"")}


@messages.get(
    "/{message_id}/body",
    response_class=Response,
    responses=_STORED | documented(ContentDeleted),
)
def download_message(message_id: TrackingMessageId, ctx: Read) -> Response:
    """The bytes of a message as they came."""
    found = _message(ctx, message_id)
    return Response(intake.content(found), media_type="application/octet-stream")


@messages.post(
    "/{message_id}/read-again",
    status_code=202,
    response_model=JobOut,
    responses=documented(NothingToReplay, ContentDeleted),
)
def read_again(message_id: TrackingMessageId, ctx: Write) -> JobOut:
    """Read a message once more: what it told before is a duplicate, the rest may be taken now."""
    job = intake.replay(ctx.session, _message(ctx, message_id), actor=ctx.actor)
    ctx.headers["Location"] = f"/v1/jobs/job_{job.id.hex}"
    return JobOut.of(job)


def _message(ctx: Context, message_id: TrackingMessageId) -> IntakeMessage:
    return intake.get_message(ctx.session, org_id=ctx.org_id, message_id=message_id, of=SourceKind)
