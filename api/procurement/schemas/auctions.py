"""What the routes of auctions take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.catalog.types import Paragraph, PlainDecimal, Positive
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input
from api.procurement.schemas.ids import LotId, TenderId
from api.procurement.schemas.inputs import Instant
from api.rules.auction import AuctionStatus

AuctionId = Annotated[UUID, PublicId("auction")]
AuctionBidId = Annotated[UUID, PublicId("bid")]


class AuctionIn(Input):
    """When prices of a lot are taken. Every bidder is told at once."""

    lot_id: LotId
    starts_at: Instant = Field(examples=["2027-03-10T04:00:00Z"])
    ends_at: Instant = Field(
        examples=["2027-03-10T05:00:00Z"], description="Moves on while prices come at the last"
    )


class AuctionPriceIn(Input):
    """A lower price for the lot, in the auction's currency, on the basis of the bid's own."""

    amount: Positive = Field(examples=["6180000.00"])


class AuctionCancelIn(Input):
    """Why; bidders can read it."""

    reason: Paragraph = Field(examples=["Электр энергиясы өчүрүлдү, аукцион кайра белгиленет"])


class AuctionPlaceOut(BaseModel):
    """Where a bid stands: 1 is the lowest price."""

    place: int
    bid_id: AuctionBidId
    amount: PlainDecimal


class AuctionOut(BaseModel):
    """An auction and how things stand."""

    id: AuctionId
    tender_id: TenderId
    lot_id: LotId
    status: AuctionStatus
    currency: str = Field(examples=["KGS"])
    step_amount: PlainDecimal = Field(description="A bid goes at least so far below its own price")
    pause_seconds: int = Field(description="Time to answer that every price leaves the others")
    starts_at: datetime
    announced_end: datetime
    ends_at: datetime = Field(description="What arrives at this instant is late")
    cancellation_reason: str | None
    entries: int = Field(description="Prices in the log")
    ranking: list[AuctionPlaceOut]
    version: int
    time_zone: TimeZone = LEGAL_ZONE
