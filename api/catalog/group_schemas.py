"""What the routes of groups of variants take and give."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.product_schemas import ProductIn
from api.catalog.types import AttributeName, GroupId, Gtin, Line, Origin, ProductId, Short
from api.identity.schemas import Input, Language, OrganisationId
from api.rules.variants import MAX_AXES, MAX_VARIANTS

_NAMES = {"ru": "Футболка", "en": "T-shirt"}
_AXES = ["colour", "size"]
_VALUES = {"colour": "red", "size": "M"}
_BASE = {"country_of_origin": "KG", "names": _NAMES, "attributes": {"material": "cotton"}}


class VariantIn(Input):
    """How a variant differs from the others of its group."""

    values: dict[AttributeName, Line] = Field(
        examples=[_VALUES], description="One for each axis; they are attributes of the product too."
    )
    gtin: Gtin | None = Field(default=None, examples=["4006381333931"])
    mpn: Short | None = Field(default=None, examples=["TS-RED-M"])
    model: Short | None = None


class VariantsIn(Input):
    """Variants to be added to a group; what they have in common is as in its first one."""

    variants: list[VariantIn] = Field(
        min_length=1, description=f"A group has {MAX_VARIANTS} at most: `too_many_variants`."
    )


class ProductGroupIn(VariantsIn):
    """Products that differ along axes. Each variant is a product: `base` with its own values."""

    names: dict[Language, Line] = Field(min_length=1, examples=[_NAMES])
    names_origin: dict[Language, Origin] = Field(
        default={}, examples=[{"en": "human"}], description="Languages left out are `source`."
    )
    axes: list[AttributeName] = Field(min_length=1, max_length=MAX_AXES, examples=[_AXES])
    base: ProductIn = Field(examples=[_BASE])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.axes)) < len(self.axes):
            raise ValueError("an axis is named twice")
        unknown = sorted(self.names_origin.keys() - self.names.keys())
        if unknown:
            raise ValueError(f"origin without a text: {', '.join(unknown)}")
        return self


class VariantOut(BaseModel):
    """A variant, which is a product."""

    model_config = ConfigDict(from_attributes=True)

    product_id: ProductId
    values: dict[str, str]
    gtin: str | None
    mpn: str | None
    model: str | None


class ProductGroupOut(BaseModel):
    """A group with its axes."""

    model_config = ConfigDict(from_attributes=True)

    id: GroupId
    org_id: OrganisationId
    names: dict[str, str]
    names_origin: dict[str, str]
    axes: list[str]
    version: int
    created_at: datetime


class ProductGroupDetail(ProductGroupOut):
    """A group with those of its variants that the caller may see, in the order they came."""

    variants: list[VariantOut]
