"""What is shown of a shipment's way: planned against actual, what is due, what is expected."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from api.delivery.models.transit import SegmentKind
from api.delivery.schemas.tracking import TrackedShipmentId
from api.rules.schedules import ContractualEvent
from api.rules.tracking.due import Standing
from api.rules.tracking.fold import ShipmentStatus
from api.rules.tracking.milestones import Milestone


class StepOut(BaseModel):
    """A milestone on a leg. `planned_at` is the first plan; deviations count from it."""

    milestone: Milestone
    leg_seq: int | None
    place_code: str | None
    planned_at: datetime | None
    replanned_at: datetime | None
    estimated_at: datetime | None
    estimates: list[datetime] = Field(description="Every estimate, in the order of their telling")
    actual_at: datetime | None
    deviation_hours: Decimal | None = Field(
        description="How much later than planned; negative when earlier", examples=["13.5"]
    )
    delay_reasons: list[str]


class IncidentOut(BaseModel):
    """Something that went wrong and that nothing has ended yet."""

    milestone: Milestone
    at: datetime
    leg_seq: int | None
    place_code: str | None
    delay_reason: str | None


class DueOut(BaseModel):
    """A row of the contract's schedule: the day that binds, and how it stands."""

    row: int
    event: ContractualEvent
    day: date
    quantity: Decimal
    unit_code: str
    done_at: datetime | None
    standing: Standing
    days_late: int


class TimelineOut(BaseModel):
    """Where a shipment is by its actual events, its steps in order, and what is due of it."""

    shipment_id: TrackedShipmentId
    number: str
    status: ShipmentStatus
    since: datetime | None
    events: int = Field(description="How many events were told, retractions among them")
    steps: list[StepOut]
    incidents: list[IncidentOut]
    due: list[DueOut]


class SegmentOut(BaseModel):
    """A part of the way that is left. `basis` is the source of its seed; `observations` counts
    own history in observations of today, older ones less."""

    leg_seq: int
    kind: SegmentKind
    key: str = Field(examples=["crossing:kg-torugart:CN-KG"])
    p50_hours: Decimal
    p90_hours: Decimal
    basis: str
    reviewed: bool
    observations: Decimal


class EtaOut(BaseModel):
    """When the goods are expected at their destination: by `p50_at` in half of such cases, by
    `p90_at` in nine of ten. Without both, `missing` names segments of which nothing is known."""

    model_config = ConfigDict(from_attributes=True)

    shipment_id: TrackedShipmentId
    computed_at: datetime
    delivered_at: datetime | None
    starts_at: datetime | None
    p50_at: datetime | None
    p90_at: datetime | None
    carrier_at: datetime | None = Field(description="The last estimate that was told")
    segments: list[SegmentOut]
    missing: list[str]
