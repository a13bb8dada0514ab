"""What providers say, and which entries it was found in.

Revision ID: 0056
Revises: 0055
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0056"
down_revision: str | Sequence[str] | None = "0055"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEPT = ("provider_line", "provider_balance", "reconciliation_match")
"""Tables whose rows never change."""
CHANGED = ("reconciliation",)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "provider_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "clearing",
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
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("fee", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.CheckConstraint(
            "clearing IN ('bank_clearing', 'stripe_clearing')",
            name=op.f("ck_provider_line_clearing_kind"),
        ),
        sa.CheckConstraint("amount <> 0 OR fee <> 0", name=op.f("ck_provider_line_amount_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_line")),
        sa.UniqueConstraint(
            "provider",
            "account",
            "external_id",
            name=op.f("uq_provider_line_provider_account_external_id"),
        ),
    )
    op.create_index(
        "ix_provider_line_clearing",
        "provider_line",
        ["clearing", "currency", "booked_on"],
        unique=False,
    )
    op.create_table(
        "provider_balance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "clearing",
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
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_balance")),
        sa.UniqueConstraint(
            "provider",
            "account",
            "currency",
            "day",
            name=op.f("uq_provider_balance_provider_account_currency_day"),
        ),
    )
    op.create_table(
        "reconciliation_match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column(
            "rule",
            sa.Enum(
                "external_id",
                "reference",
                "amount",
                "day_total",
                "fee",
                "manual",
                "write_off",
                name="matchrule_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.CheckConstraint(
            "line_id IS NOT NULL OR entry_id IS NOT NULL",
            name=op.f("ck_reconciliation_match_side_given"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entry.id"],
            name=op.f("fk_reconciliation_match_entry_id_ledger_entry"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["provider_line.id"],
            name=op.f("fk_reconciliation_match_line_id_provider_line"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_match")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_reconciliation_match_entry_id")),
        sa.UniqueConstraint("line_id", name=op.f("uq_reconciliation_match_line_id")),
    )
    op.create_index(
        op.f("ix_reconciliation_match_group_id"), "reconciliation_match", ["group_id"], unique=False
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "clearing",
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
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ledger_balance", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("lines_balance", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("stated_balance", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("unmatched_entries", sa.Integer(), nullable=False),
        sa.Column("unmatched_entries_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("unmatched_lines", sa.Integer(), nullable=False),
        sa.Column("unmatched_lines_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
        sa.UniqueConstraint(
            "clearing", "currency", "day", name=op.f("uq_reconciliation_clearing_currency_day")
        ),
    )

    for table in (*KEPT, *CHANGED):
        op.execute(f"REVOKE DELETE, TRUNCATE ON {table} FROM kerben_app, kerben_worker")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true)"
        )
        op.execute(
            f"CREATE POLICY app ON {table} TO kerben_app"
            " USING (kerben_operator()) WITH CHECK (kerben_operator())"
        )
    for table in KEPT:
        op.execute(f"REVOKE UPDATE ON {table} FROM kerben_app, kerben_worker")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed((*KEPT, *CHANGED)):
        op.drop_table(table)
