"""What the routes of UBL documents give besides XML."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import PlainDecimal, Positive, Short
from api.contracts.schemas import ContractId
from api.contracts.schemas.schedules import MAX_ROWS, RowNumber
from api.core.ids import PublicId
from api.delivery.schemas.despatches import DespatchAdviceId
from api.delivery.schemas.goods import Money
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.inputs import Day

VatRate = Annotated[PlainDecimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
InvoiceId = Annotated[UUID, PublicId("invoice")]


class UblTakenOut(BaseModel):
    """A document that was taken, and what was made of it."""

    contract_id: ContractId
    schedule_number: int | None = Field(description="The schedule that it proposed or answered")
    despatch_advice_id: DespatchAdviceId | None
    sha256: str = Field(description="Of the document as it was sent")


class InvoiceLineIn(Input):
    """So much of a row of the delivery schedule, at the price of one unit without tax."""

    row_number: RowNumber
    quantity: Positive = Field(examples=["600"])
    unit_price: Positive = Field(examples=["1666.67"])


class InvoiceIn(Input):
    """An invoice about rows of the contract in its currency; a line comes to its quantity by its
    price, rounded to the hundredth, half up, and VAT at `tax_rate` comes on all of them. Without rate and
    amount the invoice is not subject to VAT."""

    number: Short = Field(examples=["INV-2027/12"])
    issue_date: Day = Field(examples=["2027-03-02"])
    due_date: Day | None = Field(default=None, examples=["2027-04-01"])
    lines: list[InvoiceLineIn] = Field(min_length=1, max_length=MAX_ROWS)
    tax_rate: VatRate | None = Field(default=None, examples=["12"], description="Per cent")
    tax_amount: Money | None = Field(
        default=None,
        examples=["120000.00"],
        description="What the rate comes to, if you want it checked; EN 16931 wants the rate as well",
    )

    @model_validator(mode="after")
    def _due_after(self) -> Self:
        if self.due_date is not None and self.due_date < self.issue_date:
            raise ValueError("it is due before it is issued")
        return self


class NormFindingOut(BaseModel):
    """A business rule of EN 16931 that an invoice does not keep; it refuses nothing."""

    model_config = ConfigDict(from_attributes=True)

    rule: str = Field(examples=["BR-CO-15"])
    element: str = Field(examples=["/Invoice/cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"])
    detail: str


class InvoiceOut(BaseModel):
    """An invoice as it was sent; its XML is under `/ubl`."""

    model_config = ConfigDict(from_attributes=True)

    id: InvoiceId
    contract_id: ContractId
    number: str
    issued_by: OrganisationId
    issue_date: date
    due_date: date | None
    payable_amount: PlainDecimal
    currency: str
    sha256: str = Field(description="Of the document as it was sent")
    findings: list[NormFindingOut] = Field(description="By the rules of EN 16931 that are checked")
    received_at: datetime
