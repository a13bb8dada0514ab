"""Other prices of offers."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, Table, state
from api.rules.incoterms import Incoterm


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of one unit from a quantity on."""

    min_quantity: Decimal
    unit_price: Decimal


class PricePoint(Table, table=True):
    """Prices of an offer under an Incoterms rule at a place; with `buyer_id` that buyer's alone.

    It is never changed: another one that begins later takes its place. `tiers` ascend, decimals
    as strings.
    """

    __tablename__ = "price_point"
    __table_args__ = (
        UniqueConstraint(
            "offer_id",
            "buyer_id",
            "incoterm",
            "place_code",
            "valid_from",
            name="uq_price_point_of_a_day",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("valid_through >= valid_from", "validity_ordered"),
        CheckConstraint("buyer_id <> seller_id", "of_another"),
    )

    seller_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    offer_id: UUID = Field(foreign_key="offer.id", ondelete="CASCADE")
    buyer_id: UUID | None = Field(
        default=None, foreign_key="organisation.id", index=True, ondelete="RESTRICT"
    )
    currency: str = Field(max_length=3)
    incoterm: Incoterm = Field(sa_type=state(Incoterm))
    place_code: str = Field(max_length=40)
    valid_from: date
    valid_through: date | None = None
    tiers: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    version: int = 1

    @property
    def price_tiers(self) -> list[Tier]:
        """The tiers as values."""
        return [
            Tier(Decimal(each["min_quantity"]), Decimal(each["unit_price"])) for each in self.tiers
        ]
