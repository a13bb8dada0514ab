"""Invoices as suppliers sent them, kept for whoever pays."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table


class Invoice(Table, table=True):
    """A UBL Invoice under a contract, byte by byte, and what it asks for. Never altered."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("payable_amount > 0", name="payable_positive"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: str = Field(max_length=100)
    issued_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=80)
    issue_date: date
    due_date: date | None = None
    payable_amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    document: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(max_length=64)
    received_at: datetime = Field(sa_type=TIMESTAMP)
