"""DCSA Track & Trace: header `Notification-Signature` = "sha256=" + hex HMAC-SHA256 of the body.

Both shapes are read: flat (2.x), and `metadata` beside `payload` (3.0), where an event takes back
another by `retractedEventID`. A body is one event, a list, or `{"events": […]}`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.delivery.carriers.told import (
    Told,
    Unreadable,
    Whereabouts,
    code,
    each,
    items,
    mapping,
    needed,
    text,
)
from api.rules.tracking import reading
from api.rules.tracking.milestones import Classifier, EventType, FacilityType, Milestone

_CODE = {
    EventType.SHIPMENT: "shipmentEventTypeCode",
    EventType.TRANSPORT: "transportEventTypeCode",
    EventType.EQUIPMENT: "equipmentEventTypeCode",
}
_LOCATIONS = ("eventLocation", "location")


def parse(document: Any) -> Iterator[Told | Unreadable]:
    """The events of a notification."""
    if isinstance(document, dict) and "events" in document:
        yield from each(items(document["events"], "#/events"), "#/events", _event)
    elif isinstance(document, list):
        yield from each(document, "#", _event)
    else:
        yield from _event(document, "#")


def _event(value: Any, pointer: str) -> list[Told]:
    event = mapping(value, pointer)
    head, body, inside = event, event, pointer
    if "payload" in event:
        head = mapping(event.get("metadata"), f"{pointer}/metadata")
        inside = f"{pointer}/payload"
        body = mapping(event["payload"], inside)
    found = needed(body.get("eventType") or head.get("eventType"), f"{inside}/eventType")
    event_type = code(found, EventType, f"{inside}/eventType")
    status = needed(body.get(_CODE[event_type]), f"{inside}/{_CODE[event_type]}")
    classifier = code(
        needed(body.get("eventClassifierCode"), f"{inside}/eventClassifierCode"),
        Classifier,
        f"{inside}/eventClassifierCode",
    )
    call = mapping(body.get("transportCall") or {}, f"{inside}/transportCall")
    place = _location(body, call, inside)
    locode = text(place.get("UNLocationCode"), f"{inside}/UNLocationCode") or text(
        call.get("UNLocationCode"), f"{inside}/transportCall/UNLocationCode"
    )
    facility = _facility(body, call, inside)
    document = text(body.get("documentTypeCode"), f"{inside}/documentTypeCode")

    def meaning(where: Whereabouts) -> Milestone | None:
        return reading.from_dcsa(
            event_type, status, facility=facility, document=document, side=where.side
        )

    return [
        Told(
            key=needed(head.get("eventID"), f"{pointer}/eventID"),
            classifier=classifier,
            event_type=event_type,
            code=f"{event_type} {status}",
            meaning=meaning,
            time=needed(body.get("eventDateTime"), f"{inside}/eventDateTime"),
            references=_references(body, inside),
            places=(locode,) if locode else (),
            place_text=text(place.get("locationName"), f"{inside}/locationName") or locode,
            country=locode[:2] if locode else None,
            facility_type=facility,
            delay_reason=text(body.get("delayReasonCode"), f"{inside}/delayReasonCode", most=40),
            retracts=text(head.get("retractedEventID"), f"{pointer}/retractedEventID"),
            dcsa_code=status[:10],
            pointer=pointer,
        )
    ]


def _location(body: Mapping[str, Any], call: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
    for name in _LOCATIONS:
        for owner in (body, call):
            if owner.get(name) is not None:
                return mapping(owner[name], f"{pointer}/{name}")
    return {}


def _facility(
    body: Mapping[str, Any], call: Mapping[str, Any], pointer: str
) -> FacilityType | None:
    """The kind of facility; one that is not in the list says nothing that we read."""
    for owner in (body, call):
        found = text(owner.get("facilityTypeCode"), f"{pointer}/facilityTypeCode")
        if found is not None and found in FacilityType:
            return FacilityType(found)
    return None


def _references(body: Mapping[str, Any], pointer: str) -> tuple[str, ...]:
    """Numbers of equipment and documents, in the order of how exactly they name a shipment."""
    found = [text(body.get("equipmentReference"), f"{pointer}/equipmentReference")]
    found.append(text(body.get("documentID"), f"{pointer}/documentID"))
    for name, field in (
        ("documentReferences", "documentReferenceValue"),
        ("references", "referenceValue"),
    ):
        for index, each_one in enumerate(items(body.get(name), f"{pointer}/{name}")):
            where = f"{pointer}/{name}/{index}"
            found.append(text(mapping(each_one, where).get(field), f"{where}/{field}"))
    return tuple(dict.fromkeys(reference for reference in found if reference))
