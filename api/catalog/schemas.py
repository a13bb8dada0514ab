"""What the routes of offers and imports take and give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.product_schemas import ProductIn, ProductOut
from api.catalog.types import (
    MAX_NUMBER,
    CertificateId,
    CertificateScheme,
    Country,
    CurrencyCode,
    IncotermCode,
    Line,
    OfferId,
    PlaceCode,
    PlainDecimal,
    Positive,
    ProductId,
    Short,
    UnitCode,
)
from api.core.inputs import IsoDate
from api.core.pages import MAX_LIMIT, PageQuery
from api.identity.schemas import Input, OrganisationId
from api.rules.incoterms import Incoterm
from api.rules.offers import (
    CertificateStatus,
    LeadTimeStart,
    OfferStatus,
    SupplyPeriod,
)
from api.rules.stock import Availability


class PriceTierIn(Input):
    """The price of one unit from a quantity on."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    min_quantity: Positive = Field(examples=["100"])
    unit_price: Positive = Field(examples=["118.00"])


class LeadTimeTierIn(Input):
    """Days until the goods are ready, from a quantity on."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    min_quantity: Positive = Field(examples=["100"])
    days: int = Field(ge=0, le=1000, examples=[15])
    from_event: LeadTimeStart = Field(default=LeadTimeStart.PO, examples=["po"])


class OfferPatch(Input):
    """Changes of an offer's terms; fields that are left out stay as they are."""

    markets: list[Country] | None = Field(
        default=None, max_length=50, examples=[["KG", "KZ"]], description="Empty: everywhere."
    )
    unit_code: UnitCode | None = Field(default=None, examples=["SET"])
    min_order_quantity: Positive | None = Field(default=None, examples=["100"])
    order_multiple: Positive | None = Field(default=None, examples=["10"])
    currency: CurrencyCode | None = Field(default=None, examples=["CNY"])
    incoterm: IncotermCode | None = Field(default=None, examples=["FCA"])
    incoterm_version: Literal["2020"] | None = Field(default=None, examples=["2020"])
    place_code: PlaceCode | None = Field(default=None, examples=["cn-linyi"])
    price_tiers: list[PriceTierIn] | None = Field(default=None, min_length=1, max_length=20)
    lead_time_tiers: list[LeadTimeTierIn] | None = Field(default=None, min_length=1, max_length=20)
    supply_quantity: Positive | None = Field(default=None, examples=["12000"])
    supply_period: SupplyPeriod | None = Field(default=None, examples=["month"])
    gross_weight_kg: Positive | None = Field(
        default=None, examples=["28.5"], description="Of one unit, packed for transport."
    )
    volume_m3: Positive | None = Field(
        default=None, examples=["0.14"], description="Of one unit, packed for transport."
    )
    packages: Positive | None = Field(
        default=None, examples=["0.5"], description="For one unit: 0.5 is two to a package."
    )
    warranty_months: int | None = Field(default=None, ge=0, le=1200, examples=[24])
    payment_terms: Line | None = Field(
        default=None, examples=["30 % in advance, 70 % before shipment"]
    )
    valid_from: IsoDate | None = Field(default=None, examples=["2026-12-01"])
    valid_through: IsoDate | None = Field(default=None, examples=["2027-11-30"])
    certificates: list[Short] | None = Field(
        default=None,
        max_length=50,
        examples=[["CN25Q31807R2M"]],
        description="Numbers of your own certificates (POST /v1/certificates).",
    )


class OfferTerms(OfferPatch):
    """All terms of an offer; the first tiers start at `min_order_quantity`."""

    markets: list[Country] = Field(
        default=[], max_length=50, examples=[["KG", "KZ"]], description="Empty: everywhere."
    )
    unit_code: UnitCode = Field(examples=["SET"], description="UN/ECE Recommendation 20")
    min_order_quantity: Positive = Field(examples=["100"])
    order_multiple: Positive = Field(default=Decimal(1), examples=["10"])
    currency: CurrencyCode = Field(examples=["CNY"])
    incoterm: IncotermCode = Field(examples=["FCA"])
    incoterm_version: Literal["2020"] = Field(default="2020", examples=["2020"])
    place_code: PlaceCode = Field(examples=["cn-linyi"])
    price_tiers: list[PriceTierIn] = Field(min_length=1, max_length=20)
    lead_time_tiers: list[LeadTimeTierIn] = Field(min_length=1, max_length=20)
    certificates: list[Short] = Field(
        default=[],
        max_length=50,
        examples=[["CN25Q31807R2M"]],
        description="Numbers of your own certificates (POST /v1/certificates).",
    )


class OfferIn(OfferTerms):
    """An offer of a product that exists (`product_id`) or comes with it (`product`)."""

    sku: Short = Field(examples=["RX-101"], description="Your number of it, unique for you.")
    product_id: ProductId | None = Field(default=None)
    product: ProductIn | None = None

    @model_validator(mode="after")
    def _one_product(self) -> Self:
        if (self.product_id is None) == (self.product is None):
            raise ValueError("give either product_id or product")
        return self


class PriceTierOut(BaseModel):
    """The price of one unit from a quantity on, in the offer's currency."""

    model_config = ConfigDict(from_attributes=True)

    min_quantity: PlainDecimal
    unit_price: PlainDecimal


class LeadTimeTierOut(BaseModel):
    """Days until the goods are ready, from a quantity on."""

    model_config = ConfigDict(from_attributes=True)

    min_quantity: PlainDecimal
    days: int
    from_event: LeadTimeStart


class OfferCertificateOut(BaseModel):
    """A certificate shown for an offer."""

    model_config = ConfigDict(from_attributes=True)

    id: CertificateId
    scheme: str
    number: str
    expires_on: date | None
    status: CertificateStatus


class OfferOut(BaseModel):
    """An offer with its product and terms."""

    model_config = ConfigDict(from_attributes=True)

    id: OfferId
    seller_id: OrganisationId
    sku: str
    status: OfferStatus
    product: ProductOut
    markets: list[str]
    unit_code: str
    min_order_quantity: PlainDecimal
    order_multiple: PlainDecimal
    currency: str
    incoterm: Incoterm
    incoterm_version: str
    place_code: str
    price_tiers: list[PriceTierOut]
    lead_time_tiers: list[LeadTimeTierOut]
    supply_quantity: PlainDecimal | None
    supply_period: SupplyPeriod | None
    gross_weight_kg: PlainDecimal | None
    volume_m3: PlainDecimal | None
    packages: PlainDecimal | None
    warranty_months: int | None
    payment_terms: str | None
    valid_from: date | None
    valid_through: date | None
    certificates: list[OfferCertificateOut]
    version: int
    created_at: datetime
    updated_at: datetime


class OfferFilter(PageQuery):
    """Which offers to list, a page of them; conditions that are left out do not narrow."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=MAX_LIMIT, description="Rows a page")
    cursor: str | None = Field(
        default=None, max_length=500, description="`next_cursor` of the page before"
    )
    cpv: str | None = Field(
        default=None,
        pattern=r"^[0-9]{2,8}(-[0-9])?$",
        description="A CPV code and what lies below it, or its first digits",
    )
    hs: str | None = Field(
        default=None, pattern=r"^[0-9]{2,6}$", description="First digits of the HS code"
    )
    seller: OrganisationId | None = Field(default=None)
    status: OfferStatus | None = Field(default=None)
    country: Country | None = Field(default=None, description="Country of the seller")
    max_moq: Decimal | None = Field(
        default=None, gt=0, le=MAX_NUMBER, description="Largest minimum order quantity"
    )
    market: Country | None = Field(default=None, description="Offered to this country")
    country_of_origin: Country | None = Field(default=None, description="Of the product")
    certificate: CertificateScheme | None = Field(
        default=None, description="Scheme of a certificate in force that the offer shows"
    )
    incoterm: IncotermCode | None = Field(default=None)
    max_lead_days: int | None = Field(
        default=None, ge=0, le=1000, description="Days until the smallest order is ready"
    )
    availability: Availability | None = Field(
        default=None,
        description="As its seller tells; offers of which nothing is told are left out",
    )
    currency: CurrencyCode | None = Field(
        default=None, description="Of the prices below, whatever currency an offer is in"
    )
    min_price: Decimal | None = Field(default=None, ge=0, le=MAX_NUMBER)
    max_price: Decimal | None = Field(
        default=None, gt=0, le=MAX_NUMBER, description="Of one unit of the smallest order"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_the_shape(cls, data: Any) -> Any:
        """What every GET takes beside its filters: identity/answers.py reads it."""
        if not isinstance(data, dict):
            return data
        return {name: each for name, each in data.items() if name not in ("fields", "expand[]")}


class ImportErrorOut(BaseModel):
    """Why a row was not taken."""

    model_config = ConfigDict(from_attributes=True)

    row: int = Field(examples=[2], description="As in a spreadsheet: a CSV's header is row 1")
    column: str = Field(examples=["cpv_code"], description="Empty when it is the whole row")
    code: str = Field(examples=["unknown_cpv_code"])
    detail: str
    value: str | None = Field(examples=["99999999-9"])
