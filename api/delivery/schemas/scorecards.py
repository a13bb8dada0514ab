"""What the routes of scorecards take and give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import Line, Paragraph, PlainDecimal
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.rules.scorecards import SHARES, AnnotationKind, AnnotationStatus, Metric

AnnotationId = Annotated[UUID, PublicId("annotation")]
ScorecardPolicyId = Annotated[UUID, PublicId("scorecard_policy")]
_Prior = Annotated[PlainDecimal, Field(gt=0, le=100, max_digits=12, decimal_places=6)]
_FACT = "schedule_row_019abf2e8c1d7c3fa9b04b4c6f0d2e11"


class AnnotationIn(Input):
    """What you say of a fact of your scorecard. An appeal is decided by the commission."""

    metric: Metric = Field(examples=["on_time_delivery"])
    fact: str = Field(min_length=1, max_length=80, examples=[_FACT])
    kind: AnnotationKind = Field(examples=["appeal"])
    text: Paragraph = Field(examples=["The buyer asked us in writing to deliver a week later."])


class AppealDecisionIn(Input):
    """Why the appeal is upheld or refused; every reader sees it."""

    reason: Paragraph = Field(examples=["The letter of the buyer is in the file."])


class ScorecardPolicyIn(Input):
    """The numbers that scorecards are computed with, from a later day on."""

    valid_from: date = Field(examples=["2027-01-01"])
    min_count: int = Field(ge=1, le=100, examples=[5])
    prior_good: _Prior = Field(examples=["2"])
    prior_bad: _Prior = Field(examples=["2"])
    half_life_days: int = Field(ge=30, le=3650, examples=[180])
    window_days: int = Field(ge=90, le=3650, examples=[730])
    response_days: int = Field(ge=1, le=90, examples=[5])
    acknowledgement_days: int = Field(ge=1, le=90, examples=[5])
    weights: dict[Metric, Annotated[int, Field(ge=0, le=100)]] = Field(
        examples=[{"on_time_delivery": 60, "acceptance": 40}]
    )
    source: Line = Field(examples=["Order of the operator No 12 of 2026-11-20"])
    reviewed: bool = Field(examples=[True])

    @model_validator(mode="after")
    def _weighs_shares(self) -> Self:
        if not {*self.weights} <= SHARES:
            raise ValueError("only shares have weights: days_late has none")
        if not any(self.weights.values()):
            raise ValueError("some metric must have a weight")
        return self


class ScorecardPolicyOut(BaseModel):
    """A policy of scorecards."""

    model_config = ConfigDict(from_attributes=True)

    id: ScorecardPolicyId
    valid_from: date
    min_count: int = Field(description="Under so many facts a figure says nothing")
    prior_good: PlainDecimal = Field(description="a of (s + a) / (m + a + b)")
    prior_bad: PlainDecimal = Field(description="b of (s + a) / (m + a + b)")
    half_life_days: int
    window_days: int
    response_days: int
    acknowledgement_days: int
    weights: dict[str, int]
    source: str
    reviewed: bool


class AnnotationOut(BaseModel):
    """What the supplier said of a fact, and what was decided about it."""

    model_config = ConfigDict(from_attributes=True)

    id: AnnotationId
    metric: Metric
    fact: str
    kind: AnnotationKind
    status: AnnotationStatus
    text: str
    created_at: datetime
    decided_at: datetime | None
    reason: str | None
    version: int


class FigureOut(BaseModel):
    """A metric with everything that it was computed from."""

    model_config = ConfigDict(from_attributes=True)

    metric: Metric
    enough_data: bool = Field(description="False: not enough data, and `value` is null")
    value: PlainDecimal | None = Field(
        description="The share (for days_late the mean of days), decayed and drawn to the prior"
    )
    ci_low: PlainDecimal | None = Field(description="Lower bound of its 95 % interval")
    ci_high: PlainDecimal | None
    numerator: PlainDecimal = Field(description="What was good, neither decayed nor shrunk")
    denominator: PlainDecimal
    n: int = Field(description="How many facts were counted")
    window_from: date
    window_to: date
    facts: list[str] = Field(description="Ids of the facts that were counted")
    annotations: list[AnnotationOut] = Field(description="What the supplier says of them")


class ScorecardOut(BaseModel):
    """The scorecard of a supplier."""

    supplier_id: OrganisationId
    as_of: date
    computed_at: datetime
    overall: PlainDecimal | None = Field(
        description="Weighted mean of the shares with enough data; null: not enough data"
    )
    policy_id: ScorecardPolicyId
    algorithm_version: str
    figures: list[FigureOut]
    version: int


class ScorecardFactOut(BaseModel):
    """A fact: what was judged, how much of it was good, and the events that say so."""

    model_config = ConfigDict(from_attributes=True)

    metric: Metric
    fact: str = Field(examples=[_FACT])
    occurred_on: date
    good: Decimal = Field(description="Of `weight`; for days_late the days")
    weight: Decimal
    evidence: list[str]
    excluded: bool = Field(description="True: an appeal was upheld, and it does not count")
    annotations: list[AnnotationOut]
