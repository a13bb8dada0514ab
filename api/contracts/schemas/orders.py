"""What the routes of orders take and give."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import Line, Paragraph, PlainDecimal, Positive
from api.contracts.schemas.contracts import ContractId
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas import ItemId
from api.procurement.schemas.inputs import Day
from api.rules.incoterms import Incoterm
from api.rules.orders import PurchaseOrderStatus
from api.rules.periods import DayUnit
from api.rules.policy import PenaltyBasis
from api.rules.sourcing import MAX_LINES
from api.sourcing.schemas import QuoteId, RfqId
from api.sourcing.schemas.ids import RfqItemId

PurchaseOrderId = Annotated[UUID, PublicId("purchaseorder")]
_QUOTE = "quote_019abf2e8c1d7c3fa9b04b4c6f0d2e22"
_PENALTY = {
    "rate_bp_per_day": 10,
    "cap_bp": 1000,
    "grace_days": 0,
    "unit": "calendar",
    "basis": "late_quantity",
}


class LateDeliveryPenaltyIn(Input):
    """Liquidated damages for delay. Shares are basis points: 10 a day is 0.1 % a day."""

    rate_bp_per_day: int = Field(ge=1, le=1000, examples=[10])
    cap_bp: int = Field(ge=0, le=10_000, examples=[1000])
    grace_days: int = Field(default=0, ge=0, le=365, examples=[0])
    unit: DayUnit = Field(default=DayUnit.CALENDAR, examples=["calendar"])
    basis: PenaltyBasis = Field(default=PenaltyBasis.LATE_QUANTITY, examples=["late_quantity"])


class PurchaseOrderLineIn(Input):
    """So much of a line of the quote, at its price for that quantity."""

    quote_line: int = Field(
        ge=0, lt=MAX_LINES, examples=[0], description="The place of the line in the quote, from 0."
    )
    quantity: Positive = Field(examples=["100"])


class PurchaseOrderIn(Input):
    """An order from a quote. What it does not say of delay is said by the default terms."""

    quote_id: QuoteId = Field(examples=[_QUOTE])
    quote_version: int = Field(ge=1, examples=[1], description="The version that you have seen.")
    lines: list[PurchaseOrderLineIn] = Field(
        min_length=1, max_length=MAX_LINES, examples=[[{"quote_line": 0, "quantity": "100"}]]
    )
    late_delivery_penalty: LateDeliveryPenaltyIn | None = Field(
        default=None,
        examples=[_PENALTY],
        description="Null: no damages are agreed. Left out: those of the default terms.",
    )
    deliver_by: Day | None = Field(
        default=None, examples=["2027-06-01"], description="That of the request if left out."
    )
    payment_terms: Line | None = Field(
        default=None, examples=["30 % / 70 %"], description="Those of the quote if left out."
    )
    note: Paragraph | None = Field(default=None, examples=["Выгрузка на складе в Соколуке"])


class PurchaseOrderReasonIn(Input):
    """Why nothing comes of an order."""

    reason: Paragraph = Field(examples=["Товара больше нет"])


class PurchaseOrderLineOut(BaseModel):
    """A line of an order; `item_id` names it in delivery schedules."""

    model_config = ConfigDict(from_attributes=True)

    item_id: ItemId = Field(validation_alias="id")
    rfq_item_id: RfqItemId | None
    description: dict[str, str]
    specification: dict[str, str]
    alternative: dict[str, str] | None
    sku: str | None
    quantity: PlainDecimal
    unit_code: str
    unit_price: PlainDecimal
    amount: PlainDecimal
    lead_time_days: int | None
    origin: str | None
    hs_code: str | None
    tnved_code: str | None


class DefaultTermsOut(BaseModel):
    """The dated set whose terms count where the order says nothing else."""

    title: dict[str, str]
    source: str
    valid_from: date


class PurchaseOrderOut(BaseModel):
    """An order; only its buyer and, once it is placed, its seller see it."""

    id: PurchaseOrderId
    rfq_id: RfqId
    quote_id: QuoteId
    quote_version: int
    buyer_id: OrganisationId
    seller_id: OrganisationId
    status: PurchaseOrderStatus
    contract_id: ContractId | None = Field(description="Once it is placed")
    total: PlainDecimal
    currency: str
    incoterm: Incoterm
    place_code: str
    destination_place_code: str
    deliver_by: date
    payment_terms: str | None
    valid_until: datetime = Field(description="Until when the seller can confirm it")
    late_delivery_penalty: dict[str, Any] | None
    default_terms: DefaultTermsOut
    note: str | None
    placed_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    closing_reason: str | None
    lines: list[PurchaseOrderLineOut]
    version: int
