"""What the routes of disputes take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import Line, Paragraph, PlainDecimal, Positive
from api.contracts.schemas.contracts import ContractId
from api.contracts.schemas.penalties import (
    EXAMPLE_DOCUMENT,
    EXAMPLE_ROW,
    MAX_ROWS,
)
from api.contracts.schemas.schedules import ScheduleRowId
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.documents import DocumentId
from api.rules.contracts import Side
from api.rules.disputes import (
    DesiredOutcome,
    DisputeOutcome,
    DisputeStage,
    DisputeType,
    Fault,
    MilestoneKind,
)

DisputeId = Annotated[UUID, PublicId("dispute")]
Amount = Annotated[PlainDecimal, Field(ge=0, le=Decimal(10**12), max_digits=20, decimal_places=6)]


class DisputeIn(Input):
    """What is disputed, about which rows of the schedule, and what you ask for."""

    type: DisputeType = Field(examples=["defect"])
    schedule_row_ids: list[ScheduleRowId] = Field(
        default=[], max_length=MAX_ROWS, examples=[[EXAMPLE_ROW]], description="Empty: all of it"
    )
    description: Paragraph = Field(examples=["Two of 25 pumps leak"])
    desired_outcome: DesiredOutcome = Field(examples=["replace"])
    claimed_amount: Positive | None = Field(default=None, examples=["13200.00"])


class DisputeEvidenceIn(Input):
    """A document of yours that shows something."""

    document_id: DocumentId = Field(examples=[EXAMPLE_DOCUMENT])
    description: Paragraph = Field(examples=["Protocol of the test of 2 April"])
    inspection_report: bool = Field(
        default=False, examples=[False], description="Of the agency that was ordered to inspect"
    )


class OrderIn(Input):
    """Who inspects."""

    agency: Line = Field(examples=["SGS Bishkek"])


class OutcomeIn(Input):
    """Whose fault it was and what follows, in the currency of the contract."""

    party_at_fault: Fault = Field(examples=["supplier"])
    refund: Amount | None = Field(default=None, examples=["0"])
    replace: bool = Field(default=False, examples=[True])
    liquidated_damages: Amount | None = Field(default=None, examples=[None])
    cost_of_inspection: Amount | None = Field(default=None, examples=["450.00"])
    inspection_paid_by: Side | None = Field(default=None, examples=["supplier"])
    rationale: Paragraph = Field(examples=["The report finds a fault of manufacture"])


class EvidenceOut(BaseModel):
    """A document in a dispute."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    org_id: OrganisationId
    document_id: DocumentId
    sha256: str
    description: str
    inspection_report: bool
    submitted_at: datetime


class FreezeOut(BaseModel):
    """Payments that the dispute holds, or held."""

    model_config = ConfigDict(from_attributes=True)

    milestone: MilestoneKind
    schedule_row_id: ScheduleRowId | None = Field(description="Null: of the whole contract")
    frozen_at: datetime
    released_at: datetime | None


class SettlementOut(BaseModel):
    """What a side offers to settle on."""

    party_at_fault: Fault
    refund: PlainDecimal | None
    replace: bool
    liquidated_damages: PlainDecimal | None
    cost_of_inspection: PlainDecimal | None
    inspection_paid_by: Side | None
    rationale: str


class DisputeOut(BaseModel):
    """A dispute, for the sides of its contract, and for the commission from its determination on."""

    model_config = ConfigDict(from_attributes=True)

    id: DisputeId
    contract_id: ContractId
    number: int
    type: DisputeType
    stage: DisputeStage
    opened_by: OrganisationId
    opened_at: datetime
    schedule_row_ids: list[ScheduleRowId]
    description: str
    desired_outcome: DesiredOutcome
    claimed_amount: PlainDecimal | None
    currency: str
    stage_due_at: datetime | None = Field(description="When the stage is over")
    overdue_at: datetime | None
    inspection_agency: str | None
    settlement: SettlementOut | None
    settlement_by: OrganisationId | None
    outcome: DisputeOutcome | None
    closed_at: datetime | None
    party_at_fault: Fault | None
    refund: PlainDecimal | None
    replace: bool
    liquidated_damages: PlainDecimal | None
    cost_of_inspection: PlainDecimal | None
    inspection_paid_by: Side | None
    rationale: str | None
    determined_by: OrganisationId | None
    evidence: list[EvidenceOut]
    freezes: list[FreezeOut]
    version: int
    time_zone: TimeZone = LEGAL_ZONE
