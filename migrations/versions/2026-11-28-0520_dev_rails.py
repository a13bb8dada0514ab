"""Accounts that are paid to, money that is expected, money that goes out.

Revision ID: 0054
Revises: 0052
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0054"
down_revision: str | Sequence[str] | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWNERS = {
    "payee_account": "organisation_id",
    "collection": "payer_id",
    "payment_order": "beneficiary_id",
}
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING ({owner} = kerben_org());
CREATE POLICY app_insert ON {table} FOR INSERT TO kerben_app WITH CHECK ({owner} = kerben_org());
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "collection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
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
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
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
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
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
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
            name=op.f("fk_collection_payer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("reference", name=op.f("uq_collection_reference")),
    )
    op.create_index(op.f("ix_collection_payer_id"), "collection", ["payer_id"], unique=False)
    op.create_index(op.f("ix_collection_resource_id"), "collection", ["resource_id"], unique=False)
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
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "verified",
                "refused",
                name="payeestate_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_payee_account_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee_account")),
    )
    op.create_index(
        op.f("ix_payee_account_organisation_id"), "payee_account", ["organisation_id"], unique=False
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
        sa.Column("payee_account_id", sa.Uuid(), nullable=False),
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
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
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
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payment_order_idempotency_key")),
    )
    op.create_index(
        op.f("ix_payment_order_resource_id"), "payment_order", ["resource_id"], unique=False
    )
    for table, owner in OWNERS.items():
        op.execute(PROTECT.format(table=table, owner=owner))
    op.execute(
        "CREATE POLICY app_update ON payee_account FOR UPDATE TO kerben_app"
        " USING (organisation_id = kerben_org())"
    )


def downgrade() -> None:
    for table in ("payment_order", "collection", "payee_account"):
        op.drop_table(table)
