"""What the routes of export permissions, labels and market readiness take and give."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.catalog.types import Country, HttpsUrl, Line, Paragraph, ProductId, Short
from api.core.ids import PublicId
from api.core.inputs import IsoDate
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.documents import DocumentId
from api.rules.markets import MissingReason, PermissionStanding, PermissionStatus, RequirementKind

ExportPermissionId = Annotated[UUID, PublicId("exportpermission")]
ProductLabelId = Annotated[UUID, PublicId("productlabel")]
MarketRequirementId = Annotated[UUID, PublicId("marketrequirement")]
HsPrefix = Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
_DOCUMENT = "document_019abf2e8c1d7c3fa9b04b4c6f0d2e11"


class ExportPermissionIn(Input):
    """A permission as its paper says; the paper is a document of yours."""

    market: Country = Field(examples=["CN"])
    authority: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{1,39}$")] = Field(
        examples=["GACC"],
        description="One that a requirement of the market accepts (GET /v1/market-requirements)",
    )
    registration_no: Short = Field(examples=["CKGZ09042402190001"])
    commodity: Line = Field(examples=["Natural honey"], description="As the authority names it")
    hs_codes: list[HsPrefix] = Field(
        min_length=1,
        max_length=100,
        examples=[["0409"]],
        description="Chapters, headings or subheadings that it is for",
    )
    protocol: Line | None = Field(
        default=None,
        examples=["GACC and the Ministry of Agriculture of the Kyrgyz Republic, 2018"],
        description="Agreement of the two countries about the commodity",
    )
    valid_from: IsoDate = Field(examples=["2026-01-01"])
    valid_to: IsoDate = Field(examples=["2030-12-31"], description="Its last day, in Bishkek")
    registry_url: HttpsUrl | None = Field(
        default=None, examples=["https://ciferquery.singlewindow.cn/"]
    )
    document_id: DocumentId = Field(examples=[_DOCUMENT])

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class PermissionVerificationIn(Input):
    """How the authority, or its register, has confirmed the permission."""

    verification: Line = Field(examples=["Found in the CIFER register on 2026-11-20, status valid"])


class PermissionRefusalIn(Input):
    """Why."""

    reason: Paragraph = Field(examples=["The register knows no such number"])


class ExportPermissionOut(BaseModel):
    """A permission, and what it is worth today (`standing`)."""

    model_config = ConfigDict(from_attributes=True)

    id: ExportPermissionId
    org_id: OrganisationId
    market: str
    authority: str
    registration_no: str
    commodity: str
    hs_codes: list[str]
    protocol: str | None
    valid_from: date
    valid_to: date = Field(description="Its last day, in Bishkek; from the next on it has lapsed")
    registry_url: str | None
    document_id: DocumentId
    document_sha256: str
    status: PermissionStatus = Field(description="What was decided about it")
    standing: PermissionStanding = Field(
        description="What it is worth today: only `in_force` counts"
    )
    verified_at: datetime | None
    verification: str | None
    refusal: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class ProductLabelIn(Input):
    """The label of a product: a document of yours."""

    market: Country = Field(examples=["CN"])
    language: LanguageCode = Field(examples=["zh"])
    document_id: DocumentId = Field(examples=[_DOCUMENT])


class ProductLabelOut(BaseModel):
    """The label of a product for a market in a language."""

    model_config = ConfigDict(from_attributes=True)

    id: ProductLabelId
    product_id: ProductId
    market: str
    language: str
    document_id: DocumentId
    document_sha256: str
    created_at: datetime


class MarketRequirementOut(BaseModel):
    """What goods under an HS prefix need in a market."""

    model_config = ConfigDict(from_attributes=True)

    id: MarketRequirementId
    market: str
    code: str = Field(examples=["gacc_registration"])
    kind: RequirementKind
    hs_prefix: str = Field(description="Empty: all goods. Of one code, the longest prefix decides")
    required: bool = Field(description="False: frees its goods of the rows with shorter prefixes")
    blocking: bool = Field(description="False: told, and the goods are ready without it")
    accepted: list[str] = Field(
        description="Authorities, certificate schemes or languages, any one of which meets it"
    )
    texts: dict[str, str]
    valid_from: date
    valid_to: date | None = Field(description="The first day on which it no longer counts")
    source: str
    reviewed: bool = Field(description="Whether somebody has compared it with its source")


class MarketFindingOut(BaseModel):
    """A requirement of the goods, and how it stands."""

    code: str = Field(examples=["gacc_registration"])
    kind: RequirementKind
    hs_prefix: str
    blocking: bool
    accepted: list[str]
    text: dict[str, str] = Field(description="What is required, in ky, ru, en and zh")
    reason: MissingReason | None = Field(description="Why it is not met")
    reason_text: dict[str, str] | None
    until: date | None = Field(description="Last day of what meets it; null: for good, or not met")
    source: str
    reviewed: bool


class ReadinessOut(BaseModel):
    """Whether a product may be shown in a market today, and what is missing."""

    product_id: ProductId
    market: str
    on: date = Field(description="The day in Bishkek that it is told for")
    hs_code: str | None
    ready: bool = Field(description="Nothing that blocks is missing")
    until: date | None = Field(
        description="Last day of what runs out first among what blocks and is met; null: nothing does"
    )
    missing: list[MarketFindingOut]
    met: list[MarketFindingOut]


class MissingOut(BaseModel):
    """What blocks."""

    field: str = Field(examples=["labels"], description="Of the product or its offers")
    requirement: str = Field(examples=["label_zh"], description="Of GET /v1/market-requirements")
    reason: MissingReason
    reason_text: dict[str, str]


class MarketStandingOut(BaseModel):
    """Whether buyers of a market see a product, as it was found last."""

    product_id: ProductId
    market: str
    ready: bool = Field(description="False: its offers are withheld from buyers of the market")
    until: date | None = Field(description="Last day on which it surely holds; null: for good")
    missing: list[MissingOut]
    assessed_at: datetime
