"""What the routes of stock, capacity and availability take and give."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import (
    MAX_NUMBER,
    OfferId,
    PlaceCode,
    PlainDecimal,
    Positive,
    ProductId,
    Short,
    UnitCode,
)
from api.core.ids import PublicId
from api.core.inputs import IsoDate, IsoInstant
from api.identity.schemas import Input
from api.rules.promising import CapacityPeriod, Closing
from api.rules.stock import MovementKind

MovementId = Annotated[UUID, PublicId("stockmovement")]
PromiseId = Annotated[UUID, PublicId("capacitypromise")]
Counted = Annotated[PlainDecimal, Field(ge=0, le=MAX_NUMBER, max_digits=20, decimal_places=6)]
MAX_MOVEMENTS = 1000


class StockMovementIn(Input):
    """A fact about goods at a place."""

    sku: Short = Field(examples=["RX-101"])
    place_code: PlaceCode = Field(examples=["cn-linyi"])
    kind: MovementKind = Field(examples=["counted"])
    quantity: Counted = Field(
        examples=["400"], description="In units of the offer; of a count, what was found."
    )
    reference: Short = Field(
        examples=["WMS-2026-11-28-0042"],
        description="Your own number of the fact, once among all of yours: told again it changes"
        " nothing.",
    )
    occurred_at: IsoInstant = Field(examples=["2026-11-28T09:00:00+06:00"])
    reservation: Short | None = Field(
        default=None,
        examples=["SO-1042"],
        description="The reference of what was reserved, when that is released or shipped.",
    )


class StockMovementsIn(Input):
    """Facts in the order in which they happened."""

    movements: list[StockMovementIn] = Field(min_length=1, max_length=MAX_MOVEMENTS)


class Outcome(StrEnum):
    """What became of a fact."""

    RECORDED = "recorded"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class StockResultOut(BaseModel):
    """What became of a fact, and the balance after it."""

    model_config = ConfigDict(from_attributes=True)

    row: int = Field(description="In `movements`, from 0", examples=[0])
    reference: str
    outcome: Outcome
    movement_id: MovementId | None = None
    on_hand: PlainDecimal | None = None
    reserved: PlainDecimal | None = None
    pointer: str | None = Field(default=None, examples=["#/movements/0/quantity"])
    code: str | None = Field(default=None, examples=["insufficient_stock"])
    detail: str | None = None


class StockResultsOut(BaseModel):
    """What became of each fact, in their order."""

    recorded: int
    unchanged: int
    refused: int
    results: list[StockResultOut]


class StockTermsIn(Input):
    """What a seller says of its goods at a place."""

    place_code: PlaceCode = Field(examples=["cn-linyi"])
    backorders: bool = Field(
        default=False, description="More may be reserved and shipped than is there."
    )
    available_from: IsoDate | None = Field(
        default=None, examples=["2026-12-10"], description="The first day on which they may leave."
    )


class StockLevelOut(BaseModel):
    """Goods of an offer at a place, for its seller."""

    model_config = ConfigDict(from_attributes=True)

    offer_id: OfferId
    place_code: str
    on_hand: PlainDecimal
    reserved: PlainDecimal
    available: PlainDecimal = Field(description="What nobody has reserved")
    movements: int
    counted_at: datetime | None
    backorders: bool
    available_from: date | None
    version: int


class StockMovementOut(BaseModel):
    """A fact, with the balance after it."""

    model_config = ConfigDict(from_attributes=True)

    id: MovementId
    place_code: str
    kind: MovementKind
    quantity: PlainDecimal
    reference: str
    occurred_at: datetime
    sequence: int = Field(description="Among those of the place, from 1")
    on_hand_after: PlainDecimal
    reserved_after: PlainDecimal
    created_at: datetime


class CapacityIn(Input):
    """How many of a product you make in a period without holidays."""

    quantity: Positive = Field(examples=["5000"])
    unit_code: UnitCode = Field(examples=["SET"])
    period: CapacityPeriod = Field(examples=["week"])
    lead_days: int = Field(
        ge=0, le=366, examples=[10], description="Working days before the first units are ready."
    )
    calendar: Short = Field(default="KG", examples=["KG"], description="GET /public/work-calendars")
    valid_from: IsoDate | None = Field(default=None, examples=["2026-12-01"])
    valid_through: IsoDate | None = Field(default=None, examples=["2027-11-30"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_through and self.valid_through < self.valid_from:
            raise ValueError("valid_through is before valid_from")
        return self


class CapacityOut(CapacityIn):
    """How many of a product its maker makes."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    product_id: ProductId
    version: int


class PromiseIn(Input):
    """Units of the capacity that somebody gets by the end of a day."""

    quantity: Positive = Field(examples=["1200"])
    due_on: IsoDate = Field(examples=["2027-01-29"])
    reference: Short = Field(examples=["SO-1042"], description="Your order; once for a product.")


class PromiseClosingIn(Input):
    """Why a promise takes nothing of the capacity any more."""

    closing: Closing = Field(examples=["fulfilled"])


class PromiseOut(PromiseIn):
    """A promise; it counts until it is closed."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: PromiseId
    product_id: ProductId
    closing: Closing | None
    closed_at: datetime | None
    version: int
    created_at: datetime


class AvailabilityQuery(BaseModel):
    """How many by what date."""

    model_config = ConfigDict(extra="forbid")

    quantity: Positive | None = Field(
        default=None, examples=["600"], description="The minimum order quantity, if left out."
    )
    by: IsoDate | None = Field(
        default=None, examples=["2027-01-29"], description="Today in Bishkek, if left out."
    )


class AvailabilityOut(BaseModel):
    """What may be promised of an offer: units of stock that nobody has reserved, and of the
    capacity that nobody was promised."""

    model_config = ConfigDict(from_attributes=True)

    offer_id: OfferId
    told: bool = Field(description="The seller says anything of stock or of capacity")
    unit_code: str
    by: date
    available: PlainDecimal = Field(description="By then, in whole order multiples")
    in_stock: PlainDecimal = Field(description="Of that, what is made already")
    quantity: PlainDecimal
    earliest_on: date | None = Field(description="By when `quantity` may be promised")
    promised_until: date = Field(description="The last day for which anything is promised")
