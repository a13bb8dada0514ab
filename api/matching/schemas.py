"""What the routes of matching take and give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.catalog.types import OfferId, PlainDecimal
from api.core.ids import PublicId
from api.identity.schemas import OrganisationId
from api.matching.models import Verdict
from api.rules.invitations import InvitationStatus
from api.rules.matching_blockers import BlockerCode
from api.rules.scorecards import Act, Metric

MatchId = Annotated[UUID, PublicId("match")]
FeedbackId = Annotated[UUID, PublicId("feedback")]
InvitationId = Annotated[UUID, PublicId("invitation")]
ModelId = Annotated[UUID, PublicId("model")]
TenderId = Annotated[UUID, PublicId("tender")]
LotId = Annotated[UUID, PublicId("lot")]
ItemId = Annotated[UUID, PublicId("item")]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
_PARTS = [{"semantic": "0.612500", "code": "1.000000", "price": "0.600000"}]
_WORDS = [
    {
        "words": [{"request": "бумага", "offer": "复印纸", "kind": "concept"}],
        "segments": [
            {
                "request": "бумага офисная а4",
                "request_language": "ru",
                "offer": "a4复印纸",
                "offer_language": "zh",
            }
        ],
    }
]


Share = Annotated[PlainDecimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)]


class Input(BaseModel):
    """Bodies refuse fields they do not know."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """Built from rows."""

    model_config = ConfigDict(from_attributes=True)


class BlockerOut(Output):
    """What forbids the offer as it stands."""

    code: BlockerCode
    details: dict[str, str] = Field(examples=[{"scheme": "CE"}])


class MatchOut(Output):
    """An offer that answers an item. `score` only orders offers of one item; it is no percentage.

    `parts` are the features in [0, 1], 0.5 being neutral; `model_id` names their weights.
    """

    id: MatchId
    tender_id: TenderId
    lot_id: LotId
    item_id: ItemId
    offer_id: OfferId
    seller_id: OrganisationId
    rank: int = Field(examples=[1])
    score: Decimal = Field(examples=["0.738513"])
    domestic: bool = Field(description="The seller is of the country of delivery")
    parts: dict[str, str] = Field(examples=_PARTS)
    blockers: list[BlockerOut]
    matched: dict[str, Any] = Field(examples=_WORDS)
    algorithm_version: str
    model_id: ModelId
    computed_at: datetime


class ExplanationOut(Output):
    """A match in words."""

    match_id: MatchId
    language: Literal["ky", "ru", "en", "zh"]
    text: str


class ReplayOut(Output):
    """The score computed again from the stored inputs."""

    match_id: MatchId
    algorithm_version: str
    model_id: ModelId
    stored_score: Decimal
    replayed_score: Decimal
    same: bool
    parts: dict[str, str] = Field(examples=_PARTS)
    blockers: list[BlockerOut]
    inputs: dict[str, Any]


class FeedbackIn(Input):
    """What you think of a match; a second verdict replaces the first."""

    verdict: Verdict = Field(examples=["bad"])
    reason: Remark | None = Field(default=None, examples=["A chair is offered, not a desk."])


class FeedbackOut(Output):
    """A verdict, kept to learn from."""

    id: FeedbackId
    match_id: MatchId
    verdict: Verdict
    reason: str | None
    updated_at: datetime


class PerformanceRuleIn(Input):
    """From which value of a scorecard on you are warned, or prevent yourself, at an act."""

    act: Act = Field(examples=["award"])
    metric: Metric | None = Field(
        default=None, examples=["on_time_delivery"], description="None: the overall value"
    )
    warn_below: Share | None = Field(default=None, examples=["0.7"])
    prevent_below: Share | None = Field(default=None, examples=["0.4"])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.warn_below is None and self.prevent_below is None:
            raise ValueError("say from where on you are warned, or prevented")
        if self.metric is Metric.DAYS_LATE:
            raise ValueError("days_late is no share: take on_time_delivery")
        if (
            self.warn_below is not None
            and self.prevent_below is not None
            and self.prevent_below > self.warn_below
        ):
            raise ValueError("prevent_below must not be above warn_below")
        return self


class PerformanceRulesIn(Input):
    """All your rules; they take the place of the earlier ones."""

    rules: list[PerformanceRuleIn] = Field(max_length=20)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [(rule.act, rule.metric) for rule in self.rules]
        if len({*keys}) != len(keys):
            raise ValueError("an act and a metric stand twice")
        return self


class PerformanceRuleOut(Output):
    """A rule of yours."""

    act: Act
    metric: Metric | None
    warn_below: PlainDecimal | None
    prevent_below: PlainDecimal | None


class PerformanceRulesOut(BaseModel):
    """Your rules."""

    rules: list[PerformanceRuleOut]


class PerformanceWarningOut(Output):
    """A figure of the supplier's scorecard that is below a rule of yours."""

    seller_id: OrganisationId
    metric: Metric | None = Field(description="None: the overall value")
    value: PlainDecimal
    below: PlainDecimal
    reason: str = Field(examples=["on_time_delivery is 0.4286, below 0.5 of your rule."])


class InvitationIn(Input):
    """Whom to ask, and for which lot; without a lot for the whole tender."""

    seller_id: OrganisationId = Field(examples=["organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    lot_id: LotId | None = Field(default=None, examples=["lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    message: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = (
        Field(default=None, examples=["Просим подать предложение."])
    )


class InvitationAnswerIn(Input):
    """Why, if the other side should know."""

    reason: Remark | None = Field(default=None, examples=["No capacity before March."])


class InvitationOut(Output):
    """An invitation and its answer."""

    id: InvitationId
    tender_id: TenderId
    lot_id: LotId | None
    buyer_id: OrganisationId
    seller_id: OrganisationId
    message: str | None
    status: InvitationStatus
    reason: str | None
    created_at: datetime
    answered_at: datetime | None
    version: int
    performance_warnings: list[PerformanceWarningOut] = Field(
        default=[], description="Told to the buyer, when it invites"
    )


class RequestOut(Output):
    """A public request that an offer of yours answers."""

    match: MatchOut
    title: dict[str, str]
    quantity: Decimal
    unit_code: str
    cpv_code: str | None
    delivery_place_code: str | None
    deliver_by: date
    required_certificates: list[str]
    buyer_id: OrganisationId


class WhyNotOut(Output):
    """How an offer of yours stands to a public request. Without a match, `reason` says why.

    `score` and `parts` are those it would have had; `last_kept_score` is that of the last of
    the matches that were kept.
    """

    item_id: ItemId
    offer_id: OfferId
    matched: bool
    reason: Literal[
        "matched",
        "request_closed",
        "not_matched_yet",
        "offer_not_active",
        "not_indexed",
        "not_in_market",
        "not_ready_for_market",
        "texts_too_far",
        "similar_offer_listed",
        "score_below_kept",
        "recomputation_pending",
    ]
    rank: int | None
    score: Decimal | None
    last_kept_score: Decimal | None
    candidates: int = Field(description="Offers that were scored for the item")
    parts: dict[str, str] = Field(examples=_PARTS)
    blockers: list[BlockerOut]
    matched_words: dict[str, Any] = Field(examples=_WORDS)
    explanation: str | None


class ModelOut(Output):
    """Weights and parameters of the score."""

    id: ModelId
    name: str
    version: str
    active: bool
    weights: dict[str, str]
    parameters: dict[str, Any]
    evaluation: dict[str, Any] | None
    created_at: datetime
