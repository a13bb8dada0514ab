"""What the routes of requests for quotation take and give."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.catalog.types import (
    AttributeName,
    CpvCode,
    CurrencyCode,
    HsCode,
    IncotermCode,
    Line,
    Paragraph,
    PlaceCode,
    PlainDecimal,
    Positive,
    UnitCode,
)
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.inputs import Day, Given, Instant
from api.rules import sourcing
from api.rules.incoterms import Incoterm
from api.rules.sourcing import MAX_FURTHER, MAX_ITEMS, Audience, RfqStatus
from api.sourcing.schemas.ids import RfqId, RfqItemId

TnvedCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
_TITLE = {"ru": "Насосы для фермы", "zh": "农场水泵"}
_ITEM = {"ru": "Насос погружной скважинный 1,1 кВт", "zh": "深井潜水泵 1.1kW"}
_ITEMS = [
    {
        "description": _ITEM,
        "quantity": "100",
        "further_quantities": ["500"],
        "unit_code": "C62",
        "hs_code": "841370",
        "tnved_code": "8413703000",
        "target_price": "560.00",
        "gross_weight_kg": "86",
    }
]
_SELLER = "organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"


class RfqItemIn(Input):
    """One kind of goods; with the `id` of an item that there is, its new form."""

    id: RfqItemId | None = Field(default=None, examples=[None])
    description: dict[Language, Paragraph] = Field(min_length=1, examples=[_ITEM])
    specification: dict[Language, Paragraph] = Field(
        default={}, examples=[{"ru": "Напор 80 м, кабель 30 м"}]
    )
    quantity: Positive = Field(examples=["100"])
    further_quantities: list[Positive] = Field(
        default=[],
        max_length=MAX_FURTHER,
        examples=[["500"]],
        description="Greater quantities that prices are asked for besides, ascending.",
    )
    unit_code: UnitCode = Field(examples=["C62"], description="UN/ECE Recommendation 20 or 21")
    cpv_code: CpvCode | None = Field(default=None, examples=["42122130-0"])
    hs_code: HsCode | None = Field(default=None, examples=["841370"])
    tnved_code: TnvedCode | None = Field(default=None, examples=["8413703000"])
    target_price: Positive | None = Field(
        default=None, examples=["560.00"], description="Of one unit, in the request's currency."
    )
    attributes: dict[AttributeName, Line] = Field(
        default={}, max_length=60, examples=[{"power_kw": "1.1"}]
    )
    gross_weight_kg: Positive | None = Field(
        default=None, examples=["86"], description="Of one unit, where a quote does not say."
    )
    volume_m3: Positive | None = Field(default=None, examples=["0.24"])
    packages: Positive | None = Field(default=None, examples=["1"])

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not sourcing.is_ascending([self.quantity, *self.further_quantities]):
            raise ValueError("further_quantities must ascend from the quantity")
        return self


class RfqPatch(Input):
    """Changes of a request; fields that are left out stay. `items` are then all there are."""

    title: Annotated[dict[Language, Line] | None, Given] = Field(
        default=None, min_length=1, examples=[_TITLE]
    )
    description: Annotated[dict[Language, Paragraph] | None, Given] = Field(
        default=None, examples=[{"ru": "Для орошения в Чуйской долине"}]
    )
    destination_place_code: Annotated[PlaceCode | None, Given] = Field(
        default=None, examples=["kg-bishkek"]
    )
    incoterm: IncotermCode | None = Field(
        default=None, examples=["DAP"], description="The rule wished for; sellers may offer others."
    )
    deliver_by: Annotated[Day | None, Given] = Field(default=None, examples=["2027-06-01"])
    payment_terms: Line | None = Field(default=None, examples=["30 % / 70 %"])
    closes_at: Annotated[Instant | None, Given] = Field(
        default=None, examples=["2027-03-01T12:00:00Z"]
    )
    items: Annotated[list[RfqItemIn] | None, Given] = Field(
        default=None, min_length=1, max_length=MAX_ITEMS, examples=[_ITEMS]
    )
    invited: Annotated[list[OrganisationId] | None, Given] = Field(
        default=None,
        max_length=200,
        examples=[[_SELLER]],
        description="Sellers that are asked; of a published request more can be added.",
    )


class RfqIn(RfqPatch):
    """A request for quotation, as a draft."""

    audience: Audience = Field(
        default=Audience.OPEN,
        examples=["open"],
        description="`open`: any seller may answer; `invited`: only the invited know of it.",
    )
    title: dict[Language, Line] = Field(min_length=1, examples=[_TITLE])
    description: dict[Language, Paragraph] = Field(
        default={}, examples=[{"ru": "Для орошения в Чуйской долине"}]
    )
    currency: CurrencyCode = Field(examples=["KGS"], description="In which quotes are compared.")
    destination_place_code: PlaceCode = Field(examples=["kg-bishkek"])
    deliver_by: Day = Field(examples=["2027-06-01"])
    closes_at: Instant = Field(
        examples=["2027-03-01T12:00:00Z"], description="Until when quotes are taken."
    )
    items: list[RfqItemIn] = Field(min_length=1, max_length=MAX_ITEMS, examples=[_ITEMS])
    invited: list[OrganisationId] = Field(default=[], max_length=200, examples=[[]])


class RfqAmendmentIn(Input):
    """What changes of a published request, and why; its sellers are told."""

    reason: Paragraph = Field(examples=["Добавлено количество 500"])
    changes: RfqPatch = Field(examples=[{"closes_at": "2027-03-08T12:00:00Z"}])


class RfqCancelIn(Input):
    """Why a request is given up."""

    reason: Paragraph = Field(examples=["Потребность отпала"])


class RfqItemOut(BaseModel):
    """One kind of goods that is asked for."""

    model_config = ConfigDict(from_attributes=True)

    id: RfqItemId
    description: dict[str, str]
    specification: dict[str, str]
    quantity: PlainDecimal
    further_quantities: list[PlainDecimal]
    unit_code: str
    cpv_code: str | None
    hs_code: str | None
    tnved_code: str | None
    target_price: PlainDecimal | None
    attributes: dict[str, str]
    gross_weight_kg: PlainDecimal | None
    volume_m3: PlainDecimal | None
    packages: PlainDecimal | None


class RfqOut(BaseModel):
    """A request for quotation."""

    model_config = ConfigDict(from_attributes=True)

    id: RfqId
    buyer_id: OrganisationId
    status: RfqStatus
    audience: Audience
    title: dict[str, str]
    description: dict[str, str]
    currency: str
    destination_place_code: str
    incoterm: Incoterm | None
    deliver_by: date
    payment_terms: str | None
    closes_at: datetime
    published_at: datetime | None
    closed_at: datetime | None
    cancellation_reason: str | None
    revision: int = Field(description="How often it was amended")
    version: int
    items: list[RfqItemOut]


class RfqInvitedOut(BaseModel):
    """A seller that is asked."""

    model_config = ConfigDict(from_attributes=True)

    seller_id: OrganisationId
    created_at: datetime


class RfqAmendmentOut(BaseModel):
    """One amendment of a request."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    reason: str
    changes: dict[str, Any] = Field(examples=[{"closes_at": {"before": "…", "after": "…"}}])
    amended_at: datetime
