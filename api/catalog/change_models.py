"""Changes of products that are proposed, and looked through by somebody else."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state
from api.rules.product_changes import ProductChangeStatus


class ProductChange(Table, table=True):
    """What somebody proposes to change of a product, on the version that it then had.

    `before` and `after` have the fields that the change names, as the API gives and takes them;
    `reviewed_fields` are those of them that are reviewed.
    """

    __tablename__ = "product_change"
    __table_args__ = (
        CheckConstraint("reviewed_by <> proposed_by", "four_eyes"),
        CheckConstraint(
            "(status IN ('approved', 'rejected')) = (reviewed_by IS NOT NULL)"
            " AND (reviewed_by IS NULL) = (reviewed_at IS NULL)",
            "decided_by_somebody",
        ),
        Index(
            "uq_product_change_open",
            "product_id",
            "proposer_id",
            unique=True,
            postgresql_where=text("status = 'proposed'"),
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    proposer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    product_id: UUID = Field(foreign_key="product.id", index=True, ondelete="RESTRICT")
    product_version: int
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    after: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    reviewed_fields: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    cause: str = Field(max_length=2000)
    status: ProductChangeStatus = Field(
        default=ProductChangeStatus.PROPOSED, sa_type=state(ProductChangeStatus)
    )
    proposed_by: str = Field(max_length=80)
    reviewed_by: str | None = Field(default=None, max_length=80)
    reviewed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    reason: str | None = Field(default=None, max_length=2000)
    version: int = 1
