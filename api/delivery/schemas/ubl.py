"""What the routes of UBL documents give besides XML."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import PlainDecimal
from api.contracts.schemas import ContractId
from api.core.ids import PublicId
from api.delivery.schemas.despatches import DespatchAdviceId
from api.identity.schemas import OrganisationId

InvoiceId = Annotated[UUID, PublicId("invoice")]


class UblTakenOut(BaseModel):
    """A document that was taken, and what was made of it."""

    contract_id: ContractId
    schedule_number: int | None = Field(description="The schedule that it proposed or answered")
    despatch_advice_id: DespatchAdviceId | None
    sha256: str = Field(description="Of the document as it was sent")


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
    received_at: datetime
