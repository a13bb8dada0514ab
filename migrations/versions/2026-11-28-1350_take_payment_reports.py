"""What banks say of files of payments; credits that they take back; who money in suspense came from.

Revision ID: 0097
Revises: 0095
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0097"
down_revision: str | Sequence[str] | None = "0095"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VERDICTS = ("accepted", "partly_accepted", "pending", "rejected")
OUTCOMES = (
    "received",
    "received_part",
    "received_too_much",
    "suspense",
    "settled",
    "returned",
    "charged",
    "reversed",
    "unmatched",
)
SUSPENSE = ("open", "proposed", "assigned", "returned", "reversed")
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
CREATE TRIGGER append_only BEFORE UPDATE ON collection_reversal
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- Of what a bank said nothing changes but what became of it, and that once.
CREATE FUNCTION kerben_keep_report_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE worked text[] := '{outcome,outcome_reason,updated_at}';
BEGIN
  IF OLD.outcome IS NOT NULL OR to_jsonb(NEW) - worked <> to_jsonb(OLD) - worked THEN
    RAISE EXCEPTION 'what a bank said is never altered'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_line BEFORE UPDATE ON payment_report_line
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_report_line();
"""
KEEP_BALANCE = """
-- A second statement of a day closes it otherwise: only what the day closes with is altered.
CREATE FUNCTION kerben_keep_provider_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE told text[] := '{amount,source,updated_at}';
BEGIN
  IF to_jsonb(NEW) - told <> to_jsonb(OLD) - told THEN
    RAISE EXCEPTION 'of the balance of a day only the amount is altered'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER append_only ON provider_balance;
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON provider_balance
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_balance BEFORE UPDATE ON provider_balance
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_provider_balance();
GRANT UPDATE (amount, source, updated_at) ON provider_balance TO kerben_worker;
"""
KEEP_ENTRY = """
CREATE OR REPLACE FUNCTION kerben_keep_bank_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  worked text[] := '{outcome,reason,collection_id,order_id,suspense_item_id,%supdated_at}';
BEGIN
  %s
  IF OLD.outcome IS NOT NULL OR to_jsonb(NEW) - worked <> to_jsonb(OLD) - worked THEN
    RAISE EXCEPTION 'an entry of a statement is never altered'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""
ENCRYPTED_ANEW = """
  -- The number is encrypted anew when the key is replaced.
  IF to_jsonb(NEW) - '{counterparty_number,updated_at}'::text[]
      = to_jsonb(OLD) - '{counterparty_number,updated_at}'::text[]
    AND (NEW.counterparty_number IS NULL) = (OLD.counterparty_number IS NULL) THEN
    RETURN NEW;
  END IF;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("payment_batch", sa.Column("bank_status", _state("reportverdict", VERDICTS)))
    op.create_check_constraint(
        op.f("ck_payment_batch_reportverdict_valid"),
        "payment_batch",
        _within("bank_status", VERDICTS),
    )
    op.create_table(
        "payment_report_line",
        *_row(),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.String(length=35), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=4), nullable=False),
        sa.Column("verdict", _state("reportverdict", VERDICTS, checked=True), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column(
            "outcome",
            _state("reportoutcome", ("noted", "failed", "unmatched"), checked=True),
            nullable=True,
        ),
        sa.Column("outcome_reason", sa.String(length=40), nullable=True),
        *(
            _references("payment_report_line", column, table)
            for column, table in (
                ("batch_id", "payment_batch"),
                ("message_id", "intake_message"),
                ("order_id", "payment_order"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_report_line")),
        sa.UniqueConstraint(
            "batch_id",
            "report_id",
            "end_to_end_id",
            name=op.f("uq_payment_report_line_batch_id_report_id_end_to_end_id"),
        ),
    )
    op.create_index(
        "ix_payment_report_line_open",
        "payment_report_line",
        ["message_id"],
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "collection_reversal",
        *_row(),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("taken_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("owed_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "taken_amount >= 0 AND owed_amount >= 0 AND taken_amount + owed_amount > 0",
            name=op.f("ck_collection_reversal_amount_positive"),
        ),
        sa.CheckConstraint(
            "(owed_amount > 0) = (asked_by_id IS NOT NULL)",
            name=op.f("ck_collection_reversal_owed_is_asked"),
        ),
        *(
            _references("collection_reversal", column, table)
            for column, table in (
                ("collection_id", "collection"),
                ("receipt_id", "collection_receipt"),
                ("transaction_id", "ledger_transaction"),
                ("asked_by_id", "collection"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_reversal")),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_collection_reversal_receipt_id")),
    )
    op.create_index(
        op.f("ix_collection_reversal_collection_id"), "collection_reversal", ["collection_id"]
    )
    for table in ("payment_report_line", "collection_reversal"):
        op.execute(PROTECT.format(table=table))
    op.execute(KEEP)
    op.execute(KEEP_BALANCE)
    op.add_column("bank_entry", sa.Column("reverses_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_bank_entry_reverses_id_bank_entry"),
        "bank_entry",
        "bank_entry",
        ["reverses_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_unique_constraint(op.f("uq_bank_entry_reverses_id"), "bank_entry", ["reverses_id"])
    for name, kind in SENDER:
        op.add_column("bank_entry", sa.Column(name, kind, nullable=True))
    op.execute(KEEP_ENTRY % ("reverses_id,", ENCRYPTED_ANEW))
    _widen("bank_entry", "outcome", "entryoutcome", OUTCOMES)
    _widen("suspense_item", "status", "suspensestatus", SUSPENSE)
    op.add_column(
        "payee_account",
        sa.Column("is_sender", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


SENDER = (
    ("counterparty_number", sa.LargeBinary()),
    ("counterparty_bic", sa.String(length=14)),
    ("counterparty_bank", sa.String(length=200)),
    ("counterparty_country", sa.String(length=2)),
)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "REVOKE UPDATE (amount, source, updated_at) ON provider_balance FROM kerben_worker;"
        " DROP TRIGGER keep_balance ON provider_balance;"
        " DROP TRIGGER never_deleted ON provider_balance;"
        " DROP FUNCTION kerben_keep_provider_balance;"
        " CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON provider_balance"
        " FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change()"
    )
    op.drop_column("payee_account", "is_sender")
    op.execute(KEEP_ENTRY % ("", ""))
    for name, _ in SENDER:
        op.drop_column("bank_entry", name)
    op.drop_column("bank_entry", "reverses_id")
    op.drop_table("collection_reversal")
    op.drop_table("payment_report_line")
    op.execute("DROP FUNCTION kerben_keep_report_line")
    op.drop_column("payment_batch", "bank_status")
    _widen("bank_entry", "outcome", "entryoutcome", [e for e in OUTCOMES if e != "reversed"])
    _widen("suspense_item", "status", "suspensestatus", SUSPENSE[:-1])


def _row() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _state(name: str, values: Sequence[str], *, checked: bool = False) -> sa.Enum:
    return sa.Enum(
        *values, name=f"{name}_valid", native_enum=False, create_constraint=checked, length=32
    )


def _references(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete="RESTRICT"
    )


def _within(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(repr(each) for each in values)})"


def _widen(table: str, column: str, name: str, values: Sequence[str]) -> None:
    constraint = f"ck_{table}_{name}_valid"
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint},"
        f" ADD CONSTRAINT {constraint} CHECK ({_within(column, values)})"
    )
