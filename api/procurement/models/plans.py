"""Annual procurement plans and their lines."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, Relationship

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.plans import PlanStatus


class ProcurementPlan(Table, table=True):
    """What a buyer means to buy in a year, in one currency."""

    __tablename__ = "procurement_plan"
    __table_args__ = (
        UniqueConstraint("buyer_id", "year"),
        CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)", name="published_has_time"
        ),
    )

    buyer_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    year: int
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    currency: str = Field(max_length=3)
    status: PlanStatus = Field(default=PlanStatus.DRAFT, sa_type=state(PlanStatus))
    published_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1

    items: list["PlanItem"] = Relationship(
        sa_relationship_kwargs={
            "lazy": "raise",
            "cascade": "all, delete-orphan",
            "passive_deletes": True,
            "order_by": "PlanItem.position",
        }
    )


class PlanItem(Table, table=True):
    """A line of a plan (OCDS `planning.budget`): its budget, where the money is from, and when."""

    __tablename__ = "procurement_plan_item"
    __table_args__ = (
        UniqueConstraint("plan_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("budget_amount > 0", name="budget_positive"),
        CheckConstraint("period_end >= period_start", name="period_forward"),
    )

    plan_id: UUID = Field(foreign_key="procurement_plan.id", ondelete="CASCADE")
    position: int
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    classification_scheme: str = Field(max_length=20)
    classification_id: str = Field(max_length=20)
    budget_amount: Decimal = Field(sa_type=MONEY)
    budget_source: str = Field(max_length=500)
    period_start: date
    period_end: date

    @property
    def classification(self) -> dict[str, str]:
        return {"scheme": self.classification_scheme, "id": self.classification_id}
