"""What happened to the goods of a contract, told by whoever saw it. Append-only."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, QUANTITY, TIMESTAMP, Table, state
from api.rules.schedules import PerformanceEvent


class Performance(Table, table=True):
    """A fact about a row of the delivery schedule: so much of it was handed over, arrived ….

    `source` is where it is from ("despatch_advice:<hex id>"); the same source tells a fact once.
    A fact that proves wrong is retracted by another row, which names it in `retracts_id`.
    """

    __tablename__ = "performance"
    __table_args__ = (
        UniqueConstraint("schedule_row_id", "event", "source"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_performance_contract_id", "contract_id", "occurred_at"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    schedule_row_id: UUID = Field(foreign_key="delivery_schedule_row.id", ondelete="RESTRICT")
    event: PerformanceEvent = Field(sa_type=state(PerformanceEvent))
    quantity: Decimal = Field(sa_type=QUANTITY)
    occurred_at: datetime = Field(sa_type=TIMESTAMP)
    source: str = Field(max_length=200)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    retracts_id: UUID | None = Field(
        default=None, unique=True, foreign_key="performance.id", ondelete="RESTRICT"
    )
