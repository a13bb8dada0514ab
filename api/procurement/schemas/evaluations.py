"""What the routes of evaluations take and give. Words are those of OCDS."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import CurrencyCode, Line, PlainDecimal, Positive, UnitCode
from api.core.ids import PublicId
from api.identity.schemas import Input, Language
from api.procurement.schemas.commissions import CriterionId, PointsValue
from api.procurement.schemas.ids import LotId, TenderId
from api.rules.commissions import EvaluationStatus
from api.rules.evaluation.terms import (
    MAX_CRITERIA,
    MAX_YEARS,
    AwardCriteria,
    Better,
    CostKind,
    CriterionType,
    TieBreak,
    Timing,
    VatMode,
)

EvaluationId = Annotated[UUID, PublicId("evaluation")]
Title = Annotated[dict[Language, Line], Field(min_length=1)]
Bound = Annotated[PlainDecimal, Field(max_digits=20, decimal_places=6)]
_LOT = "lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_CRITERIA: list[Any] = [
    {"id": "price", "type": "price", "title": {"ru": "Цена"}, "weight_bp": 7000},
    {
        "id": "warranty",
        "type": "quality",
        "title": {"ru": "Гарантия, месяцев"},
        "weight_bp": 3000,
        "scoring": {"kind": "linear", "minimum": "12", "maximum": "36", "better": "higher"},
    },
]


class TableIn(Input):
    """Points by answer; another answer has none."""

    kind: Literal["table"]
    points: Annotated[
        dict[Annotated[str, Field(max_length=500)], PointsValue],
        Field(min_length=1, max_length=100),
    ]


class LinearIn(Input):
    """Points in proportion between two bounds."""

    kind: Literal["linear"]
    minimum: Bound
    maximum: Bound
    better: Better


class CommissionIn(Input):
    """The mean of the commission's points; below the threshold a bid is not ranked."""

    kind: Literal["commission"]
    threshold: PointsValue | None = None


class AwardCriterionIn(Input):
    """A criterion; of quality, its id is that of the requirement which bids answer."""

    id: CriterionId
    type: CriterionType
    title: Title
    weight_bp: int = Field(
        strict=True, ge=1, le=10_000, description="Share of the whole in basis points"
    )
    scoring: Annotated[TableIn | LinearIn | CommissionIn, Field(discriminator="kind")] | None = None


class CostElementIn(Input):
    """A cost; its id is that of the requirement in which bids state it, in money or in units."""

    id: CriterionId
    kind: CostKind
    title: Title
    timing: Timing
    unit_price: Positive | None = None
    unit_code: UnitCode | None = None


class LifeCycleIn(Input):
    """Costs over the life of what is bought."""

    years: int = Field(strict=True, ge=1, le=MAX_YEARS)
    discount_rate_bp: int = Field(
        strict=True, ge=0, le=10_000, description="Of a year, in basis points"
    )
    elements: Annotated[list[CostElementIn], Field(min_length=1, max_length=30)]


class LotTermsIn(Input):
    """How one lot is ranked."""

    lot_id: LotId
    award_criteria: AwardCriteria
    criteria: Annotated[
        list[AwardCriterionIn], Field(max_length=MAX_CRITERIA, default_factory=list)
    ]
    life_cycle: LifeCycleIn | None = None
    tie_breaks: list[TieBreak] = Field(
        default_factory=lambda: [TieBreak.DOMESTIC, TieBreak.EARLIER_RECEIPT], max_length=3
    )


class AwardTermsIn(Input):
    """How bids are compared. A lot that is not named is ranked by the lowest price."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "currency": "KGS",
                    "vat_mode": "net",
                    "lots": [
                        {
                            "lot_id": _LOT,
                            "award_criteria": "ratedCriteria",
                            "criteria": _CRITERIA,
                            "tie_breaks": ["domestic", "earlierReceipt"],
                        }
                    ],
                }
            ]
        },
    )

    currency: CurrencyCode
    vat_mode: VatMode
    lots: Annotated[list[LotTermsIn], Field(max_length=100, default_factory=list)]


class LotTermsOut(BaseModel):
    """How one lot is ranked."""

    lot_id: LotId
    award_criteria: AwardCriteria
    currency: str
    vat_mode: VatMode
    criteria: list[dict[str, Any]]
    life_cycle: dict[str, Any] | None
    tie_breaks: list[TieBreak]


class AwardTermsOut(BaseModel):
    """How the bids of a tender are compared, lot by lot."""

    tender_id: TenderId
    lots: list[LotTermsOut]


class EvaluationOut(BaseModel):
    """An evaluation of a lot. `result` is that of the file (docs/evaluation.md)."""

    id: EvaluationId
    tender_id: TenderId
    lot_id: LotId
    number: int
    status: EvaluationStatus
    proposed_by: str
    completed_by: str | None
    completed_at: datetime | None
    sha256: str
    result: dict[str, Any]
    version: int


class EvaluationSummary(BaseModel):
    """An evaluation in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: EvaluationId
    lot_id: LotId
    number: int
    status: EvaluationStatus
    proposed_by: str
    completed_by: str | None
    completed_at: datetime | None
    sha256: str
