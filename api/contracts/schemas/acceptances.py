"""What the routes of acceptance take and give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import Line, Paragraph, PlainDecimal, Positive, Short
from api.contracts.schemas.penalties import (
    EXAMPLE_DOCUMENT,
    EXAMPLE_ROW,
)
from api.contracts.schemas.schedules import ScheduleRowId
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.documents import DocumentId
from api.procurement.schemas.inputs import Day, Instant
from api.rules.acceptance import (
    AcceptanceStatus,
    DefectSeverity,
    InspectionLevel,
    RejectionReason,
)

Number = Annotated[int, Field(ge=1, le=1_000_000)]
Latitude = Annotated[PlainDecimal, Field(ge=-90, le=90, max_digits=9, decimal_places=6)]
Longitude = Annotated[PlainDecimal, Field(ge=-180, le=180, max_digits=9, decimal_places=6)]
_MEMBER = {"name": "Асанова Айгуль", "position": "Chief of the warehouse"}


class GeoIn(Input):
    """A point, WGS 84."""

    latitude: Latitude = Field(examples=["42.874600"])
    longitude: Longitude = Field(examples=["74.569800"])


class ProofOfDeliveryIn(Input):
    """Who signed for the goods, when and where; a photo of the signed paper."""

    signatory: Line = Field(examples=["Асанов Бакыт, warehouse keeper"])
    signed_at: Instant = Field(examples=["2026-03-30T05:40:00Z"])
    photo_document_id: DocumentId | None = Field(default=None, examples=[EXAMPLE_DOCUMENT])
    geo: GeoIn | None = Field(
        default=None, examples=[{"latitude": "42.874600", "longitude": "74.569800"}]
    )


class PresentationIn(Input):
    """A received quantity of a row of the schedule, presented for acceptance."""

    schedule_row_id: ScheduleRowId = Field(examples=[EXAMPLE_ROW])
    delivered_quantity: Positive = Field(examples=["25"])
    proof_of_delivery: ProofOfDeliveryIn = Field(
        examples=[{"signatory": "Асанов Бакыт", "signed_at": "2026-03-30T05:40:00Z"}]
    )
    replaces: Number | None = Field(
        default=None,
        examples=[None],
        description="Number of the acceptance whose rejected goods these replace; goods of a row"
        " that replaces others need not say so",
    )


class InspectionIn(Input):
    """An inspection and its report, a document of yours."""

    level: InspectionLevel = Field(examples=["II"])
    aql: Annotated[PlainDecimal, Field(gt=0, le=100, max_digits=6, decimal_places=3)] | None = (
        Field(default=None, examples=["2.5"], description="Acceptance quality limit, percent")
    )
    agency: Line = Field(examples=["SGS Bishkek"])
    inspected_at: Instant = Field(examples=["2026-03-31T09:00:00Z"])
    passed: bool = Field(examples=[True])
    report_document_id: DocumentId = Field(examples=[EXAMPLE_DOCUMENT])


class DefectIn(Input):
    """A defect, and of how many."""

    severity: DefectSeverity = Field(examples=["major"])
    description: Paragraph = Field(examples=["The seal of the shaft leaks"])
    quantity: Positive = Field(examples=["2"])


class ProtocolMemberIn(Input):
    """Who signs the protocol."""

    name: Line = Field(examples=[_MEMBER["name"]])
    position: Line = Field(examples=[_MEMBER["position"]])


class RejectionIn(Input):
    """Why nothing is accepted, by which protocol, and until when it is to be replaced."""

    reason_code: RejectionReason = Field(examples=["not_as_specified"])
    reason: Paragraph | None = Field(default=None, examples=["Another power than ordered"])
    replace_by: Day | None = Field(
        default=None,
        examples=["2026-04-30"],
        description="Then a row of the schedule is added for the replacement, due by this day",
    )
    protocol_number: Short = Field(examples=["2026/17"])
    commission_members: list[ProtocolMemberIn] = Field(
        min_length=1, max_length=50, examples=[[_MEMBER]]
    )


class AcceptanceDecisionIn(Input):
    """How much is accepted; the rest of what was presented is rejected, for a reason."""

    accepted_quantity: Annotated[
        PlainDecimal, Field(ge=0, le=Decimal(10**12), max_digits=20, decimal_places=6)
    ] = Field(examples=["25"])
    reason_code: RejectionReason | None = Field(default=None, examples=[None])
    reason: Paragraph | None = Field(default=None, examples=[None])
    replace_by: Day | None = Field(default=None, examples=[None])
    protocol_number: Short = Field(examples=["2026/16"])
    commission_members: list[ProtocolMemberIn] = Field(
        min_length=1, max_length=50, examples=[[_MEMBER]]
    )


class InspectionOut(BaseModel):
    """An inspection of what was presented."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    level: InspectionLevel
    aql: PlainDecimal | None
    agency: str
    inspected_at: datetime
    passed: bool
    report_id: DocumentId
    org_id: OrganisationId


class DefectOut(BaseModel):
    """A defect; open until it is remedied."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    severity: DefectSeverity
    description: str
    quantity: PlainDecimal
    found_at: datetime
    remedied_at: datetime | None


class ProtocolMemberOut(BaseModel):
    """Who signed the protocol."""

    name: str
    position: str


class AcceptanceOut(BaseModel):
    """A quantity presented for acceptance, and what was said of it."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: AcceptanceStatus
    schedule_row_id: ScheduleRowId
    delivered_quantity: PlainDecimal
    accepted_quantity: PlainDecimal
    rejected_quantity: PlainDecimal
    reason_code: RejectionReason | None
    reason: str | None
    replace_by: date | None
    replaces: int | None = Field(description="Number of the acceptance that it replaces goods of")
    replacement_row_id: ScheduleRowId | None = Field(
        description="The row of the schedule by which what was rejected for good is replaced"
    )
    presented_by: OrganisationId
    presented_at: datetime
    deemed_at: datetime | None = Field(description="From then on silence is acceptance")
    pod_signatory: str
    pod_signed_at: datetime
    pod_photo_id: DocumentId | None
    pod_latitude: PlainDecimal | None
    pod_longitude: PlainDecimal | None
    protocol_number: str | None
    commission_members: list[ProtocolMemberOut]
    decided_at: datetime | None
    inspections: list[InspectionOut]
    defects: list[DefectOut]
    version: int


class ContractDocumentOut(BaseModel):
    """A document that a side has laid before the other."""

    model_config = ConfigDict(from_attributes=True)

    document_id: DocumentId
    org_id: OrganisationId
    sha256: str
    added_at: datetime
