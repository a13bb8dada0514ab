"""What the routes of despatch advices and receipts take and give (UBL)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.catalog.types import MAX_NUMBER, HttpsUrl, Line, Paragraph, PlainDecimal, Positive, Sha256
from api.contracts.schemas import ContractId, ScheduleRowId
from api.core.ids import PublicId
from api.core.inputs import IsoInstant, printable
from api.identity.schemas import Input, OrganisationId

DespatchAdviceId = Annotated[UUID, PublicId("despatch")]
ReceiptId = Annotated[UUID, PublicId("receipt")]
_ShipmentId = Annotated[UUID, PublicId("shipment")]
MAX_LINES = 500
_Number = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=35),
    AfterValidator(printable),
]
NotNegative = Annotated[PlainDecimal, Field(ge=0, le=MAX_NUMBER, max_digits=20, decimal_places=6)]


class DespatchLineIn(Input):
    """So much of a row of the delivery schedule."""

    schedule_row_id: ScheduleRowId
    quantity: Positive = Field(examples=["600"])


class DespatchAdviceIn(Input):
    """What has left with the shipment."""

    number: _Number = Field(examples=["DA-2027-001"])
    despatched_at: IsoInstant = Field(
        examples=["2027-02-10T16:20:00+08:00"], description="When it was handed to the carrier"
    )
    lines: list[DespatchLineIn] = Field(min_length=1, max_length=MAX_LINES)


class DespatchReasonIn(Input):
    """Why the despatch advice is taken back."""

    reason: Paragraph = Field(examples=["The lorry was not loaded"])


class PerformanceEvidenceIn(Input):
    """What shows it: a document by its SHA-256, and where it lies."""

    type: Literal["delivery_note", "photo", "signature", "inspection_report", "other"] = Field(
        examples=["delivery_note"]
    )
    title: Line = Field(examples=["Акт приёмки № 7"])
    sha256: Sha256 | None = Field(
        default=None, examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )
    url: HttpsUrl | None = Field(default=None, examples=["https://example.org/akt-7.pdf"])


class ReceiptLineIn(Input):
    """Of a despatched line: so much came, so much is short; of what came, so much is damaged."""

    line_number: int = Field(ge=1, le=MAX_LINES, examples=[1])
    received_quantity: NotNegative = Field(examples=["598"])
    short_quantity: NotNegative = Field(default=Decimal(), examples=["2"])
    damaged_quantity: NotNegative = Field(default=Decimal(), examples=["1"])
    note: Paragraph | None = Field(default=None, examples=["Сколота столешница"])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.received_quantity + self.short_quantity == 0:
            raise ValueError("say what came or what is short")
        if self.damaged_quantity > self.received_quantity:
            raise ValueError("more is damaged than came")
        return self


class ReceiptIn(Input):
    """What you took over; several receipts may follow one despatch advice."""

    number: _Number = Field(examples=["RC-2027-001"])
    received_at: IsoInstant = Field(examples=["2027-02-16T11:05:00+06:00"])
    lines: list[ReceiptLineIn] = Field(min_length=1, max_length=MAX_LINES)
    note: Paragraph | None = Field(default=None, examples=["Принято комиссией школы"])
    evidence: list[PerformanceEvidenceIn] = Field(default=[], max_length=20)


class DespatchLineOut(BaseModel):
    """A despatched line, and what has come of it."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    schedule_row_id: ScheduleRowId
    quantity: PlainDecimal
    received_quantity: PlainDecimal
    short_quantity: PlainDecimal


class DespatchAdviceOut(BaseModel):
    """A despatch advice."""

    model_config = ConfigDict(from_attributes=True)

    id: DespatchAdviceId
    shipment_id: _ShipmentId
    contract_id: ContractId
    number: str
    issued_by: OrganisationId
    issued_at: datetime
    despatched_at: datetime
    cancelled_at: datetime | None
    cancellation_reason: str | None
    lines: list[DespatchLineOut]
    version: int


class ReceiptLineOut(BaseModel):
    """A received line."""

    model_config = ConfigDict(from_attributes=True)

    line_number: int
    schedule_row_id: ScheduleRowId
    received_quantity: PlainDecimal
    short_quantity: PlainDecimal
    damaged_quantity: PlainDecimal
    note: str | None


class ReceiptOut(BaseModel):
    """A receipt."""

    model_config = ConfigDict(from_attributes=True)

    id: ReceiptId
    despatch_advice_id: DespatchAdviceId
    shipment_id: _ShipmentId
    contract_id: ContractId
    number: str
    issued_by: OrganisationId
    received_at: datetime
    note: str | None
    evidence: list[dict[str, Any]]
    lines: list[ReceiptLineOut]
