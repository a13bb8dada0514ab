"""What the routes of plans take and give."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import CurrencyCode, Line, PlainDecimal, Positive
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.ids import PlanId, PlanItemId
from api.procurement.schemas.inputs import ClassificationIn, Day, Given
from api.procurement.schemas.outputs import ItemClassification
from api.rules.plans import MAX_PLAN_ITEMS, PlanStatus

_TITLE = {"ru": "План закупок на 2027 год", "ky": "2027-жылга сатып алуу планы"}
_ITEM = {
    "description": {"ru": "Школьная мебель"},
    "classification": {"scheme": "CPV", "id": "39160000-1"},
    "budget_amount": "9000000.00",
    "budget_source": "Республиканский бюджет",
    "period_start": "2027-03-01",
    "period_end": "2027-06-30",
}


class PlanItemIn(Input):
    """A line: what is to be bought, for how much, of which money, and when."""

    description: dict[Language, Line] = Field(min_length=1, examples=[_ITEM["description"]])
    classification: ClassificationIn = Field(examples=[_ITEM["classification"]])
    budget_amount: Positive = Field(
        examples=["9000000.00"], description="In the currency of the plan"
    )
    budget_source: Line = Field(examples=["Республиканский бюджет"])
    period_start: Day = Field(examples=["2027-03-01"])
    period_end: Day = Field(examples=["2027-06-30"])

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.period_end < self.period_start:
            raise PydanticCustomError("period_reversed", "period_end is before period_start")
        return self


class PlanPatch(Input):
    """Changes of a draft; `items`, when given, replace all."""

    title: Annotated[dict[Language, Line] | None, Given] = Field(
        default=None, min_length=1, examples=[_TITLE]
    )
    items: Annotated[list[PlanItemIn] | None, Given] = Field(
        default=None, max_length=MAX_PLAN_ITEMS, examples=[[_ITEM]]
    )


class PlanIn(Input):
    """A new draft of the plan of a year; there is one for each year."""

    year: int = Field(ge=2000, le=2099, examples=[2027])
    title: dict[Language, Line] = Field(min_length=1, examples=[_TITLE])
    currency: CurrencyCode = Field(default="KGS", examples=["KGS"])
    items: list[PlanItemIn] = Field(default=[], max_length=MAX_PLAN_ITEMS, examples=[[_ITEM]])


class PlanItemsIn(Input):
    """Lines that are added to a plan."""

    items: list[PlanItemIn] = Field(min_length=1, max_length=100, examples=[[_ITEM]])


class PlanItemOut(BaseModel):
    """A line of a plan."""

    model_config = ConfigDict(from_attributes=True)

    id: PlanItemId
    position: int
    description: dict[str, str]
    classification: ItemClassification
    budget_amount: PlainDecimal
    budget_source: str
    period_start: date
    period_end: date


class PlanSummary(BaseModel):
    """A plan in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: PlanId
    buyer_id: OrganisationId
    year: int
    title: dict[str, str]
    currency: str
    status: PlanStatus
    published_at: datetime | None
    version: int


class PlanOut(PlanSummary):
    """A plan with its lines."""

    items: list[PlanItemOut]


class UsageOut(BaseModel):
    """What has been published against a line of a plan."""

    plan_item_id: PlanItemId
    budget_amount: PlainDecimal
    committed: PlainDecimal = Field(description="By lots of live tenders that were not cancelled")


class PlanUsageOut(BaseModel):
    """A plan against what was published: its lines, and direct purchases of the year."""

    currency: str
    planned: PlainDecimal
    bought_directly: PlainDecimal
    items: list[UsageOut]
