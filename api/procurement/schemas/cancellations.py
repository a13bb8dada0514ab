"""What the routes of cancellations take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Paragraph
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input
from api.procurement.schemas.ids import LotId, TenderId
from api.rules.cancellations import CancellationReason, CancellationStatus
from api.rules.tenders import MAX_LOTS

CancellationId = Annotated[UUID, PublicId("cancellation")]


class CancelIn(Input):
    """Why a tender, or some of its lots, are cancelled; suppliers can read it."""

    reason: Paragraph = Field(examples=["Финансирование отозвано"])
    reason_type: CancellationReason = Field(
        default=CancellationReason.OTHER, examples=["expensesCut"]
    )
    lot_ids: list[LotId] = Field(
        default=[], max_length=MAX_LOTS, examples=[[]], description="Empty: the whole tender"
    )

    @field_validator("lot_ids")
    @classmethod
    def _each_once(cls, lots: list[UUID]) -> list[UUID]:
        if len(set(lots)) < len(lots):
            raise PydanticCustomError("repeated_lot", "A lot is named once")
        return lots


class CancellationPublished(BaseModel):
    """A cancellation as everybody may read it."""

    model_config = ConfigDict(from_attributes=True)

    id: CancellationId
    status: CancellationStatus
    reason_type: CancellationReason
    reason: str
    lot_ids: list[LotId] = Field(description="Empty: the whole tender")
    requested_at: datetime
    complaint_period_end: datetime | None = Field(description="It takes effect then; null: at once")
    ended_at: datetime | None = Field(description="When it took effect, was withdrawn or lapsed")
    time_zone: TimeZone = LEGAL_ZONE


class CancellationOut(CancellationPublished):
    """A cancellation of a tender or of its lots."""

    tender_id: TenderId
    version: int
