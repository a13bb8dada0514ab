"""What the routes of recomputed landed costs, and of what goods came to, take and give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.catalog.types import CurrencyCode, PlainDecimal, Short
from api.core.ids import PublicId
from api.delivery.schemas.goods import Money
from api.delivery.schemas.landed_costs import Day, LandedCostId
from api.delivery.schemas.shipments import DeclarationId
from api.delivery.schemas.ubl import InvoiceId
from api.identity.schemas import Input
from api.rules.landed_cost.variance import ActualSource, Figure

ActualId = Annotated[UUID, PublicId("actual")]
ChargeCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
ExchangeRate = Annotated[PlainDecimal, Field(gt=0, le=Decimal(10) ** 9, decimal_places=10)]


class RecomputeIn(Input):
    """By the numbers of which day a landed cost is computed anew."""

    day: Day | None = Field(
        default=None, examples=["2026-12-01"], description="Today in Bishkek if left out."
    )


class FollowIn(Input):
    """Until when a landed cost is computed anew whenever the numbers change."""

    until: Day = Field(examples=["2027-03-31"], description="The last day; at most a year away.")


class FollowingOut(BaseModel):
    """A landed cost that is computed anew whenever the numbers change; `latest_id` is the last."""

    model_config = ConfigDict(from_attributes=True)

    latest_id: LandedCostId
    until: date
    version: int
    created_at: datetime


class NumberChangeOut(BaseModel):
    """A place in the file in which two computations differ; null where one has nothing."""

    model_config = ConfigDict(from_attributes=True)

    pointer: str = Field(examples=["#/inputs/lines/0/duty/ad_valorem"])
    before: Any
    after: Any


class LandedCostChangesOut(BaseModel):
    """What was another number than in the computation before, and the figures that moved."""

    previous_id: LandedCostId
    currency: str
    total_before: PlainDecimal
    total_after: PlainDecimal
    difference: PlainDecimal
    numbers: list[NumberChangeOut]
    figures: list[NumberChangeOut]


class ActualIn(Input):
    """What a document says that a figure of a landed cost came to.

    `invoice_id` names an invoice of the platform, which gives its amount, number and day;
    `declaration_id` a customs declaration, which gives its number and day. With `replaces_id` the
    entry counts in the place of an earlier one; an amount of 0 takes that back.
    """

    figure: Figure = Field(examples=["charge"])
    charge: ChargeCode | None = Field(
        default=None,
        examples=["main_haul"],
        description="The charge's code of the rate card, or one of yours that it does not have.",
    )
    amount: Money | None = Field(default=None, examples=["27500.00"])
    currency: CurrencyCode | None = Field(default=None, examples=["CNY"])
    rate: ExchangeRate | None = Field(
        default=None,
        examples=["12.41"],
        description="That of the document; of its day by the estimate's source if left out.",
    )
    source: ActualSource = Field(examples=["carrier_invoice"])
    document_number: Short | None = Field(default=None, examples=["SR-2027/118"])
    document_date: Day | None = Field(default=None, examples=["2027-01-20"])
    invoice_id: InvoiceId | None = None
    declaration_id: DeclarationId | None = None
    replaces_id: ActualId | None = None

    @model_validator(mode="after")
    def _charge_is_named(self) -> Self:
        if (self.figure is Figure.CHARGE) != (self.charge is not None):
            raise ValueError("a charge, and nothing else, has the code of a charge")
        return self


class ActualOut(BaseModel):
    """An entry; `rate` is what one unit of `currency` cost in the currency of the estimate."""

    model_config = ConfigDict(from_attributes=True)

    id: ActualId
    figure: Figure
    charge: str | None
    amount: PlainDecimal
    currency: str
    rate: PlainDecimal
    rate_source: str
    source: ActualSource
    document_number: str
    document_date: date
    invoice_id: InvoiceId | None
    declaration_id: DeclarationId | None
    replaces_id: ActualId | None
    recorded_at: datetime


class VarianceRowOut(BaseModel):
    """A figure in the estimate's currency; null where nothing has come in.

    `difference` = `by_amount` (another amount, at the estimate's rate) + `by_rate` (another rate).
    """

    figure: Figure
    charge: str | None
    estimated: PlainDecimal
    actual: PlainDecimal | None
    difference: PlainDecimal | None
    by_amount: PlainDecimal | None
    by_rate: PlainDecimal | None


class VarianceOut(BaseModel):
    """What goods came to against the estimate. `forecast` is the estimate with the differences that
    are known; it is what they cost once everything has come in (`settled`)."""

    currency: str
    estimated: PlainDecimal
    forecast: PlainDecimal
    difference: PlainDecimal
    settled: bool
    rows: list[VarianceRowOut]
