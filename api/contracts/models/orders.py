"""Orders that a buyer makes from a quote, without a tender; contracts rest on them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, Relationship

from api.core.tables import JSON, MONEY, QUANTITY, TIMESTAMP, Table, state
from api.rules.incoterms import Incoterm
from api.rules.orders import PurchaseOrderStatus
from api.rules.tenders import Value

_TEXT = 5000
ACTOR_LENGTH = 80


class PurchaseOrderLine(Table, table=True):
    """So much of an item of the request at the quote's price for that quantity. Never altered.

    Its id is that of the item in delivery schedules and shipments. `alternative` says what comes
    instead of what was asked. `amount` is in whole coins of the order's currency.
    """

    __tablename__ = "purchase_order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "place"),
        CheckConstraint("quantity > 0 AND unit_price > 0 AND amount > 0", name="in_bounds"),
    )

    order_id: UUID = Field(foreign_key="purchase_order.id", ondelete="RESTRICT")
    place: int
    rfq_item_id: UUID | None = Field(
        default=None, index=True, foreign_key="rfq_item.id", ondelete="SET NULL"
    )
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    specification: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    alternative: dict[str, str] | None = Field(default=None, sa_column=Column(JSON))
    sku: str | None = Field(default=None, max_length=100)
    quantity: Decimal = Field(sa_type=QUANTITY)
    unit_code: str = Field(max_length=3)
    unit_price: Decimal = Field(sa_type=MONEY)
    amount: Decimal = Field(sa_type=MONEY)
    lead_time_days: int | None = None
    origin: str | None = Field(default=None, max_length=2)
    hs_code: str | None = Field(default=None, max_length=6)
    tnved_code: str | None = Field(default=None, max_length=10)


class PurchaseOrder(Table, table=True):
    """An order of a buyer from one version of a quote; confirmed by the seller, both sides sign its
    contract.

    `policy` are the terms that count for the contract, frozen as a tender's are: those of the policy
    set for orders, with what the order itself says of delay in their place. `place_code` is that of
    the Incoterms rule, `deliver_by` the last day of delivery. `valid_until` is until when the
    quote binds the seller.
    """

    __tablename__ = "purchase_order"
    __table_args__ = (
        Index(
            "uq_purchase_order_live",
            "rfq_id",
            unique=True,
            postgresql_where=text("status IN ('placed', 'confirmed')"),
        ),
        CheckConstraint("total > 0", name="total_positive"),
        CheckConstraint("buyer_id <> seller_id", name="of_another"),
        CheckConstraint(
            "status = 'draft' OR placed_at IS NOT NULL OR closed_at IS NOT NULL",
            name="placed_has_time",
        ),
        CheckConstraint("(placed_at IS NULL) = (placed_by IS NULL)", name="placed_by_somebody"),
        CheckConstraint(
            "(status IN ('refused', 'lapsed', 'cancelled')) ="
            " (closed_at IS NOT NULL AND closing_reason IS NOT NULL)",
            name="closed_has_reason",
        ),
        CheckConstraint(
            "status <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed_has_time"
        ),
    )
    accelerator: ClassVar[int] = 1
    """Time runs as it does: an order is never for practice."""

    rfq_id: UUID = Field(foreign_key="rfq.id", ondelete="RESTRICT")
    rfq_revision: int
    quote_id: UUID = Field(foreign_key="quote.id", index=True, ondelete="RESTRICT")
    quote_version: int
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    seller_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: PurchaseOrderStatus = Field(
        default=PurchaseOrderStatus.DRAFT, sa_type=state(PurchaseOrderStatus)
    )
    total: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    incoterm: Incoterm = Field(sa_type=state(Incoterm))
    place_code: str = Field(max_length=40)
    destination_place_code: str = Field(max_length=40)
    deliver_by: date
    payment_terms: str | None = Field(default=None, max_length=500)
    valid_until: datetime = Field(sa_type=TIMESTAMP)
    policy_set_id: UUID = Field(foreign_key="policy_set.id", ondelete="RESTRICT")
    policy: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    note: str | None = Field(default=None, max_length=_TEXT)
    drafted_by: str = Field(max_length=ACTOR_LENGTH)
    placed_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    placed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    confirmed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    closing_reason: str | None = Field(default=None, max_length=_TEXT)
    version: int = 1
    lines: list[PurchaseOrderLine] = Relationship(
        sa_relationship_kwargs={"lazy": "raise", "order_by": "PurchaseOrderLine.place"}
    )

    @property
    def value(self) -> Value:
        return Value(self.total, self.currency)
