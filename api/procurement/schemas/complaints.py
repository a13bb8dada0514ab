"""What the routes of complaints take and give."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import Line, Paragraph, PlainDecimal
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.awards import AwardId
from api.procurement.schemas.cancellations import CancellationId
from api.procurement.schemas.ids import LotId, QualificationId, TenderId
from api.rules.complaints import ComplaintStatus, ComplaintTarget, EffectKind

ComplaintId = Annotated[UUID, PublicId("complaint")]
_TITLE = {"ru": "Требование об одной марке"}
_DESCRIPTION = {"ru": "Спецификация описывает товар единственного производителя."}
_REMEDY = {"ru": "Изменить спецификацию и продлить срок."}


class ComplaintIn(Input):
    """A complaint, first as a draft that its author alone sees.

    `target` says about what: terms of the tender or of `lot_id`, the award `award_id`, or the
    cancellation of the tender, or the qualification `qualification_id`.
    """

    target: ComplaintTarget = Field(examples=["tender"])
    lot_id: LotId | None = Field(default=None, examples=[None])
    award_id: AwardId | None = Field(default=None, examples=[None])
    qualification_id: QualificationId | None = Field(default=None, examples=[None])
    language: Language = Field(default="ru", examples=["ru"])
    title: dict[Language, Line] = Field(min_length=1, examples=[_TITLE])
    description: dict[Language, Paragraph] = Field(min_length=1, examples=[_DESCRIPTION])
    remedy: dict[Language, Paragraph] = Field(
        min_length=1, examples=[_REMEDY], description="What the author asks for"
    )

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        if (self.target is ComplaintTarget.LOT) != (self.lot_id is not None):
            raise ValueError("lot_id is given when the target is a lot, and only then")
        if (self.target is ComplaintTarget.AWARD) != (self.award_id is not None):
            raise ValueError("award_id is given when the target is an award, and only then")
        of_candidate = self.target is ComplaintTarget.QUALIFICATION
        if of_candidate is not (self.qualification_id is not None):
            raise ValueError("qualification_id is given when the target is one, and only then")
        return self


class SubmitComplaintIn(Input):
    """How the fee was paid, where the policy of the tender demands one."""

    fee_reference: Annotated[Line | None, Field(max_length=200)] = Field(
        default=None, examples=["PAY-2027-000123"]
    )


class RationaleIn(Input):
    """Why it is decided so; everybody can read it."""

    rationale: Paragraph = Field(examples=["The specification admits goods of three makers."])


class SatisfyIn(RationaleIn):
    """A complaint that was right, and what follows: carried out in the same transaction."""

    effects: list[EffectKind] = Field(min_length=1, max_length=3, examples=[["cancel_award"]])


class PostIn(Input):
    """A letter: from the reviewer to one side, or from a side to the reviewer."""

    recipient_id: OrganisationId
    text: Paragraph = Field(examples=["Please send the protocol of the evaluation."])


class PostOut(BaseModel):
    """A letter as it was sent."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    author_id: OrganisationId
    recipient_id: OrganisationId
    text: str
    posted_at: datetime


class DecisionOut(BaseModel):
    """A step of the reviewer."""

    model_config = ConfigDict(from_attributes=True)

    outcome: ComplaintStatus
    rationale: str
    decided_by: OrganisationId
    decided_at: datetime


class EffectOut(BaseModel):
    """What followed from the decision; `executed_at` is empty while the buyer must act first."""

    model_config = ConfigDict(from_attributes=True)

    kind: EffectKind
    executed_at: datetime | None
    result: dict[str, Any] | None


class ComplaintSummary(BaseModel):
    """A complaint in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: ComplaintId
    tender_id: TenderId
    target: ComplaintTarget
    lot_id: LotId | None
    award_id: AwardId | None
    qualification_id: QualificationId | None
    cancellation_id: CancellationId | None
    status: ComplaintStatus
    kg_status: str | None = Field(description="In the code of the Kyrgyz portal")
    complainant_id: OrganisationId
    buyer_id: OrganisationId
    reviewer_id: OrganisationId | None
    language: str
    title: dict[str, str]
    window_end: datetime = Field(description="A draft that was not submitted by then lapses")
    submitted_at: datetime | None
    review_due_at: datetime | None
    overdue_at: datetime | None = Field(description="Set when the review did not end in time")
    closed_at: datetime | None
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class ComplaintOut(ComplaintSummary):
    """A complaint with what was decided and what followed."""

    description: dict[str, str]
    remedy: dict[str, str]
    fee_amount: PlainDecimal | None
    fee_currency: str | None
    fee_reference: str | None
    decisions: list[DecisionOut]
    effects: list[EffectOut]
