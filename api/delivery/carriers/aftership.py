"""Webhooks of AfterShip: header `aftership-hmac-sha256` = base64 of HMAC-SHA256 over the body.

A message repeats all checkpoints of a tracking; each is an event of its own, known by its content,
so that one that was told before is one already. `checkpoint_time` often has no offset.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from api.delivery.carriers.told import (
    Told,
    Unreadable,
    content_key,
    each,
    items,
    mapping,
    needed,
    text,
)
from api.rules.tracking import reading
from api.rules.tracking.milestones import Classifier, EventType, Milestone

_EXPECTED = "#/msg/courier_estimated_delivery_date"


def signature(body: bytes, secret: bytes) -> str:
    """What `aftership-hmac-sha256` must be."""
    return base64.b64encode(hmac.digest(secret, body, "sha256")).decode()


def parse(document: Any) -> Iterator[Told | Unreadable]:
    """The checkpoints of a tracking_update, and the courier's estimate where it has an hour."""
    tracking = mapping(mapping(document, "#").get("msg"), "#/msg")
    number = needed(tracking.get("tracking_number"), "#/msg/tracking_number")
    checkpoints = items(tracking.get("checkpoints"), "#/msg/checkpoints")
    yield from each(checkpoints, "#/msg/checkpoints", partial(_checkpoint, number))
    try:
        yield from _estimate(number, tracking)
    except Unreadable as error:
        yield error


def _checkpoint(number: str, value: Any, pointer: str) -> list[Told]:
    point = mapping(value, pointer)
    subtag = text(point.get("subtag"), f"{pointer}/subtag")
    code = subtag or needed(point.get("tag"), f"{pointer}/tag")
    time = needed(point.get("checkpoint_time"), f"{pointer}/checkpoint_time")
    location = text(point.get("location"), f"{pointer}/location")
    city = text(point.get("city"), f"{pointer}/city")
    message = text(point.get("message"), f"{pointer}/message")
    milestone = reading.from_aftership(code)
    return [
        Told(
            key=content_key([number, time, code, location, message]),
            classifier=Classifier.ACT,
            event_type=EventType.SHIPMENT,
            code=code,
            meaning=lambda _: milestone,
            time=time,
            references=(number,),
            place_text=location or city,
            pointer=pointer,
        )
    ]


def _estimate(number: str, tracking: Mapping[str, Any]) -> list[Told]:
    expected = mapping(tracking.get("courier_estimated_delivery_date") or {}, _EXPECTED)
    time = text(expected.get("estimated_delivery_date"), f"{_EXPECTED}/estimated_delivery_date")
    if time is None or ":" not in time:  # a day alone names no moment
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
            pointer=f"{_EXPECTED}/estimated_delivery_date",
        )
    ]
