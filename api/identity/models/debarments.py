"""The register of unreliable suppliers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.debarments import DebarmentGround, DebarmentStatus


class DebarmentRecord(Table, table=True):
    """An entry of the register of unreliable suppliers, or the proposal of one.

    `valid_through` is its last day; lifted early, it counts until the day before `lifted_on`.
    """

    __tablename__ = "debarment_record"
    __table_args__ = (
        CheckConstraint("valid_through >= valid_from", name="period_forward"),
        CheckConstraint(
            "status NOT IN ('active', 'lifted') OR (valid_from IS NOT NULL"
            " AND valid_through IS NOT NULL AND source_act IS NOT NULL"
            " AND decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_by_an_act",
        ),
        CheckConstraint(
            "(status = 'lifted') = (lifted_on IS NOT NULL AND lift_reason IS NOT NULL)",
            name="lifted_has_reason",
        ),
        Index("ix_debarment_record_counts", "organisation_id", "status", "valid_through"),
        UniqueConstraint("origin", "organisation_id"),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    status: DebarmentStatus = Field(sa_type=state(DebarmentStatus))
    ground: DebarmentGround = Field(sa_type=state(DebarmentGround))
    reason: str = Field(max_length=5000)
    origin: str | None = Field(default=None, max_length=80)
    ocid: str | None = Field(default=None, max_length=40)
    proposed_by: UUID | None = Field(
        default=None, foreign_key="organisation.id", index=True, ondelete="RESTRICT"
    )
    valid_from: date | None = None
    valid_through: date | None = None
    source_act: str | None = Field(default=None, max_length=300)
    decided_by: UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="RESTRICT"
    )
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    rejection: str | None = Field(default=None, max_length=5000)
    lifted_on: date | None = None
    lift_reason: str | None = Field(default=None, max_length=5000)
    version: int = 1
