"""What the routes of price points take and give."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.schemas import PriceTierIn, PriceTierOut
from api.catalog.types import CurrencyCode, IncotermCode, OfferId, PlaceCode, PlainDecimal, Positive
from api.core.ids import PublicId
from api.core.inputs import IsoDate
from api.identity.schemas import Input, OrganisationId
from api.rules.incoterms import Incoterm

PricePointId = Annotated[UUID, PublicId("pricepoint")]
_BUYER = "organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"


class PricePointIn(Input):
    """Prices of an offer under another rule or at another place; with `buyer_id` for one buyer."""

    buyer_id: OrganisationId | None = Field(
        default=None,
        examples=[_BUYER],
        description="A contract price: nobody but this buyer and you ever sees it.",
    )
    currency: CurrencyCode = Field(examples=["CNY"])
    incoterm: IncotermCode = Field(examples=["DAP"])
    place_code: PlaceCode = Field(examples=["kg-bishkek"])
    valid_from: IsoDate | None = Field(
        default=None, examples=["2026-12-01"], description="Today in Bishkek when left out."
    )
    valid_through: IsoDate | None = Field(default=None, examples=["2027-11-30"])
    price_tiers: list[PriceTierIn] = Field(min_length=1, max_length=20)


class PricePointOut(BaseModel):
    """Prices of an offer, for everybody or for one buyer."""

    model_config = ConfigDict(from_attributes=True)

    id: PricePointId
    offer_id: OfferId
    buyer_id: OrganisationId | None
    currency: str
    incoterm: Incoterm
    place_code: str
    valid_from: date
    valid_through: date | None
    price_tiers: list[PriceTierOut]
    version: int
    created_at: datetime


class PriceQuery(BaseModel):
    """Which price is asked for."""

    model_config = ConfigDict(extra="forbid")

    quantity: Positive = Field(examples=["100"])
    incoterm: Incoterm | None = Field(default=None, examples=["DAP"])
    place_code: PlaceCode | None = Field(default=None, examples=["kg-bishkek"])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.incoterm is None) != (self.place_code is None):
            raise ValueError("incoterm and place_code belong together")
        return self


class PriceOut(BaseModel):
    """What one unit costs the caller at a quantity, today."""

    quantity: PlainDecimal
    unit_price: PlainDecimal
    amount: PlainDecimal = Field(description="Of the whole quantity")
    currency: str
    incoterm: Incoterm
    place_code: str
    contract: bool = Field(description="It is a price for the caller alone")
    price_point_id: PricePointId | None = Field(description="None: the terms of the offer itself")
    valid_through: date | None
