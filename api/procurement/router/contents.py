"""The JSON Schemas of what suppliers seal and of the files that are published, for everybody."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from api.core.http import public_router
from api.procurement.evaluation import files
from api.procurement.evaluation.auction_logs import AuctionLog
from api.procurement.schemas import BidContent, PriceContent, TechnicalContent

router = public_router("/public/schemas", "public")


class SchemaName(StrEnum):
    """What an envelope holds: a whole bid, or one of its two parts; the evaluation of a lot; the
    log of a reverse auction."""

    BID = "bid-content"
    TECHNICAL = "technical-content"
    PRICE = "price-content"
    EVALUATION = "kerben-evaluation-1"
    AUCTION = "kerben-auction-1"


_MODELS: dict[SchemaName, type[BaseModel]] = {
    SchemaName.BID: BidContent,
    SchemaName.TECHNICAL: TechnicalContent,
    SchemaName.PRICE: PriceContent,
    SchemaName.AUCTION: AuctionLog,
}


@router.get("/{name}", response_model=dict[str, Any])
async def get_schema(name: SchemaName) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the content of an envelope, to be checked before it is sealed,
    or of a published file."""
    if name is SchemaName.EVALUATION:
        return files.json_schema()
    found = _MODELS[name].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
