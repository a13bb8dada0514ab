"""What goes in and out about tracking: sources, events, reports."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.core.ids import PublicId
from api.core.inputs import printable
from api.delivery.carriers.told import SourceKind
from api.intake.schemas import MAX_OVERLAP_HOURS
from api.rules.contracts import Side
from api.rules.tracking import clocks
from api.rules.tracking.milestones import Classifier, EventType, FacilityType, Milestone


def _known_zone(zone: str) -> str:
    if not clocks.known_zone(zone):
        raise PydanticCustomError("unknown_timezone", "Not an IANA time zone: Asia/Shanghai")
    return zone


TrackingSourceId = Annotated[UUID, PublicId("trackingsource")]
TrackingEventId = Annotated[UUID, PublicId("trackingevent")]
TrackingMessageId = Annotated[UUID, PublicId("trackingmessage")]
TrackedShipmentId = Annotated[UUID, PublicId("shipment")]
JobId = Annotated[UUID, PublicId("job")]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)]
Zone = Annotated[
    str,
    Field(
        min_length=1,
        max_length=50,
        description="IANA zone in which moments without an offset are read",
        examples=["Asia/Shanghai"],
    ),
    AfterValidator(printable),
    AfterValidator(_known_zone),
]
Tolerance = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=86400,
        description="How far clocks of the source may run ahead",
        examples=[300],
    ),
]
Secret = Annotated[SecretStr, Field(min_length=8, max_length=500, examples=["a1b2c3d4e5f60718"])]
MAX_EVENTS = 1000


class Input(BaseModel):
    """Base of inputs: nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class Clock(Input):
    """How the moments of a source are read."""

    timezone: Zone | None = None
    future_tolerance_seconds: Tolerance = 300


class TrackingSourceIn(Clock):
    """A carrier or tracking service to connect. `secret` is what it signs its webhooks with."""

    name: Annotated[Text, Field(max_length=100, examples=["17TRACK of our forwarder"])]
    kind: SourceKind = Field(examples=["track17"])
    secret: Secret | None = None

    @model_validator(mode="after")
    def _signed_or_not(self) -> Self:
        if (self.kind is SourceKind.API) != (self.secret is None):
            raise ValueError("a webhook needs a secret, and a source of kind api has none")
        return self


class TrackingSourcePatch(Clock):
    """What changes of a source. The secret before is taken for `overlap_hours` more."""

    secret: Secret | None = None
    overlap_hours: int = Field(default=0, ge=0, le=MAX_OVERLAP_HOURS, examples=[24])


class TrackingSourceOut(BaseModel):
    """A source of yours. The secret is never shown; `webhook_path` is where it posts."""

    model_config = ConfigDict(from_attributes=True)

    id: TrackingSourceId
    name: str
    kind: SourceKind
    timezone: str | None
    future_tolerance_seconds: int
    webhook_path: str | None
    disabled_at: datetime | None
    created_at: datetime
    version: int


class EventIn(Input):
    """One event. What it says is a `milestone`, a code of UN/CEFACT Rec 24, or another code that
    is only kept; or it takes back the event of the same source with the id `retracts_event_id`."""

    event_id: Annotated[Text, Field(description="Your own, once for ever", examples=["gps-000417"])]
    milestone: Milestone | None = Field(default=None, examples=["border_crossed"])
    rec24_code: Annotated[str, Field(pattern="^[0-9]{1,3}$", examples=["16"])] | None = None
    source_code: Text | None = Field(default=None, examples=["GATE-OUT"])
    classifier: Classifier = Classifier.ACT
    event_type: EventType = EventType.TRANSPORT
    event_time: Annotated[
        str,
        Field(
            min_length=16,
            max_length=40,
            description=(
                "ISO 8601 with a time of day. Without an offset it is read in the zone of the"
                " source, and refused if that has none."
            ),
            examples=["2026-03-08T10:00:00+08:00"],
        ),
    ]
    place_code: (
        Annotated[
            Text, Field(max_length=40, description="See GET /v1/places", examples=["kg-torugart"])
        ]
        | None
    ) = None
    place_text: Text | None = Field(default=None, examples=["Torugart, neutral zone"])
    facility_type: FacilityType | None = Field(default=None, examples=["BORD"])
    leg_seq: int | None = Field(default=None, ge=1, le=1000, examples=[1])
    delay_reason: Annotated[Text, Field(max_length=100, examples=["WEA"])] | None = None
    retracts_event_id: Text | None = Field(default=None, examples=["gps-000416"])
    confidence: Decimal | None = Field(
        default=None, ge=0, le=1, max_digits=4, decimal_places=3, examples=["0.95"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = [self.milestone, self.rec24_code, self.source_code]
        if self.retracts_event_id is None and not any(said):
            raise ValueError("an event has a milestone, a code, or retracts another")
        if self.retracts_event_id is not None and (self.milestone or self.rec24_code):
            raise ValueError("a retraction says nothing else: tell what is right by another event")
        if self.retracts_event_id == self.event_id:
            raise ValueError("an event does not retract itself")
        return self


class TrackingEventIn(EventIn):
    """One event of a shipment, in the zone of one of your sources of kind `api`."""

    source_id: TrackingSourceId | None = None


class ShipmentEventIn(EventIn):
    """One event among many; it names its shipment."""

    shipment_id: TrackedShipmentId


class TrackingEventsIn(Input):
    """Many events, each checked by itself."""

    source_id: TrackingSourceId | None = None
    events: list[ShipmentEventIn] = Field(min_length=1, max_length=MAX_EVENTS)


class TrackingEventOut(BaseModel):
    """An event as it was told and read. `milestone` is empty for a code that is read as none."""

    model_config = ConfigDict(from_attributes=True)

    id: TrackingEventId
    event_id: str
    source_id: TrackingSourceId
    shipment_id: TrackedShipmentId
    event_type: EventType
    classifier: Classifier
    milestone: Milestone | None
    source_code: str | None
    rec24_code: str | None
    dcsa_code: str | None
    biz_step: str | None
    disposition: str | None
    event_time: datetime
    event_timezone_offset: str
    record_time: datetime
    place_code: str | None
    place_text: str | None
    facility_type: FacilityType | None
    leg_seq: int | None
    delay_reason: str | None
    publisher_role: Side
    raw_payload_sha256: str | None
    retracts_event_id: str | None
    confidence: Decimal | None


class FaultOut(BaseModel):
    """A row that was not taken: which, where in it, a stable code, and what stood there."""

    model_config = ConfigDict(from_attributes=True)

    row: int = Field(examples=[3])
    pointer: str = Field(examples=["#/event_time"])
    code: str = Field(examples=["event_in_future"])
    detail: str
    value: str | None


class ReportOut(BaseModel):
    """What became of the events; a duplicate was told before, and changes nothing."""

    created: int
    duplicate: int
    rejected: int
    errors: list[FaultOut]


class ReceivedOut(BaseModel):
    """A webhook was kept; a worker reads it. `duplicate`: the same bytes were there already."""

    message_id: TrackingMessageId
    duplicate: bool


class TrackingMessageOut(BaseModel):
    """What a source sent. `result` has the counts once a worker has read it."""

    model_config = ConfigDict(from_attributes=True)

    id: TrackingMessageId
    source_id: TrackingSourceId
    job_id: JobId
    media_type: str
    sha256: str
    size: int
    received_at: datetime
