"""What the routes of images take and give."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import Line, Origin, ProductId
from api.core.ids import PublicId
from api.identity.schemas import Input, Language
from api.rules.images import MAX_IMAGES, ImageStatus, Refusal, Rendition

ImageId = Annotated[UUID, PublicId("productimage")]
_ORDER = [f"productimage_019abf2e8c1d7c3fa9b04b4c6f0d2e1{n}" for n in (2, 1)]
_ALT = {"en": "The desk at its lowest height", "zh": "课桌最低高度"}


class ImagePatch(Input):
    """Alternative texts of an image, in place of those that it has."""

    alt_texts: dict[Language, Line] = Field(examples=[_ALT])
    alt_texts_origin: dict[Language, Origin] = Field(
        default={}, examples=[{"zh": "machine"}], description="Languages left out are `source`."
    )

    @model_validator(mode="after")
    def _origins_of_texts(self) -> Self:
        unknown = sorted(self.alt_texts_origin.keys() - self.alt_texts.keys())
        if unknown:
            raise ValueError(f"origin without a text: {', '.join(unknown)}")
        return self


class ImageOrderIn(Input):
    """Every image of the product, in the order in which they are shown; the first is primary."""

    image_ids: list[ImageId] = Field(min_length=1, max_length=MAX_IMAGES, examples=[_ORDER])


class RenditionOut(BaseModel):
    """A copy that buyers are given, as JPEG."""

    model_config = ConfigDict(from_attributes=True)

    name: Rendition
    width: int
    height: int


class ImageOut(BaseModel):
    """An image of a product. `refusal` says why one is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: ImageId
    product_id: ProductId
    name: str = Field(description="Of the uploaded file")
    position: int = Field(description="The image with the smallest one is primary")
    status: ImageStatus
    refusal: Refusal | None
    width: int | None = Field(description="Pixels of what was uploaded, upright")
    height: int | None
    alt_texts: dict[str, str]
    alt_texts_origin: dict[str, str]
    renditions: list[RenditionOut]
    version: int
    created_at: datetime
