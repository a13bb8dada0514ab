"""What the routes of tenders give. Names follow OCDS 1.1."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import PlainDecimal
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import OrganisationId
from api.procurement.schemas.ids import ItemId, LotId, PlanItemId, TenderId
from api.reference.policy_schemas import PolicySetId
from api.rules.amendments import AmendmentCause, Reason
from api.rules.frameworks import FrameworkMethod
from api.rules.incoterms import Incoterm
from api.rules.policy import SealingMode
from api.rules.quick import QuickMode
from api.rules.tenders import (
    LotStatus,
    ProcurementCategory,
    ProcurementMethod,
    TenderMode,
    TenderStage,
    TenderStatus,
)


class ValueOut(BaseModel):
    """An amount of money."""

    model_config = ConfigDict(from_attributes=True)

    amount: PlainDecimal
    currency: str


class ItemClassification(BaseModel):
    """A code and its scheme."""

    scheme: str
    id: str


class ItemOut(BaseModel):
    """What is bought."""

    model_config = ConfigDict(from_attributes=True)

    id: ItemId
    position: int
    description: dict[str, str]
    specification: dict[str, str]
    classification: ItemClassification | None
    additional_classifications: list[ItemClassification]
    quantity: PlainDecimal
    unit_code: str
    framework_item_id: ItemId | None = Field(description="Of a call-off")


class LotOut(BaseModel):
    """A lot with its items."""

    model_config = ConfigDict(from_attributes=True)

    id: LotId
    position: int
    status: LotStatus
    title: dict[str, str]
    value: ValueOut | None
    plan_item_id: PlanItemId | None
    delivery_place_code: str
    delivery_address: str | None
    delivery_period_start: date | None
    delivery_period_end: date
    incoterms: list[Incoterm]
    required_certificates: list[str]
    items: list[ItemOut]


class TenderSummary(BaseModel):
    """A tender in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: TenderId
    ocid: str = Field(examples=["ocds-kerben0-000042"])
    buyer_id: OrganisationId
    language: str
    title: dict[str, str]
    status: TenderStatus
    status_details: TenderStage
    mode: TenderMode
    procedure: str = Field(examples=["open"])
    procurement_method: ProcurementMethod
    main_procurement_category: ProcurementCategory
    value: ValueOut | None
    sealing_mode: SealingMode | None = Field(
        description="`client`: only the openers, together, can open bids. `server`: this"
        " installation keeps them closed until the opening, by access control."
    )
    published_at: datetime | None
    prequalification_period_end: datetime | None = Field(
        description="Candidates apply before this instant; null: the tender takes bids at once"
    )
    tender_period_start: datetime | None
    tender_period_end: datetime | None = Field(description="What arrives at this instant is late")
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class TenderOut(TenderSummary):
    """A tender with its lots and items."""

    description: dict[str, str]
    accelerator: int
    quick: list[QuickMode] = Field(description="What a test tender does not wait for")
    policy_set_id: PolicySetId | None = Field(description="The rules frozen at publication")
    procurement_method_details: str | None
    procurement_method_ground: str | None
    framework_id: TenderId | None = Field(
        description="Of a call-off: the tender that concluded the framework agreement"
    )
    framework_method: FrameworkMethod | None = Field(description="How a call-off is made")
    auction_step_bp: int | None = Field(description="Of the lots' reverse auctions, if there are")
    enquiry_period_end: datetime | None
    clarification_until: datetime | None = Field(description="Until then questions are answered")
    complaint_period_end: datetime | None = Field(description="Of complaints about the terms")
    prolonged: int = Field(description="Times that too few bids prolonged the tender period")
    cancelled_at: datetime | None
    cancellation_reason: str | None
    prequalification_standstill_end: datetime | None = Field(
        description="Results of the prequalification can be complained about until then"
    )
    unsuccessful_reason: str | None = Field(
        description="`tooFewApplications` or `tooFewQualified`, where candidates were too few"
    )
    lots: list[LotOut]


class TenderPolicyOut(BaseModel):
    """The rules of a tender, as they were on the day of its publication."""

    policy_set_id: PolicySetId
    jurisdiction: str = Field(examples=["KG"])
    regime: str = Field(examples=["state"])
    procedure: str = Field(examples=["open"])
    valid_from: date
    legal_source: str
    title: dict[str, str]
    codes: dict[str, str]
    schema_version: int
    parameters: dict[str, Any]
    sources: dict[str, Any]
    time_zone: TimeZone = LEGAL_ZONE


class ChangeOut(BaseModel):
    """One field before and after; the pointer names lots and items by their ids."""

    pointer: str = Field(examples=["#/lots/lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11/title"])
    before: Any
    after: Any
    material: bool | None = Field(default=None, description="Null in older amendments")
    reason: Reason | None = Field(default=None, description="The rule that decided so")


class AmendmentOut(BaseModel):
    """A change of a published tender. `material_changes` are the pointers that made it material."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    cause: AmendmentCause
    amended_at: datetime
    rationale: str
    material: bool
    needs_confirmation: bool = Field(description="Bids made before must be confirmed")
    material_changes: list[str]
    changes: list[ChangeOut]


class AuditEntryOut(BaseModel):
    """An entry of the audit trail.

    `hash` is the SHA-256 of `prev_hash` followed by the RFC 8785 form of the object of all other
    fields, with the very strings shown here, so that anybody can check the chain.
    """

    id: str = Field(examples=["019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    at: str = Field(examples=["2026-11-24T05:06:07.891011+00:00"])
    stream: str = Field(examples=["tender:019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    seq: int
    org_id: str | None
    actor: str
    action: str
    change: dict[str, Any]
    request_id: str | None
    prev_hash: str
    hash: str
