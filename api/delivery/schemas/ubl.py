"""What the routes of UBL documents give besides XML."""

from pydantic import BaseModel, Field

from api.contracts.schemas import ContractId
from api.delivery.schemas.despatches import DespatchAdviceId


class UblTakenOut(BaseModel):
    """A document that was taken, and what was made of it."""

    contract_id: ContractId
    schedule_number: int | None = Field(description="The schedule that it proposed or answered")
    despatch_advice_id: DespatchAdviceId | None
    sha256: str = Field(description="Of the document as it was sent")
