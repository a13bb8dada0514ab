"""Products that are likely the same, and what somebody said of it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Numeric, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.duplicates import DuplicateStatus


class ProductDuplicate(Table, table=True):
    """Two products that are likely the same: how likely, and why (`rules.duplicates.Because`).

    Each pair is kept once, the smaller id first. What was judged stays judged when it is found again.
    """

    __tablename__ = "product_duplicate"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        CheckConstraint("first_id < second_id", "ordered"),
        CheckConstraint("(judged_by IS NULL) = (judged_at IS NULL)", "judged_by_somebody"),
        Index("ix_product_duplicate_second_id", "second_id"),
        Index("ix_product_duplicate_first_org_id", "first_org_id", "second_org_id"),
    )

    first_id: UUID = Field(foreign_key="product.id", ondelete="CASCADE")
    second_id: UUID = Field(foreign_key="product.id", ondelete="CASCADE")
    first_org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    second_org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    score: Decimal = Field(sa_type=Numeric(4, 3))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    status: DuplicateStatus = Field(
        default=DuplicateStatus.FOUND, sa_type=state(DuplicateStatus), index=True
    )
    judged_by: str | None = Field(default=None, max_length=80)
    judged_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
