"""Quotes of sellers, every version of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.sourcing import QuoteStatus


class Quote(Table, table=True):
    """A seller's answer to a request; `number` is the seller's own.

    What it says is its last version; `answers` is the revision of the request that this one knew.
    """

    __tablename__ = "quote"
    __table_args__ = (
        Index(
            "uq_quote_standing",
            "rfq_id",
            "seller_id",
            unique=True,
            postgresql_where=text("status = 'submitted'"),
        ),
        CheckConstraint("buyer_id <> seller_id", name="of_another"),
    )

    rfq_id: UUID = Field(foreign_key="rfq.id", index=True, ondelete="RESTRICT")
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    seller_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: QuoteStatus = Field(default=QuoteStatus.SUBMITTED, sa_type=state(QuoteStatus))
    number: str = Field(max_length=100)
    currency: str = Field(max_length=3)
    valid_until: datetime = Field(sa_type=TIMESTAMP)
    answers: int
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    version: int = 1


class QuoteVersion(Table, table=True):
    """What a quote said when it was submitted, or revised: the body as it came. Never altered."""

    __tablename__ = "quote_version"
    __table_args__ = (UniqueConstraint("quote_id", "number"),)

    quote_id: UUID = Field(foreign_key="quote.id", ondelete="RESTRICT")
    number: int
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    actor: str = Field(max_length=80)
    submitted_at: datetime = Field(sa_type=TIMESTAMP)
