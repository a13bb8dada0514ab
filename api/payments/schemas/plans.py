"""What goes in and out about plans of suppliers, subscriptions to them, and their quotas."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.catalog.types import PlainDecimal
from api.core.ids import PublicId
from api.core.inputs import IsoDate
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, OrganisationId, ShortText
from api.payments.schemas.fees import FeeInvoiceId
from api.reference.schemas import CurrencyCode
from api.rules.rails import RailName
from api.rules.subscriptions import FREE, Quota, SubscriptionStatus

PlanId = Annotated[UUID, PublicId("supplierplan")]
SubscriptionId = Annotated[UUID, PublicId("subscription")]
ChargeId = Annotated[UUID, PublicId("plancharge")]
CollectionId = Annotated[UUID, PublicId("collection")]
PlanCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Language = Literal["ky", "ru", "en", "zh"]
Fee = Annotated[PlainDecimal, Field(gt=0, le=Decimal(10**9), max_digits=20, decimal_places=2)]
Limit = Annotated[int, Field(ge=0, le=10**7)]


class PlanNames(Input):
    """The name of a plan in the four languages of invoices."""

    ky: ShortText = Field(examples=["Өндүрүүчү"])
    ru: ShortText = Field(examples=["Производитель"])
    en: ShortText = Field(examples=["Manufacturer"])
    zh: ShortText = Field(examples=["制造商"])


class SupplierPlanIn(Input):
    """A plan as it is from a day on. A quota that is not given has no limit."""

    code: PlanCode = Field(examples=["manufacturer"])
    valid_from: IsoDate = Field(examples=["2027-01-01"])
    names: PlanNames
    monthly_fees: dict[CurrencyCode, Fee] = Field(
        default={},
        max_length=20,
        examples=[{"KGS": "2500", "CNY": "200"}],
        description="Without tax, by currency; the plan is sold for no other",
    )
    bids: Limit | None = Field(
        default=None, examples=[30], description="Bids a month, where the policy counts them"
    )
    alerts: Limit | None = Field(
        default=None, examples=[200], description="Alerts of matching tenders a month"
    )
    listings: Limit | None = Field(
        default=None, examples=[500], description="Offers that buyers see at a time"
    )
    trial_days: int = Field(default=0, ge=0, le=90, examples=[14])
    payment_days: int = Field(default=14, ge=0, le=27, description="To pay an invoice")
    grace_days: int = Field(default=7, ge=0, le=27, description="In which the quotas still count")
    offered: bool = Field(default=True, description="May it be subscribed to?")
    source: ShortText = Field(examples=["Tariff of the platform, order 14"])

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.code == FREE) == bool(self.monthly_fees):
            raise ValueError("every plan but free, and no other, has monthly_fees")
        if self.code == FREE and not self.offered:
            raise ValueError("the plan free is there for everybody: offered must be true")
        if self.payment_days + self.grace_days > 27:
            raise ValueError("payment_days and grace_days together must end within a month: 27")
        return self


class SupplierPlanOut(BaseModel):
    """A plan as it is from a day on; a quota of null has no limit."""

    model_config = ConfigDict(from_attributes=True)

    id: PlanId
    code: str
    valid_from: date
    names: dict[str, str]
    monthly_fees: dict[str, str]
    bids: int | None
    alerts: int | None
    listings: int | None
    trial_days: int
    payment_days: int
    grace_days: int
    offered: bool
    source: str


class SubscribeIn(Input):
    """To which plan, in which currency, and how it is paid."""

    plan: PlanCode = Field(examples=["manufacturer"])
    currency: CurrencyCode = Field(examples=["KGS"])
    rail: Literal[RailName.STRIPE, RailName.BANK_TRANSFER] = Field(examples=["bank_transfer"])


class ChangePlanIn(Input):
    """The plan that is wanted; the present one takes a planned change or cancellation back."""

    plan: PlanCode = Field(examples=["trader"])


class ChargeOut(BaseModel):
    """What was asked for a period, or for the rest of one after a change to a dearer plan."""

    model_config = ConfigDict(from_attributes=True)

    id: ChargeId
    code: str = Field(examples=["subscription"])
    period_start: datetime
    period_end: datetime
    amount: PlainDecimal = Field(description="Without tax")
    currency: str
    due_at: datetime
    paid_at: datetime | None
    fee_invoice_id: FeeInvoiceId | None
    collection_id: CollectionId | None = Field(description="How it is paid")
    reference: str | None = Field(description="What the payer writes (ISO 11649)")
    payment_url: str | None = Field(description="Where it is paid, at Stripe")
    time_zone: TimeZone = LEGAL_ZONE


class SubscriptionOut(BaseModel):
    """A subscription of an organisation to a plan."""

    model_config = ConfigDict(from_attributes=True)

    id: SubscriptionId
    org_id: OrganisationId
    plan: str
    next_plan: str | None = Field(description="That follows when the period is over")
    status: SubscriptionStatus
    rail: RailName
    currency: str
    fee: PlainDecimal = Field(description="Of a month, without tax")
    period_start: datetime
    period_end: datetime
    cancel_at_period_end: bool
    ended_at: datetime | None
    time_zone: TimeZone = LEGAL_ZONE
    version: int


class QuotaOut(BaseModel):
    """What may be done of something, and what was."""

    model_config = ConfigDict(from_attributes=True)

    quota: Quota
    limit: int | None = Field(description="null: no limit")
    used: int
    renews_at: datetime | None = Field(
        description="When a monthly quota is whole again; null for listings, which stand"
    )


class QuotasOut(BaseModel):
    """The plan whose quotas count for you now, and what you have used of them."""

    plan: str
    quotas: list[QuotaOut]
