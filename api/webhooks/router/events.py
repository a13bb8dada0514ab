"""The catalogue of events, and their feed."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic_core import from_json, to_json

from api.core.errors import NotFound
from api.core.http import documented
from api.identity import access, answers
from api.identity.access import Context, require
from api.webhooks import catalogue, envelopes, feed, forms
from api.webhooks.catalogue import TYPES, UnknownEventType
from api.webhooks.schemas.events import EventOut, EventPage, EventTypeDetails, EventTypes

event_types = access.router("/event-types", "event-types")
events = access.router("/events", "events")

Read = Annotated[Context, require("events:read")]


class EventAudience(StrEnum):
    """`own`: what concerns your organisation; `all`: besides, what is public of others."""

    OWN = "own"
    ALL = "all"


@event_types.get("", name="list")
def list_types(ctx: Read) -> EventTypes:
    """Every type of event, and what it takes to be told of it."""
    return EventTypes.model_validate({"items": [*TYPES.values()]}, from_attributes=True)


@event_types.get("/{type}")
def get(
    ctx: Read,
    type: Annotated[str, Path(max_length=100, examples=["tender.published"])],
) -> EventTypeDetails:
    """One type of event: the JSON Schema of its envelopes, and an example."""
    kind = TYPES.get(type)
    if kind is None:
        raise NotFound
    known: dict[str, Any] = {
        name: getattr(kind, name)
        for name in ("name", "description", "resource", "scope", "public", "version")
    }
    return EventTypeDetails(
        **known, json_schema=forms.schema(kind), example=envelopes.example(kind)
    )


@events.get(
    "",
    name="list",
    response_model=EventPage,
    responses=documented(feed.CursorExpired, UnknownEventType),
)
def list_events(
    ctx: Read,
    after: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before")
    ] = None,
    types: Annotated[
        tuple[Annotated[str, Query(max_length=100)], ...],
        Query(max_length=50, description="`tender.published`, or `tender.*`; without: all"),
    ] = (),
    channels: Annotated[
        tuple[Annotated[str, Query(max_length=100)], ...],
        Query(max_length=50, description="Ids that events are about, as `tender_…`; any of them"),
    ] = (),
    audience: EventAudience = EventAudience.OWN,
    limit: Annotated[int, Query(ge=1, le=feed.MAX_LIMIT, description="Events a page")] = 100,
) -> Response:
    """Events in the order in which they were committed; following the cursors misses none.

    The same envelopes as webhooks send. Without `after`, from the oldest that is kept. An event
    may come twice if you begin anew: know it by its `id`.
    """
    caller = ctx.caller
    visible = catalogue.visible_types(caller.scopes, caller.org_roles)
    found = feed.read(
        ctx.session,
        org_id=ctx.org_id,
        after=feed.taken(ctx.org_id, after) if after else None,
        types=catalogue.chosen(types, visible, pointer="#?query/types"),
        channels=channels,
        everybody=audience is EventAudience.ALL,
        limit=limit,
    )
    onward = feed.shown(ctx.org_id, found.onward)
    if ctx.view.fields:
        items = [from_json(body) for body in found.bodies]
        page = {"items": items, "has_more": found.has_more, "next_cursor": onward}
        narrowed = answers.narrow(page, ctx.view.fields, answers.item_fields(EventOut))
        return Response(to_json(narrowed), media_type="application/json")
    more = b"true" if found.has_more else b"false"
    body = b'{"items":[%b],"has_more":%b,"next_cursor":"%b"}' % (
        b",".join(found.bodies),
        more,
        onward.encode(),
    )
    return Response(body, media_type="application/json")
