"""Samples that buyers ask sellers for."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from api.core.tables import MONEY, QUANTITY, TIMESTAMP, Table, state
from api.rules.samples import OPEN, CarriagePayer, SampleStatus

_OPEN = ", ".join(f"'{each.value}'" for each in sorted(OPEN))


class Sample(Table, table=True):
    """A sample of an offer, which its buyer and its seller alone see.

    The terms are there once they were offered; `moved_at` is when it got its status.
    """

    __tablename__ = "sample"
    __table_args__ = (
        CheckConstraint("buyer_id <> seller_id", "of_another"),
        CheckConstraint("quantity > 0", "quantity_positive"),
        CheckConstraint("price > 0", "price_positive"),
        CheckConstraint("(price IS NULL) = (currency IS NULL)", "price_in_a_currency"),
        CheckConstraint("NOT credited_on_order OR price IS NOT NULL", "something_to_credit"),
        CheckConstraint(
            "(credited_at IS NULL) = (credit_reference IS NULL)"
            " AND (credited_at IS NULL OR credited_on_order)",
            "credited_as_agreed",
        ),
        Index(
            "uq_sample_open",
            "buyer_id",
            "offer_id",
            unique=True,
            postgresql_where=text(f"status IN ({_OPEN})"),
        ),
    )

    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    seller_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    offer_id: UUID = Field(foreign_key="offer.id", index=True, ondelete="RESTRICT")
    quantity: Decimal = Field(sa_type=QUANTITY)
    unit_code: str = Field(max_length=3)
    place_code: str = Field(max_length=40)
    purpose: str | None = Field(default=None, max_length=2000)
    status: SampleStatus = Field(
        default=SampleStatus.REQUESTED, sa_type=state(SampleStatus), index=True
    )
    moved_at: datetime = Field(sa_type=TIMESTAMP)
    due_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    price: Decimal | None = Field(default=None, sa_type=MONEY)
    currency: str | None = Field(default=None, max_length=3)
    credited_on_order: bool = False
    carriage_paid_by: CarriagePayer | None = Field(default=None, sa_type=state(CarriagePayer))
    ship_by: date | None = None
    open_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    carrier: str | None = Field(default=None, max_length=100)
    tracking_number: str | None = Field(default=None, max_length=100)
    reason: str | None = Field(default=None, max_length=2000)
    credit_reference: str | None = Field(default=None, max_length=100)
    credited_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
