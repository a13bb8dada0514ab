"""What the routes of master products give."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.product_schemas import ProductOut
from api.catalog.types import MasterProductId


class MasterProductOut(BaseModel):
    """What products of several sellers are one and the same of, and those that you see of them."""

    model_config = ConfigDict(from_attributes=True)

    id: MasterProductId
    names: dict[str, str] = Field(examples=[{"ru": "Парта школьная", "zh": "课桌"}])
    gtin: str | None
    products: Sequence[ProductOut] = Field(description="100 at most, the oldest first")
    created_at: datetime
