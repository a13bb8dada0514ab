"""Requests for quotation: what is asked, of whom, and how it was amended."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, Relationship

from api.core.tables import JSON, MONEY, QUANTITY, TIMESTAMP, Table, state
from api.rules.incoterms import Incoterm
from api.rules.sourcing import Audience, RfqStatus


class RfqItem(Table, table=True):
    """One kind of goods that is asked for: `quantities` ascend, the first is the one that is needed.

    `target_price` is of one unit, in the request's currency. Weight, volume and packages are of one
    unit, where the buyer knows them.
    """

    __tablename__ = "rfq_item"
    __table_args__ = (CheckConstraint("cardinality(quantities) > 0", name="asks_for_some"),)

    rfq_id: UUID = Field(foreign_key="rfq.id", index=True, ondelete="CASCADE")
    place: int
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    specification: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    quantities: list[Decimal] = Field(sa_column=Column(ARRAY(QUANTITY), nullable=False))
    unit_code: str = Field(max_length=3)
    cpv_code: str | None = Field(default=None, max_length=10)
    hs_code: str | None = Field(default=None, max_length=6)
    tnved_code: str | None = Field(default=None, max_length=10)
    target_price: Decimal | None = Field(default=None, sa_type=MONEY)
    attributes: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    gross_weight_kg: Decimal | None = Field(default=None, sa_type=QUANTITY)
    volume_m3: Decimal | None = Field(default=None, sa_type=QUANTITY)
    packages: Decimal | None = Field(default=None, sa_type=QUANTITY)

    @property
    def quantity(self) -> Decimal:
        """What is needed."""
        return self.quantities[0]

    @property
    def further_quantities(self) -> list[Decimal]:
        """What prices are asked for besides."""
        return self.quantities[1:]


class Rfq(Table, table=True):
    """A request for quotation of a buyer that needs no tender.

    `closes_at` is the deadline for quotes, `revision` the number of its amendments; `version` counts
    every act on it.
    """

    __tablename__ = "rfq"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'cancelled') OR published_at IS NOT NULL",
            name="published_has_time",
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancellation_reason IS NOT NULL)",
            name="cancelled_has_reason",
        ),
    )

    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: RfqStatus = Field(default=RfqStatus.DRAFT, sa_type=state(RfqStatus))
    audience: Audience = Field(sa_type=state(Audience))
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    currency: str = Field(max_length=3)
    destination_place_code: str = Field(max_length=40)
    incoterm: Incoterm | None = Field(default=None, sa_type=state(Incoterm))
    deliver_by: date
    payment_terms: str | None = Field(default=None, max_length=500)
    closes_at: datetime = Field(sa_type=TIMESTAMP)
    published_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancellation_reason: str | None = Field(default=None, max_length=5000)
    revision: int = 0
    version: int = 1
    items: list[RfqItem] = Relationship(
        sa_relationship_kwargs={"lazy": "raise", "order_by": "RfqItem.place"}
    )


class RfqInvitation(Table, table=True):
    """A seller that is asked; of a request for the invited alone, only these may answer."""

    __tablename__ = "rfq_invitation"
    __table_args__ = (UniqueConstraint("rfq_id", "seller_id"),)

    rfq_id: UUID = Field(foreign_key="rfq.id", ondelete="CASCADE")
    buyer_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    seller_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")


class RfqAmendment(Table, table=True):
    """How a published request was changed: `changes` is field -> {before, after}. Never altered."""

    __tablename__ = "rfq_amendment"
    __table_args__ = (UniqueConstraint("rfq_id", "number"),)

    rfq_id: UUID = Field(foreign_key="rfq.id", ondelete="RESTRICT")
    number: int
    reason: str = Field(max_length=5000)
    changes: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    actor: str = Field(max_length=80)
    amended_at: datetime = Field(sa_type=TIMESTAMP)
