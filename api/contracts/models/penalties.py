"""What a contract says of delay, what excuses it, what was late, and what is claimed for it."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from api.core.tables import MONEY, QUANTITY, TIMESTAMP, Table, state
from api.rules.claims import AlertKind, ClaimStatus, ExcuseStatus
from api.rules.penalties import ExcuseEvidence, ExcuseKind
from api.rules.periods import DayUnit
from api.rules.policy import PenaltyBasis

_TEXT = 5000
ACTOR_LENGTH = 80


class ContractPenalty(Table, table=True):
    """Liquidated damages as the tender's policy says them, frozen when the contract was signed.

    A contract without such a row has agreed on none. Never altered.
    """

    __tablename__ = "contract_penalty"
    __table_args__ = (
        CheckConstraint(
            "rate_bp_per_day > 0 AND cap_bp BETWEEN 0 AND 10000 AND grace_days >= 0",
            name="in_bounds",
        ),
    )

    contract_id: UUID = Field(unique=True, foreign_key="contract.id", ondelete="RESTRICT")
    rate_bp_per_day: int
    cap_bp: int
    grace_days: int
    unit: DayUnit = Field(sa_type=state(DayUnit))
    basis: PenaltyBasis = Field(sa_type=state(PenaltyBasis))
    calendar: str = Field(max_length=3)
    reviewed: bool
    source: str = Field(max_length=_TEXT)


class DeliveryExcuse(Table, table=True):
    """Days that a supplier says are not its own, and the paper that proves it.

    `document_id` names the paper among the documents of the contract. It counts once accepted.
    """

    __tablename__ = "delivery_excuse"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("last_date >= first_date", name="days_forward"),
        CheckConstraint(
            "(kind = 'border_closure' AND evidence = 'official_notice')"
            " OR (kind = 'force_majeure' AND evidence = 'force_majeure_certificate')",
            name="evidence_proves_it",
        ),
        CheckConstraint(
            "(status = 'submitted') = (decided_at IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint("status <> 'refused' OR reason IS NOT NULL", name="refusal_has_reason"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    status: ExcuseStatus = Field(default=ExcuseStatus.SUBMITTED, sa_type=state(ExcuseStatus))
    kind: ExcuseKind = Field(sa_type=state(ExcuseKind))
    first_date: date
    last_date: date
    schedule_row_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    evidence: ExcuseEvidence = Field(sa_type=state(ExcuseEvidence))
    issuer: str = Field(max_length=500)
    reference: str = Field(max_length=100)
    document_id: UUID = Field(foreign_key="document.id", ondelete="RESTRICT")
    document_sha256: str = Field(max_length=64)
    submitted_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    submitted_at: datetime = Field(sa_type=TIMESTAMP)
    decided_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    reason: str | None = Field(default=None, max_length=_TEXT)
    version: int = 1


class DeliveryAlert(Table, table=True):
    """A row of the schedule was at risk, or late, for its due day: told once for each day. Never
    altered. `missing_quantity` is what was not there when it was told."""

    __tablename__ = "delivery_alert"
    __table_args__ = (
        UniqueConstraint("schedule_row_id", "kind", "due_date"),
        CheckConstraint("missing_quantity > 0", name="something_missing"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", index=True, ondelete="RESTRICT")
    schedule_row_id: UUID = Field(foreign_key="delivery_schedule_row.id", ondelete="RESTRICT")
    kind: AlertKind = Field(sa_type=state(AlertKind))
    due_date: date
    missing_quantity: Decimal = Field(sa_type=QUANTITY)
    raised_at: datetime = Field(sa_type=TIMESTAMP)


class LdClaim(Table, table=True):
    """A claim for liquidated damages. `file` is its arithmetic (api/contracts/penalty/files.py),
    frozen when the claim is drafted; `sha256` names it.

    `computed_amount` is the damages of all rows up to `as_of`; earlier claims that were agreed
    (`agreed_before`) are taken off, and `amount` is what is claimed.
    """

    __tablename__ = "ld_claim"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        Index(
            "uq_ld_claim_open",
            "contract_id",
            unique=True,
            postgresql_where=text("status IN ('draft', 'raised', 'contested')"),
        ),
        CheckConstraint("amount > 0 AND agreed_before >= 0", name="amount_positive"),
        CheckConstraint("amount = computed_amount - agreed_before", name="amount_adds_up"),
        CheckConstraint("raised_by <> drafted_by", name="four_eyes"),
        CheckConstraint("waived_by <> drafted_by", name="waived_by_another"),
        CheckConstraint(
            "status NOT IN ('raised', 'contested', 'agreed')"
            " OR (raised_by IS NOT NULL AND raised_at IS NOT NULL)",
            name="raised_by_somebody",
        ),
        CheckConstraint(
            "status <> 'contested' OR (contested_at IS NOT NULL AND contest_reason IS NOT NULL)",
            name="contested_has_reason",
        ),
        CheckConstraint(
            "(status = 'agreed') = (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name="agreed_by_somebody",
        ),
        CheckConstraint(
            "(status = 'waived') = (waived_by IS NOT NULL AND waived_at IS NOT NULL"
            " AND waiver_reason IS NOT NULL)",
            name="waived_has_reason",
        ),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    status: ClaimStatus = Field(default=ClaimStatus.DRAFT, sa_type=state(ClaimStatus))
    as_of: datetime = Field(sa_type=TIMESTAMP)
    computed_amount: Decimal = Field(sa_type=MONEY)
    agreed_before: Decimal = Field(sa_type=MONEY)
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    file: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(max_length=64)
    drafted_by: str = Field(max_length=ACTOR_LENGTH)
    drafted_at: datetime = Field(sa_type=TIMESTAMP)
    raised_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    raised_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    contested_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    contest_reason: str | None = Field(default=None, max_length=_TEXT)
    agreed_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    agreed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    waived_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    waived_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    waiver_reason: str | None = Field(default=None, max_length=_TEXT)
    version: int = 1
