"""What the routes of framework agreements take and give. Names follow OCDS's techniques extension."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Line, Paragraph, PlaceCode, PlainDecimal, Positive, Sha256
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.awards import AwardId, AwardOut
from api.procurement.schemas.ids import BidId, ItemId, LotId, PlanItemId, TenderId
from api.procurement.schemas.inputs import Day
from api.procurement.schemas.outputs import TenderOut, ValueOut
from api.rules.frameworks import (
    MAX_BUYERS,
    Allocation,
    FrameworkEnd,
    FrameworkMethod,
    FrameworkStatus,
    ParticipantStatus,
)
from api.rules.signatures import SignatureMethod
from api.rules.tenders import MAX_ITEMS, MAX_LOTS

FrameworkId = Annotated[UUID, PublicId("framework")]
FrameworkSupplierId = Annotated[UUID, PublicId("frameworksupplier")]
_BUYER = "organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_ITEMS = [{"item_id": "item_019abf2e8c1d7c3fa9b04b4c6f0d2e11", "quantity": "120"}]
_LOTS = [
    {
        "lot_id": "lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
        "delivery_period_end": "2027-06-01",
        "items": _ITEMS,
    }
]


class FrameworkTermsIn(Input):
    """The framework agreement that a draft is to conclude; its ceiling is the tender's value."""

    method: FrameworkMethod = Field(examples=["withAndWithoutReopeningCompetition"])
    minimum_participants: int | None = Field(
        default=None, strict=True, ge=1, le=1000, examples=[2], description="Of each lot"
    )
    maximum_participants: int = Field(
        strict=True, ge=1, le=1000, examples=[3], description="Of each lot; the policy has a bound"
    )
    duration_days: int = Field(
        strict=True, ge=1, le=3660, examples=[730], description="From its conclusion"
    )
    period_rationale: Paragraph | None = Field(
        default=None, examples=["Prices of furniture are stable for two years"]
    )
    allocation: Allocation | None = Field(
        default=None,
        examples=["cascade"],
        description="Who gets a call-off without competition; none where there always is one",
    )
    within_agreed_prices: bool = Field(
        default=False,
        strict=True,
        examples=[True],
        description="Bids in competitions must not be above the prices of the agreement",
    )
    buyers: list[OrganisationId] = Field(
        default=[], max_length=MAX_BUYERS, examples=[[_BUYER]], description="Beside yourself"
    )

    @model_validator(mode="after")
    def _allocated_without_competition(self) -> Self:
        if (self.method is FrameworkMethod.WITH_REOPENING) != (self.allocation is None):
            raise PydanticCustomError(
                "allocation_misplaced",
                "Name the allocation just where call-offs are made without competition",
            )
        return self


class FrameworkTermsOut(BaseModel):
    """The framework agreement that a tender is to conclude, or has concluded."""

    model_config = ConfigDict(from_attributes=True)

    tender_id: TenderId
    method: FrameworkMethod
    minimum_participants: int | None
    maximum_participants: int
    duration_days: int
    period_rationale: str | None
    allocation: Allocation | None
    within_agreed_prices: bool
    buyers: list[OrganisationId]
    bounds: dict[str, Any] | None = Field(description="Of the policy, frozen at publication")
    version: int


class FrameworkReasonIn(Input):
    """Why; everybody can read it."""

    reason: Paragraph = Field(examples=["Two call-offs were delivered late"])


class FrameworkSignIn(Input):
    """A signature over the bytes of `GET /v1/frameworks/{id}/document`, or in its PDF,
    `GET /v1/frameworks/{id}/paper`."""

    sha256: Sha256 = Field(
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        description="Of the document that was read and is signed",
    )
    method: SignatureMethod = Field(default=SignatureMethod.CMS, examples=["cms"])
    signature: Annotated[Base64Bytes | None, Field(max_length=900_000)] = Field(
        default=None,
        examples=["MIIGvwYJKoZIhvcNAQcCoIIGsDCCBqw="],
        description="CMS in DER, or the whole signed PDF; base64",
    )


class FrameworkSignatureOut(BaseModel):
    """Who has signed, how, and what proves it."""

    model_config = ConfigDict(from_attributes=True)

    org_id: OrganisationId
    method: SignatureMethod
    sha256: str
    signer: str | None = Field(description="The name in the certificate")
    certificate_sha256: str | None
    signed_at: datetime


class FrameworkPriceOut(BaseModel):
    """The price that a supplier is bound to."""

    item_id: ItemId
    unit_price: PlainDecimal


class FrameworkSupplierOut(BaseModel):
    """A supplier of an agreement for a lot of its tender."""

    model_config = ConfigDict(from_attributes=True)

    id: FrameworkSupplierId
    lot_id: LotId
    award_id: AwardId
    bid_id: BidId
    suppliers: list[OrganisationId] = Field(description="The lead first")
    rank: int
    vat_included: bool
    status: ParticipantStatus
    reason: str | None = Field(description="Why it is not active")
    changed_at: datetime
    prices: list[FrameworkPriceOut]


class FrameworkSummary(BaseModel):
    """An agreement in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: FrameworkId
    tender_id: TenderId
    ocid: str = Field(examples=["ocds-kerben0-000042"])
    buyer_id: OrganisationId
    buyers: list[OrganisationId] = Field(description="Who may call off")
    status: FrameworkStatus
    method: FrameworkMethod
    allocation: Allocation | None
    within_agreed_prices: bool
    ceiling: ValueOut = Field(description="Of all call-offs together")
    drawn: ValueOut = Field(description="By the call-offs so far")
    period_start: datetime
    period_end: datetime = Field(description="From this instant on nothing is called off")
    terminated_at: datetime | None
    termination_cause: FrameworkEnd | None
    termination_reason: str | None
    sha256: str | None = Field(description="Of the document that is signed")
    signed_at: datetime | None = Field(
        description="When the buyer and every active supplier had signed; call-offs begin then"
    )
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class FrameworkOut(FrameworkSummary):
    """A framework agreement with its suppliers, their prices, and the signatures."""

    signatures: list[FrameworkSignatureOut]

    suppliers: list[FrameworkSupplierOut]


class CallOffItemIn(Input):
    """How much of an item of the framework."""

    item_id: ItemId
    quantity: Positive = Field(examples=["120"])


class CallOffLotIn(Input):
    """What is called off of a lot of the framework, and where and when it is delivered."""

    lot_id: LotId
    plan_item_id: PlanItemId | None = Field(default=None, examples=[None])
    delivery_place_code: PlaceCode | None = Field(
        default=None, examples=["kg-osh"], description="Empty: that of the framework's lot"
    )
    delivery_address: Line | None = Field(default=None, examples=["г. Ош, ул. Школьная, 12"])
    delivery_period_start: Day | None = Field(default=None, examples=["2027-04-01"])
    delivery_period_end: Day = Field(examples=["2027-06-01"])
    items: list[CallOffItemIn] = Field(min_length=1, max_length=MAX_ITEMS, examples=[_ITEMS])


class CallOffIn(Input):
    """A call-off without competition: the rule of the agreement names the supplier."""

    title: dict[Language, Line] | None = Field(
        default=None, min_length=1, examples=[{"ru": "Парты для школы № 5"}]
    )
    reason: Paragraph = Field(examples=["Furniture of the school year 2027"])
    lots: list[CallOffLotIn] = Field(min_length=1, max_length=MAX_LOTS, examples=[_LOTS])


class CallOffOut(BaseModel):
    """A call-off just made: its tender, and the award of each lot, which somebody else decides."""

    tender: TenderOut
    awards: list[AwardOut]


class CallOffLedgerOut(BaseModel):
    """What an award has taken of the ceiling, until it was released."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    framework_supplier_id: FrameworkSupplierId
    tender_id: TenderId
    lot_id: LotId
    award_id: AwardId
    buyer_id: OrganisationId
    amount: PlainDecimal
    drawn_at: datetime
    released_at: datetime | None
