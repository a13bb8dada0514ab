"""Demand guarantees of banks, and what was amended of them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table, state
from api.rules.guarantees import (
    AmendmentKind,
    AmendmentStatus,
    ApplicableRules,
    Channel,
    GuaranteeKind,
    GuaranteeStatus,
)
from api.rules.tenders import Value

_TEXT = 5000
ACTOR_LENGTH = 80


class Guarantee(Table, table=True):
    """A bank's promise to pay the beneficiary on demand. It does not name the bid or contract that
    it secures: its `security` does, which before an opening is the applicant's alone.

    `amount` and `valid_until` have the amendments in force in them. `claim_days` follow the
    validity, for demands alone. `notice_days`: so many days before its end it was last told of it.
    The document is one that the applicant has uploaded.
    """

    __tablename__ = "guarantee"
    __table_args__ = (
        Index(
            "uq_guarantee_number",
            "issuer_bic",
            "number",
            unique=True,
            postgresql_where=text("status NOT IN ('refused', 'released')"),
        ),
        CheckConstraint("amount > 0 AND amount <= original_amount", name="amount_positive"),
        CheckConstraint("claim_days BETWEEN 0 AND 400", name="claim_days_in_bounds"),
        CheckConstraint("valid_until >= issued_date", name="validity_forward"),
        CheckConstraint("applicant_id <> beneficiary_id", name="two_parties"),
        CheckConstraint(
            "status NOT IN ('accepted', 'extended', 'reduced', 'called', 'paid')"
            " OR (verified_by IS NOT NULL AND verified_at IS NOT NULL"
            " AND channel IS NOT NULL AND authentication IS NOT NULL)",
            name="verified_by_somebody",
        ),
        CheckConstraint("verified_by <> submitted_by", name="verified_by_another"),
        CheckConstraint("status <> 'refused' OR refusal IS NOT NULL", name="refusal_has_reason"),
        CheckConstraint(
            "status NOT IN ('called', 'paid') OR (called_at IS NOT NULL AND demand IS NOT NULL"
            " AND demand_sha256 IS NOT NULL)",
            name="demand_has_document",
        ),
        CheckConstraint(
            "(status = 'paid') = (paid_at IS NOT NULL AND paid_amount IS NOT NULL)",
            name="paid_has_amount",
        ),
        CheckConstraint("paid_amount > 0 AND paid_amount <= amount", name="paid_within_amount"),
    )

    kind: GuaranteeKind = Field(sa_type=state(GuaranteeKind))
    status: GuaranteeStatus = Field(
        default=GuaranteeStatus.SUBMITTED, sa_type=state(GuaranteeStatus)
    )
    applicant_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    beneficiary_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    number: str = Field(max_length=100)
    issuer_name: str = Field(max_length=500)
    issuer_bic: str = Field(max_length=11)
    issuer_country: str = Field(max_length=2)
    rules: ApplicableRules = Field(sa_type=state(ApplicableRules))
    original_amount: Decimal = Field(sa_type=MONEY)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    issued_date: date
    valid_until: date
    claim_days: int = 0
    notice_days: int | None = None
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    document_sha256: str = Field(max_length=64)
    submitted_by: str = Field(max_length=ACTOR_LENGTH)
    submitted_at: datetime = Field(sa_type=TIMESTAMP)
    verified_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    verified_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    channel: Channel | None = Field(default=None, sa_type=state(Channel))
    authentication: str | None = Field(default=None, max_length=200)
    refusal: str | None = Field(default=None, max_length=_TEXT)
    called_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    demand: str | None = Field(default=None, max_length=_TEXT)
    demand_sha256: str | None = Field(default=None, max_length=64)
    rejection: str | None = Field(default=None, max_length=_TEXT)
    paid_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    paid_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    version: int = 1

    @property
    def value(self) -> Value:
        return Value(self.amount, self.currency)


class GuaranteeAmendment(Table, table=True):
    """An extension or a reduction (SWIFT MT767); in force once the beneficiary's side accepts it."""

    __tablename__ = "guarantee_amendment"
    __table_args__ = (
        UniqueConstraint("guarantee_id", "number"),
        Index(
            "uq_guarantee_amendment_open",
            "guarantee_id",
            unique=True,
            postgresql_where=text("status = 'submitted'"),
        ),
        CheckConstraint(
            "CASE kind WHEN 'extend' THEN valid_until IS NOT NULL AND amount IS NULL"
            " ELSE amount IS NOT NULL AND valid_until IS NULL END",
            name="changes_one_thing",
        ),
        CheckConstraint(
            "(status = 'submitted') = (decided_by IS NULL)"
            " AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint("status <> 'refused' OR reason IS NOT NULL", name="refusal_has_reason"),
    )

    guarantee_id: UUID = Field(foreign_key="guarantee.id", ondelete="RESTRICT")
    number: int
    kind: AmendmentKind = Field(sa_type=state(AmendmentKind))
    status: AmendmentStatus = Field(
        default=AmendmentStatus.SUBMITTED, sa_type=state(AmendmentStatus)
    )
    valid_until: date | None = None
    amount: Decimal | None = Field(default=None, sa_type=MONEY)
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    document_sha256: str = Field(max_length=64)
    submitted_at: datetime = Field(sa_type=TIMESTAMP)
    decided_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    reason: str | None = Field(default=None, max_length=_TEXT)
