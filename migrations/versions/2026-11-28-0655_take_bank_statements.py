"""Statements of banks, what became of their entries, and files of payments.

Revision ID: 0065
Revises: 0064
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0065"
down_revision: str | Sequence[str] | None = "0064"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("payment_batch", "bank_statement", "bank_entry")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator ON {table} TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
KEEP = """
CREATE TRIGGER append_only BEFORE UPDATE ON bank_statement
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- Of an entry nothing changes but what became of it, and that once.
CREATE FUNCTION kerben_keep_bank_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  worked text[] := '{outcome,reason,collection_id,order_id,suspense_item_id,updated_at}';
BEGIN
  IF OLD.outcome IS NOT NULL OR to_jsonb(NEW) - worked <> to_jsonb(OLD) - worked THEN
    RAISE EXCEPTION 'an entry of a statement is never altered'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_entry BEFORE UPDATE ON bank_entry
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_bank_entry();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "payment_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("platform_account_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("execution_on", sa.Date(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "created",
                "released",
                "cancelled",
                name="batchstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("released_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("released_by <> created_by", name=op.f("ck_payment_batch_four_eyes")),
        sa.ForeignKeyConstraint(
            ["platform_account_id"],
            ["platform_account.id"],
            name=op.f("fk_payment_batch_platform_account_id_platform_account"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_batch")),
        sa.UniqueConstraint("message_id", name=op.f("uq_payment_batch_message_id")),
    )
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("platform_account_id", sa.Uuid(), nullable=False),
        sa.Column("identity", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "camt053",
                "mt940",
                name="statementformat_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("closing_on", sa.Date(), nullable=False),
        sa.Column("opening", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("closing", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["intake_message.id"],
            name=op.f("fk_bank_statement_message_id_intake_message"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["platform_account_id"],
            ["platform_account.id"],
            name=op.f("fk_bank_statement_platform_account_id_platform_account"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint(
            "platform_account_id",
            "identity",
            name=op.f("uq_bank_statement_platform_account_id_identity"),
        ),
    )
    op.create_index(
        "ix_bank_statement_account",
        "bank_statement",
        ["platform_account_id", "closing_on"],
        unique=False,
    )
    op.create_table(
        "bank_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("platform_account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payment",
                "return",
                "reversal",
                "charge",
                name="bankentrykind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("end_to_end_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("texts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("counterparty", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("return_reason", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "received",
                "received_part",
                "received_too_much",
                "suspense",
                "settled",
                "returned",
                "charged",
                "unmatched",
                name="entryoutcome_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("collection_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("suspense_item_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_bank_entry_amount_given")),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_bank_entry_collection_id_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["payment_order.id"],
            name=op.f("fk_bank_entry_order_id_payment_order"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["platform_account_id"],
            ["platform_account.id"],
            name=op.f("fk_bank_entry_platform_account_id_platform_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["bank_statement.id"],
            name=op.f("fk_bank_entry_statement_id_bank_statement"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["suspense_item_id"],
            ["suspense_item.id"],
            name=op.f("fk_bank_entry_suspense_item_id_suspense_item"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_entry")),
        sa.UniqueConstraint(
            "platform_account_id",
            "external_id",
            name=op.f("uq_bank_entry_platform_account_id_external_id"),
        ),
        sa.UniqueConstraint(
            "statement_id", "position", name=op.f("uq_bank_entry_statement_id_position")
        ),
    )
    op.create_index(
        "ix_bank_entry_open",
        "bank_entry",
        ["statement_id"],
        unique=False,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_index("ix_bank_entry_order_id", "bank_entry", ["order_id"], unique=False)
    op.add_column("payment_order", sa.Column("batch_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_payment_order_batch_id"), "payment_order", ["batch_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_payment_order_batch_id_payment_batch"),
        "payment_order",
        "payment_batch",
        ["batch_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(KEEP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(
        op.f("fk_payment_order_batch_id_payment_batch"), "payment_order", type_="foreignkey"
    )
    op.drop_index(op.f("ix_payment_order_batch_id"), table_name="payment_order")
    op.drop_column("payment_order", "batch_id")
    op.drop_index("ix_bank_entry_order_id", table_name="bank_entry")
    op.drop_index(
        "ix_bank_entry_open", table_name="bank_entry", postgresql_where=sa.text("outcome IS NULL")
    )
    op.drop_table("bank_entry")
    op.execute("DROP FUNCTION kerben_keep_bank_entry")
    op.drop_index("ix_bank_statement_account", table_name="bank_statement")
    op.drop_table("bank_statement")
    op.drop_table("payment_batch")
