"""What is known of Stripe's objects, disputes of payers, and statements of providers.

A payer's bank may freeze payments as a dispute of the two sides does.

Revision ID: 0057
Revises: 0056
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0057"
down_revision: str | Sequence[str] | None = "0056"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("stripe_object", "stripe_return", "payment_dispute", "stripe_cursor")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator_read ON {table} FOR SELECT TO kerben_app USING (kerben_operator());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "stripe_cursor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_cursor")),
        sa.UniqueConstraint("name", name=op.f("uq_stripe_cursor_name")),
    )
    op.create_table(
        "stripe_object",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payment",
                "transfer",
                "payout",
                "outbound_payment",
                "account",
                "subscription",
                name="stripekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("collection_id", sa.Uuid(), nullable=True),
        sa.Column("payment_order_id", sa.Uuid(), nullable=True),
        sa.Column("payee_account_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_stripe_object_amount_not_negative")),
        sa.CheckConstraint(
            "num_nonnulls(collection_id, payment_order_id, payee_account_id) <= 1",
            name=op.f("ck_stripe_object_of_one_thing"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_stripe_object_collection_id_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payee_account_id"],
            ["payee_account.id"],
            name=op.f("fk_stripe_object_payee_account_id_payee_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payment_order_id"],
            ["payment_order.id"],
            name=op.f("fk_stripe_object_payment_order_id_payment_order"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_object")),
        sa.UniqueConstraint("external_id", name=op.f("uq_stripe_object_external_id")),
    )
    op.create_index(
        op.f("ix_stripe_object_collection_id"), "stripe_object", ["collection_id"], unique=False
    )
    op.create_index(
        op.f("ix_stripe_object_payee_account_id"),
        "stripe_object",
        ["payee_account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_stripe_object_payment_order_id"),
        "stripe_object",
        ["payment_order_id"],
        unique=False,
    )
    op.create_table(
        "payment_dispute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("withdrawn", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("lost", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("loss_bookings", sa.Integer(), nullable=False),
        sa.Column("evidence_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence_submitted", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "withdrawn >= 0 AND lost >= 0", name=op.f("ck_payment_dispute_amounts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_payment_dispute_collection_id_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_payment_dispute_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["object_id"],
            ["stripe_object.id"],
            name=op.f("fk_payment_dispute_object_id_stripe_object"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_dispute")),
        sa.UniqueConstraint("external_id", name=op.f("uq_payment_dispute_external_id")),
    )
    op.create_index(
        op.f("ix_payment_dispute_collection_id"), "payment_dispute", ["collection_id"], unique=False
    )
    op.create_index(
        op.f("ix_payment_dispute_contract_id"), "payment_dispute", ["contract_id"], unique=False
    )
    op.create_index(
        op.f("ix_payment_dispute_object_id"), "payment_dispute", ["object_id"], unique=False
    )
    op.create_index(
        "ix_payment_dispute_open",
        "payment_dispute",
        ["contract_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "stripe_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("payment_order_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "pending",
                "succeeded",
                "failed",
                "canceled",
                name="returnstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_stripe_return_amount_positive")),
        sa.ForeignKeyConstraint(
            ["object_id"],
            ["stripe_object.id"],
            name=op.f("fk_stripe_return_object_id_stripe_object"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_return")),
        sa.UniqueConstraint("external_id", name=op.f("uq_stripe_return_external_id")),
        sa.UniqueConstraint("key", name=op.f("uq_stripe_return_key")),
        sa.UniqueConstraint("payment_order_id", name=op.f("uq_stripe_return_payment_order_id")),
    )
    op.create_index(
        op.f("ix_stripe_return_object_id"), "stripe_return", ["object_id"], unique=False
    )
    op.add_column("payment_freeze", sa.Column("payment_dispute_id", sa.Uuid(), nullable=True))
    op.alter_column("payment_freeze", "dispute_id", existing_type=sa.UUID(), nullable=True)
    op.drop_constraint(
        op.f("uq_payment_freeze_dispute_id_milestone_schedule_row_id"),
        "payment_freeze",
        type_="unique",
    )
    op.create_index(
        op.f("ix_payment_freeze_payment_dispute_id"),
        "payment_freeze",
        ["payment_dispute_id"],
        unique=False,
    )
    op.create_unique_constraint(
        "uq_payment_freeze_cause_milestone_schedule_row_id",
        "payment_freeze",
        ["dispute_id", "payment_dispute_id", "milestone", "schedule_row_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_foreign_key(
        op.f("fk_payment_freeze_payment_dispute_id_payment_dispute"),
        "payment_freeze",
        "payment_dispute",
        ["payment_dispute_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_payment_freeze_one_cause"),
        "payment_freeze",
        "num_nonnulls(dispute_id, payment_dispute_id) = 1",
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE payment_freeze DROP CONSTRAINT ck_payment_freeze_one_cause")
    op.drop_constraint(
        op.f("fk_payment_freeze_payment_dispute_id_payment_dispute"),
        "payment_freeze",
        type_="foreignkey",
    )
    op.drop_constraint(
        "uq_payment_freeze_cause_milestone_schedule_row_id", "payment_freeze", type_="unique"
    )
    op.drop_index(op.f("ix_payment_freeze_payment_dispute_id"), table_name="payment_freeze")
    op.create_unique_constraint(
        op.f("uq_payment_freeze_dispute_id_milestone_schedule_row_id"),
        "payment_freeze",
        ["dispute_id", "milestone", "schedule_row_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.alter_column("payment_freeze", "dispute_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("payment_freeze", "payment_dispute_id")
    for table in (
        "stripe_return",
        "payment_dispute",
        "stripe_object",
        "stripe_cursor",
    ):
        op.drop_table(table)
