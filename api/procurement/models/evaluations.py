"""By what the lots of a tender are evaluated, and the evaluations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.procurement.models.commissions import ACTOR_LENGTH
from api.rules.commissions import EvaluationStatus
from api.rules.evaluation.terms import VatMode


class AwardTerms(Table, table=True):
    """The currency and the VAT mode in which all bids of a tender are compared, and how each lot
    is ranked: [{lot_id, award_criteria, criteria, life_cycle, tie_breaks}].

    A lot that is not named is ranked by the lowest price. After publication an amendment changes it.
    """

    __tablename__ = "award_terms"

    tender_id: UUID = Field(foreign_key="tender.id", unique=True, ondelete="CASCADE")
    currency: str = Field(max_length=3)
    vat_mode: VatMode = Field(sa_type=state(VatMode))
    lots: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    version: int = 1


class Evaluation(Table, table=True):
    """The evaluation of a lot: `file` is the text that anybody can recompute, `sha256` its hash.

    Who completed it is not who proposed it.
    """

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("lot_id", "number"),
        Index(
            "uq_evaluation_draft", "lot_id", unique=True, postgresql_where=text("status = 'draft'")
        ),
        Index(
            "uq_evaluation_completed",
            "lot_id",
            unique=True,
            postgresql_where=text("status = 'completed'"),
        ),
        CheckConstraint(
            "(completed_at IS NULL) = (completed_by IS NULL)"
            " AND (status = 'superseded' OR (status = 'completed') = (completed_at IS NOT NULL))",
            name="completed_has_actor",
        ),
        CheckConstraint("completed_by <> proposed_by", name="four_eyes"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    number: int
    status: EvaluationStatus = Field(
        default=EvaluationStatus.DRAFT, sa_type=state(EvaluationStatus)
    )
    proposed_by: str = Field(max_length=ACTOR_LENGTH)
    completed_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    completed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    file: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(max_length=64)
    version: int = 1
