"""Stock of offers by place, and what makers can make and have promised."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import QUANTITY, TIMESTAMP, Table, state
from api.rules.promising import CapacityPeriod, Closing
from api.rules.stock import Balance, MovementKind

_ZERO = {"server_default": text("0")}


class StockLevel(Table, table=True):
    """Goods of an offer at a place. The database folds the movements into `on_hand`, `reserved`
    and `movements`; nobody writes them. `version` is of what the seller says: the other two."""

    __tablename__ = "stock_level"
    __table_args__ = (
        UniqueConstraint("offer_id", "place_code"),
        CheckConstraint("reserved >= 0", "reserved_not_negative"),
        CheckConstraint("on_hand >= 0 OR backorders", "on_hand_not_negative"),
    )

    seller_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    offer_id: UUID = Field(foreign_key="offer.id", ondelete="RESTRICT")
    place_code: str = Field(max_length=40)
    on_hand: Decimal = Field(default=Decimal(0), sa_type=QUANTITY, sa_column_kwargs=_ZERO)
    reserved: Decimal = Field(default=Decimal(0), sa_type=QUANTITY, sa_column_kwargs=_ZERO)
    movements: int = Field(default=0, sa_column_kwargs=_ZERO)
    counted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    backorders: bool = False
    available_from: date | None = None
    version: int = 1

    @property
    def balance(self) -> Balance:
        """What the rules compare facts with."""
        return Balance(self.on_hand, self.reserved, self.backorders)

    @property
    def available(self) -> Decimal:
        """What nobody has reserved."""
        return self.balance.available


class StockMovement(Table, table=True):
    """A fact about goods at a place, for good. `sequence` and `*_after` are the database's."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        UniqueConstraint("seller_id", "reference"),
        UniqueConstraint("level_id", "sequence"),
        CheckConstraint(
            "CASE kind WHEN 'counted' THEN reserved_change = 0"
            " WHEN 'received' THEN on_hand_change = quantity AND reserved_change = 0"
            " WHEN 'reserved' THEN on_hand_change = 0 AND reserved_change = quantity"
            " WHEN 'released' THEN on_hand_change = 0 AND reserved_change = -quantity"
            " ELSE on_hand_change = -quantity AND reserved_change IN (0, -quantity) END",
            "changes_of_kind",
        ),
        CheckConstraint("quantity > 0 OR (quantity = 0 AND kind = 'counted')", "quantity_positive"),
        CheckConstraint("(reservation_id IS NOT NULL) = (reserved_change < 0)", "of_a_reservation"),
        Index(
            "ix_stock_movement_reservation_id",
            "reservation_id",
            postgresql_where=text("reservation_id IS NOT NULL"),
        ),
    )

    seller_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    level_id: UUID = Field(foreign_key="stock_level.id", ondelete="RESTRICT")
    kind: MovementKind = Field(sa_type=state(MovementKind))
    quantity: Decimal = Field(sa_type=QUANTITY)
    on_hand_change: Decimal = Field(sa_type=QUANTITY)
    reserved_change: Decimal = Field(sa_type=QUANTITY)
    reservation_id: UUID | None = Field(
        default=None, foreign_key="stock_movement.id", ondelete="RESTRICT"
    )
    reference: str = Field(max_length=100)
    occurred_at: datetime = Field(sa_type=TIMESTAMP)
    actor: str = Field(max_length=80)
    sequence: int = Field(default=0, sa_column_kwargs=_ZERO)
    on_hand_after: Decimal = Field(default=Decimal(0), sa_type=QUANTITY, sa_column_kwargs=_ZERO)
    reserved_after: Decimal = Field(default=Decimal(0), sa_type=QUANTITY, sa_column_kwargs=_ZERO)


class ProductionCapacity(Table, table=True):
    """How many of a product its maker makes in a period, on the working days of a calendar."""

    __tablename__ = "production_capacity"
    __table_args__ = (
        UniqueConstraint("product_id"),
        CheckConstraint("quantity > 0", "quantity_positive"),
        CheckConstraint("lead_days >= 0", "lead_days_not_negative"),
        CheckConstraint("valid_through >= valid_from", "validity_ordered"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", ondelete="RESTRICT")
    quantity: Decimal = Field(sa_type=QUANTITY)
    unit_code: str = Field(max_length=3)
    period: CapacityPeriod = Field(sa_type=state(CapacityPeriod))
    lead_days: int
    calendar: str = Field(max_length=40)
    valid_from: date | None = None
    valid_through: date | None = None
    version: int = 1


class CapacityPromise(Table, table=True):
    """Units of the capacity that somebody gets by the end of a day; it counts until it is closed."""

    __tablename__ = "capacity_promise"
    __table_args__ = (
        UniqueConstraint("org_id", "product_id", "reference"),
        CheckConstraint("quantity > 0", "quantity_positive"),
        CheckConstraint("(closed_at IS NULL) = (closing IS NULL)", "closed_for_a_reason"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", index=True, ondelete="RESTRICT")
    quantity: Decimal = Field(sa_type=QUANTITY)
    due_on: date
    reference: str = Field(max_length=100)
    actor: str = Field(max_length=80)
    closing: Closing | None = Field(default=None, sa_type=state(Closing))
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
