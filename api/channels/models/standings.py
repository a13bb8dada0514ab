"""How products stand to markets, as it was found last."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, Table


class MarketStanding(Table, table=True):
    """Whether a product may be shown in a market: `ready`, up to and with `until` (None: for good).

    Kept by workers, since a search cannot ask every rule of every product. What has no row, or one
    whose last day is over, is not shown. `missing` are code, kind and reason of what blocks.
    """

    __tablename__ = "market_standing"
    __table_args__ = (
        UniqueConstraint("product_id", "market"),
        CheckConstraint("market ~ '^[A-Z]{2}$'", name="market_is_country"),
        CheckConstraint("NOT ready OR missing = '[]'::jsonb", name="ready_lacks_nothing"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", ondelete="CASCADE")
    market: str = Field(max_length=2)
    ready: bool
    until: date | None = None
    missing: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
