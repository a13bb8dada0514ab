"""What the routes of quotes take and give."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.catalog.schemas import PriceTierIn, PriceTierOut
from api.catalog.types import (
    Country,
    CurrencyCode,
    IncotermCode,
    Line,
    Paragraph,
    PlaceCode,
    PlainDecimal,
    Positive,
    Short,
)
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.bid_contents import StatedChargeIn, TaxId, VatRecoverer
from api.procurement.schemas.inputs import Instant
from api.rules.incoterms import Incoterm
from api.rules.sourcing import MAX_LINES, QuoteStatus
from api.sourcing.schemas.ids import QuoteId, RfqId, RfqItemId
from api.sourcing.schemas.rfqs import TnvedCode

_ITEM = "rfqitem_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_TIERS = [{"min_quantity": "50", "unit_price": "6320.00"}]


class QuoteLineIn(Input):
    """What is offered for an item. Weights, volume and packages are of one unit."""

    item_id: RfqItemId = Field(examples=[_ITEM])
    alternative: dict[Language, Paragraph] | None = Field(
        default=None,
        min_length=1,
        examples=[None],
        description="What is offered instead of what was asked; left out: as asked.",
    )
    sku: Short | None = Field(default=None, examples=["QJ-1.1"])
    price_tiers: list[PriceTierIn] = Field(
        min_length=1,
        max_length=20,
        examples=[_TIERS],
        description="Prices of one unit of the item from quantities on; the first is the least "
        "that is sold.",
    )
    lead_time_days: int | None = Field(default=None, ge=0, le=1000, examples=[30])
    origin: Country | None = Field(default=None, examples=["CN"])
    tnved_code: TnvedCode | None = Field(default=None, examples=["8413703000"])
    net_weight_kg: Positive | None = Field(default=None, examples=["82"])
    gross_weight_kg: Positive | None = Field(default=None, examples=["86"])
    volume_m3: Positive | None = Field(default=None, examples=["0.24"])
    packages: Positive | None = Field(default=None, examples=["1"])

    @property
    def is_alternative(self) -> bool:
        """True when something else than asked is offered."""
        return self.alternative is not None


class QuoteIn(Input):
    """A quote for some or all items, in the seller's currency and under its own number."""

    number: Short = Field(examples=["Q-2027-018"], description="Your own number of the quote.")
    currency: CurrencyCode = Field(examples=["CNY"])
    valid_until: Instant = Field(examples=["2027-04-01T12:00:00Z"])
    incoterm: IncotermCode = Field(examples=["FCA"])
    place_code: PlaceCode = Field(examples=["cn-kashi"])
    is_seller_premises: StrictBool | None = Field(
        default=None, examples=[False], description="FCA: is the place your premises?"
    )
    importer_of_record: Line | None = Field(default=None, examples=[None])
    importer_tax_id: TaxId | None = Field(default=None, examples=[None])
    vat_recovered_by: VatRecoverer | None = Field(default=None, examples=[None])
    dispatch_country: Country | None = Field(
        default=None, examples=["CN"], description="Your own country if left out."
    )
    vat_included: StrictBool = Field(default=False, examples=[False])
    stated_charges: list[StatedChargeIn] = Field(default=[], max_length=10, examples=[[]])
    payment_terms: Line | None = Field(default=None, examples=["30 % / 70 %"])
    remarks: Paragraph | None = Field(default=None, examples=[None])
    lines: list[QuoteLineIn] = Field(
        min_length=1,
        max_length=MAX_LINES,
        examples=[[{"item_id": _ITEM, "price_tiers": _TIERS, "lead_time_days": 30}]],
    )


class QuoteLineOut(BaseModel):
    """What is offered for an item."""

    item_id: RfqItemId
    alternative: dict[str, str] | None
    sku: str | None
    price_tiers: list[PriceTierOut]
    lead_time_days: int | None
    origin: str | None
    tnved_code: str | None
    net_weight_kg: PlainDecimal | None
    gross_weight_kg: PlainDecimal | None
    volume_m3: PlainDecimal | None
    packages: PlainDecimal | None


class QuoteContentOut(BaseModel):
    """What a quote says, as its seller wrote it."""

    number: str
    currency: str
    valid_until: datetime
    incoterm: Incoterm
    place_code: str
    is_seller_premises: bool | None
    importer_of_record: str | None
    importer_tax_id: str | None
    vat_recovered_by: str | None
    dispatch_country: str | None
    vat_included: bool
    stated_charges: list[dict[str, Any]]
    payment_terms: str | None
    remarks: str | None
    lines: list[QuoteLineOut]


class QuoteOut(BaseModel):
    """A quote as it stands; only its seller and the buyer see it."""

    model_config = ConfigDict(from_attributes=True)

    id: QuoteId
    rfq_id: RfqId
    seller_id: OrganisationId
    status: QuoteStatus
    valid_until: datetime
    answers: Annotated[int, Field(description="The revision of the request that it knew")]
    content: QuoteContentOut
    version: int
    created_at: datetime
    updated_at: datetime


class QuoteVersionOut(BaseModel):
    """What a quote said at a time."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    content: QuoteContentOut
    submitted_at: datetime
