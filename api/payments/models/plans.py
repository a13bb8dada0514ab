"""Plans of suppliers, who is subscribed to which, what it costs, what was used of it."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.rails import RailName
from api.rules.subscriptions import Quota, SubscriptionStatus


class SupplierPlan(Table, table=True):
    """A plan as it is from a day on. Rows are never altered: a later day's row takes its place.

    `monthly_fees` maps currencies to decimal texts, without tax. A quota of None has no limit.
    """

    __tablename__ = "supplier_plan"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("bids >= 0 AND alerts >= 0 AND listings >= 0", name="quotas_not_negative"),
        CheckConstraint("code <> 'free' OR monthly_fees = '{}'::jsonb", name="free_is_free"),
        CheckConstraint("code <> 'free' OR offered", name="free_is_offered"),
        CheckConstraint("trial_days BETWEEN 0 AND 90", name="trial_in_bounds"),
        CheckConstraint(
            "payment_days >= 0 AND grace_days >= 0 AND payment_days + grace_days <= 27",
            name="settled_within_period",
        ),
    )

    code: str = Field(max_length=40)
    valid_from: date
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    monthly_fees: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    bids: int | None = None
    alerts: int | None = None
    listings: int | None = None
    trial_days: int = 0
    payment_days: int = 14
    grace_days: int = 7
    offered: bool = True
    source: str = Field(max_length=500)
    added_by: str = Field(max_length=80)

    def limit(self, quota: Quota) -> int | None:
        """How much it allows; None: no limit."""
        found: int | None = getattr(self, quota.value)
        return found

    def fee(self, currency: str) -> Decimal | None:
        """What a month costs in a currency, without tax; None: it is not sold for it."""
        found = self.monthly_fees.get(currency)
        return None if found is None else Decimal(found)


class PlanSubscription(Table, table=True):
    """An organisation's subscription to a plan; one at a time lives.

    `plan_id` is the row that counts in this period, `next_plan` the code of the plan that follows
    it. `anchor` is the moment by whose day and time periods are counted.
    """

    __tablename__ = "plan_subscription"
    __table_args__ = (
        CheckConstraint("period_end > period_start", name="period_forward"),
        CheckConstraint("fee >= 0", name="fee_not_negative"),
        CheckConstraint("rail IN ('stripe', 'bank_transfer')", name="rail_collects"),
        Index(
            "uq_plan_subscription_living",
            "org_id",
            unique=True,
            postgresql_where=text("status <> 'canceled'"),
        ),
        Index("ix_plan_subscription_org_id", "org_id", "id"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    plan_id: UUID = Field(foreign_key="supplier_plan.id", ondelete="RESTRICT")
    plan: str = Field(max_length=40)
    next_plan: str | None = Field(default=None, max_length=40)
    currency: str = Field(max_length=3)
    fee: Decimal = Field(sa_type=MONEY)
    rail: RailName = Field(sa_type=state(RailName))
    status: SubscriptionStatus = Field(sa_type=state(SubscriptionStatus))
    anchor: datetime = Field(sa_type=TIMESTAMP)
    period_start: datetime = Field(sa_type=TIMESTAMP)
    period_end: datetime = Field(sa_type=TIMESTAMP)
    cancel_at_period_end: bool = False
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    customer_id: str | None = Field(default=None, max_length=255, index=True)
    provider_id: str | None = Field(default=None, max_length=255, unique=True)
    version: int = 1


class PlanCharge(Table, table=True):
    """What is asked of a subscription for a period, or for the rest of one after a change of plan.

    The invoice and the collection come after it, by a job.
    """

    __tablename__ = "plan_charge"
    __table_args__ = (
        UniqueConstraint("subscription_id", "key"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_plan_charge_unpaid", "org_id", postgresql_where=text("paid_at IS NULL")),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    subscription_id: UUID = Field(foreign_key="plan_subscription.id", ondelete="RESTRICT")
    plan_id: UUID = Field(foreign_key="supplier_plan.id", ondelete="RESTRICT")
    key: str = Field(max_length=100)
    code: str = Field(max_length=40)
    period_start: datetime = Field(sa_type=TIMESTAMP)
    period_end: datetime = Field(sa_type=TIMESTAMP)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    due_at: datetime = Field(sa_type=TIMESTAMP)
    fee_invoice_id: UUID | None = Field(
        default=None, foreign_key="fee_invoice.id", unique=True, ondelete="RESTRICT"
    )
    collection_id: UUID | None = Field(
        default=None, foreign_key="collection.id", unique=True, ondelete="RESTRICT"
    )
    paid_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class PlanPrice(Table, table=True):
    """The price that Stripe has made of a plan in a currency."""

    __tablename__ = "plan_price"
    __table_args__ = (UniqueConstraint("plan_id", "currency"),)

    plan_id: UUID = Field(foreign_key="supplier_plan.id", ondelete="RESTRICT")
    currency: str = Field(max_length=3)
    external_id: str = Field(max_length=255, unique=True)


class PlanUsage(Table, table=True):
    """How much an organisation has used of a monthly quota in a month of Bishkek."""

    __tablename__ = "plan_usage"
    __table_args__ = (
        UniqueConstraint("org_id", "quota", "month"),
        CheckConstraint("used > 0", name="used_positive"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    quota: Quota = Field(sa_type=state(Quota))
    month: date
    used: int
