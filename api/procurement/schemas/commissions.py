"""What the routes of commissions, decisions and minutes take and give."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.catalog.types import Line, Paragraph, PlainDecimal
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import ClientId, Input, Language, MemberId
from api.procurement.schemas.ids import BidId, LotId, TenderId
from api.procurement.schemas.inputs import Instant
from api.rules.commissions import CommissionMemberStatus, CommissionRole, JustificationStatus

CommissionMemberId = Annotated[UUID, PublicId("commission_member")]
SheetId = Annotated[UUID, PublicId("sheet")]
DisqualificationId = Annotated[UUID, PublicId("disqualification")]
JustificationId = Annotated[UUID, PublicId("justification")]
MinutesId = Annotated[UUID, PublicId("minutes")]
CriterionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
PointsValue = Annotated[PlainDecimal, Field(ge=0, le=100, max_digits=9, decimal_places=6)]
_BID = "bid_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_MEMBER = "commission_member_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_ROWS = ConfigDict(from_attributes=True)


def _example(**body: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})


class CommissionMemberIn(Input):
    """A person of your organisation: a member who logs in, or the credentials it acts with."""

    model_config = _example(
        client_id="client_019abf2e8c1d7c3fa9b04b4c6f0d2e11", name="Асанова А.", role="member"
    )

    client_id: ClientId | None = None
    member_id: MemberId | None = None
    name: Line
    role: CommissionRole

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.client_id is None) == (self.member_id is None):
            raise ValueError("name either member_id or client_id")
        return self


class ConflictDeclarationIn(Input):
    """Your own declaration. With a conflict you are excluded, for good."""

    model_config = _example(has_conflict=False, detail=None)

    has_conflict: bool
    detail: Paragraph | None = Field(default=None, description="What the conflict is")

    @model_validator(mode="after")
    def _told(self) -> Self:
        if self.has_conflict and self.detail is None:
            raise ValueError("say what the conflict is")
        return self


class CommissionMemberOut(BaseModel):
    """A seat in the commission."""

    model_config = _ROWS

    id: CommissionMemberId
    client_id: ClientId | None
    member_id: MemberId | None
    name: str
    role: CommissionRole
    status: CommissionMemberStatus
    declared_at: datetime | None
    conflict: str | None
    version: int


class ScoreIn(Input):
    """Points, from 0 to 100, for a bid by one criterion."""

    bid_id: BidId
    criterion_id: CriterionId
    points: PointsValue
    rationale: Paragraph | None = None


class ScoresIn(Input):
    """Points that you give; for the same bid and criterion they replace your earlier ones."""

    model_config = _example(
        scores=[{"bid_id": _BID, "criterion_id": "method", "points": "75", "rationale": "Clear"}]
    )

    scores: Annotated[list[ScoreIn], Field(min_length=1, max_length=1000)]


class ScoreOut(BaseModel):
    """Points of a member."""

    model_config = _ROWS

    bid_id: BidId
    criterion_id: str
    points: PlainDecimal
    rationale: str | None


class SheetOut(BaseModel):
    """The points of one member for one lot; final once submitted."""

    id: SheetId
    lot_id: LotId
    member: CommissionMemberOut
    submitted_at: datetime | None
    scores: list[ScoreOut]


class DisqualificationReasonIn(Input):
    """Why a bid is not ranked."""

    code: ReasonCode = Field(examples=["certificate_missing"])
    detail: Paragraph


class DisqualificationIn(Input):
    """The reasons against a bid. They stay in the evaluation file."""

    model_config = _example(
        bid_id=_BID,
        reasons=[{"code": "certificate_missing", "detail": "No certificate of conformity"}],
    )

    bid_id: BidId
    reasons: Annotated[list[DisqualificationReasonIn], Field(min_length=1, max_length=20)]


class RevocationIn(Input):
    """Which bid is no longer disqualified."""

    model_config = _example(bid_id=_BID)

    bid_id: BidId


class DisqualificationOut(BaseModel):
    """A disqualification in a lot."""

    model_config = _ROWS

    id: DisqualificationId
    lot_id: LotId
    bid_id: BidId
    reasons: list[dict[str, str]]
    decided_by: str
    revoked_at: datetime | None
    revoked_by: str | None


class PreferenceIn(Input):
    """Whether a bid's claim of domestic manufacture is accepted."""

    model_config = _example(bid_id=_BID, accepted=True, reason="Certificate ST-1 was verified")

    bid_id: BidId
    accepted: bool
    reason: Paragraph


class PreferenceOut(BaseModel):
    """The decision about a claim."""

    model_config = _ROWS

    bid_id: BidId
    accepted: bool
    reason: str
    lot_id: LotId
    decided_by: str


class JustificationIn(Input):
    """A question to the supplier of an abnormally low price."""

    model_config = _example(
        bid_id=_BID,
        question="How is a price of 40 % below the mean made up?",
        answer_until="2027-03-05T12:00:00Z",
    )

    bid_id: BidId
    question: Paragraph
    answer_until: Instant = Field(description="What arrives at this instant is late")


class JustificationAnswerIn(Input):
    """How the price is made up."""

    model_config = _example(answer="Our own factory; the price list of our steel is attached.")

    answer: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)
    ]


class JustificationDecisionIn(Input):
    """Why the explanation is accepted, or is not."""

    model_config = _example(reason="The costs are documented")

    reason: Paragraph


class JustificationOut(BaseModel):
    """A low price: question, answer, decision."""

    model_config = _ROWS

    id: JustificationId
    tender_id: TenderId
    lot_id: LotId
    bid_id: BidId
    status: JustificationStatus
    question: str
    answer_until: datetime
    answer: str | None
    answered_at: datetime | None
    decision: str | None
    decided_at: datetime | None
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class MinutesIn(Input):
    """What a sitting of the commission decided, in every language it is published in."""

    model_config = _example(
        held_at="2027-03-02T09:00:00Z",
        present=[_MEMBER],
        text={"ru": "Комиссия решила признать заявку наилучшей."},
    )

    held_at: Instant
    present: Annotated[list[CommissionMemberId], Field(max_length=50)]
    text: Annotated[dict[Language, Paragraph], Field(min_length=1)]


class ApprovalOut(BaseModel):
    """A member's approval, signed."""

    model_config = _ROWS

    member_id: CommissionMemberId
    content: dict[str, Any]
    key_id: str
    signature: str


class MinutesOut(BaseModel):
    """Minutes as they were signed: Ed25519 over the RFC 8785 form of `content`."""

    id: MinutesId
    number: int
    content: dict[str, Any]
    key_id: str
    signature: str
    approvals: list[ApprovalOut]
