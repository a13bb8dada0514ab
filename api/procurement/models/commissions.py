"""Who evaluates a tender, what they decided about single bids, and the minutes."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.commissions import CommissionMemberStatus, CommissionRole, JustificationStatus

POINTS: Any = Numeric(9, 6)
ACTOR_LENGTH = 80


class CommissionMember(Table, table=True):
    """A person of the buyer, as a member or by the credentials with which it acts, in the
    commission of a tender."""

    __tablename__ = "commission_member"
    __table_args__ = (
        UniqueConstraint("tender_id", "client_id"),
        UniqueConstraint("tender_id", "member_id"),
        CheckConstraint("num_nonnulls(client_id, member_id) = 1", name="is_one"),
        CheckConstraint("(status = 'appointed') = (declared_at IS NULL)", name="declared_has_time"),
        CheckConstraint(
            "status <> 'excluded' OR conflict IS NOT NULL", name="excluded_has_conflict"
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    client_id: UUID | None = Field(default=None, foreign_key="api_client.id", ondelete="RESTRICT")
    member_id: UUID | None = Field(default=None, foreign_key="member.id", ondelete="RESTRICT")
    name: str = Field(max_length=200)
    role: CommissionRole = Field(sa_type=state(CommissionRole))
    status: CommissionMemberStatus = Field(
        default=CommissionMemberStatus.APPOINTED, sa_type=state(CommissionMemberStatus)
    )
    declared_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    conflict: str | None = Field(default=None, max_length=5000)
    version: int = 1


class ScoreSheet(Table, table=True):
    """The points of one member for one lot; once submitted, neither it nor they change."""

    __tablename__ = "score_sheet"
    __table_args__ = (UniqueConstraint("member_id", "lot_id"),)

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    member_id: UUID = Field(foreign_key="commission_member.id", ondelete="RESTRICT")
    submitted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class EvaluationScore(Table, table=True):
    """Points, from 0 to 100, of a member for a bid by one award criterion, and why."""

    __tablename__ = "evaluation_score"
    __table_args__ = (
        UniqueConstraint("sheet_id", "bid_id", "criterion_id"),
        CheckConstraint("points BETWEEN 0 AND 100", name="points_in_bounds"),
    )

    sheet_id: UUID = Field(foreign_key="score_sheet.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    bid_id: UUID = Field(foreign_key="bid.id", ondelete="RESTRICT")
    criterion_id: str = Field(max_length=60)
    points: Decimal = Field(sa_type=POINTS)
    rationale: str | None = Field(default=None, max_length=5000)


class Disqualification(Table, table=True):
    """Why a bid is not ranked in a lot: [{code, detail}]. A mistaken one is revoked, not removed."""

    __tablename__ = "disqualification"
    __table_args__ = (
        Index(
            "uq_disqualification_live",
            "lot_id",
            "bid_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_names_actor"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    bid_id: UUID = Field(foreign_key="bid.id", ondelete="RESTRICT")
    reasons: list[dict[str, str]] = Field(sa_column=Column(JSON, nullable=False))
    decided_by: str = Field(max_length=ACTOR_LENGTH)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    revoked_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)


class PreferenceDecision(Table, table=True):
    """Whether the claim of domestic manufacture of a bid is accepted for a lot, and why."""

    __tablename__ = "preference_decision"
    __table_args__ = (UniqueConstraint("lot_id", "bid_id"),)

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    bid_id: UUID = Field(foreign_key="bid.id", ondelete="RESTRICT")
    accepted: bool
    reason: str = Field(max_length=5000)
    decided_by: str = Field(max_length=ACTOR_LENGTH)


class PriceJustification(Table, table=True):
    """What a supplier was asked about its abnormally low price, answered, and what was decided.

    An answer that comes at `answer_until` is late.
    """

    __tablename__ = "price_justification"
    __table_args__ = (
        UniqueConstraint("lot_id", "bid_id"),
        CheckConstraint(
            "(status IN ('accepted', 'rejected'))"
            " = (decided_at IS NOT NULL AND decided_by IS NOT NULL AND decision IS NOT NULL)",
            name="decided_has_reason",
        ),
        CheckConstraint(
            "status <> 'answered' OR (answer IS NOT NULL AND answered_at IS NOT NULL)",
            name="answered_has_answer",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="RESTRICT")
    bid_id: UUID = Field(foreign_key="bid.id", ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: JustificationStatus = Field(
        default=JustificationStatus.REQUESTED, sa_type=state(JustificationStatus)
    )
    question: str = Field(max_length=5000)
    answer_until: datetime = Field(sa_type=TIMESTAMP)
    answer: str | None = Field(default=None, max_length=20_000)
    answered_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    decision: str | None = Field(default=None, max_length=5000)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    decided_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    version: int = 1


class EvaluationMinutes(Table, table=True):
    """Minutes of the commission, signed by the installation as they were recorded."""

    __tablename__ = "evaluation_minutes"
    __table_args__ = (UniqueConstraint("tender_id", "number"),)

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    number: int
    recorded_by: str = Field(max_length=ACTOR_LENGTH)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    key_id: str = Field(max_length=40)
    signature: str = Field(max_length=88)


class MinutesApproval(Table, table=True):
    """That a member stands by minutes, with the installation's signature over that statement."""

    __tablename__ = "minutes_approval"
    __table_args__ = (UniqueConstraint("minutes_id", "member_id"),)

    minutes_id: UUID = Field(foreign_key="evaluation_minutes.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    member_id: UUID = Field(foreign_key="commission_member.id", ondelete="RESTRICT")
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    key_id: str = Field(max_length=40)
    signature: str = Field(max_length=88)
