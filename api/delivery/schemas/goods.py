"""Goods and terms of delivery, as bodies give them."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from api.catalog.types import (
    Country,
    IncotermCode,
    Line,
    PlaceCode,
    PlainDecimal,
    Positive,
    UnitCode,
)
from api.identity.schemas import Input
from api.procurement.schemas.bid_contents import StatedChargeIn, TaxId, VatRecoverer
from api.rules.incoterms import MOST_DEVIATIONS, Deviation
from api.rules.transport import TransportMode

__all__ = [
    "DeliveryTermsIn",
    "GoodsIn",
    "GoodsPriceTierIn",
    "LineIn",
    "StatedChargeIn",
    "TermsCheckIn",
]

TnvedCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
Measure = Annotated[
    PlainDecimal, Field(ge=0, le=Decimal(10) ** 12, max_digits=20, decimal_places=6)
]
Fraction = Annotated[PlainDecimal, Field(ge=0, lt=1, decimal_places=8)]
Money = Annotated[PlainDecimal, Field(ge=0, le=Decimal(10) ** 12, max_digits=20, decimal_places=6)]
LineId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]


class DeliveryTermsIn(Input):
    """Terms of delivery of a price: a rule of Incoterms 2020 and its place by our code."""

    incoterm: IncotermCode = Field(examples=["FCA"])
    incoterm_version: str = Field(default="2020", max_length=20, examples=["2020"])
    place_code: PlaceCode | None = Field(default=None, examples=["cn-kashi"])
    named_place: Line | None = Field(default=None, examples=["склад в Кашгаре"])
    is_seller_premises: StrictBool | None = Field(default=None, examples=[False])
    importer_of_record: Line | None = Field(default=None, examples=[None])
    importer_tax_id: TaxId | None = Field(default=None, examples=[None])
    vat_recovered_by: VatRecoverer | None = Field(default=None, examples=[None])
    deviations: list[Deviation] = Field(
        default=[],
        max_length=MOST_DEVIATIONS,
        examples=[[]],
        description='What is agreed otherwise than by the Incoterm: "EXW loaded", "DDP VAT unpaid".',
    )
    unloading_in_carriage: StrictBool = Field(
        default=False, description="C rules: the seller's contract of carriage has unloading in it."
    )
    accept_deemed: StrictBool = Field(
        default=False,
        description="Take a sea rule, where no ship goes, for the land rule at the same place.",
    )


class TermsCheckIn(DeliveryTermsIn):
    """Terms to be checked for a delivery to a country; any text is taken for the rule, so that
    what is none can be told with a proposal."""

    incoterm: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = Field(  # type: ignore[assignment]
        examples=["FOB"]
    )
    destination_country: Country = Field(default="KG", examples=["KG"])
    legs: list[TransportMode] = Field(
        default=[],
        max_length=20,
        description="Modes of the planned transport.",
        examples=[["RAIL"]],
    )


class GoodsPriceTierIn(Input):
    """The price of one unit from a quantity on."""

    min_quantity: Positive = Field(examples=["1"])
    unit_price: Money = Field(examples=["6320.00"])


class GoodsIn(Input):
    """What customs and carriers need to know of goods; measures are of the whole quantity."""

    tnved_code: TnvedCode | None = Field(default=None, examples=["8413703000"])
    net_weight_kg: Measure = Field(default=Decimal(0), examples=["8200"])
    gross_weight_kg: Measure = Field(default=Decimal(0), examples=["8600"])
    volume_m3: Measure = Field(default=Decimal(0), examples=["24"])
    packages: Measure = Field(default=Decimal(0), examples=["100"])
    measures: dict[UnitCode, Measure] = Field(
        default={},
        max_length=20,
        description="The quantity in other units (UN/ECE Rec 20), for duties by unit.",
        examples=[{"LTR": "1200"}],
    )


class LineIn(GoodsIn):
    """One kind of goods; the price comes from here, or from the offer that is named."""

    id: LineId = Field(default="1", examples=["1"])
    quantity: Positive = Field(examples=["100"])
    unit_code: UnitCode = Field(default="C62", examples=["C62"])
    unit_price: Money | None = Field(default=None, examples=["6320.00"])
    price_tiers: list[GoodsPriceTierIn] = Field(default=[], max_length=20, examples=[[]])
    discount_rate: Fraction = Field(default=Decimal(0), examples=["0"])
    min_order_quantity: Measure = Field(default=Decimal(0), examples=["10"])
    minimum_waived: StrictBool = False
    origin: Country | None = Field(default=None, examples=["CN"])
    producer: Line | None = Field(default=None, examples=["Zhejiang Pumps Co."])
