"""Awards: which bid gets a lot, who decided it, and until when no contract may be signed."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Uuid, text
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.awards import AwardStatus, CancellationCause
from api.rules.tenders import Value

ACTOR_LENGTH = 80


class Award(Table, table=True):
    """The award of a lot to a bid. `suppliers` are its tenderers, the lead first.

    `proposed_by` is empty while only the ranking has put it forward. `standstill_rule` is the
    duration as the policy said it; the instants that it gave are never computed again.
    `seat` counts the awards that a lot may have at once: one, or the participants of a framework.
    `bid_returned`: the award was cancelled for no fault of its bid, which can be awarded again.
    """

    __tablename__ = "award"
    __table_args__ = (
        Index(
            "uq_award_active",
            "lot_id",
            "seat",
            unique=True,
            postgresql_where=text("status = 'active'"),
        ),
        CheckConstraint("seat > 0", name="seat_positive"),
        Index(
            "uq_award_bid",
            "lot_id",
            "bid_id",
            unique=True,
            postgresql_where=text("status <> 'cancelled'"),
        ),
        CheckConstraint("value_amount > 0", name="value_positive"),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            "CASE status WHEN 'pending' THEN decided_at IS NULL"
            " WHEN 'cancelled' THEN decided_at IS NOT NULL OR cancellation_cause = 'lot_ended'"
            " ELSE decided_at IS NOT NULL END"
            " AND (decided_at IS NULL OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL))",
            name="decided_by_two",
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_cause IS NOT NULL)",
            name="cancelled_has_cause",
        ),
        CheckConstraint(
            "(standstill_start IS NULL) = (standstill_end IS NULL)"
            " AND standstill_end >= standstill_start",
            name="standstill_whole",
        ),
        CheckConstraint("cardinality(suppliers) > 0", name="has_supplier"),
        CheckConstraint("status = 'cancelled' OR NOT bid_returned", name="returned_if_cancelled"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    bid_id: UUID = Field(foreign_key="bid.id", index=True, ondelete="RESTRICT")
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    suppliers: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    rank: int
    seat: int = 1
    status: AwardStatus = Field(default=AwardStatus.PENDING, sa_type=state(AwardStatus))
    value_amount: Decimal = Field(sa_type=MONEY)
    value_currency: str = Field(max_length=3)
    proposed_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    proposal: str | None = Field(default=None, max_length=5000)
    decided_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    decision: str | None = Field(default=None, max_length=5000)
    standstill_start: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    standstill_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    standstill_rule: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    cancelled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancellation_cause: CancellationCause | None = Field(
        default=None, sa_type=state(CancellationCause)
    )
    cancellation_reason: str | None = Field(default=None, max_length=5000)
    bid_returned: bool = False
    version: int = 1

    @property
    def value(self) -> Value:
        return Value(self.value_amount, self.value_currency)

    @property
    def proposed(self) -> bool:
        return self.proposed_by is not None
