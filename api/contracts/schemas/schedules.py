"""What the routes of delivery schedules take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import Line, Paragraph, PlaceCode, PlainDecimal, Positive
from api.core.ids import PublicId
from api.core.inputs import IsoInstant
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.ids import ItemId
from api.procurement.schemas.inputs import Day
from api.rules.incoterms import MOST_DEVIATIONS, Deviation, Incoterm
from api.rules.schedules import ContractualEvent, LineResponse, PerformanceEvent, ScheduleStatus

ScheduleRowId = Annotated[UUID, PublicId("schedule_row")]
PerformanceId = Annotated[UUID, PublicId("performance")]
MAX_NUMBER = 9999
RowNumber = Annotated[int, Field(ge=1, le=MAX_NUMBER, examples=[1])]
Percent = Annotated[PlainDecimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
MAX_ROWS = 500


class ScheduleRowIn(Input):
    """So much of an item by these days, at this place.

    Without an Incoterm the row takes that of the winning bid, if it has one; on the bid's Incoterm
    it takes what the bid agrees otherwise than by it.
    """

    number: RowNumber = Field(description="Stays with the row through amendments")
    item_id: ItemId
    quantity: Positive = Field(examples=["600"], description="In the item's unit")
    ready_by: Day | None = Field(default=None, examples=["2027-02-01"])
    ship_by: Day | None = Field(
        default=None, examples=["2027-02-10"], description="Binds under the E, F and C rules"
    )
    deliver_by: Day | None = Field(
        default=None, examples=["2027-03-01"], description="Binds under the D rules, and without"
    )
    place_code: PlaceCode = Field(examples=["kg-osh"])
    delivery_address: Line | None = Field(default=None, examples=["ул. Школьная, 12"])
    tolerance_pct: Percent = Field(
        default=Decimal(),
        examples=["5"],
        description="How much more may be despatched, or less performed without delay, per cent",
    )
    incoterm: Incoterm | None = Field(default=None, examples=["DAP"])
    incoterm_version: Literal["2020"] = Field(default="2020", examples=["2020"])
    named_place: Line | None = Field(default=None, examples=["Osh, Kyrgyzstan"])
    deviations: list[Deviation] | None = Field(
        default=None,
        max_length=MOST_DEVIATIONS,
        examples=[[]],
        description="What is agreed otherwise than by the Incoterm; left out: what the bid says",
    )


class ProposedRowOut(ScheduleRowIn):
    """So much of an item by these days, at this place, as it was proposed."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class ScheduleIn(Input):
    """Rows that together are what was ordered of each item."""

    rows: list[ScheduleRowIn] = Field(min_length=1, max_length=MAX_ROWS)


class ReadyIn(Input):
    """Goods of a row lie ready for transport, at the buyer's disposal."""

    quantity: Positive = Field(examples=["600"])
    ready_at: IsoInstant = Field(examples=["2027-02-01T10:00:00+08:00"])


class OrderResponseLineIn(Input):
    """The answer to one row; `change` is the whole row as you would have it.

    A row is split over several days or places by `split`: further rows of the same item with numbers
    of their own, which together with `change` have the quantity of the row.
    """

    row_number: RowNumber
    response: LineResponse = Field(examples=["accept"])
    reason: Paragraph | None = Field(default=None, examples=["The mill needs a week more"])
    change: ScheduleRowIn | None = None
    split: list[ScheduleRowIn] = Field(default=[], max_length=100)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.response is LineResponse.CHANGE) != (self.change is not None):
            raise ValueError("a row is given with the response `change`, and only with it")
        if self.split and self.change is None:
            raise ValueError("a row that is split is changed")
        if self.response is not LineResponse.ACCEPT and self.reason is None:
            raise ValueError("say why the row is rejected or changed")
        return self


class OrderResponseIn(Input):
    """An answer to every row of the schedule (UBL OrderResponse)."""

    lines: list[OrderResponseLineIn] = Field(min_length=1, max_length=MAX_ROWS)
    note: Paragraph | None = Field(default=None, examples=["Подтверждаем"])


class OrderResponseLineOut(BaseModel):
    """The answer to one row."""

    model_config = ConfigDict(from_attributes=True)

    row_number: int
    response: LineResponse
    line_status_code: str = Field(description="UN/CEFACT 1229, as UBL's LineStatusCode")
    reason: str | None
    change: dict[str, Any] | None
    split: list[dict[str, Any]]


class OrderResponseOut(BaseModel):
    """An answer to a proposed schedule."""

    model_config = ConfigDict(from_attributes=True)

    org_id: OrganisationId
    note: str | None
    responded_at: datetime
    lines: list[OrderResponseLineOut]


class ScheduleOut(BaseModel):
    """A schedule as it was proposed, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: ScheduleStatus
    change_number: int | None = Field(description="The contract change that it is part of")
    based_on: int | None = Field(description="The schedule that it answers or amends")
    rows: list[ProposedRowOut]
    proposed_by: OrganisationId
    proposed_at: datetime
    agreed_by: OrganisationId | None
    agreed_at: datetime | None
    response: OrderResponseOut | None
    version: int


class ScheduleRowOut(BaseModel):
    """A row in force, and how far it has come."""

    model_config = ConfigDict(from_attributes=True)

    id: ScheduleRowId
    number: int
    item_id: ItemId
    quantity: PlainDecimal
    unit_code: str
    ready_by: Day | None
    ship_by: Day | None
    deliver_by: Day | None
    place_code: str
    delivery_address: str | None
    tolerance_pct: PlainDecimal
    incoterm: Incoterm | None
    incoterm_version: str | None
    named_place: str | None
    deviations: list[Deviation] = Field(description="What is agreed otherwise than by the Incoterm")
    contractual_event: ContractualEvent = Field(description="The date that binds the seller")
    due: Day | None = Field(description="That date")
    despatched_quantity: PlainDecimal
    received_quantity: PlainDecimal
    replaces_row_id: ScheduleRowId | None = Field(
        description="The row whose rejected goods it replaces; such a row adds nothing to the order"
    )


class PerformanceOut(BaseModel):
    """A fact about a row that nobody has taken back."""

    model_config = ConfigDict(from_attributes=True)

    id: PerformanceId
    row_number: int
    event: PerformanceEvent
    quantity: PlainDecimal
    occurred_at: datetime
    source: str
    evidence: list[dict[str, Any]]
