"""Ids of procurement as the API shows them."""

from typing import Annotated
from uuid import UUID

from api.core.ids import PublicId

TenderId = Annotated[UUID, PublicId("tender")]
LotId = Annotated[UUID, PublicId("lot")]
ItemId = Annotated[UUID, PublicId("item")]
BidId = Annotated[UUID, PublicId("bid")]
OpeningId = Annotated[UUID, PublicId("opening")]
OpenerKeyId = Annotated[UUID, PublicId("openerkey")]
SubmissionId = Annotated[UUID, PublicId("submission")]
QualificationId = Annotated[UUID, PublicId("qualification")]
PlanId = Annotated[UUID, PublicId("plan")]
PlanItemId = Annotated[UUID, PublicId("planitem")]
