"""The JSON Schemas of what suppliers seal and of the files that are given out, for everybody."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from api.contracts.penalty import files as penalty
from api.core.http import public_router
from api.delivery.landed_cost import files as landed_cost
from api.payments.due import files as payment
from api.procurement.evaluation import files as evaluation
from api.procurement.evaluation.auction_logs import AuctionLog
from api.procurement.schemas import BidContent, PriceContent, TechnicalContent

router = public_router("/public/schemas", "public")


class SchemaName(StrEnum):
    """What an envelope holds, a whole bid or one of its two parts; or a file that anybody recomputes:
    the evaluation of a lot, the log of a reverse auction, a landed cost, damages, a payment."""

    BID = "bid-content"
    TECHNICAL = "technical-content"
    PRICE = "price-content"
    EVALUATION = "kerben-evaluation-1"
    AUCTION = "kerben-auction-1"
    LANDED_COST = "kerben-landed-cost-1"
    PENALTY = "kerben-penalty-1"
    PAYMENT = "kerben-payment-1"


_MODELS: Mapping[SchemaName, type[BaseModel]] = {
    SchemaName.BID: BidContent,
    SchemaName.TECHNICAL: TechnicalContent,
    SchemaName.PRICE: PriceContent,
    SchemaName.AUCTION: AuctionLog,
}
_FILES: Mapping[SchemaName, Callable[[], dict[str, Any]]] = {
    SchemaName.EVALUATION: evaluation.json_schema,
    SchemaName.LANDED_COST: landed_cost.json_schema,
    SchemaName.PENALTY: penalty.json_schema,
    SchemaName.PAYMENT: payment.json_schema,
}


@router.get("/{name}", response_model=dict[str, Any])
async def get_schema(name: SchemaName) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the content of an envelope, to be checked before it is sealed,
    or of a file that is given out."""
    if name in _FILES:
        return _FILES[name]()
    found = _MODELS[name].model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
