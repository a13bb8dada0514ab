"""What the routes of products and certificates take and give."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import (
    AttributeName,
    CertificateId,
    CertificateScheme,
    Country,
    CpvCode,
    Gtin,
    HsCode,
    HttpsUrl,
    Line,
    Origin,
    Paragraph,
    ProductId,
    Sha256,
    Short,
)
from api.core.inputs import IsoDate
from api.identity.schemas import Input, Language, OrganisationId
from api.rules.offers import (
    CertificateStatus,
)

_NAMES = {"zh": "学生课桌椅套装 单人可升降", "en": "Single adjustable school desk set"}
_DESCRIPTIONS = {"en": "Height 620-760 mm in eight steps."}
_ATTRIBUTES = {"height": "620-760 mm", "seats": "1"}
_MEDIA = ["https://example.com/desk.jpg"]


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


class ProductIn(ProductPatch):
    """A product: what it is called, in at least one language, and how it is classified."""

    country_of_origin: Country = Field(examples=["CN"])
    names: dict[Language, Line] = Field(min_length=1, examples=[_NAMES])
    descriptions: dict[Language, Paragraph] = Field(default={}, examples=[_DESCRIPTIONS])
    attributes: dict[AttributeName, Line] = Field(default={}, max_length=60, examples=[_ATTRIBUTES])
    media: list[HttpsUrl] = Field(default=[], max_length=20, examples=[_MEDIA])

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
    version: int
    created_at: datetime
    updated_at: datetime


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


class CertificateFinding(StrEnum):
    """What makes a certificate doubtful."""

    DATES_DIFFER = "dates_differ"
    ISSUER_DIFFERS = "issuer_differs"
    HOLDER_DIFFERS = "holder_differs"
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
