"""What sources tell of shipments: events read from their messages, and what could not be read."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.contracts import Side
from api.rules.tracking.milestones import Classifier, EventType, FacilityType, Milestone

CONFIDENCE = Numeric(4, 3)


class TrackingEvent(Table, table=True):
    """One thing that a source told of a shipment. Never altered: it is taken back by another.

    `event_id` is the publisher's own, unique in its source. `milestone` is empty for a code that
    is read as none, which `source_code` keeps, and for a retraction.
    """

    __tablename__ = "tracking_event"
    __table_args__ = (
        UniqueConstraint("source_id", "event_id"),
        Index("ix_tracking_event_shipment", "shipment_id", "event_time"),
        CheckConstraint(
            "retracts_event_id IS NULL OR milestone IS NULL", name="retraction_tells_nothing"
        ),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_share"),
        CheckConstraint("leg_seq > 0", name="leg_positive"),
    )

    source_id: UUID = Field(foreign_key="intake_source.id", ondelete="RESTRICT")
    event_id: str = Field(max_length=200)
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    shipment_id: UUID = Field(foreign_key="shipment.id", ondelete="RESTRICT")
    message_id: UUID | None = Field(
        default=None, foreign_key="intake_message.id", ondelete="RESTRICT"
    )
    event_type: EventType = Field(sa_type=state(EventType))
    classifier: Classifier = Field(sa_type=state(Classifier))
    milestone: Milestone | None = Field(default=None, sa_type=state(Milestone))
    source_code: str | None = Field(default=None, max_length=200)
    rec24_code: str | None = Field(default=None, max_length=10)
    dcsa_code: str | None = Field(default=None, max_length=10)
    biz_step: str | None = Field(default=None, max_length=100)
    disposition: str | None = Field(default=None, max_length=100)
    event_time: datetime = Field(sa_type=TIMESTAMP)
    event_timezone_offset: str = Field(max_length=6)
    record_time: datetime = Field(sa_type=TIMESTAMP)
    place_code: str | None = Field(default=None, max_length=40, foreign_key="place.code")
    place_text: str | None = Field(default=None, max_length=200)
    facility_type: FacilityType | None = Field(default=None, sa_type=state(FacilityType))
    leg_seq: int | None = None
    delay_reason: str | None = Field(default=None, max_length=100)
    publisher_role: Side = Field(sa_type=state(Side))
    raw_payload_sha256: str | None = Field(default=None, max_length=64)
    retracts_event_id: str | None = Field(default=None, max_length=200)
    confidence: Decimal | None = Field(default=None, sa_type=CONFIDENCE)


class TrackingFault(Table, table=True):
    """A part of a message that was not taken: `row` counts its events from 1, `value` stood there.

    What was sent is kept in the message; a fault with the code `event_in_future` or
    `shipment_unknown` may be no fault later, when the message is read again.
    """

    __tablename__ = "tracking_fault"
    __table_args__ = (Index("ix_tracking_fault_message", "message_id", "job_id", "row"),)

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    message_id: UUID = Field(foreign_key="intake_message.id", ondelete="RESTRICT")
    job_id: UUID
    row: int
    pointer: str = Field(max_length=300)
    code: str = Field(max_length=60)
    detail: str = Field(max_length=1000)
    value: str | None = Field(default=None, max_length=200)
