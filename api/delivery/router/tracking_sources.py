"""Routes of tracking sources, and the address to which they post."""

from typing import Annotated, Any

from fastapi import Request

from api.core import ids
from api.core.errors import AlreadyExists, InvalidCursor, PreconditionFailed
from api.core.http import PageDep, documented, public_router
from api.core.pages import Page
from api.delivery.carriers import CARRIERS
from api.delivery.schemas.tracking import (
    ReceivedOut,
    TrackingSourceId,
    TrackingSourceIn,
    TrackingSourceOut,
    TrackingSourcePatch,
)
from api.delivery.service import tracking_sources
from api.identity import access
from api.identity.access import Context, require
from api.intake import sources
from api.intake.models import IntakeSource
from api.intake.router import REFUSALS, Raw, taken_in

router = access.router("/tracking-sources", "tracking")
webhooks = public_router("/webhooks/tracking", "tracking")
Read = Annotated[Context, require("tracking:read")]
Write = Annotated[Context, require("tracking_sources:write")]
_HEADERS = ", ".join(
    f"`{scheme.kept[-1]}` ({kind})"
    for kind, carrier in CARRIERS.items()
    for scheme in carrier.schemes.values()
)
_EXAMPLE = {
    "event": "TRACKING_UPDATED",
    "data": {
        "number": "CMR-KG-2026-0417",
        "track_info": {
            "tracking": {
                "providers": [
                    {
                        "events": [
                            {
                                "time_iso": "2026-03-08T10:00:00+08:00",
                                "sub_status": "InTransit_PickedUp",
                                "location": "Kashi",
                                "address": {"country": "CN"},
                            }
                        ]
                    }
                ]
            }
        },
    },
}


@router.post(
    "", status_code=201, response_model=TrackingSourceOut, responses=documented(AlreadyExists)
)
def create_source(data: TrackingSourceIn, ctx: Write) -> dict[str, Any]:
    """Connect a carrier or tracking service; the answer says where it posts its webhooks."""
    source = tracking_sources.create(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/tracking-sources/{ids.show('trackingsource', source.id)}"
    return _shown(ctx, source)


@router.get("", response_model=Page[TrackingSourceOut], responses=documented(InvalidCursor))
def list_sources(ctx: Read, page: PageDep) -> Page[Any]:
    """Your sources."""
    rows, cursor = tracking_sources.list_sources(ctx.session, ctx.org_id, page)
    items = [_public(row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{source_id}", response_model=TrackingSourceOut)
def get_source(source_id: TrackingSourceId, ctx: Read) -> dict[str, Any]:
    """One source of yours."""
    return _shown(ctx, tracking_sources.get(ctx.session, org_id=ctx.org_id, source_id=source_id))


@router.patch(
    "/{source_id}", response_model=TrackingSourceOut, responses=documented(PreconditionFailed)
)
def change_source(
    source_id: TrackingSourceId, data: TrackingSourcePatch, ctx: Write
) -> dict[str, Any]:
    """Change the zone, the tolerance or the secret of a source; what it told stays as it was read."""
    source = _held(ctx, source_id)
    return _shown(ctx, tracking_sources.change(ctx.session, source, actor=ctx.actor, data=data))


@router.post(
    "/{source_id}/disable",
    response_model=TrackingSourceOut,
    responses=documented(PreconditionFailed),
)
def disable_source(source_id: TrackingSourceId, ctx: Write) -> dict[str, Any]:
    """Take nothing more from a source."""
    source = _held(ctx, source_id)
    return _shown(ctx, sources.disable(ctx.session, source, actor=ctx.actor))


@webhooks.post(
    "/{source_id}",
    responses=documented(*REFUSALS),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": (
                "What the source sends, in its own format and signed by its own scheme. The"
                f" signature stands in the header {_HEADERS}."
            ),
            "content": {"application/json": {"schema": {}, "example": _EXAMPLE}},
        }
    },
)
def receive(source_id: TrackingSourceId, request: Request, body: Raw) -> ReceivedOut:
    """Take what a source sends: it is kept byte for byte, and read by a worker afterwards.

    The same bytes sent again are the same message. What in it cannot be taken is listed by
    `GET /v1/tracking-imports/{job_id}/errors`.
    """
    return ReceivedOut.model_validate(taken_in(source_id, request, body), from_attributes=True)


def _held(ctx: Context, source_id: TrackingSourceId) -> IntakeSource:
    source = tracking_sources.get(ctx.session, org_id=ctx.org_id, source_id=source_id, locked=True)
    ctx.check_version(source)
    return source


def _shown(ctx: Context, source: IntakeSource) -> dict[str, Any]:
    ctx.tag(source)
    return _public(source)


def _public(source: IntakeSource) -> dict[str, Any]:
    """A source without its secret."""
    signed = source.scheme is not None
    path = f"/webhooks/tracking/{ids.show('trackingsource', source.id)}" if signed else None
    shown = source.model_dump(include={"id", "name", "disabled_at", "created_at", "version"})
    return {**shown, **source.settings, "kind": source.provider, "webhook_path": path}
