"""What the routes of enquiries take and give. Names follow the OCDS enquiries extension."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import Line, Paragraph
from api.core.ids import PublicId
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.ids import LotId, TenderId
from api.rules.enquiries import EnquiryStatus

EnquiryId = Annotated[UUID, PublicId("enquiry")]
_QUESTION = {"ru": "Допускается ли столешница толщиной 16 мм?"}
_ANSWER = {"ru": "Нет, не менее 18 мм.", "ky": "Жок, 18 ммден кем эмес."}


class EnquiryIn(Input):
    """A question about a tender or one of its lots, in the asker's language or several."""

    lot_id: LotId | None = Field(default=None, examples=[None])
    title: dict[Language, Line] = Field(min_length=1, examples=[{"ru": "Толщина столешницы"}])
    description: dict[Language, Paragraph] = Field(min_length=1, examples=[_QUESTION])


class AnswerIn(Input):
    """The answer that every supplier gets."""

    answer: dict[Language, Paragraph] = Field(min_length=1, examples=[_ANSWER])


class EnquiryPublished(BaseModel):
    """A question as everybody may read it once it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: EnquiryId
    lot_id: LotId | None
    title: dict[str, str]
    description: dict[str, str]
    asked_at: datetime
    answer: dict[str, str] | None
    answered_at: datetime | None
    answered_late: bool | None = Field(description="The tender period was extended for it")


class EnquiryOut(EnquiryPublished):
    """A question and its answer."""

    tender_id: TenderId
    status: EnquiryStatus
    author_id: OrganisationId | None = Field(
        description="Who asked: for the asker alone until bids are opened"
    )
    version: int
