"""Books are corrected by two people, closed by night, and what is open for too long is counted.

Revision ID: 0075
Revises: 0074
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0075"
down_revision: str | Sequence[str] | None = "0074"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
REVOKE DELETE, TRUNCATE ON ledger_correction FROM kerben_app, kerben_worker;
ALTER TABLE ledger_correction ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_correction FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON ledger_correction TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator ON ledger_correction TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
"""
WAKE = """
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, due_at)
  SELECT gen_random_uuid(), now(), now(), 'ledger.night_due',
    '00000000-0000-0000-0000-000000000001',
    (date_trunc('day', now() AT TIME ZONE 'Asia/Bishkek') + interval '1 day 30 minutes')
      AT TIME ZONE 'Asia/Bishkek';
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
"""
SLEEP = """
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
DELETE FROM deadline WHERE kind = 'ledger.night_due';
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
"""
NAMING_KINDS = {
    "ledger_account": "kind",
    "collection": "credit_kind",
    "payment_order": "debit_kind",
    "suspense_item": "clearing_kind",
    "provider_line": "clearing",
    "provider_balance": "clearing",
    "reconciliation": "clearing",
}
KINDS = (
    "buyer_receivable",
    "supplier_receivable",
    "stripe_clearing",
    "bank_clearing",
    "dispute_reserve",
    "provider_fees",
    "write_offs",
    "escrow_liability",
    "bid_security_liability",
    "performance_security_liability",
    "supplier_payable",
    "buyer_payable",
    "suspense",
    "platform_fee_revenue",
    "tax_payable",
    "fx",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "ledger_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reversal",
                "match",
                "write_off",
                name="correctionkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("line_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("entry_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "carried_out",
                "refused",
                name="correctionstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("outcome_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "decided_by <> proposed_by", name=op.f("ck_ledger_correction_four_eyes")
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (transaction_id IS NOT NULL)",
            name=op.f("ck_ledger_correction_reversal_of_transaction"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_ledger_correction_transaction_id_ledger_transaction"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["outcome_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_ledger_correction_outcome_id_ledger_transaction"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_correction")),
    )
    op.add_column("ledger_day", sa.Column("reason", sa.String(length=1000), nullable=True))
    op.add_column(
        "reconciliation",
        sa.Column("overdue", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("reconciliation", sa.Column("oldest_on", sa.Date(), nullable=True))
    op.execute(PROTECT)
    op.execute(WAKE)
    _take_kinds(KINDS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(SLEEP)
    op.drop_column("reconciliation", "oldest_on")
    op.drop_column("reconciliation", "overdue")
    op.drop_column("ledger_day", "reason")
    op.drop_table("ledger_correction")
    _take_kinds([kind for kind in KINDS if kind != "write_offs"])


def _take_kinds(kinds: Sequence[str]) -> None:
    """Which kinds of accounts there may be, wherever one is named."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    for table, column in NAMING_KINDS.items():
        constraint = f"ck_{table}_accountkind_valid"
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {constraint},"
            f" ADD CONSTRAINT {constraint} CHECK ({column} IN ({named}))"
        )
