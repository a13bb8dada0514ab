"""What the routes of proposed changes take and give."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.product_schemas import ProductPatch
from api.catalog.types import Line, ProductId
from api.core.ids import PublicId
from api.core.pages import PageQuery
from api.identity.schemas import Input, OrganisationId
from api.rules.product_changes import ProductChangeStatus

ChangeId = Annotated[UUID, PublicId("productchange")]


class ProductChangeIn(Input):
    """What is to change of a product, and why."""

    changes: ProductPatch = Field(examples=[{"gtin": "4006381333931"}])
    cause: Line = Field(examples=["На упаковке другой штрихкод"])


class ChangeReviewIn(Input):
    """Why the change is made, or not."""

    reason: Line = Field(examples=["Сверено с упаковкой"])


class ChangeQuery(PageQuery):
    """Which changes."""

    status: ProductChangeStatus | None = Field(default=None, examples=["proposed"])


class ProductChangeOut(BaseModel):
    """A proposed change, for the owner of the product and for who proposed it."""

    model_config = ConfigDict(from_attributes=True)

    id: ChangeId
    product_id: ProductId
    org_id: OrganisationId = Field(description="The owner of the product, which decides")
    proposer_id: OrganisationId
    product_version: int = Field(description="That it was proposed on")
    stale: bool = Field(description="The product has changed since: it can only be proposed anew")
    before: dict[str, Any] = Field(examples=[{"gtin": None}])
    after: dict[str, Any] = Field(examples=[{"gtin": "04006381333931"}])
    reviewed_fields: list[str] = Field(
        description="Those that nobody changes alone", examples=[["gtin", "attributes.height"]]
    )
    cause: str
    status: ProductChangeStatus
    reviewed_at: datetime | None
    reason: str | None
    version: int
    created_at: datetime
