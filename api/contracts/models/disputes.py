"""Disputes about contracts, their evidence, and the payments that they freeze."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, UniqueConstraint, Uuid, text
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.contracts import Side
from api.rules.disputes import (
    DesiredOutcome,
    DisputeOutcome,
    DisputeStage,
    DisputeType,
    Fault,
    MilestoneKind,
)

_TEXT = 5000
ACTOR_LENGTH = 80


class Dispute(Table, table=True):
    """A dispute of the two sides of a contract. `stage_due_at` is when its stage is over.

    `settlement` is what one side (`settlement_by`) offers, until the other agrees. What was
    determined or agreed stands in the fields from `party_at_fault` on; money is in `currency`, the
    contract's.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint(
            "(stage = 'closed') = (outcome IS NOT NULL AND closed_at IS NOT NULL)",
            name="closed_has_outcome",
        ),
        CheckConstraint(
            "coalesce(outcome IN ('determined', 'settled'), false) = (party_at_fault IS NOT NULL)",
            name="decided_names_fault",
        ),
        CheckConstraint(
            "(outcome = 'determined') = (determined_by IS NOT NULL)", name="determined_by_somebody"
        ),
        CheckConstraint(
            "(settlement IS NULL) = (settlement_by IS NULL)", name="settlement_has_author"
        ),
        CheckConstraint("claimed_amount > 0", name="claimed_positive"),
        CheckConstraint(
            "refund >= 0 AND liquidated_damages >= 0 AND cost_of_inspection >= 0",
            name="amounts_not_negative",
        ),
        CheckConstraint(
            "(cost_of_inspection IS NULL) = (inspection_paid_by IS NULL)",
            name="inspection_paid_by_somebody",
        ),
        Index("ix_dispute_open", "contract_id", postgresql_where=text("stage <> 'closed'")),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    type: DisputeType = Field(sa_type=state(DisputeType))
    stage: DisputeStage = Field(default=DisputeStage.NEGOTIATION, sa_type=state(DisputeStage))
    opened_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    opened_at: datetime = Field(sa_type=TIMESTAMP)
    schedule_row_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    description: str = Field(max_length=_TEXT)
    desired_outcome: DesiredOutcome = Field(sa_type=state(DesiredOutcome))
    claimed_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    currency: str = Field(max_length=3)
    stage_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    overdue_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    inspection_agency: str | None = Field(default=None, max_length=500)
    settlement: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    settlement_by: UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="RESTRICT"
    )
    outcome: DisputeOutcome | None = Field(default=None, sa_type=state(DisputeOutcome))
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    party_at_fault: Fault | None = Field(default=None, sa_type=state(Fault))
    refund: Decimal | None = Field(default=None, sa_type=MONEY)
    replace: bool = False
    liquidated_damages: Decimal | None = Field(default=None, sa_type=MONEY)
    cost_of_inspection: Decimal | None = Field(default=None, sa_type=MONEY)
    inspection_paid_by: Side | None = Field(default=None, sa_type=state(Side))
    rationale: str | None = Field(default=None, max_length=_TEXT)
    determined_by: UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="RESTRICT"
    )
    version: int = 1


class DisputeEvidence(Table, table=True):
    """A document that a side puts forward, among the documents of the contract. Never altered.

    `inspection_report` marks the report of the agency that was ordered to inspect.
    """

    __tablename__ = "dispute_evidence"
    __table_args__ = (UniqueConstraint("dispute_id", "number"),)

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    dispute_id: UUID = Field(foreign_key="dispute.id", ondelete="RESTRICT")
    number: int
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    document_id: UUID = Field(foreign_key="document.id", ondelete="RESTRICT")
    sha256: str = Field(max_length=64)
    description: str = Field(max_length=_TEXT)
    inspection_report: bool
    submitted_at: datetime = Field(sa_type=TIMESTAMP)


class PaymentFreeze(Table, table=True):
    """Payments of a contract that are held: those of a kind of milestone, of one row of the schedule
    or (None) of all. A dispute of its sides holds them, or a payer's bank that takes money back
    (`payment_dispute`, a table of payments). They are free again once `released_at` is set."""

    __tablename__ = "payment_freeze"
    __table_args__ = (
        UniqueConstraint(
            "dispute_id",
            "payment_dispute_id",
            "milestone",
            "schedule_row_id",
            name="uq_payment_freeze_cause_milestone_schedule_row_id",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("num_nonnulls(dispute_id, payment_dispute_id) = 1", name="one_cause"),
        Index(
            "ix_payment_freeze_held", "contract_id", postgresql_where=text("released_at IS NULL")
        ),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    dispute_id: UUID | None = Field(default=None, foreign_key="dispute.id", ondelete="RESTRICT")
    payment_dispute_id: UUID | None = Field(
        default=None, foreign_key="payment_dispute.id", ondelete="RESTRICT", index=True
    )
    milestone: MilestoneKind = Field(sa_type=state(MilestoneKind))
    schedule_row_id: UUID | None = Field(
        default=None, foreign_key="delivery_schedule_row.id", ondelete="RESTRICT"
    )
    frozen_at: datetime = Field(sa_type=TIMESTAMP)
    released_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
