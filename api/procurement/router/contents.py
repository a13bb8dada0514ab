"""The JSON Schemas of what suppliers seal, for everybody."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from api.core.http import public_router
from api.procurement.schemas import BidContent, PriceContent, TechnicalContent

router = public_router("/public/schemas", "public")


class ContentSchema(StrEnum):
    """What an envelope holds: a whole bid, or one of its two parts."""

    BID = "bid-content"
    TECHNICAL = "technical-content"
    PRICE = "price-content"


_MODELS: dict[ContentSchema, type[BaseModel]] = {
    ContentSchema.BID: BidContent,
    ContentSchema.TECHNICAL: TechnicalContent,
    ContentSchema.PRICE: PriceContent,
}


@router.get("/{name}", response_model=dict[str, Any])
async def get_schema(name: ContentSchema) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the content of an envelope, to be checked before it is sealed."""
    found = _MODELS[name].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
