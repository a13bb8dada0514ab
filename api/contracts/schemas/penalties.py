"""What the routes of late delivery take and give: terms, alerts, excuses, claims."""

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Line, Paragraph, PlainDecimal, Short
from api.contracts.schemas.schedules import ScheduleRowId
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.documents import DocumentId
from api.procurement.schemas.inputs import Day
from api.rules.claims import AlertKind, ClaimStatus, ExcuseStatus
from api.rules.penalties import ExcuseEvidence, ExcuseKind
from api.rules.periods import DayUnit
from api.rules.policy import PenaltyBasis

EXAMPLE_ROW = "schedule_row_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
EXAMPLE_DOCUMENT = "document_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
MAX_ROWS = 100


class PenaltyTermsOut(BaseModel):
    """Liquidated damages as they were frozen when the contract was signed. Shares are basis points:
    10 a day is 0.1 % a day."""

    model_config = ConfigDict(from_attributes=True)

    rate_bp_per_day: int
    cap_bp: int
    grace_days: int
    unit: DayUnit
    basis: PenaltyBasis
    calendar: str
    reviewed: bool = Field(description="False: nobody has read the numbers in their source")
    source: str


class AlertOut(BaseModel):
    """A row of the schedule was at risk, or late, for a due day."""

    model_config = ConfigDict(from_attributes=True)

    kind: AlertKind
    schedule_row_id: ScheduleRowId
    due_date: date
    missing_quantity: PlainDecimal
    raised_at: datetime


class ExcuseIn(Input):
    """Days, first and last included, that are not the supplier's; the paper is a document of yours."""

    kind: ExcuseKind = Field(examples=["border_closure"])
    first_date: Day = Field(examples=["2026-03-23"])
    last_date: Day = Field(examples=["2026-03-25"])
    schedule_row_ids: list[ScheduleRowId] = Field(
        default=[], max_length=MAX_ROWS, examples=[[]], description="Empty: every row"
    )
    evidence: ExcuseEvidence = Field(examples=["official_notice"])
    issuer: Line = Field(examples=["State Customs Service"])
    reference: Short = Field(examples=["12-3/456"], description="Number of the paper")
    document_id: DocumentId = Field(examples=[EXAMPLE_DOCUMENT])

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.last_date < self.first_date:
            raise PydanticCustomError("days_backward", "last_date is before first_date")
        return self


class ClaimReasonIn(Input):
    """Why."""

    reason: Paragraph = Field(examples=["The border was open on these days"])


class ExcuseOut(BaseModel):
    """An excuse; it counts once the buyer has accepted it."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: ExcuseStatus
    kind: ExcuseKind
    first_date: date
    last_date: date
    schedule_row_ids: list[ScheduleRowId]
    evidence: ExcuseEvidence
    issuer: str
    reference: str
    document_id: DocumentId
    document_sha256: str
    submitted_by: OrganisationId
    submitted_at: datetime
    decided_at: datetime | None
    reason: str | None
    version: int


class LdClaimOut(BaseModel):
    """A claim for liquidated damages; its file has the arithmetic."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: ClaimStatus
    as_of: datetime
    computed_amount: PlainDecimal = Field(description="Damages of all rows up to `as_of`")
    agreed_before: PlainDecimal = Field(description="Of earlier claims")
    amount: PlainDecimal = Field(description="What is claimed: the difference")
    currency: str
    sha256: str = Field(description="Of the file")
    drafted_at: datetime
    raised_at: datetime | None
    contested_at: datetime | None
    contest_reason: str | None
    agreed_at: datetime | None
    waived_at: datetime | None
    waiver_reason: str | None
    version: int
