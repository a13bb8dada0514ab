"""What the routes of likely duplicates take and give."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field

from api.catalog.change_schemas import ChangeId
from api.catalog.types import Line, MasterProductId, PlainDecimal, ProductId
from api.core.ids import PublicId
from api.core.pages import PageQuery
from api.identity.schemas import Input, OrganisationId
from api.rules.duplicates import TEXTS, DuplicateReason, DuplicateStatus

DuplicateId = Annotated[UUID, PublicId("productduplicate")]


class DuplicateQuery(PageQuery):
    """Which pairs."""

    status: DuplicateStatus | None = Field(default=None, examples=["found"])
    product_id: ProductId | None = Field(default=None, description="That is one of the two")


class DuplicateReasonOut(BaseModel):
    """What speaks for the two being the same (points above zero), or against it."""

    code: DuplicateReason
    points: PlainDecimal = Field(description="Log-odds: of all of them the score is made")
    values: list[str] = Field(description="What it is about: a number, a share, sizes")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def texts(self) -> dict[str, str]:
        """The reason in ky, ru, en and zh."""
        return TEXTS[self.code]


class LikelyProductOut(BaseModel):
    """One of the two, as people tell it from others."""

    model_config = ConfigDict(from_attributes=True)

    id: ProductId
    org_id: OrganisationId
    names: dict[str, str]
    gtin: str | None
    brand: str | None
    mpn: str | None
    model: str | None
    master_product_id: MasterProductId | None


class ProductDuplicateOut(BaseModel):
    """Two products that are likely the same."""

    model_config = ConfigDict(from_attributes=True)

    id: DuplicateId
    products: Sequence[LikelyProductOut]
    score: PlainDecimal = Field(
        description="From 0 to 1: for putting pairs in order, no probability", examples=["0.953"]
    )
    reasons: list[DuplicateReasonOut] = Field(description="The weightiest first")
    status: DuplicateStatus
    judged_at: datetime | None
    version: int
    created_at: datetime


class ProductJoinIn(Input):
    """Why two products are proposed to be joined."""

    cause: Line = Field(examples=["Один и тот же товар одного изготовителя"])


class ProductJoinOut(BaseModel):
    """What was proposed: a change of each product that is not joined yet, for its owner to decide."""

    id: DuplicateId
    status: DuplicateStatus
    product_change_ids: list[ChangeId]
