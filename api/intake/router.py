"""The address to which others post, and what the owner of a source sees and does."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from api.core import db, ids
from api.core.errors import (
    AlreadyExists,
    BadRequest,
    InvalidCursor,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
)
from api.core.http import PageDep, documented, public_router
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut
from api.identity.service import AddressNotAllowed
from api.intake import service, sources
from api.intake.models import IntakeSource
from api.intake.problems import ContentDeleted, NothingToReplay, SignatureWrong
from api.intake.schemas import (
    IntakeMessageId,
    IntakeMessageOut,
    IntakeReceivedOut,
    IntakeSourceId,
    IntakeSourceIn,
    IntakeSourceOut,
    IntakeSourcePatch,
    MessageState,
    ReplayedOut,
)
from api.intake.service import Received

router = access.router("/intake-sources", "intake")
messages = access.router("/intake-messages", "intake")
webhooks = public_router("/webhooks/in", "intake")
Read = Annotated[Context, require("intake:read")]
Write = Annotated[Context, require("intake:write")]
REFUSALS = (BadRequest, SignatureWrong, AddressNotAllowed, NotFound, PayloadTooLarge)
_EXAMPLE = {"type": "tracking.events", "timestamp": "2026-03-08T10:00:00Z", "data": {"events": []}}
_STORED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes as they came",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def raw_body(request: Request) -> bytes:
    """The bytes on which a signature is checked."""
    return await request.body()


Raw = Annotated[bytes, Depends(raw_body)]


def taken_in(source_id: UUID, request: Request, body: bytes) -> Received:
    """What came of a webhook, committed before it is answered."""
    with db.unit_of_work() as session:
        return service.receive(session, source_id, body, request.headers, access.address(request))


@webhooks.post(
    "/{source_id}",
    responses=documented(*REFUSALS),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "What the sender sends, in its own format, proved by its own scheme.",
            "content": {"application/json": {"schema": {}, "example": _EXAMPLE}},
        }
    },
)
def receive(source_id: IntakeSourceId, request: Request, body: Raw) -> IntakeReceivedOut:
    """Take in a webhook: it is kept byte for byte, answered at once, and worked afterwards.

    The same message sent again is answered in the same way, and worked once.
    """
    return IntakeReceivedOut.model_validate(
        taken_in(source_id, request, body), from_attributes=True
    )


@router.post(
    "", status_code=201, response_model=IntakeSourceOut, responses=documented(AlreadyExists)
)
def connect_source(data: IntakeSourceIn, ctx: Write) -> dict[str, Any]:
    """Connect a partner, carrier, payment service or bank; the answer says where it posts."""
    source = sources.connect(
        ctx.session, org_id=ctx.org_id, roles=ctx.caller.org_roles, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/intake-sources/{ids.show('intakesource', source.id)}"
    return _shown(ctx, source)


@router.get("", response_model=Page[IntakeSourceOut], responses=documented(InvalidCursor))
def list_sources(ctx: Read, page: PageDep) -> Page[Any]:
    """Your sources, the newest first."""
    rows, cursor = sources.list_sources(ctx.session, ctx.org_id, page)
    items = [_public(row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{source_id}", response_model=IntakeSourceOut)
def get_source(source_id: IntakeSourceId, ctx: Read) -> dict[str, Any]:
    """One source of yours."""
    return _shown(ctx, sources.get(ctx.session, org_id=ctx.org_id, source_id=source_id))


@router.patch(
    "/{source_id}", response_model=IntakeSourceOut, responses=documented(PreconditionFailed)
)
def change_source(source_id: IntakeSourceId, data: IntakeSourcePatch, ctx: Write) -> dict[str, Any]:
    """Change addresses, settings or the secret; the secret before is taken for the overlap."""
    source = _held(ctx, source_id)
    return _shown(ctx, sources.change(ctx.session, source, actor=ctx.actor, data=data))


@router.post(
    "/{source_id}/disable", response_model=IntakeSourceOut, responses=documented(PreconditionFailed)
)
def disable_source(source_id: IntakeSourceId, ctx: Write) -> dict[str, Any]:
    """Take nothing more from a source; what it sent stays."""
    source = _held(ctx, source_id)
    return _shown(ctx, sources.disable(ctx.session, source, actor=ctx.actor))


@router.post("/{source_id}/replay-failed", status_code=202, response_model=ReplayedOut)
def replay_failed(source_id: IntakeSourceId, ctx: Write) -> ReplayedOut:
    """Work the oldest 500 failed messages of a source once more."""
    source = sources.get(ctx.session, org_id=ctx.org_id, source_id=source_id, locked=True)
    count, has_more = service.replay_failed(ctx.session, source, actor=ctx.actor)
    return ReplayedOut(replayed=count, has_more=has_more)


@messages.get("", response_model=Page[IntakeMessageOut], responses=documented(InvalidCursor))
def list_messages(
    ctx: Read,
    page: PageDep,
    source_id: Annotated[IntakeSourceId | None, Query(description="Of one source")] = None,
    state: Annotated[MessageState | None, Query(description="Waiting, worked or failed")] = None,
) -> Page[Any]:
    """What your sources have sent, the newest first."""
    rows, cursor = service.list_messages(
        ctx.session, ctx.org_id, page, source_id=source_id, state=state
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@messages.get("/{message_id}", response_model=IntakeMessageOut)
def get_message(message_id: IntakeMessageId, ctx: Read) -> dict[str, Any]:
    """A message, how often it was tried, and the last error."""
    return service.show(ctx.session, org_id=ctx.org_id, message_id=message_id)


@messages.get(
    "/{message_id}/body",
    response_class=Response,
    responses=_STORED | documented(ContentDeleted),
)
def download_message(message_id: IntakeMessageId, ctx: Read) -> Response:
    """The bytes of a message as they came."""
    found = service.get_message(ctx.session, org_id=ctx.org_id, message_id=message_id)
    return Response(service.content(found), media_type="application/octet-stream")


@messages.post(
    "/{message_id}/replay",
    status_code=202,
    response_model=JobOut,
    responses=documented(NothingToReplay, ContentDeleted),
)
def replay_message(message_id: IntakeMessageId, ctx: Write) -> JobOut:
    """Work a message once more; what it has done before is not done twice."""
    found = service.get_message(ctx.session, org_id=ctx.org_id, message_id=message_id)
    job = service.replay(ctx.session, found, actor=ctx.actor)
    ctx.headers["Location"] = f"/v1/jobs/job_{job.id.hex}"
    return JobOut.of(job)


ROUTERS = (webhooks, router, messages)


def _held(ctx: Context, source_id: IntakeSourceId) -> IntakeSource:
    source = sources.get(ctx.session, org_id=ctx.org_id, source_id=source_id, locked=True)
    ctx.check_version(source)
    return source


def _shown(ctx: Context, source: IntakeSource) -> dict[str, Any]:
    ctx.tag(source)
    return _public(source)


def _public(source: IntakeSource) -> dict[str, Any]:
    """A source without its secrets."""
    signed = source.scheme is not None
    path = f"/webhooks/in/{ids.show('intakesource', source.id)}" if signed else None
    hidden = {"secret", "previous_secret", "org_id"}
    return {**source.model_dump(exclude=hidden), "webhook_path": path}
