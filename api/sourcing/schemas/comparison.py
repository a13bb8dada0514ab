"""What the comparison of quotes shows."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import PlainDecimal
from api.identity.schemas import OrganisationId
from api.rules.incoterms import Incoterm
from api.sourcing.schemas.ids import QuoteId, RfqId, RfqItemId


class QuoteFaultOut(BaseModel):
    """What is missing of an option, or why it cannot be computed."""

    model_config = ConfigDict(from_attributes=True)

    pointer: str = Field(examples=["#/lines/rfqitem_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    code: str = Field(examples=["not_quoted"])
    detail: str


class ComparedLineOut(BaseModel):
    """One item of an option: the price at the quantity, and its share of the delivered cost."""

    item_id: RfqItemId
    alternative: dict[str, str] | None
    quantity: PlainDecimal
    unit_price: PlainDecimal
    goods: PlainDecimal = Field(description="Quantity by unit price, in the quote's currency")
    lead_time_days: int | None
    delivered: PlainDecimal | None = Field(description="In the request's currency, gross of VAT")
    delivered_unit: PlainDecimal | None
    above_target: PlainDecimal | None = Field(
        description="Of one unit, above (or below) the target price, in the request's currency"
    )


class ComparedQuoteOut(BaseModel):
    """An option of a quote at its delivered cost; `faults` names what is missing.

    Figures up to `vat` are those of the landed cost, in `figures_currency` or, where they are of the
    price, in its own.
    """

    quote_id: QuoteId
    seller_id: OrganisationId
    seller: dict[str, str]
    number: str
    quote_version: int
    alternative_of: RfqItemId | None = Field(
        description="The item for which something else than asked is offered"
    )
    rank: int | None
    complete: bool = Field(description="Every item is quoted at its quantity")
    valid: bool = Field(description="The quote is valid now")
    outdated: bool = Field(description="It answers an earlier form of the request")
    incoterm: Incoterm
    place_code: str
    currency: str
    price: PlainDecimal | None
    lead_time_days: int | None
    payment_terms: str | None
    valid_until: datetime
    basis: Literal["landed", "stated"] | None = Field(
        description="`landed`: computed; `stated`: the price is for the destination itself"
    )
    route_code: str | None
    figures_currency: str | None
    buyer_logistics: PlainDecimal | None
    insurance: PlainDecimal | None
    local_charges: PlainDecimal | None
    customs_value: PlainDecimal | None
    fee: PlainDecimal | None
    duty: PlainDecimal | None
    remedies: PlainDecimal | None
    excise: PlainDecimal | None
    vat: PlainDecimal | None
    total_gross: PlainDecimal | None
    total_net: PlainDecimal | None
    lines: list[ComparedLineOut]
    notices: list[dict[str, Any]]
    faults: list[QuoteFaultOut]
    inputs_sha256: str | None


class VolumeOut(BaseModel):
    """All options at one set of quantities, the best first."""

    quantities: dict[str, PlainDecimal] = Field(
        examples=[{"rfqitem_019abf2e8c1d7c3fa9b04b4c6f0d2e11": "100"}]
    )
    quotes: list[ComparedQuoteOut]


class QuoteComparisonOut(BaseModel):
    """All quotes for a request at one delivered cost, for each set of quantities asked."""

    rfq_id: RfqId
    destination_place_code: str
    currency: str
    day: date = Field(description="Whose rates, tariffs and rate cards count (Bishkek)")
    unreviewed: list[str]
    volumes: list[VolumeOut]
