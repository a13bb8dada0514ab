"""What the routes of products and certificates take and give."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from api.catalog.types import (
    AttributeName,
    CertificateId,
    CertificateScheme,
    Country,
    CpvCode,
    GroupId,
    Gtin,
    HazardClass,
    HsCode,
    HttpsUrl,
    Line,
    MasterProductId,
    Origin,
    PackageType,
    Paragraph,
    PlainDecimal,
    Positive,
    ProductId,
    Sha256,
    Short,
    UnNumber,
)
from api.core.inputs import IsoDate
from api.identity.schemas import Input, Language, OrganisationId
from api.rules.completeness import Aspect
from api.rules.offers import (
    CertificateStatus,
)
from api.rules.packaging import MAX_LEVELS, MAX_UNITS, units_in

_NAMES = {"zh": "学生课桌椅套装 单人可升降", "en": "Single adjustable school desk set"}
_DESCRIPTIONS = {"en": "Height 620-760 mm in eight steps."}
_ATTRIBUTES = {"height": "620-760 mm", "seats": "1"}
_MEDIA = ["https://example.com/desk.jpg"]


class PackLevelIn(Input):
    """A package that holds so many of the level below it; the first one, units of the product."""

    package_type: PackageType = Field(
        examples=["CT"], description="UN/ECE Recommendation 21 (GET /v1/package-types)"
    )
    quantity: int = Field(ge=1, le=MAX_UNITS, examples=[12])
    gross_weight_kg: Positive | None = Field(
        default=None, examples=["9.6"], description="Of one such package with all that it holds."
    )
    volume_m3: Positive | None = Field(default=None, examples=["0.048"])


class ProductPatch(Input):
    """Changes of a product; fields that are left out stay as they are."""

    gtin: Gtin | None = Field(
        default=None, examples=["4006381333931"], description="Kept in its 14-digit form."
    )
    mpn: Short | None = Field(default=None, examples=["RX-K101"])
    brand: Short | None = Field(default=None, examples=["睿学"])
    model: Short | None = Field(default=None, examples=["RX-K101"])
    hs_code: HsCode | None = Field(default=None, examples=["940320"])
    cpv_code: CpvCode | None = Field(default=None, examples=["39160000-1"])
    country_of_origin: Country | None = Field(default=None, examples=["CN"])
    names: dict[Language, Line] | None = Field(default=None, min_length=1, examples=[_NAMES])
    names_origin: dict[Language, Origin] = Field(
        default={}, examples=[{"en": "human"}], description="Languages left out are `source`."
    )
    descriptions: dict[Language, Paragraph] | None = Field(default=None, examples=[_DESCRIPTIONS])
    descriptions_origin: dict[Language, Origin] = Field(default={}, examples=[{"en": "machine"}])
    attributes: dict[AttributeName, Line] | None = Field(
        default=None, max_length=60, examples=[_ATTRIBUTES]
    )
    media: list[HttpsUrl] | None = Field(default=None, max_length=20, examples=[_MEDIA])
    net_weight_kg: Positive | None = Field(
        default=None, examples=["0.7"], description="Of one unit without any package."
    )
    length_mm: Positive | None = Field(default=None, examples=["620"])
    width_mm: Positive | None = Field(default=None, examples=["450"])
    height_mm: Positive | None = Field(default=None, examples=["760"])
    pack_levels: list[PackLevelIn] | None = Field(
        default=None, max_length=MAX_LEVELS, description="From the unit outwards."
    )
    un_number: UnNumber | None = Field(
        default=None, examples=["1950"], description="Of dangerous goods; needs `hazard_class`."
    )
    hazard_class: HazardClass | None = Field(default=None, examples=["2.1"])
    master_product_id: MasterProductId | None = Field(
        default=None,
        description="The goods that it and products of others are; the operator proposes it",
    )


class ProductIn(ProductPatch):
    """A product: what it is called, in at least one language, and how it is classified."""

    country_of_origin: Country = Field(examples=["CN"])
    names: dict[Language, Line] = Field(min_length=1, examples=[_NAMES])
    descriptions: dict[Language, Paragraph] = Field(default={}, examples=[_DESCRIPTIONS])
    attributes: dict[AttributeName, Line] = Field(default={}, max_length=60, examples=[_ATTRIBUTES])
    media: list[HttpsUrl] = Field(default=[], max_length=20, examples=[_MEDIA])
    pack_levels: list[PackLevelIn] = Field(
        default=[], max_length=MAX_LEVELS, description="From the unit outwards."
    )

    @model_validator(mode="after")
    def _origins_of_texts(self) -> Self:
        for texts, origins in (
            (self.names, self.names_origin),
            (self.descriptions, self.descriptions_origin),
        ):
            unknown = sorted(origins.keys() - texts.keys())
            if unknown:
                raise ValueError(f"origin without a text: {', '.join(unknown)}")
        return self


class PackLevelOut(BaseModel):
    """A package, and how many units of the product it holds."""

    package_type: str
    quantity: int
    units: int = Field(description="The quantities up to this level, multiplied", examples=[12])
    gross_weight_kg: PlainDecimal | None
    volume_m3: PlainDecimal | None


class ProductOut(BaseModel):
    """A product; `*_origin` tells which texts its owner wrote and which were translated."""

    model_config = ConfigDict(from_attributes=True)

    id: ProductId
    org_id: OrganisationId
    gtin: str | None
    mpn: str | None
    brand: str | None
    model: str | None
    hs_code: str | None
    cpv_code: str | None
    country_of_origin: str
    names: dict[str, str]
    names_origin: dict[str, str]
    descriptions: dict[str, str]
    descriptions_origin: dict[str, str]
    attributes: dict[str, str]
    media: list[str]
    net_weight_kg: PlainDecimal | None
    length_mm: PlainDecimal | None
    width_mm: PlainDecimal | None
    height_mm: PlainDecimal | None
    pack_levels: list[PackLevelOut]
    group_id: GroupId | None
    master_product_id: MasterProductId | None = Field(
        description="The goods that it and products of others are"
    )
    variant: dict[str, str] | None = Field(description="Its values on the axes of its group")
    un_number: str | None
    hazard_class: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    @field_validator("pack_levels", mode="before")
    @classmethod
    def _count_units(cls, levels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        units = units_in([level["quantity"] for level in levels])
        return [{**level, "units": n} for level, n in zip(levels, units, strict=True)]


class GapOut(BaseModel):
    """Something to add to a product."""

    aspect: Aspect
    points: int = Field(description="By which the score grows when all of it is there")
    missing: list[str] = Field(description="Languages, attributes or fields", examples=[["zh"]])
    texts: dict[str, str] = Field(description="The advice in ky, ru, en and zh")


class CompletenessOut(BaseModel):
    """How complete a product is, and what to add next."""

    score: int = Field(ge=0, le=100, examples=[72])
    gaps: list[GapOut] = Field(description="The one that gains most first")


class CertificateIn(Input):
    """A certificate of the caller's organisation or its goods."""

    scheme: CertificateScheme = Field(examples=["ISO9001"])
    number: Short = Field(examples=["CN25Q31807R2M"])
    issued_by: Line = Field(max_length=300, examples=["Huaheng System Certification (Jinan)"])
    valid_from: IsoDate | None = Field(default=None, examples=["2025-03-01"])
    expires_on: IsoDate | None = Field(default=None, examples=["2028-02-29"])
    registry_url: HttpsUrl | None = Field(default=None, examples=["https://www.cnca.gov.cn/"])
    document_sha256: Sha256 | None = Field(
        default=None, description="SHA-256 of the document, hexadecimal", examples=["ab" * 32]
    )
    holder_name: Line | None = Field(
        default=None,
        max_length=300,
        examples=["义乌市恒达文具有限公司"],
        description="To whom the issuer has given it, as it is written there",
    )
    accreditation_body: Line | None = Field(default=None, max_length=300, examples=["CNAS"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.expires_on and self.expires_on < self.valid_from:
            raise ValueError("expires_on is before valid_from")
        return self


class CertificateRenewalIn(Input):
    """A certificate that its issuer has renewed under its number."""

    valid_from: IsoDate | None = Field(default=None, examples=["2028-03-01"])
    expires_on: IsoDate | None = Field(default=None, examples=["2031-02-28"])
    registry_url: HttpsUrl | None = Field(default=None, examples=["https://www.cnca.gov.cn/"])
    document_sha256: Sha256 | None = Field(default=None, examples=["cd" * 32])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.expires_on and self.expires_on < self.valid_from:
            raise ValueError("expires_on is before valid_from")
        return self


class CertificateOut(CertificateIn):
    """A certificate as others see it."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    id: CertificateId
    org_id: OrganisationId
    status: CertificateStatus
    file_name: str | None = Field(description="Of its document, where that was uploaded")
    verified_at: datetime | None
    version: int
    created_at: datetime


class CertificateEditionOut(BaseModel):
    """What a certificate said until it was renewed, on `renewed_at`."""

    model_config = ConfigDict(from_attributes=True)

    issued_by: str
    valid_from: date | None
    expires_on: date | None
    registry_url: str | None
    document_sha256: str | None
    file_name: str | None
    status: CertificateStatus
    verified_at: datetime | None
    renewed_at: datetime = Field(validation_alias="created_at")


class CertificateFinding(StrEnum):
    """What makes a certificate doubtful."""

    DATES_DIFFER = "dates_differ"
    ISSUER_DIFFERS = "issuer_differs"
    HOLDER_DIFFERS = "holder_differs"
    NOT_FOR_GOODS = "not_for_goods"
    DOCUMENT_MISSING = "document_missing"
    EXPIRED = "expired"


class CertificateFindingOut(BaseModel):
    """Something to look at before the certificate is verified."""

    model_config = ConfigDict(from_attributes=True)

    code: CertificateFinding
    detail: str
    must_be_named: bool = Field(description="`verify` refuses it unless `despite` names it")


class CertificateVerificationIn(Input):
    """The findings that the verifier has looked at and verifies in spite of."""

    despite: list[CertificateFinding] = Field(
        default=[], max_length=10, examples=[["holder_differs"]]
    )
