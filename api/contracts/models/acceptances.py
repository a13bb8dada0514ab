"""Goods presented for acceptance, their inspections and defects; documents that both sides read."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Numeric, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, QUANTITY, TIMESTAMP, Table, state
from api.rules.acceptance import (
    AcceptanceStatus,
    DefectSeverity,
    InspectionLevel,
    RejectionReason,
)

_TEXT = 5000
ACTOR_LENGTH = 80
DEGREES: Any = Numeric(9, 6)


class ContractDocument(Table, table=True):
    """A side's document that it has laid before the other side of the contract. Never altered."""

    __tablename__ = "contract_document"
    __table_args__ = (UniqueConstraint("contract_id", "document_id"),)

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    sha256: str = Field(max_length=64)
    added_at: datetime = Field(sa_type=TIMESTAMP)


class Acceptance(Table, table=True):
    """A received quantity of a row of the schedule, presented with its proof of delivery, and what
    the buyer said of it.

    `delivered_quantity` never changes: it is counted into the row, which cannot be presented more
    than was received of it. `deemed_at` is computed once; at it silence is acceptance. What is
    rejected for good and to be replaced has a row of its own, `replacement_row_id`.
    """

    __tablename__ = "acceptance"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("delivered_quantity > 0", name="delivered_positive"),
        CheckConstraint(
            "accepted_quantity >= 0 AND rejected_quantity >= 0"
            " AND accepted_quantity + rejected_quantity <= delivered_quantity",
            name="decided_within_delivered",
        ),
        CheckConstraint(
            "status NOT IN ('final', 'deemed', 'rejected')"
            " OR accepted_quantity + rejected_quantity = delivered_quantity",
            name="decided_whole",
        ),
        CheckConstraint(
            "status <> 'rejected' OR accepted_quantity = 0", name="rejected_accepts_nothing"
        ),
        CheckConstraint("(rejected_quantity > 0) = (reason_code IS NOT NULL)", name="reason_given"),
        CheckConstraint(
            "replace_by IS NULL OR rejected_quantity > 0", name="replaces_what_is_rejected"
        ),
        CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint(
            "status NOT IN ('provisional', 'final', 'rejected')"
            " OR (protocol_number IS NOT NULL AND jsonb_array_length(commission_members) > 0)",
            name="decided_by_protocol",
        ),
        CheckConstraint(
            "(pod_latitude IS NULL) = (pod_longitude IS NULL)"
            " AND pod_latitude BETWEEN -90 AND 90 AND pod_longitude BETWEEN -180 AND 180",
            name="geo_whole",
        ),
        CheckConstraint("replaces_id <> id", name="replaces_another"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    schedule_row_id: UUID = Field(
        foreign_key="delivery_schedule_row.id", index=True, ondelete="RESTRICT"
    )
    number: int
    status: AcceptanceStatus = Field(
        default=AcceptanceStatus.PENDING, sa_type=state(AcceptanceStatus)
    )
    delivered_quantity: Decimal = Field(sa_type=QUANTITY)
    accepted_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    rejected_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    reason_code: RejectionReason | None = Field(default=None, sa_type=state(RejectionReason))
    reason: str | None = Field(default=None, max_length=_TEXT)
    replace_by: date | None = None
    replaces_id: UUID | None = Field(
        default=None, index=True, foreign_key="acceptance.id", ondelete="RESTRICT"
    )
    replacement_row_id: UUID | None = Field(
        default=None, unique=True, foreign_key="delivery_schedule_row.id", ondelete="RESTRICT"
    )
    presented_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    presented_at: datetime = Field(sa_type=TIMESTAMP)
    deemed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    pod_signatory: str = Field(max_length=500)
    pod_signed_at: datetime = Field(sa_type=TIMESTAMP)
    pod_photo_id: UUID | None = Field(default=None, foreign_key="document.id", ondelete="RESTRICT")
    pod_latitude: Decimal | None = Field(default=None, sa_type=DEGREES)
    pod_longitude: Decimal | None = Field(default=None, sa_type=DEGREES)
    protocol_number: str | None = Field(default=None, max_length=100)
    commission_members: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    decided_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class AcceptanceInspection(Table, table=True):
    """An inspection of presented goods: how much was looked at, by whom, what the report says.
    Never altered. `aql` is the acceptance quality limit in percent (ISO 2859-1)."""

    __tablename__ = "acceptance_inspection"
    __table_args__ = (
        UniqueConstraint("acceptance_id", "number"),
        CheckConstraint("aql > 0 AND aql <= 100", name="aql_in_bounds"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    acceptance_id: UUID = Field(foreign_key="acceptance.id", ondelete="RESTRICT")
    number: int
    level: InspectionLevel = Field(sa_type=state(InspectionLevel))
    aql: Decimal | None = Field(default=None, sa_type=Numeric(6, 3))
    agency: str = Field(max_length=500)
    inspected_at: datetime = Field(sa_type=TIMESTAMP)
    passed: bool
    report_id: UUID = Field(foreign_key="document.id", ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")


class AcceptanceDefect(Table, table=True):
    """A defect of presented goods, of so many of them; open until it is remedied."""

    __tablename__ = "acceptance_defect"
    __table_args__ = (
        UniqueConstraint("acceptance_id", "number"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    acceptance_id: UUID = Field(foreign_key="acceptance.id", ondelete="RESTRICT")
    number: int
    severity: DefectSeverity = Field(sa_type=state(DefectSeverity))
    description: str = Field(max_length=_TEXT)
    quantity: Decimal = Field(sa_type=QUANTITY)
    found_at: datetime = Field(sa_type=TIMESTAMP)
    remedied_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
