"""The shapes of events, of pages of them, and of the catalogue."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.core.ids import PublicId

EventId = Annotated[UUID, PublicId("event")]


class EventResource(BaseModel):
    """What an event is about, as it was just after the event."""

    type: str = Field(examples=["tender"])
    id: str = Field(examples=["tender_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    version: int | None = Field(
        description="The resource's version; null where it counts none", examples=[3]
    )
    sequence: int = Field(
        ge=1,
        description="Number of the event among all of the resource. Numbers only grow; one that is"
        " missing was of a type that you did not ask for or may not read.",
        examples=[7],
    )


class EventOut(BaseModel):
    """An event, the same here and in the body of a webhook."""

    id: EventId
    type: str = Field(examples=["tender.published"])
    timestamp: datetime = Field(examples=["2026-11-28T09:30:00.000000Z"])
    schema_version: int = Field(description="Of `data`; a new one only for what would break you")
    data: dict[str, Any] = Field(description="See `GET /v1/event-types/{type}`")
    resource: EventResource


class EventPage(BaseModel):
    """Events in the order of their commits, oldest first."""

    items: list[EventOut]
    has_more: bool = Field(description="More can be read at once")
    next_cursor: str = Field(description="Read on from here, now or later")


class EventTypeOut(BaseModel):
    """A type of event."""

    name: str = Field(examples=["tender.published"])
    description: str
    resource: str = Field(examples=["tender"], description="`resource.type` of its events")
    scope: str = Field(examples=["tenders:read"], description="What it takes to read them")
    public: bool = Field(description="They reach every organisation, unless about a draft")
    version: int = Field(description="`schema_version` of its events")


class EventTypeDetails(EventTypeOut):
    """A type of event with its form."""

    json_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of the whole envelope")
    example: dict[str, Any]


class EventTypes(BaseModel):
    """The catalogue, by name."""

    items: list[EventTypeOut]
