"""What the routes of samples take and give."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import (
    CurrencyCode,
    Line,
    OfferId,
    PlaceCode,
    PlainDecimal,
    Positive,
    Short,
)
from api.core.ids import PublicId
from api.core.inputs import IsoDate, IsoInstant
from api.core.pages import PageQuery
from api.identity.schemas import Input, OrganisationId
from api.rules.samples import CarriagePayer, SampleStatus

SampleId = Annotated[UUID, PublicId("sample")]
_OFFER = "offer_019abf2e8c1d7c3fa9b04b4c6f0d2e17"


class SampleIn(Input):
    """A sample of an offer that the caller would buy."""

    offer_id: OfferId = Field(examples=[_OFFER])
    quantity: Positive = Field(examples=["1"], description="In units of the offer.")
    place_code: PlaceCode = Field(examples=["kg-bishkek"], description="Where it is to come.")
    purpose: Line | None = Field(default=None, examples=["Проверка покрытия перед тендером"])


class SampleTermsIn(Input):
    """What the seller asks for a sample; without a price it is free."""

    price: Positive | None = Field(default=None, examples=["118.00"], description="Of all of it.")
    currency: CurrencyCode | None = Field(default=None, examples=["CNY"])
    credited_on_order: bool = Field(
        default=False, description="The price comes off the first order."
    )
    carriage_paid_by: CarriagePayer = Field(examples=["buyer"])
    ship_by: IsoDate = Field(examples=["2099-12-10"])
    open_until: IsoInstant = Field(
        examples=["2099-12-01T12:00:00Z"], description="The buyer may agree before then."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.price is None) != (self.currency is None):
            raise ValueError("price and currency belong together")
        return self


class SampleReasonIn(Input):
    """Why."""

    reason: Line = Field(examples=["Не производим в единичном экземпляре"])


class SampleShippingIn(Input):
    """With whom it goes, and under which number."""

    carrier: Short = Field(examples=["SF Express"])
    tracking_number: Short = Field(examples=["SF1234567890"])


class SampleCreditIn(Input):
    """The order that the price comes off."""

    reference: Short = Field(examples=["PO-2027-0017"])


class SampleQuery(PageQuery):
    """Which samples."""

    status: SampleStatus | None = Field(default=None, examples=["requested"])


class SampleOut(BaseModel):
    """A sample, for its buyer and its seller."""

    model_config = ConfigDict(from_attributes=True)

    id: SampleId
    buyer_id: OrganisationId
    seller_id: OrganisationId
    offer_id: OfferId
    quantity: PlainDecimal
    unit_code: str
    place_code: str
    purpose: str | None
    status: SampleStatus
    moved_at: datetime
    due_at: datetime | None = Field(description="It lapses then unless somebody acts")
    price: PlainDecimal | None
    currency: str | None
    credited_on_order: bool
    carriage_paid_by: CarriagePayer | None
    ship_by: date | None
    open_until: datetime | None
    carrier: str | None
    tracking_number: str | None
    reason: str | None = Field(description="Of the refusal, the cancellation or the assessment")
    credit_reference: str | None
    credited_at: datetime | None
    version: int
    created_at: datetime
