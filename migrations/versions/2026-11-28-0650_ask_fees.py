"""Tariffs, commissions frozen with contracts, invoices numbered without gaps.

Revision ID: 0064
Revises: 0061
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0064"
down_revision: str | Sequence[str] | None = "0061"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator ON {table} TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
"""
TABLES = ("commission_tariff", "contract_commission", "fee_invoice_series", "fee_invoice")
POLICIES = """
CREATE POLICY app_read ON commission_tariff FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY party_read ON contract_commission FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM contract c WHERE c.id = contract_id
    AND (c.buyer_id = kerben_org() OR kerben_org() = ANY (c.suppliers))));
CREATE POLICY owner_read ON fee_invoice FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE FUNCTION kerben_keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - '{paid_at,version,updated_at}'::text[]
      <> to_jsonb(OLD) - '{paid_at,version,updated_at}'::text[] THEN
    RAISE EXCEPTION 'an invoice is never altered' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_invoice BEFORE UPDATE OR DELETE ON fee_invoice
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_invoice();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_commission
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
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
        "commission_tariff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("maximum", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("added_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.CheckConstraint(
            "currency IS NOT NULL OR (minimum IS NULL AND maximum IS NULL)",
            name=op.f("ck_commission_tariff_bounds_have_currency"),
        ),
        sa.CheckConstraint("minimum <= maximum", name=op.f("ck_commission_tariff_bounds_ordered")),
        sa.CheckConstraint(
            "rate_bp BETWEEN 0 AND 2000", name=op.f("ck_commission_tariff_rate_in_bounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_tariff")),
        sa.UniqueConstraint(
            "valid_from",
            "currency",
            name=op.f("uq_commission_tariff_valid_from_currency"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "fee_invoice_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("series", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_invoice_series")),
        sa.UniqueConstraint("series", "year", name=op.f("uq_fee_invoice_series_series_year")),
    )
    op.create_table(
        "fee_invoice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invoice",
                "credit_note",
                name="invoicekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "purpose",
            sa.Enum(
                "commission",
                "subscription",
                name="feepurpose_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("series", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("credits_id", sa.Uuid(), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("net", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("gross", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (credits_id IS NOT NULL)",
            name=op.f("ck_fee_invoice_credit_note_names_invoice"),
        ),
        sa.CheckConstraint(
            "gross = net + tax AND net >= 0 AND tax >= 0", name=op.f("ck_fee_invoice_adds_up")
        ),
        sa.ForeignKeyConstraint(
            ["credits_id"],
            ["fee_invoice.id"],
            name=op.f("fk_fee_invoice_credits_id_fee_invoice"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_fee_invoice_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_invoice")),
        sa.UniqueConstraint("credits_id", name=op.f("uq_fee_invoice_credits_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_fee_invoice_idempotency_key")),
        sa.UniqueConstraint("number", name=op.f("uq_fee_invoice_number")),
        sa.UniqueConstraint(
            "series", "year", "sequence", name=op.f("uq_fee_invoice_series_year_sequence")
        ),
    )
    op.create_index("ix_fee_invoice_org_id", "fee_invoice", ["org_id", "id"], unique=False)
    op.create_index(
        op.f("ix_fee_invoice_resource_id"), "fee_invoice", ["resource_id"], unique=False
    )
    op.create_table(
        "contract_commission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("tariff_id", sa.Uuid(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("maximum", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("contract_value", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rate_bp >= 0 AND contract_value > 0", name=op.f("ck_contract_commission_positive")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_commission_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_contract_commission_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tariff_id"],
            ["commission_tariff.id"],
            name=op.f("fk_contract_commission_tariff_id_commission_tariff"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_commission")),
        sa.UniqueConstraint("contract_id", name=op.f("uq_contract_commission_contract_id")),
    )
    op.create_index(
        op.f("ix_contract_commission_supplier_id"),
        "contract_commission",
        ["supplier_id"],
        unique=False,
    )

    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)
    _take_kinds(KINDS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_contract_commission_supplier_id"), table_name="contract_commission")
    op.drop_table("contract_commission")
    op.drop_index(op.f("ix_fee_invoice_resource_id"), table_name="fee_invoice")
    op.drop_index("ix_fee_invoice_org_id", table_name="fee_invoice")
    op.drop_table("fee_invoice")
    op.drop_table("fee_invoice_series")
    op.drop_table("commission_tariff")
    op.execute("DROP FUNCTION kerben_keep_invoice()")
    _take_kinds([kind for kind in KINDS if kind != "tax_payable"])


def _take_kinds(kinds: Sequence[str]) -> None:
    """Which kinds of accounts there may be, wherever one is named."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    for table, column in NAMING_KINDS.items():
        constraint = f"ck_{table}_accountkind_valid"
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {constraint},"
            f" ADD CONSTRAINT {constraint} CHECK ({column} IN ({named}))"
        )
