"""Despatch advices of suppliers and receipts of buyers. Quantities conserve in the database.

A despatched line adds to its row of the schedule, a received line to both; constraints of the row
and of the line refuse what is too much, and the row's lock makes two writers wait for each other.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, QUANTITY, TIMESTAMP, Table


class DespatchAdvice(Table, table=True):
    """What the supplier says has left with a shipment (UBL DespatchAdvice).

    One counts at a time; `cancelled_at` takes it back as long as nothing of it was received.
    """

    __tablename__ = "despatch_advice"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        Index(
            "uq_despatch_advice_live",
            "shipment_id",
            unique=True,
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        CheckConstraint(
            "(cancelled_at IS NULL) = (cancellation_reason IS NULL)", name="cancelled_has_reason"
        ),
    )

    shipment_id: UUID = Field(foreign_key="shipment.id", index=True, ondelete="RESTRICT")
    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: str = Field(max_length=35)
    issued_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=80)
    issued_at: datetime = Field(sa_type=TIMESTAMP)
    despatched_at: datetime = Field(sa_type=TIMESTAMP)
    cancelled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancellation_reason: str | None = Field(default=None, max_length=5000)
    version: int = 1


class DespatchLine(Table, table=True):
    """So much of a row of the delivery schedule. The counters are kept by triggers."""

    __tablename__ = "despatch_line"
    __table_args__ = (
        UniqueConstraint("advice_id", "number"),
        UniqueConstraint("advice_id", "schedule_row_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint(
            "received_quantity >= 0 AND short_quantity >= 0"
            " AND received_quantity + short_quantity <= quantity",
            name="received_within_despatched",
        ),
    )

    advice_id: UUID = Field(foreign_key="despatch_advice.id", ondelete="RESTRICT")
    schedule_row_id: UUID = Field(
        foreign_key="delivery_schedule_row.id", index=True, ondelete="RESTRICT"
    )
    number: int
    quantity: Decimal = Field(sa_type=QUANTITY)
    received_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    short_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)


class Receipt(Table, table=True):
    """What the buyer took over of a despatch advice (UBL ReceiptAdvice); several may follow."""

    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("contract_id", "number"),)

    advice_id: UUID = Field(foreign_key="despatch_advice.id", index=True, ondelete="RESTRICT")
    shipment_id: UUID = Field(foreign_key="shipment.id", index=True, ondelete="RESTRICT")
    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: str = Field(max_length=35)
    issued_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=80)
    received_at: datetime = Field(sa_type=TIMESTAMP)
    note: str | None = Field(default=None, max_length=5000)
    evidence: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class ReceiptLine(Table, table=True):
    """So much of a despatched line came, so much is short; of what came, so much is damaged."""

    __tablename__ = "receipt_line"
    __table_args__ = (
        UniqueConstraint("receipt_id", "despatch_line_id"),
        CheckConstraint(
            "received_quantity >= 0 AND short_quantity >= 0"
            " AND received_quantity + short_quantity > 0",
            name="says_something",
        ),
        CheckConstraint(
            "damaged_quantity BETWEEN 0 AND received_quantity", name="damaged_within_received"
        ),
    )

    receipt_id: UUID = Field(foreign_key="receipt.id", ondelete="RESTRICT")
    despatch_line_id: UUID = Field(foreign_key="despatch_line.id", index=True, ondelete="RESTRICT")
    schedule_row_id: UUID = Field(
        foreign_key="delivery_schedule_row.id", index=True, ondelete="RESTRICT"
    )
    received_quantity: Decimal = Field(sa_type=QUANTITY)
    short_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    damaged_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    note: str | None = Field(default=None, max_length=5000)
