"""Accounts of payees, money that is expected, money that goes out, money that fits nothing.

Revision ID: 0053
Revises: 0052
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0053"
down_revision: str | Sequence[str] | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "platform_account",
    "payee_account",
    "collection",
    "collection_receipt",
    "payment_order",
    "suspense_item",
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator ON {table} TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
POLICIES = """
CREATE POLICY read ON platform_account FOR SELECT TO kerben_app USING (true);
CREATE POLICY owner ON payee_account TO kerben_app
  USING (organisation_id = kerben_org()) WITH CHECK (organisation_id = kerben_org());
CREATE POLICY payer ON collection TO kerben_app
  USING (payer_id = kerben_org()) WITH CHECK (payer_id = kerben_org());
CREATE POLICY payer ON collection_receipt FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM collection c WHERE c.id = collection_id));
CREATE POLICY beneficiary ON payment_order FOR SELECT TO kerben_app
  USING (beneficiary_id = kerben_org());

-- What came is never altered.
REVOKE UPDATE, DELETE, TRUNCATE ON collection_receipt FROM kerben_app, kerben_worker;
CREATE TRIGGER append_only BEFORE UPDATE ON collection_receipt
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "platform_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("holder_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("bank_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("bic", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=True),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=34), nullable=False),
        sa.Column("added_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_account")),
    )
    op.create_index(
        "uq_platform_account_open",
        "platform_account",
        ["number", "currency"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "payee_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "rail",
            sa.Enum(
                "stripe",
                "bank_transfer",
                "guarantee",
                name="railname_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("holder_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("bank_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("bic", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=True),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        sa.Column("last4", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=True),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "provider_account_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True
        ),
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "verified",
                "suspended",
                "refused",
                "retired",
                name="payeestate_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=True),
        sa.Column("added_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("verified_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "rail <> 'bank_transfer' OR number IS NOT NULL",
            name=op.f("ck_payee_account_bank_has_number"),
        ),
        sa.CheckConstraint("verified_by <> added_by", name=op.f("ck_payee_account_four_eyes")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_payee_account_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee_account")),
        sa.UniqueConstraint(
            "provider_account_id", name=op.f("uq_payee_account_provider_account_id")
        ),
    )
    op.create_index(
        "uq_payee_account_live",
        "payee_account",
        ["organisation_id", "rail", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('retired', 'refused')"),
    )
    op.create_table(
        "collection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "contract_funding",
                "bid_security",
                "performance_security",
                "fee",
                "subscription",
                "release",
                "refund",
                "security_return",
                "payout",
                name="purpose_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column(
            "rail",
            sa.Enum(
                "stripe",
                "bank_transfer",
                "guarantee",
                name="railname_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("received_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=25), nullable=False),
        sa.Column(
            "credit_kind",
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
        sa.Column("credit_reference", sa.Uuid(), nullable=True),
        sa.Column("parties", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "partially_received",
                "received",
                "cancelled",
                "refunded",
                name="collectionstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("pay_url", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_collection_amount_positive")),
        sa.CheckConstraint(
            "received_amount BETWEEN 0 AND amount",
            name=op.f("ck_collection_received_within_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
            name=op.f("fk_collection_payer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_collection_idempotency_key")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_collection_provider_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_collection_reference")),
    )
    op.create_index(op.f("ix_collection_payer_id"), "collection", ["payer_id"], unique=False)
    op.create_index(
        "ix_collection_resource_id", "collection", ["resource_id", "purpose"], unique=False
    )
    op.create_table(
        "collection_receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("applied_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("fee", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND fee >= 0 AND fee < amount", name=op.f("ck_collection_receipt_positive")
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_receipt_collection_id_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_collection_receipt_transaction_id_ledger_transaction"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_receipt")),
        sa.UniqueConstraint("external_id", name=op.f("uq_collection_receipt_external_id")),
    )
    op.create_index(
        op.f("ix_collection_receipt_collection_id"),
        "collection_receipt",
        ["collection_id"],
        unique=False,
    )
    op.create_table(
        "payment_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "contract_funding",
                "bid_security",
                "performance_security",
                "fee",
                "subscription",
                "release",
                "refund",
                "security_return",
                "payout",
                name="purpose_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("payee_account_id", sa.Uuid(), nullable=True),
        sa.Column(
            "rail",
            sa.Enum(
                "stripe",
                "bank_transfer",
                "guarantee",
                name="railname_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "debit_kind",
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
        sa.Column("debit_reference", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "created",
                "approved",
                "sent",
                "settled",
                "failed",
                "returned",
                "cancelled",
                name="orderstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("blocked_by", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("end_to_end_id", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "rail <> 'bank_transfer' OR payee_account_id IS NOT NULL",
            name=op.f("ck_payment_order_bank_has_payee"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_order_amount_positive")),
        sa.CheckConstraint(
            "approved_by <> created_by OR NOT needs_approval",
            name=op.f("ck_payment_order_four_eyes"),
        ),
        sa.ForeignKeyConstraint(
            ["beneficiary_id"],
            ["organisation.id"],
            name=op.f("fk_payment_order_beneficiary_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"],
            ["ledger_hold.id"],
            name=op.f("fk_payment_order_hold_id_ledger_hold"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payee_account_id"],
            ["payee_account.id"],
            name=op.f("fk_payment_order_payee_account_id_payee_account"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_order")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_payment_order_end_to_end_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payment_order_idempotency_key")),
    )
    op.create_index(
        op.f("ix_payment_order_provider_id"), "payment_order", ["provider_id"], unique=False
    )
    op.create_index(
        "ix_payment_order_resource_id", "payment_order", ["resource_id", "purpose"], unique=False
    )
    op.create_index(
        "ix_payment_order_waiting",
        "payment_order",
        ["beneficiary_id"],
        unique=False,
        postgresql_where=sa.text("status = 'approved'"),
    )
    op.create_table(
        "suspense_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "clearing_kind",
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
        sa.Column("payer", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "proposed",
                "assigned",
                "returned",
                name="suspensestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("assign_to", sa.Uuid(), nullable=True),
        sa.Column("return_to", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_suspense_item_amount_positive")),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_suspense_item_four_eyes")),
        sa.ForeignKeyConstraint(
            ["assign_to"],
            ["collection.id"],
            name=op.f("fk_suspense_item_assign_to_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_suspense_item_collection_id_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["payment_order.id"],
            name=op.f("fk_suspense_item_order_id_payment_order"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["return_to"],
            ["payee_account.id"],
            name=op.f("fk_suspense_item_return_to_payee_account"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspense_item")),
        sa.UniqueConstraint("external_id", name=op.f("uq_suspense_item_external_id")),
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(TABLES):
        op.drop_table(table)
