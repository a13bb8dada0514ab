"""Complaints, the letters between their sides and the reviewer, decisions and their effects."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.complaints import KG_STATUS, ComplaintStatus, ComplaintTarget, EffectKind

ACTOR_LENGTH = 80


class Complaint(Table, table=True):
    """A supplier's complaint. `window_end` and `review_due_at` are computed once and stored.

    `overdue_at` is set when the review has not ended in time: it is shown, and decides nothing.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        CheckConstraint("(target = 'lot') <= (lot_id IS NOT NULL)", name="lot_named"),
        CheckConstraint("(target = 'award') = (award_id IS NOT NULL)", name="award_named"),
        CheckConstraint(
            "(target = 'qualification') = (qualification_id IS NOT NULL)",
            name="qualification_named",
        ),
        CheckConstraint(
            "target = 'cancellation' OR cancellation_id IS NULL", name="cancellation_named"
        ),
        CheckConstraint(
            "status IN ('draft', 'mistaken') OR submitted_at IS NOT NULL", name="submitted_has_time"
        ),
        CheckConstraint(
            "status IN ('draft', 'mistaken') OR fee_amount IS NULL OR fee_reference IS NOT NULL",
            name="fee_paid",
        ),
        CheckConstraint(
            "status NOT IN ('accepted', 'declined', 'satisfied', 'stopped', 'resolved', 'invalid')"
            " OR reviewer_id IS NOT NULL",
            name="reviewed_by_somebody",
        ),
        Index(
            "ix_complaint_open",
            "tender_id",
            postgresql_where=text("status IN ('pending', 'accepted', 'satisfied')"),
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    complainant_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    reviewer_id: UUID | None = Field(
        default=None, foreign_key="organisation.id", index=True, ondelete="RESTRICT"
    )
    target: ComplaintTarget = Field(sa_type=state(ComplaintTarget))
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    award_id: UUID | None = Field(
        default=None, foreign_key="award.id", index=True, ondelete="RESTRICT"
    )
    qualification_id: UUID | None = Field(
        default=None, foreign_key="qualification.id", index=True, ondelete="RESTRICT"
    )
    cancellation_id: UUID | None = Field(
        default=None, foreign_key="tender_cancellation.id", index=True, ondelete="RESTRICT"
    )
    status: ComplaintStatus = Field(default=ComplaintStatus.DRAFT, sa_type=state(ComplaintStatus))
    language: str = Field(max_length=2)
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    remedy: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    window_end: datetime = Field(sa_type=TIMESTAMP)
    fee_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    fee_currency: str | None = Field(default=None, max_length=3)
    fee_reference: str | None = Field(default=None, max_length=200)
    submitted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    review_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    overdue_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1

    @property
    def kg_status(self) -> str | None:
        return KG_STATUS[self.status]


class ComplaintPost(Table, table=True):
    """A letter between the reviewer and one side; never altered, read by both sides."""

    __tablename__ = "complaint_post"
    __table_args__ = (UniqueConstraint("complaint_id", "number"),)

    complaint_id: UUID = Field(foreign_key="complaint.id", ondelete="RESTRICT")
    number: int
    author_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    recipient_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    text: str = Field(max_length=5000)
    posted_at: datetime = Field(sa_type=TIMESTAMP)


class ComplaintDecision(Table, table=True):
    """What the reviewer decided, and why; one for each step that it took. Never altered."""

    __tablename__ = "complaint_decision"
    __table_args__ = (UniqueConstraint("complaint_id", "outcome"),)

    complaint_id: UUID = Field(foreign_key="complaint.id", ondelete="RESTRICT")
    outcome: ComplaintStatus = Field(sa_type=state(ComplaintStatus))
    rationale: str = Field(max_length=5000)
    decided_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=ACTOR_LENGTH)
    decided_at: datetime = Field(sa_type=TIMESTAMP)


class ComplaintEffect(Table, table=True):
    """What a decision makes the engine do. `executed_at` is empty while the buyer must act first
    (`amend_terms`); `result` names what was done."""

    __tablename__ = "complaint_effect"
    __table_args__ = (
        UniqueConstraint("complaint_id", "kind"),
        CheckConstraint("(executed_at IS NULL) = (result IS NULL)", name="executed_has_result"),
    )

    complaint_id: UUID = Field(foreign_key="complaint.id", ondelete="RESTRICT")
    position: int
    kind: EffectKind = Field(sa_type=state(EffectKind))
    executed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
