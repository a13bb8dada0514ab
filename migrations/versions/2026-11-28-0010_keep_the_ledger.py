"""The ledger: accounts, transactions, entries and holds that only grow.

Revision ID: 0052
Revises: 0051
"""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0052"
down_revision: str | Sequence[str] | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = Path(__file__).with_suffix(".sql")
FUNCTIONS = ("entry", "account", "transaction", "day", "balanced", "hold", "resolution")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "buyer_receivable",
                "supplier_receivable",
                "stripe_clearing",
                "bank_clearing",
                "dispute_reserve",
                "provider_fees",
                "escrow_liability",
                "bid_security_liability",
                "supplier_payable",
                "buyer_payable",
                "suspense",
                "platform_fee_revenue",
                "fx",
                name="accountkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=True),
        sa.Column("parties", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column(
            "normal_side",
            sa.Enum(
                "debit",
                "credit",
                name="side_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("no_overdraft", sa.Boolean(), nullable=False),
        sa.Column("debits", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("credits", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("held", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "NOT no_overdraft OR held <= CASE normal_side WHEN 'debit' THEN debits - credits ELSE credits - debits END",
            name=op.f("ck_ledger_account_not_overdrawn"),
        ),
        sa.CheckConstraint(
            "debits >= 0 AND credits >= 0 AND held >= 0",
            name=op.f("ck_ledger_account_sums_positive"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_ledger_account_id_currency")),
        sa.UniqueConstraint(
            "kind",
            "currency",
            "reference",
            name=op.f("uq_ledger_account_kind_currency_reference"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_ledger_account_parties",
        "ledger_account",
        ["parties"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "ledger_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "totals", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_day")),
        sa.UniqueConstraint("day", name=op.f("uq_ledger_day_day")),
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("booking_date", sa.Date(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("fx_rate", sa.Numeric(precision=20, scale=10), nullable=True),
        sa.Column("fx_source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "details", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.CheckConstraint(
            "(fx_rate IS NULL) = (fx_source IS NULL)",
            name=op.f("ck_ledger_transaction_rate_has_source"),
        ),
        sa.CheckConstraint(
            "entry_count >= 2", name=op.f("ck_ledger_transaction_entries_at_least_two")
        ),
        sa.CheckConstraint("fx_rate > 0", name=op.f("ck_ledger_transaction_rate_positive")),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_ledger_transaction_reverses_id_ledger_transaction"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint(
            "id",
            "entry_count",
            "booking_date",
            name=op.f("uq_ledger_transaction_id_entry_count_booking_date"),
        ),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_ledger_transaction_idempotency_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_transaction_reverses_id")),
    )
    op.create_index(
        "ix_ledger_transaction_booking_date", "ledger_transaction", ["booking_date"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_transaction_resource_id"),
        "ledger_transaction",
        ["resource_id"],
        unique=False,
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("booking_date", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("account_sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "balance_after",
            sa.Numeric(precision=20, scale=6),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entry_amount_given")),
        sa.CheckConstraint(
            "position BETWEEN 1 AND entry_count", name=op.f("ck_ledger_entry_position_counted")
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_entry_account_id_ledger_account",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id", "entry_count", "booking_date"],
            [
                "ledger_transaction.id",
                "ledger_transaction.entry_count",
                "ledger_transaction.booking_date",
            ],
            name="fk_ledger_entry_transaction_id_ledger_transaction",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "account_id",
            "account_sequence",
            name=op.f("uq_ledger_entry_account_id_account_sequence"),
        ),
        sa.UniqueConstraint(
            "transaction_id", "position", name=op.f("uq_ledger_entry_transaction_id_position")
        ),
    )
    op.create_table(
        "ledger_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("debit_account_id", sa.Uuid(), nullable=False),
        sa.Column("credit_account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_hold_amount_positive")),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_hold_credit_account_id_ledger_account",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_hold_debit_account_id_ledger_account",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_hold")),
        sa.UniqueConstraint("id", "amount", name=op.f("uq_ledger_hold_id_amount")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_ledger_hold_idempotency_key")),
    )
    op.create_index(
        op.f("ix_ledger_hold_debit_account_id"), "ledger_hold", ["debit_account_id"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_hold_resource_id"), "ledger_hold", ["resource_id"], unique=False
    )
    op.create_table(
        "ledger_hold_resolution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("hold_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "posted",
                "voided",
                "expired",
                name="holdoutcome_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("posted_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'posted') = (posted_amount > 0) AND (outcome = 'posted') = (transaction_id IS NOT NULL)",
            name=op.f("ck_ledger_hold_resolution_posted_has_transaction"),
        ),
        sa.CheckConstraint(
            "posted_amount BETWEEN 0 AND hold_amount",
            name=op.f("ck_ledger_hold_resolution_posted_within_hold"),
        ),
        sa.ForeignKeyConstraint(
            ["hold_id", "hold_amount"],
            ["ledger_hold.id", "ledger_hold.amount"],
            name="fk_ledger_hold_resolution_hold_id_ledger_hold",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_ledger_hold_resolution_transaction_id_ledger_transaction"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_hold_resolution")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_ledger_hold_resolution_hold_id")),
    )
    op.get_bind().connection.cursor().execute(PROTECT.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("ledger_transaction", "ledger_entry", "ledger_hold", "ledger_hold_resolution"):
        op.execute(f"DROP POLICY app_read ON {name}")
    op.drop_table("ledger_hold_resolution")
    op.drop_index(op.f("ix_ledger_hold_resource_id"), table_name="ledger_hold")
    op.drop_index(op.f("ix_ledger_hold_debit_account_id"), table_name="ledger_hold")
    op.drop_table("ledger_hold")
    op.drop_table("ledger_entry")
    op.drop_index(op.f("ix_ledger_transaction_resource_id"), table_name="ledger_transaction")
    op.drop_index("ix_ledger_transaction_booking_date", table_name="ledger_transaction")
    op.drop_table("ledger_transaction")
    op.drop_table("ledger_day")
    op.drop_index("ix_ledger_account_parties", table_name="ledger_account", postgresql_using="gin")
    op.drop_table("ledger_account")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION kerben_ledger_{name}()")
