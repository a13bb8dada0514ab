"""What sourcing shows of matches: those of requests for quotation, as tenders have theirs."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import OfferId
from api.identity.schemas import OrganisationId
from api.matching.schemas import BlockerOut, MatchId, ModelId, WhyNotOut
from api.sourcing.schemas.ids import RfqId, RfqItemId


class RfqMatchOut(BaseModel):
    """An offer that answers an item of a request; fields as those of a tender's match."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    id: MatchId
    rfq_id: RfqId = Field(validation_alias="tender_id")
    item_id: RfqItemId
    offer_id: OfferId
    seller_id: OrganisationId
    rank: int = Field(examples=[1])
    score: Decimal = Field(examples=["0.738513"])
    domestic: bool = Field(description="The seller is of the country of delivery")
    parts: dict[str, str]
    blockers: list[BlockerOut]
    matched: dict[str, Any]
    algorithm_version: str
    model_id: ModelId
    computed_at: datetime


class RfqForMeOut(BaseModel):
    """An open request for quotation that an offer of yours answers."""

    match: RfqMatchOut
    title: dict[str, str]
    quantity: Decimal
    unit_code: str
    cpv_code: str | None
    delivery_place_code: str | None
    deliver_by: date
    buyer_id: OrganisationId


class RfqWhyNotOut(WhyNotOut):
    """How an offer of yours stands to an item of a request for quotation."""

    item_id: RfqItemId
