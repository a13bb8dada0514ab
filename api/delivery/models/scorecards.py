"""Scorecards of suppliers as they were last computed, their facts, and what suppliers say of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, QUANTITY, TEXTS, TIMESTAMP, Table, state
from api.rules.scorecards import AnnotationKind, AnnotationStatus, Metric

SHARE: Any = Numeric(12, 6)


class ScorecardPolicy(Table, table=True):
    """The numbers that scorecards are computed with, from a day on. Never altered.

    `weights` maps metrics to whole weights of the overall value.
    """

    __tablename__ = "scorecard_policy"
    __table_args__ = (
        CheckConstraint("min_count BETWEEN 1 AND 100", name="min_count_in_bounds"),
        CheckConstraint(
            "prior_good > 0 AND prior_good <= 100 AND prior_bad > 0 AND prior_bad <= 100",
            name="prior_in_bounds",
        ),
        CheckConstraint("half_life_days BETWEEN 30 AND 3650", name="half_life_in_bounds"),
        CheckConstraint("window_days BETWEEN 90 AND 3650", name="window_in_bounds"),
        CheckConstraint(
            "response_days BETWEEN 1 AND 90 AND acknowledgement_days BETWEEN 1 AND 90",
            name="answers_in_bounds",
        ),
    )

    valid_from: date = Field(unique=True)
    min_count: int
    prior_good: Decimal = Field(sa_type=SHARE)
    prior_bad: Decimal = Field(sa_type=SHARE)
    half_life_days: int
    window_days: int
    response_days: int
    acknowledgement_days: int
    weights: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    source: str = Field(max_length=500)
    reviewed: bool


class Scorecard(Table, table=True):
    """The scorecard of a supplier; `overall` is None while no metric has enough data."""

    __tablename__ = "scorecard"
    __table_args__ = (CheckConstraint("overall BETWEEN 0 AND 1", name="overall_is_share"),)

    supplier_id: UUID = Field(unique=True, foreign_key="organisation.id", ondelete="RESTRICT")
    policy_id: UUID = Field(foreign_key="scorecard_policy.id", ondelete="RESTRICT")
    as_of: date
    overall: Decimal | None = Field(default=None, sa_type=SHARE)
    algorithm_version: str = Field(max_length=40)
    computed_at: datetime = Field(sa_type=TIMESTAMP)
    version: int = 1


class ScorecardFigure(Table, table=True):
    """A metric of a scorecard; the value and its bounds are None without enough data."""

    __tablename__ = "scorecard_figure"
    __table_args__ = (
        UniqueConstraint("scorecard_id", "metric"),
        CheckConstraint("n >= 0 AND denominator >= 0", name="counts_not_negative"),
    )

    scorecard_id: UUID = Field(foreign_key="scorecard.id", ondelete="CASCADE")
    supplier_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    metric: Metric = Field(sa_type=state(Metric))
    numerator: Decimal = Field(sa_type=QUANTITY)
    denominator: Decimal = Field(sa_type=QUANTITY)
    n: int
    window_from: date
    window_to: date
    value: Decimal | None = Field(default=None, sa_type=SHARE)
    ci_low: Decimal | None = Field(default=None, sa_type=SHARE)
    ci_high: Decimal | None = Field(default=None, sa_type=SHARE)


class ScorecardFact(Table, table=True):
    """A fact that figures were computed from: what was judged (`fact`), and the ids of the events
    that say so. `excluded`: an appeal against it was upheld."""

    __tablename__ = "scorecard_fact"
    __table_args__ = (UniqueConstraint("scorecard_id", "metric", "fact"),)

    scorecard_id: UUID = Field(foreign_key="scorecard.id", ondelete="CASCADE")
    supplier_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    metric: Metric = Field(sa_type=state(Metric))
    fact: str = Field(max_length=80)
    occurred_on: date
    good: Decimal = Field(sa_type=QUANTITY)
    weight: Decimal = Field(sa_type=QUANTITY)
    evidence: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    excluded: bool


class ScorecardAnnotation(Table, table=True):
    """What a supplier says about a fact of its scorecard: a remark, or an appeal to be decided."""

    __tablename__ = "scorecard_annotation"
    __table_args__ = (
        CheckConstraint("(kind = 'remark') = (status = 'noted')", name="remarks_are_noted"),
        CheckConstraint(
            "(status IN ('upheld', 'refused')) ="
            " (decided_by IS NOT NULL AND decided_at IS NOT NULL AND reason IS NOT NULL)",
            name="decided_has_reason",
        ),
        Index(
            "uq_scorecard_annotation_appealed",
            "supplier_id",
            "metric",
            "fact",
            unique=True,
            postgresql_where=text("status IN ('appealed', 'upheld')"),
        ),
    )

    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    metric: Metric = Field(sa_type=state(Metric))
    fact: str = Field(max_length=80)
    kind: AnnotationKind = Field(sa_type=state(AnnotationKind))
    status: AnnotationStatus = Field(sa_type=state(AnnotationStatus))
    text: str = Field(max_length=5000)
    actor: str = Field(max_length=80)
    decided_by: str | None = Field(default=None, max_length=80)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    reason: str | None = Field(default=None, max_length=5000)
    version: int = 1
