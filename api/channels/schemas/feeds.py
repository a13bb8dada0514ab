"""What the routes of feeds take and give."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
)
from pydantic_core import PydanticCustomError

from api.catalog.types import Country, HttpsUrl, OfferId
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.rules.feeds import PLACEHOLDERS, FeedFormat

FeedId = Annotated[UUID, PublicId("feed")]
JobId = Annotated[UUID, PublicId("job")]
FeedBuildId = Annotated[UUID, PublicId("feedbuild")]
_HTTPS: TypeAdapter[str] = TypeAdapter(HttpsUrl)


def _template(value: str) -> str:
    plain = value
    for placeholder in PLACEHOLDERS:
        plain = plain.replace(placeholder, "x")
    if plain == value or "{" in plain or "}" in plain:
        detail = f"must have {' or '.join(PLACEHOLDERS)} in it, and no other placeholder"
        raise PydanticCustomError("link_template", "{detail}", {"detail": detail})
    _HTTPS.validate_python(plain)
    return value


LinkTemplate = Annotated[
    str, StringConstraints(max_length=2000, min_length=1), AfterValidator(_template)
]


class FeedIn(Input):
    """Offers for a market, in a language and a format."""

    format: FeedFormat = Field(examples=["schema_org"])
    market: Country = Field(examples=["CN"], description="Country of the buyers (ISO 3166-1)")
    language: Literal["ky", "ru", "en", "zh"] = Field(examples=["zh"])
    everybody: bool = Field(default=False, description="Of every seller; for the operator alone")
    link_template: LinkTemplate | None = Field(
        default=None,
        examples=["https://shop.example/{sku}"],
        description="Page of an offer, with `{sku}` or `{offer_id}`; `google_merchant` needs it",
    )


class FeedOut(BaseModel):
    """A feed."""

    model_config = ConfigDict(from_attributes=True)

    id: FeedId
    org_id: OrganisationId
    format: FeedFormat
    market: str
    language: str
    everybody: bool
    link_template: str | None
    closed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class FeedAddressOut(FeedOut):
    """A feed with its address, which is shown this once."""

    url: str = Field(description="Whoever knows it reads the newest build, without credentials")
    delta_url: str = Field(description="What that build changed")


class FeedBuildOut(BaseModel):
    """A build: how many offers it has, and how it differs from the one before."""

    model_config = ConfigDict(from_attributes=True)

    id: FeedBuildId
    feed_id: FeedId
    number: int
    job_id: JobId | None = Field(description="Its progress: GET /v1/jobs/{job_id}")
    items: int
    left_out: int = Field(description="Offers that are not in it; why: …/omissions")
    added: int
    changed: int
    removed: int
    unchanged: int
    content_kept: bool = Field(description="False once it was too old for its documents to be kept")
    finished_at: datetime | None
    created_at: datetime


class FeedOmissionOut(BaseModel):
    """Why an offer is not in the build, or what of it was shortened."""

    model_config = ConfigDict(from_attributes=True)

    offer_id: OfferId
    sku: str
    field: str = Field(examples=["labels"], description="Of the product or the offer")
    code: str = Field(examples=["absent"])
    requirement: str | None = Field(
        examples=["label_zh"], description="Of GET /v1/market-requirements; null: the format asks"
    )
    detail: str
    dropped: bool = Field(description="False: the offer is in the feed, with less")
