"""Ids of sourcing as the API shows them."""

from typing import Annotated
from uuid import UUID

from api.core.ids import PublicId

RfqId = Annotated[UUID, PublicId("rfq")]
RfqItemId = Annotated[UUID, PublicId("rfqitem")]
QuoteId = Annotated[UUID, PublicId("quote")]
