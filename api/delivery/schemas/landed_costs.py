"""What the routes of landed costs take and give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.catalog.types import Country, CurrencyCode, Line, OfferId, PlaceCode, PlainDecimal
from api.core.ids import PublicId
from api.core.inputs import DAY_SCHEMA, IsoDate
from api.delivery.models import EstimateSubject
from api.delivery.schemas.goods import DeliveryTermsIn, GoodsIn, LineIn, StatedChargeIn
from api.identity.schemas import Input
from api.identity.schemas.base import OrganisationId
from api.procurement.schemas import TenderId
from api.procurement.schemas.ids import BidId, LotId
from api.rules.incoterms import Deviation

LandedCostId = Annotated[UUID, PublicId("landedcost")]
Day = Annotated[IsoDate, DAY_SCHEMA]
RouteCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,60}$")]
CrossingCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
_ROUTE = "road-yiwu-torugart-bishkek"
_LINE = {
    "id": "1",
    "quantity": "100",
    "unit_code": "C62",
    "unit_price": "6320.00",
    "tnved_code": "8413703000",
    "origin": "CN",
    "gross_weight_kg": "8600",
}
_TERMS = {"incoterm": "FCA", "place_code": "cn-kashi", "is_seller_premises": False}


class LandedCostIn(Input):
    """A price to be taken to its delivered cost: of an offer, of an opened bid, or free.

    With `offer_id`, price, currency and terms come from the offer, and one line says how much;
    `delivery_terms` may still complete them. With `bid_id` and `lot_id` everything comes from the
    bid and the tender's landed-cost terms.
    """

    offer_id: OfferId | None = None
    bid_id: BidId | None = None
    lot_id: LotId | None = None
    destination_place_code: PlaceCode | None = Field(default=None, examples=["kg-bishkek"])
    dispatch_country: Country | None = Field(
        default=None, examples=["CN"], description="Where the goods come from."
    )
    delivery_terms: DeliveryTermsIn | None = Field(default=None, examples=[_TERMS])
    currency: CurrencyCode | None = Field(default=None, examples=["CNY"])
    price_includes_vat: bool = Field(default=False, strict=True)
    lines: list[LineIn] = Field(default=[], max_length=1000, examples=[[_LINE]])
    stated_charges: list[StatedChargeIn] = Field(default=[], max_length=10, examples=[[]])
    route_code: RouteCode | None = Field(
        default=None, examples=[_ROUTE], description="The cheapest that fits, if left out."
    )
    crossing_code: CrossingCode | None = Field(
        default=None, examples=["torugart"], description="Only routes over this crossing."
    )
    day: Day | None = Field(
        default=None,
        examples=["2026-11-27"],
        description="Whose tariffs, rate cards and parameters count; today in Bishkek if left out.",
    )
    fx_source: Line | None = Field(
        default=None, examples=[None], description="The set of rates; the latest of any otherwise."
    )
    fx_day: Day | None = Field(
        default=None, examples=["2026-11-27"], description="Whose rates count; `day` if left out."
    )
    declaration_fx_source: Line | None = Field(
        default=None,
        examples=[None],
        description="The set of rates that customs go by; `fx_source` if left out.",
    )
    declaration_fx_day: Day | None = Field(
        default=None,
        examples=[None],
        description="The day on which the declaration is registered: customs take the value at its"
        " rates. `fx_day` if left out.",
    )


class WhatIfIn(Input):
    """Other routes, days of rates and days of tariffs; every combination is computed."""

    route_codes: list[RouteCode] = Field(
        default=[], max_length=20, examples=[["road-yiwu-irkeshtam-bishkek"]]
    )
    fx_days: list[Day] = Field(default=[], max_length=20, examples=[["2026-11-20"]])
    days: list[Day] = Field(default=[], max_length=20, examples=[["2026-12-01"]])


class LandedCostOut(BaseModel):
    """A landed cost. `inputs` and `result` are those of the file (docs/landed-cost.md)."""

    model_config = ConfigDict(from_attributes=True)

    id: LandedCostId
    subject: EstimateSubject
    offer_id: OfferId | None
    bid_id: BidId | None
    lot_id: LotId | None
    incoterm: str
    route_code: str | None
    day: date
    currency: str
    customs_value: PlainDecimal | None
    total_gross: PlainDecimal
    total_net: PlainDecimal | None
    flags: list[str]
    previous_id: LandedCostId | None
    sha256: str
    inputs_sha256: str
    created_at: datetime
    inputs: dict[str, Any]
    result: dict[str, Any]


class LandedCostSummary(BaseModel):
    """A landed cost in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: LandedCostId
    subject: EstimateSubject
    offer_id: OfferId | None
    bid_id: BidId | None
    lot_id: LotId | None
    incoterm: str
    route_code: str | None
    day: date
    currency: str
    total_gross: PlainDecimal
    total_net: PlainDecimal | None
    flags: list[str]
    previous_id: LandedCostId | None
    sha256: str
    created_at: datetime


class LandedCostFaultOut(BaseModel):
    """Why something cannot be computed."""

    model_config = ConfigDict(from_attributes=True)

    pointer: str = Field(examples=["#/terms/place_code"])
    code: str = Field(examples=["place_not_on_route"])
    detail: str


class ScenarioOut(BaseModel):
    """One combination: its total and the difference to the landed cost it was asked of."""

    model_config = ConfigDict(from_attributes=True)

    route_code: str | None
    fx_day: date
    day: date
    total_gross: PlainDecimal | None
    total_net: PlainDecimal | None
    difference: PlainDecimal | None
    faults: list[LandedCostFaultOut]


class WhatIfOut(BaseModel):
    """The combinations, the cheapest first."""

    base_total_gross: PlainDecimal
    currency: str
    scenarios: list[ScenarioOut]


class MoveOut(BaseModel):
    """How the total moves when one input grows by `change_bp` basis points."""

    model_config = ConfigDict(from_attributes=True)

    input: str = Field(examples=["fx CNY"])
    change_bp: int
    total_gross: PlainDecimal
    difference: PlainDecimal
    elasticity: Decimal = Field(description="Per cent of the total for one per cent of the input.")


class SensitivityOut(BaseModel):
    """Which input moves the total most."""

    base_total_gross: PlainDecimal
    currency: str
    moves: list[MoveOut]


class LandedCostTermsIn(Input):
    """How the bids of a tender are made comparable. `goods` are by item (`item_…`)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "fx_source": None,
                    "routes": [_ROUTE],
                    "goods": {
                        "item_019abf2e8c1d7c3fa9b04b4c6f0d2e11": {
                            "tnved_code": "8413703000",
                            "gross_weight_kg": "8600",
                        }
                    },
                }
            ]
        },
    )

    fx_source: Line | None = None
    routes: list[RouteCode] = Field(default=[], max_length=50)
    goods: dict[Annotated[str, StringConstraints(pattern=r"^item_[0-9a-f]{32}$")], GoodsIn] = Field(
        min_length=1, max_length=2000
    )


class LandedCostTermsOut(BaseModel):
    """How the bids of a tender are made comparable."""

    model_config = ConfigDict(from_attributes=True)

    tender_id: TenderId
    fx_source: str | None
    routes: list[str]
    goods: dict[str, Any]
    version: int


class ComparedBid(BaseModel):
    """One bid at its delivered cost; without figures where it cannot be computed (`faults`)."""

    bid_id: BidId
    supplier: dict[str, str]
    incoterm: str | None
    deviations: list[Deviation]
    exporter_of_record_id: OrganisationId | None = Field(
        description="Who declares the export: as the bid says, or by its Incoterm"
    )
    evaluated_as: str | None
    place_code: str | None
    price: PlainDecimal
    currency: str
    route_code: str | None
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
    rank_gross: int | None
    rank_net: int | None
    freight_split_saving: PlainDecimal | None
    notices: list[dict[str, Any]]
    faults: list[LandedCostFaultOut]
    inputs_sha256: str | None


class ComparisonOut(BaseModel):
    """All opened bids for a lot at one delivered cost, the cheapest first."""

    tender_id: TenderId
    lot_id: LotId
    destination_place_code: str
    currency: str
    fx_source: str
    fx_day: date
    day: date
    unreviewed: list[str]
    bids: list[ComparedBid]
