"""Reverse auctions of lots, and the log of their prices."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.auction import AuctionStatus, Terms


class Auction(Table, table=True):
    """What was announced of a lot's auction, and when it ends as things stand.

    `initial` is what each bid asked at the opening, in the auction's currency: id -> amount.
    `ends_at` is what the log gives (rules.auction.replay), kept so that the clock can look for it.
    """

    __tablename__ = "auction"
    __table_args__ = (
        Index(
            "uq_auction_lot",
            "lot_id",
            unique=True,
            postgresql_where=text("status <> 'cancelled'"),
        ),
        CheckConstraint("announced_end > starts_at", name="period_forward"),
        CheckConstraint("ends_at >= announced_end", name="end_only_moves_on"),
        CheckConstraint("step_amount > 0", name="step_positive"),
        CheckConstraint("pause_seconds > 0", name="pause_positive"),
        CheckConstraint(
            "(status = 'cancelled') = (cancellation_reason IS NOT NULL)",
            name="cancelled_has_reason",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    status: AuctionStatus = Field(default=AuctionStatus.PLANNED, sa_type=state(AuctionStatus))
    currency: str = Field(max_length=3)
    step_amount: Decimal = Field(sa_type=MONEY)
    pause_seconds: int
    initial: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    starts_at: datetime = Field(sa_type=TIMESTAMP)
    announced_end: datetime = Field(sa_type=TIMESTAMP)
    ends_at: datetime = Field(sa_type=TIMESTAMP)
    cancellation_reason: str | None = Field(default=None, max_length=5000)
    version: int = 1

    @property
    def terms(self) -> Terms:
        """What the rules need of what was announced."""
        return Terms(
            self.starts_at,
            self.announced_end,
            self.step_amount,
            timedelta(seconds=self.pause_seconds),
            {bid: Decimal(amount) for bid, amount in self.initial.items()},
        )


class AuctionPrice(Table, table=True):
    """One entry of an auction's log; never altered afterwards."""

    __tablename__ = "auction_price"
    __table_args__ = (
        UniqueConstraint("auction_id", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    auction_id: UUID = Field(foreign_key="auction.id", ondelete="CASCADE")
    number: int
    bid_id: UUID = Field(foreign_key="bid.id", ondelete="RESTRICT")
    amount: Decimal = Field(sa_type=MONEY)
    received_at: datetime = Field(sa_type=TIMESTAMP)
