"""Webhooks of 17TRACK (API v2): header `sign` = hex SHA-256 of body + "/" + security key.

Events stand under `data.track_info.tracking.providers[].events`; each has its moment as `time_iso`,
or only as `time_raw`, which is an object or a text and may lack the zone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
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

_INFO = "#/data/track_info"


def signature(body: bytes, secret: bytes) -> str:
    """What `sign` must be."""
    return hashlib.sha256(body + b"/" + secret).hexdigest()


def parse(document: Any) -> Iterator[Told | Unreadable]:
    """The events of a TRACKING_UPDATED message; TRACKING_STOPPED has none."""
    data = mapping(mapping(document, "#").get("data"), "#/data")
    number = needed(data.get("number"), "#/data/number")
    info = mapping(data.get("track_info") or {}, _INFO)
    tracking = mapping(info.get("tracking") or {}, f"{_INFO}/tracking")
    providers = items(tracking.get("providers"), f"{_INFO}/tracking/providers")
    for index, provider in enumerate(providers):
        pointer = f"{_INFO}/tracking/providers/{index}"
        try:
            events = items(mapping(provider, pointer).get("events"), f"{pointer}/events")
        except Unreadable as error:
            yield error
            continue
        yield from each(events, f"{pointer}/events", partial(_event, number))
    try:
        yield from _estimate(number, info)
    except Unreadable as error:
        yield error


def _event(number: str, value: Any, pointer: str) -> list[Told]:
    event = mapping(value, pointer)
    sub_status = text(event.get("sub_status"), f"{pointer}/sub_status")
    code = sub_status or needed(event.get("stage"), f"{pointer}/stage")
    time, offset = _moment(event, pointer)
    address = mapping(event.get("address") or {}, f"{pointer}/address")
    country = text(address.get("country"), f"{pointer}/address/country")
    location = text(event.get("location"), f"{pointer}/location")
    description = text(event.get("description"), f"{pointer}/description")

    def meaning(where: Whereabouts) -> Milestone | None:
        return reading.from_track17(code, where.side)

    return [
        Told(
            key=content_key([number, time, code, location, description]),
            classifier=Classifier.ACT,
            event_type=EventType.SHIPMENT,
            code=code,
            meaning=meaning,
            time=time,
            offset=offset,
            references=(number,),
            place_text=location,
            country=country,
            pointer=pointer,
        )
    ]


def _moment(event: Mapping[str, Any], pointer: str) -> tuple[str, str | None]:
    """The moment's text and the offset beside it."""
    whole = text(event.get("time_iso"), f"{pointer}/time_iso")
    if whole is not None:
        return whole, None
    raw = event.get("time_raw")
    if not isinstance(raw, dict):
        return needed(raw, f"{pointer}/time_raw"), None
    day = needed(raw.get("date"), f"{pointer}/time_raw/date")
    hour = needed(raw.get("time"), f"{pointer}/time_raw/time")
    return f"{day}T{hour}", text(raw.get("timezone"), f"{pointer}/time_raw/timezone")


def _estimate(number: str, info: Mapping[str, Any]) -> list[Told]:
    """The expected delivery, the end of its range."""
    metrics = mapping(info.get("time_metrics") or {}, f"{_INFO}/time_metrics")
    pointer = f"{_INFO}/time_metrics/estimated_delivery_date"
    expected = mapping(metrics.get("estimated_delivery_date") or {}, pointer)
    time = text(expected.get("to"), f"{pointer}/to")
    if time is None:
        return []
    return [
        Told(
            key=content_key([number, "estimated_delivery_date", time]),
            classifier=Classifier.EST,
            event_type=EventType.SHIPMENT,
            code="estimated_delivery_date",
            meaning=lambda _: Milestone.DELIVERED,
            time=time,
            references=(number,),
            pointer=f"{pointer}/to",
        )
    ]
