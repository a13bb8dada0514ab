"""What the routes of a prequalification take and give."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Paragraph
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.bid_contents import DocumentIn, RequirementId, RequirementResponseIn
from api.procurement.schemas.ids import LotId, QualificationId, SubmissionId, TenderId
from api.procurement.schemas.submissions import ShortlistOut
from api.rules.bids import TendererRole
from api.rules.criteria import MAX_RESPONSES
from api.rules.prequalification import QualificationCause, QualificationStatus, SubmissionStatus
from api.rules.tenders import TenderStage

_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_RESPONSE = {"requirement_id": "experience-years", "value": 5, "documents": [_SHA]}
_DOCUMENT = {"sha256": _SHA, "title": "Копии договоров", "media_type": "application/pdf"}
_FINDING = {"requirement_id": "experience-years", "met": True, "reason": "Три договора за пять лет"}


class SubmissionContentIn(Input):
    """What a candidate answers to the criteria; documents are named by their SHA-256."""

    requirement_responses: list[RequirementResponseIn] = Field(
        default=[], max_length=MAX_RESPONSES, examples=[[_RESPONSE]]
    )
    documents: list[DocumentIn] = Field(default=[], max_length=200, examples=[[_DOCUMENT]])

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        asked = [each.requirement_id for each in self.requirement_responses]
        if len({*asked}) != len(asked):
            raise PydanticCustomError("answered_twice", "Answer each requirement once")
        if len({each.sha256 for each in self.documents}) != len(self.documents):
            raise PydanticCustomError("document_twice", "Name each document once")
        return self


class SubmissionIn(SubmissionContentIn):
    """An application, and the other members of a consortium, who must join it."""

    tenderers: list[OrganisationId] = Field(
        default=[], max_length=19, examples=[["organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"]]
    )


class FindingIn(Input):
    """Whether a requirement is met; where it is not, the reason is needed."""

    requirement_id: RequirementId = Field(examples=["experience-years"])
    met: StrictBool = Field(examples=[True])
    reason: Paragraph | None = Field(default=None, examples=["Три договора за пять лет"])


class QualificationReasonIn(Input):
    """Why; the candidate reads it."""

    reason: Paragraph = Field(examples=["Все требования выполнены"])


class ProposalIn(QualificationReasonIn):
    """What was found about every requirement that the candidate answered."""

    findings: list[FindingIn] = Field(min_length=1, max_length=MAX_RESPONSES, examples=[[_FINDING]])


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SubmissionSummary(_Row):
    """An application in a list."""

    id: SubmissionId
    tender_id: TenderId
    supplier_id: OrganisationId
    status: SubmissionStatus
    received_at: datetime
    amendment: int = Field(description="The last change of the criteria that it answers; 0: none")
    withdrawn_at: datetime | None
    opened_at: datetime | None = Field(description="Since then the buyer sees it")
    version: int


class CandidateOut(_Row):
    """An organisation of an application; it has joined once `accepted_at` is set."""

    organisation_id: OrganisationId
    role: TendererRole
    accepted_at: datetime | None


class CheckedResponseOut(BaseModel):
    """A response, and whether it has the type, the value and the bounds that are asked."""

    requirement_id: str
    value: Any
    documents: list[str]
    fulfils: bool


class SubmissionDocumentOut(BaseModel):
    """A document by its hash."""

    sha256: str
    title: str
    document_type: str | None
    media_type: str | None
    url: str | None


class FindingOut(BaseModel):
    """What was found about a requirement."""

    requirement_id: str
    met: bool
    reason: str | None


class QualificationOut(_Row):
    """What was found and decided about a candidate.

    It can be complained about until `standstill_end`; `invited_at`: the candidate may bid.
    """

    id: QualificationId
    tender_id: TenderId
    submission_id: SubmissionId
    supplier_id: OrganisationId
    status: QualificationStatus
    lots: list[LotId] | None = Field(
        description="That the candidate qualified for; null: lots are not told apart"
    )
    shortlisted: list[LotId] | None = Field(
        description="For which it was among the first, when results were announced"
    )
    invited_lots: list[LotId] | None = Field(description="That it may bid for; null: all")
    findings: list[FindingOut]
    proposal: str | None
    decided_at: datetime | None
    decision: str | None
    announced_at: datetime | None
    standstill_end: datetime | None
    invited_at: datetime | None
    cancelled_at: datetime | None
    cancellation_cause: QualificationCause | None
    cancellation_reason: str | None
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class SubmissionOut(SubmissionSummary):
    """An application. Its content is for its supplier and, from `opened_at` on, for the buyer."""

    tenderers: list[CandidateOut]
    requirement_responses: list[CheckedResponseOut] | None
    documents: list[SubmissionDocumentOut] | None
    qualification: QualificationOut | None = Field(description="Null until it is announced")


class PrequalificationOut(BaseModel):
    """Where the prequalification of a tender stands, as far as the reader may know."""

    tender_id: TenderId
    status_details: TenderStage
    period_end: datetime
    standstill_end: datetime | None
    min_candidates: int
    shortlist: ShortlistOut | None = Field(description="Null: whoever qualifies is invited")
    criteria: list[dict[str, Any]]
    candidate_count: int | None = Field(description="Null while the rules hide it")
    candidates: list[OrganisationId] | None = Field(description="Null while the rules hide them")
    invited: bool = Field(description="Your organisation may bid")
    time_zone: TimeZone = LEGAL_ZONE
