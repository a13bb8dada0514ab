"""What is attested of organisations, and who was suspended, why, and what became of appeals."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.organisations import OrganisationStatus
from api.rules.suspensions import AppealStatus


class Attestation(Table, table=True):
    """That evidence of a kind was accepted, for these days: what a badge rests on, shown to all.

    The document and what it says stay with the organisation and the operator.
    """

    __tablename__ = "attestation"
    __table_args__ = (CheckConstraint("valid_through >= valid_from", name="period_forward"),)

    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    kind: str = Field(max_length=40)
    valid_from: date
    valid_through: date
    ended_on: date | None = None


class Suspension(Table, table=True):
    """A time in which an organisation may do nothing new. `status_before` is what it was."""

    __tablename__ = "suspension"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        Index(
            "uq_suspension_in_force",
            "organisation_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status_before: OrganisationStatus = Field(sa_type=state(OrganisationStatus))
    reason: str = Field(max_length=5000)
    suspended_by: str = Field(max_length=80)
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    ended_by: str | None = Field(default=None, max_length=80)
    end_reason: str | None = Field(default=None, max_length=5000)
    version: int = 1


class SuspensionAppeal(Table, table=True):
    """What a suspended organisation says against it, and what another person decides."""

    __tablename__ = "suspension_appeal"
    __table_args__ = (
        CheckConstraint("decided_by <> suspended_by", name="four_eyes"),
        CheckConstraint(
            "status NOT IN ('upheld', 'dismissed')"
            " OR (decided_by IS NOT NULL AND decided_at IS NOT NULL AND decision IS NOT NULL)",
            name="decided_with_reason",
        ),
        Index(
            "uq_suspension_appeal_open",
            "suspension_id",
            unique=True,
            postgresql_where=text("status = 'filed'"),
        ),
    )

    suspension_id: UUID = Field(foreign_key="suspension.id", index=True, ondelete="RESTRICT")
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: AppealStatus = Field(default=AppealStatus.FILED, sa_type=state(AppealStatus))
    statement: str = Field(max_length=5000)
    filed_by: str = Field(max_length=80)
    suspended_by: str = Field(max_length=80)
    decided_by: str | None = Field(default=None, max_length=80)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    decision: str | None = Field(default=None, max_length=5000)
    version: int = 1
