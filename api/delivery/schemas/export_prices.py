"""What a product of an exporter comes to abroad."""

from datetime import date

from pydantic import BaseModel, Field

from api.catalog.types import OfferId, PlainDecimal, ProductId
from api.rules.incoterms import Incoterm


class ExportPriceOut(BaseModel):
    """A price under a rule, and what it costs the buyer in the end."""

    incoterm: Incoterm
    place_code: str
    unit_price: PlainDecimal = Field(description="Of one unit, in the currency of the offer")
    currency: str
    delivered: PlainDecimal = Field(
        description="The whole quantity delivered, duty paid, in the currency of the destination"
    )


class ExportFaultOut(BaseModel):
    """Why there are no prices, by the field of the inputs."""

    pointer: str = Field(examples=["#/lines/0/tnved_code"])
    code: str = Field(examples=["tariff_missing"])
    detail: str


class ExportRouteOut(BaseModel):
    """An offer by a way into the market: the prices under each rule, or why there are none."""

    offer_id: OfferId
    sku: str
    route_code: str
    destination: str
    quantity: PlainDecimal
    unit_code: str
    home_currency: str | None = Field(examples=["CNY"])
    customs_value: PlainDecimal | None = Field(description="Of the price as it is offered")
    duty: PlainDecimal | None
    vat: PlainDecimal | None
    delivered: PlainDecimal | None = Field(
        description="Of the price as it is offered, in the currency of the destination; POST"
        " /v1/landed-costs with the offer keeps such a figure, and gives its file"
    )
    unreviewed: list[str] = Field(description="Numbers that nobody has read in their source")
    prices: list[ExportPriceOut]
    faults: list[ExportFaultOut]


class ExportPricesOut(BaseModel):
    """What a product comes to in a market, by offer and way."""

    product_id: ProductId
    market: str
    day: date
    fx_day: date
    items: list[ExportRouteOut]
