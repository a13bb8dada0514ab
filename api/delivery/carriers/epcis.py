"""EPCIS 2.0 in JSON-LD (GS1), with error declarations.

GS1 leaves open how a capture is authenticated between two parties; here a source signs the body:
header `GS1-Signature` = "sha256=" + hex HMAC-SHA256. An event with `errorDeclaration` takes back
the event with the same `eventID`, or, without ids, the event that says the same without the
declaration (EPCIS 2.0, 7.4.1); the events that correct it come by themselves.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.delivery.carriers.told import (
    Told,
    Unreadable,
    Whereabouts,
    content_key,
    each,
    items,
    mapping,
    needed,
    text,
)
from api.rules.tracking import reading
from api.rules.tracking.milestones import Classifier, EventType, Milestone

_TYPES = frozenset(
    {
        "ObjectEvent",
        "AggregationEvent",
        "TransactionEvent",
        "TransformationEvent",
        "AssociationEvent",
    }
)
_EPCS = ("epcList", "childEPCs")
_NOT_CONTENT = frozenset({"errorDeclaration", "recordTime", "eventID", "@context", "context"})
_SSCC_URN = "urn:epc:id:sscc:"
_SSCC_BODY = 17


def parse(document: Any) -> Iterator[Told | Unreadable]:
    """The events of an EPCISDocument, a list of events, or one event."""
    if isinstance(document, list):
        yield from each(document, "#", _event)
        return
    whole = mapping(document, "#")
    if "epcisBody" not in whole:
        yield from _event(whole, "#")
        return
    body = mapping(whole["epcisBody"], "#/epcisBody")
    if "event" in body:
        yield from _event(body["event"], "#/epcisBody/event")
        return
    pointer = "#/epcisBody/eventList"
    yield from each(items(body.get("eventList"), pointer), pointer, _event)


def _event(value: Any, pointer: str) -> list[Told]:
    event = mapping(value, pointer)
    kind = text(event.get("type") or event.get("@type"), f"{pointer}/type")
    if kind not in _TYPES:
        raise Unreadable(f"{pointer}/type", "enum", f"Not one of {', '.join(sorted(_TYPES))}.")
    step = text(event.get("bizStep"), f"{pointer}/bizStep")
    disposition = text(event.get("disposition"), f"{pointer}/disposition")
    place = _place(event, "readPoint", pointer) or _place(event, "bizLocation", pointer)
    key = text(event.get("eventID"), f"{pointer}/eventID") or _content(event)
    declaration = event.get("errorDeclaration")
    retracts = None
    if declaration is not None:
        declared = mapping(declaration, f"{pointer}/errorDeclaration")
        at = needed(declared.get("declarationTime"), f"{pointer}/errorDeclaration/declarationTime")
        retracts, key = key, content_key([key, "errorDeclaration", at])

    def meaning(where: Whereabouts) -> Milestone | None:
        return reading.from_epcis(
            step, disposition, at_crossing=where.at_crossing, by_buyer=where.by_buyer
        )

    return [
        Told(
            key=key,
            classifier=Classifier.ACT,
            event_type=EventType.SHIPMENT,
            code=step or kind or "",
            meaning=meaning,
            time=needed(event.get("eventTime"), f"{pointer}/eventTime"),
            offset=text(event.get("eventTimeZoneOffset"), f"{pointer}/eventTimeZoneOffset"),
            references=_references(event, pointer),
            places=(place.rstrip("/").rpartition("/")[2].rpartition(":")[2],) if place else (),
            place_text=place,
            retracts=retracts,
            biz_step=step[-100:] if step else None,
            disposition=disposition[-100:] if disposition else None,
            pointer=pointer,
        )
    ]


def _content(event: Mapping[str, Any]) -> str:
    """The key of an event without `eventID`: of all that it says, but not that it was an error."""
    return content_key({name: each for name, each in event.items() if name not in _NOT_CONTENT})


def _place(event: Mapping[str, Any], name: str, pointer: str) -> str | None:
    value = event.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    return text(value, f"{pointer}/{name}/id")


def _references(event: Mapping[str, Any], pointer: str) -> tuple[str, ...]:
    """SSCCs of packages, and the business transactions that an event names."""
    found: list[str] = []
    parent = text(event.get("parentID"), f"{pointer}/parentID")
    epcs = [parent] if parent else []
    for name in _EPCS:
        for index, epc in enumerate(items(event.get(name), f"{pointer}/{name}")):
            read = text(epc, f"{pointer}/{name}/{index}")
            epcs += [read] if read else []
    found += [sscc_of(epc) or epc.rstrip("/").rpartition("/")[2] for epc in epcs]
    listed = f"{pointer}/bizTransactionList"
    for index, entry in enumerate(items(event.get("bizTransactionList"), listed)):
        where = f"{listed}/{index}"
        named = needed(mapping(entry, where).get("bizTransaction"), f"{where}/bizTransaction")
        found += [named, named.rstrip("/").rpartition("/")[2].rpartition(":")[2]]
    return tuple(dict.fromkeys(found))


def sscc_of(epc: str) -> str | None:
    """The 18 digits of an SSCC in a URN (`urn:epc:id:sscc:4012345.1111111111`); None for others.

    The serial reference begins with the extension digit, which stands before the company prefix in
    the number (GS1 EPC Tag Data Standard, 6.3.2); the check digit is computed.
    """
    company, dot, serial = epc.removeprefix(_SSCC_URN).partition(".")
    digits = serial[:1] + company + serial[1:]
    if not (epc.startswith(_SSCC_URN) and dot and len(digits) == _SSCC_BODY):
        return None
    if not (digits.isascii() and digits.isdigit()):
        return None
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits))
    return digits + str(-total % 10)
