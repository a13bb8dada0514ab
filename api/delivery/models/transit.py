"""How long legs and border crossings take: what is published, and what was observed here."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.transport import TransportMode

HOURS = Numeric(12, 4)


class SegmentKind(StrEnum):
    """A part of a way: travelling a leg without its crossing, or the wait at a crossing."""

    LEG = "leg"
    CROSSING = "crossing"


class TransitSeed(Table, table=True):
    """Published hours of a crossing in one direction, or of `per_km` kilometres of a mode.

    `place_code` empty: of any crossing in that direction. A crossing without a mode is one of roads. From `valid_from` on the latest counts.
    `per_km` kilometres are in a straight line.
    """

    __tablename__ = "transit_seed"
    __table_args__ = (
        CheckConstraint("p50_hours > 0 AND p90_hours >= p50_hours", name="hours_ordered"),
        CheckConstraint("(kind = 'leg') = (per_km IS NOT NULL)", name="legs_by_distance"),
        CheckConstraint("kind <> 'leg' OR mode IS NOT NULL", name="legs_have_mode"),
        Index("ix_transit_seed_lookup", "kind", "mode", "place_code"),
    )

    kind: SegmentKind = Field(sa_type=state(SegmentKind))
    mode: TransportMode | None = Field(default=None, sa_type=state(TransportMode))
    place_code: str | None = Field(default=None, max_length=40)
    from_country: str | None = Field(default=None, max_length=2)
    to_country: str | None = Field(default=None, max_length=2)
    per_km: Decimal | None = Field(default=None, sa_type=HOURS)
    p50_hours: Decimal = Field(sa_type=HOURS)
    p90_hours: Decimal = Field(sa_type=HOURS)
    valid_from: date
    source: str = Field(max_length=500)
    reviewed: bool = False


class TransitObservation(Table, table=True):
    """How long a segment of one shipment took.

    Every organisation learns from the hours of all; whose shipment it was is shown to none: the
    API's role may read `segment`, `hours` and `observed_at` alone.
    """

    __tablename__ = "transit_observation"
    __table_args__ = (
        UniqueConstraint("shipment_id", "leg_seq", "segment"),
        Index("ix_transit_observation_segment", "segment", "observed_at"),
        CheckConstraint("hours > 0", name="hours_positive"),
    )

    segment: str = Field(max_length=120)
    hours: Decimal = Field(sa_type=HOURS)
    observed_at: datetime = Field(sa_type=TIMESTAMP)
    shipment_id: UUID = Field(foreign_key="shipment.id", ondelete="RESTRICT")
    leg_seq: int
