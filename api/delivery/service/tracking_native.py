"""Our own events as every other format is read: from the API's inputs, and from lines of files."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from api.delivery.carriers.told import Told, Unreadable, Whereabouts, items, mapping
from api.delivery.schemas.tracking import EventIn, ShipmentEventIn
from api.rules.tracking import reading
from api.rules.tracking.milestones import Milestone

TYPE = "tracking.events"
"""The type of a partner's message."""


def told(event: EventIn, shipment_id: UUID, pointer: str = "#") -> Told:
    """An input as an event that was told."""

    def meaning(where: Whereabouts) -> Milestone | None:
        if event.milestone is not None or event.rec24_code is None:
            return event.milestone
        return reading.from_rec24(event.rec24_code, where.side)

    return Told(
        key=event.event_id,
        classifier=event.classifier,
        event_type=event.event_type,
        code=event.source_code or event.rec24_code or event.milestone or "",
        meaning=meaning,
        time=event.event_time,
        places=(event.place_code,) if event.place_code else (),
        place_text=event.place_text,
        facility_type=event.facility_type,
        leg_seq=event.leg_seq,
        delay_reason=event.delay_reason,
        retracts=event.retracts_event_id,
        confidence=event.confidence,
        rec24_code=event.rec24_code,
        shipment_id=shipment_id,
        exact=True,
        pointer=pointer,
    )


def parse(document: Any) -> Iterator[Told | Unreadable]:
    """One line of a file; every fault of it by itself."""
    yield _read(document, "#")


def parse_envelope(document: Any) -> Iterator[Told | Unreadable]:
    """A message of a partner, `{type, timestamp, data: {events: […]}}` as Standard Webhooks has it."""
    envelope = mapping(document, "#")
    if envelope.get("type") != TYPE:
        raise Unreadable("#/type", "type_unknown", f"Only {TYPE} is read.")
    data = mapping(envelope.get("data"), "#/data")
    for index, each in enumerate(items(data.get("events"), "#/data/events")):
        yield _read(each, f"#/data/events/{index}")


def _read(document: Any, pointer: str) -> Told | Unreadable:
    try:
        event = ShipmentEventIn.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "/".join([pointer, *map(str, first["loc"])])
        return Unreadable(where, first["type"], first["msg"])
    return told(event, event.shipment_id, pointer)
