"""Cancellations of tenders and of single lots."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Uuid, text
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.cancellations import CancellationReason, CancellationStatus


class Cancellation(Table, table=True):
    """The wish to cancel a tender, or those of its lots that `lot_ids` names.

    It waits until `complaint_period_end`, if there is one; `ended_at` says when it took effect,
    was withdrawn or lapsed.
    """

    __tablename__ = "tender_cancellation"
    __table_args__ = (
        Index(
            "uq_tender_cancellation_pending",
            "tender_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="pending_has_not_ended"),
        CheckConstraint(
            "status = 'active' OR complaint_period_end IS NOT NULL", name="waits_for_a_period"
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    lot_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    status: CancellationStatus = Field(sa_type=state(CancellationStatus))
    reason_type: CancellationReason = Field(sa_type=state(CancellationReason))
    reason: str = Field(max_length=5000)
    requested_at: datetime = Field(sa_type=TIMESTAMP)
    complaint_period_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
