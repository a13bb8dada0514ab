"""The ledger: accounts, transactions, entries, holds. Only PostgreSQL's triggers move a balance."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.ledger import AccountKind, Side

_PARTIES: Any = ARRAY(PgUuid(as_uuid=True))
_RATE: Any = Numeric(20, 10)


class LedgerAccount(Table, table=True):
    """Sums of an account's entries, `held` of which is promised to holds.

    `parties` are the organisations that may read it; the platform's own accounts have none.
    """

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("kind", "currency", "reference", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "currency"),
        CheckConstraint("debits >= 0 AND credits >= 0 AND held >= 0", name="sums_positive"),
        CheckConstraint(
            "NOT no_overdraft OR held <= CASE normal_side WHEN 'debit' THEN debits - credits"
            " ELSE credits - debits END",
            name="not_overdrawn",
        ),
        Index("ix_ledger_account_parties", "parties", postgresql_using="gin"),
    )

    kind: AccountKind = Field(sa_type=state(AccountKind))
    currency: str = Field(max_length=3)
    reference: UUID | None = None
    parties: list[UUID] = Field(sa_column=Column(_PARTIES, nullable=False))
    normal_side: Side = Field(sa_type=state(Side))
    no_overdraft: bool
    debits: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    credits: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    held: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    entries: int = 0


class LedgerTransaction(Table, table=True):
    """A business event in money. `entry_count` closes it: all positions of its entries are taken."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        UniqueConstraint("id", "entry_count", "booking_date"),
        CheckConstraint("entry_count >= 2", name="entries_at_least_two"),
        CheckConstraint("fx_rate > 0", name="rate_positive"),
        CheckConstraint("(fx_rate IS NULL) = (fx_source IS NULL)", name="rate_has_source"),
    )

    idempotency_key: str = Field(max_length=200, unique=True)
    kind: str = Field(max_length=100)
    booking_date: date
    resource_id: UUID | None = Field(default=None, index=True)
    entry_count: int
    content_sha256: str = Field(max_length=64)
    reverses_id: UUID | None = Field(
        default=None, foreign_key="ledger_transaction.id", ondelete="RESTRICT", unique=True
    )
    fx_rate: Decimal | None = Field(default=None, sa_type=_RATE)
    fx_source: str | None = Field(default=None, max_length=200)
    actor: str = Field(max_length=80)
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class LedgerEntry(Table, table=True):
    """An amount on an account: positive is a debit. The trigger writes the two last columns."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        ForeignKeyConstraint(
            ["transaction_id", "entry_count", "booking_date"],
            [
                "ledger_transaction.id",
                "ledger_transaction.entry_count",
                "ledger_transaction.booking_date",
            ],
            name="fk_ledger_entry_transaction_id_ledger_transaction",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_entry_account_id_ledger_account",
            ondelete="RESTRICT",
        ),
        UniqueConstraint("transaction_id", "position"),
        UniqueConstraint("account_id", "account_sequence"),
        CheckConstraint("position BETWEEN 1 AND entry_count", name="position_counted"),
        CheckConstraint("amount <> 0", name="amount_given"),
    )

    transaction_id: UUID
    entry_count: int
    booking_date: date
    position: int
    account_id: UUID
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    account_sequence: int = Field(sa_column_kwargs={"server_default": text("0")})
    balance_after: Decimal = Field(sa_type=MONEY, sa_column_kwargs={"server_default": text("0")})


class HoldOutcome(StrEnum):
    """What became of a hold."""

    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class LedgerHold(Table, table=True):
    """An amount of the debited account that is promised and cannot be used otherwise."""

    __tablename__ = "ledger_hold"
    __table_args__ = (
        UniqueConstraint("id", "amount"),
        CheckConstraint("amount > 0", name="amount_positive"),
        ForeignKeyConstraint(
            ["debit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_hold_debit_account_id_ledger_account",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["credit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_hold_credit_account_id_ledger_account",
            ondelete="RESTRICT",
        ),
    )

    idempotency_key: str = Field(max_length=200, unique=True)
    kind: str = Field(max_length=100)
    resource_id: UUID | None = Field(default=None, index=True)
    debit_account_id: UUID = Field(index=True)
    credit_account_id: UUID
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    actor: str = Field(max_length=80)


class LedgerHoldResolution(Table, table=True):
    """The one end of a hold: its hold's id is unique."""

    __tablename__ = "ledger_hold_resolution"
    __table_args__ = (
        ForeignKeyConstraint(
            ["hold_id", "hold_amount"],
            ["ledger_hold.id", "ledger_hold.amount"],
            name="fk_ledger_hold_resolution_hold_id_ledger_hold",
            ondelete="RESTRICT",
        ),
        UniqueConstraint("hold_id"),
        CheckConstraint("posted_amount BETWEEN 0 AND hold_amount", name="posted_within_hold"),
        CheckConstraint(
            "(outcome = 'posted') = (posted_amount > 0)"
            " AND (outcome = 'posted') = (transaction_id IS NOT NULL)",
            name="posted_has_transaction",
        ),
    )

    hold_id: UUID
    hold_amount: Decimal = Field(sa_type=MONEY)
    outcome: HoldOutcome = Field(sa_type=state(HoldOutcome))
    posted_amount: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    transaction_id: UUID | None = Field(
        default=None, foreign_key="ledger_transaction.id", ondelete="RESTRICT"
    )
    actor: str = Field(max_length=80)


class LedgerDay(Table, table=True):
    """A closed day: nothing is booked on it or before it any more; and its trial balance."""

    __tablename__ = "ledger_day"

    day: date = Field(unique=True)
    closed_by: str = Field(max_length=80)
    reason: str | None = Field(default=None, max_length=1000)
    totals: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
