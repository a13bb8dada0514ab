"""Prequalification: what candidates hand in, and what is decided about each."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, UniqueConstraint, Uuid, text
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.bids import TendererRole
from api.rules.prequalification import QualificationCause, QualificationStatus, SubmissionStatus

ACTOR_LENGTH = 80


def _lots() -> Column[Any]:
    return Column(ARRAY(Uuid), nullable=True)


class Submission(Table, table=True):
    """A candidate's application. Until `opened_at`, nobody but its supplier sees the row.

    `requirement_responses` are [{requirement_id, value, documents}], `documents` name files by
    their SHA-256. `amendment` is the number of the last change of the criteria that it answers.
    """

    __tablename__ = "submission"
    __table_args__ = (
        Index(
            "uq_submission_live",
            "tender_id",
            "supplier_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_has_time"
        ),
        CheckConstraint("opened_at IS NULL OR status = 'pending'", name="opened_is_live"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: SubmissionStatus = Field(
        default=SubmissionStatus.PENDING, sa_type=state(SubmissionStatus)
    )
    received_at: datetime = Field(sa_type=TIMESTAMP)
    amendment: int = 0
    requirement_responses: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    documents: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    withdrawn_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    opened_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class SubmissionTenderer(Table, table=True):
    """An organisation in an application. One that has accepted is in no other of the tender."""

    __tablename__ = "submission_tenderer"
    __table_args__ = (
        UniqueConstraint("submission_id", "organisation_id"),
        Index(
            "uq_submission_tenderer_once",
            "tender_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("accepted_at IS NOT NULL AND released_at IS NULL"),
        ),
    )

    submission_id: UUID = Field(foreign_key="submission.id", ondelete="CASCADE")
    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    lead_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    role: TendererRole = Field(sa_type=state(TendererRole))
    accepted_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    released_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class Qualification(Table, table=True):
    """What is found and decided about an application; its candidate reads it once `announced_at`.

    `findings` are [{requirement_id, met, reason}]. It can be complained about in the standstill,
    whose instants are computed once. `invited_at`: the candidate may bid.

    `lots` are those that it qualified for, `shortlisted` those for which it was among the first when
    the results were announced, `invited_lots` those that it may bid for; None: no lot is told from
    another.
    """

    __tablename__ = "qualification"
    __table_args__ = (
        Index(
            "uq_qualification_live",
            "submission_id",
            unique=True,
            postgresql_where=text("status <> 'cancelled'"),
        ),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL) AND (status = 'pending'"
            " OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL))",
            name="decided_by_two",
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_cause IS NOT NULL)",
            name="cancelled_has_cause",
        ),
        CheckConstraint(
            "(announced_at IS NULL) = (standstill_end IS NULL)"
            " AND standstill_end >= announced_at AND (announced_at IS NULL OR status <> 'pending')",
            name="announced_is_decided",
        ),
        CheckConstraint(
            "invited_at IS NULL OR (status = 'active' AND announced_at IS NOT NULL)",
            name="invited_is_qualified",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    submission_id: UUID = Field(foreign_key="submission.id", ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: QualificationStatus = Field(
        default=QualificationStatus.PENDING, sa_type=state(QualificationStatus)
    )
    findings: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    lots: list[UUID] | None = Field(default=None, sa_column=_lots())
    shortlisted: list[UUID] | None = Field(default=None, sa_column=_lots())
    invited_lots: list[UUID] | None = Field(default=None, sa_column=_lots())
    proposed_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    proposal: str | None = Field(default=None, max_length=5000)
    decided_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    decision: str | None = Field(default=None, max_length=5000)
    announced_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    standstill_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    invited_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancelled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancellation_cause: QualificationCause | None = Field(
        default=None, sa_type=state(QualificationCause)
    )
    cancellation_reason: str | None = Field(default=None, max_length=5000)
    version: int = 1
