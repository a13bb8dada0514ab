"""Sellers' connections to channels, their listings there, and what comes back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, MONEY, QUANTITY, TIMESTAMP, Table, state
from api.rules.channel_listings import (
    ConnectionStatus,
    ListingStatus,
    ListingTarget,
    OrderState,
)


class ChannelConnection(Table, table=True):
    """A seller at a channel (channels/adapters), which sells into `market`.

    `credentials` are encrypted (core/encryption.py) and never shown; `stale`: the channel has
    refused them, or they are about to end. Nothing is sent before `not_before`: the channel has
    asked for silence. `polled_until`: orders modified before were taken in.
    """

    __tablename__ = "channel_connection"
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        CheckConstraint("market ~ '^[A-Z]{2}$'", name="market_is_country"),
        CheckConstraint(
            "status <> 'disconnected' OR credentials IS NULL", name="forgets_credentials"
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    name: str = Field(max_length=100)
    channel: str = Field(max_length=40)
    market: str = Field(max_length=2)
    partner_id: UUID | None = Field(
        default=None, foreign_key="organisation.id", index=True, ondelete="RESTRICT"
    )
    settings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    status: ConnectionStatus = Field(
        default=ConnectionStatus.AUTHORISING, sa_type=state(ConnectionStatus)
    )
    credentials: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    credentials_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    stale: bool = False
    account: str | None = Field(default=None, max_length=100)
    not_before: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    polled_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_error: str | None = Field(default=None, max_length=500)
    version: int = 1


class ChannelListing(Table, table=True):
    """An offer on a channel (rules/channel_listings.py).

    `reference` is our name of it there. `sent` holds the parts as the channel has them, `refused` those
    of one that is there which it did not take: they are not sent again until they change. `intent`
    names the try that has begun to send it and has not said what came of it: whoever finds one of
    another try asks the channel first. `faults` say why it was refused.
    """

    __tablename__ = "channel_listing"
    __table_args__ = (
        UniqueConstraint("connection_id", "offer_id"),
        UniqueConstraint("reference"),
        Index("ix_channel_listing_org_id_id", "org_id", "id"),
        CheckConstraint("stock >= 0", name="stock_not_negative"),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    connection_id: UUID = Field(foreign_key="channel_connection.id", ondelete="RESTRICT")
    offer_id: UUID = Field(foreign_key="offer.id", index=True, ondelete="RESTRICT")
    partner_id: UUID | None = Field(
        default=None, foreign_key="organisation.id", index=True, ondelete="RESTRICT"
    )
    reference: str = Field(max_length=40)
    target: ListingTarget = Field(default=ListingTarget.LIVE, sa_type=state(ListingTarget))
    status: ListingStatus = Field(default=ListingStatus.PENDING, sa_type=state(ListingStatus))
    external_id: str | None = Field(default=None, max_length=100)
    category: str | None = Field(default=None, max_length=40)
    keywords: str | None = Field(default=None, max_length=128)
    stock: Decimal | None = Field(default=None, sa_type=QUANTITY)
    sent: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    refused: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    faults: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    intent: str | None = Field(default=None, max_length=60)
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_error: str | None = Field(default=None, max_length=500)
    ready_until: date | None = None
    published_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class ChannelOrder(Table, table=True):
    """An order that buyers have placed at a channel: `status` in its words, `state` in ours."""

    __tablename__ = "channel_order"
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id"),
        Index("ix_channel_order_org_id_id", "org_id", "id"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    connection_id: UUID = Field(foreign_key="channel_connection.id", ondelete="RESTRICT")
    external_id: str = Field(max_length=100)
    status: str = Field(max_length=60)
    state: OrderState = Field(sa_type=state(OrderState))
    currency: str | None = Field(default=None, max_length=3)
    amount: Decimal | None = Field(default=None, sa_type=MONEY)
    buyer_country: str | None = Field(default=None, max_length=2)
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    raw: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    whole: bool
    modified_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class ChannelInquiry(Table, table=True):
    """A request for quotations, or a question, of a buyer at a channel."""

    __tablename__ = "channel_inquiry"
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id"),
        Index("ix_channel_inquiry_org_id_id", "org_id", "id"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    connection_id: UUID = Field(foreign_key="channel_connection.id", ondelete="RESTRICT")
    external_id: str = Field(max_length=100)
    kind: str = Field(max_length=40)
    subject: str = Field(max_length=300)
    detail: str | None = Field(default=None, max_length=5000)
    quantity: Decimal | None = Field(default=None, sa_type=QUANTITY)
    unit: str | None = Field(default=None, max_length=40)
    country: str | None = Field(default=None, max_length=2)
    posted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    raw: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
