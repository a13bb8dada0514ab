"""What the routes of awards take and give. Names follow OCDS 1.1."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import Paragraph
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, OrganisationId
from api.matching.schemas import PerformanceWarningOut
from api.procurement.schemas.ids import LotId, TenderId
from api.procurement.schemas.outputs import ValueOut
from api.rules.awards import AwardStatus, CancellationCause

AwardId = Annotated[UUID, PublicId("award")]
AwardedBidId = Annotated[UUID, PublicId("bid")]


class AwardReasonIn(Input):
    """Why; everybody can read it."""

    reason: Paragraph = Field(examples=["Lowest comparable price, all requirements met"])


class AwardIn(AwardReasonIn):
    """The lot whose first ranked bid is proposed."""

    lot_id: LotId


class AwardOut(BaseModel):
    """An award of a lot. No contract is signed before `standstill_end`, nor while a complaint about
    it is open."""

    model_config = ConfigDict(from_attributes=True)

    id: AwardId
    tender_id: TenderId
    lot_id: LotId
    bid_id: AwardedBidId
    suppliers: list[OrganisationId] = Field(description="The lead first")
    rank: int
    status: AwardStatus
    value: ValueOut
    proposed: bool = Field(description="False while the ranking alone has put it forward")
    proposal: str | None
    decided_at: datetime | None
    decision: str | None
    standstill_start: datetime | None
    standstill_end: datetime | None
    standstill_rule: dict[str, Any] | None = Field(description="The duration, as the policy says")
    cancelled_at: datetime | None
    cancellation_cause: CancellationCause | None
    cancellation_reason: str | None
    version: int
    performance_warnings: list[PerformanceWarningOut] = Field(
        default=[], description="Told to the buyer, when it proposes or approves"
    )
    time_zone: TimeZone = LEGAL_ZONE
