"""What markets ask of goods, permissions to export, labels of products.

Revision ID: 0108
Revises: 0106
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0108"
down_revision: str | Sequence[str] | None = "0106"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("market_requirement", "export_permission", "product_label")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
POLICIES = """
CREATE POLICY readers ON market_requirement FOR SELECT TO kerben_app USING (true);

-- An exporter enters and withdraws, and never makes a permission of its own a verified one; the
-- operator decides about those of others.
CREATE POLICY owner_read ON export_permission FOR SELECT TO kerben_app
  USING (org_id = kerben_org());
CREATE POLICY operator_read ON export_permission FOR SELECT TO kerben_app
  USING (kerben_operator());
CREATE POLICY owner_add ON export_permission FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND status = 'claimed');
CREATE POLICY owner_update ON export_permission FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org() AND status = 'withdrawn');
CREATE POLICY operator_update ON export_permission FOR UPDATE TO kerben_app
  USING (kerben_operator())
  WITH CHECK (kerben_operator() AND org_id <> kerben_org() AND status IN ('verified', 'refused'));
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON export_permission
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY owner_read ON product_label FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY owner_add ON product_label FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND EXISTS (
    SELECT FROM product p WHERE p.id = product_id AND p.org_id = kerben_org()));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON product_label
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "market_requirement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "prohibited",
                "permission",
                "restricted",
                "label",
                "certificate",
                "language",
                "classification",
                name="requirementkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("hs_prefix", sqlmodel.sql.sqltypes.AutoString(length=6), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("accepted", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "texts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'prohibited') = (cardinality(accepted) = 0)",
            name=op.f("ck_market_requirement_accepts_something"),
        ),
        sa.CheckConstraint(
            "hs_prefix ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6})?$'",
            name=op.f("ck_market_requirement_prefix_of_hs"),
        ),
        sa.CheckConstraint(
            "kind <> 'classification'", name=op.f("ck_market_requirement_kind_of_data")
        ),
        sa.CheckConstraint(
            "market ~ '^[A-Z]{2}$'", name=op.f("ck_market_requirement_market_is_country")
        ),
        sa.CheckConstraint(
            "valid_to > valid_from", name=op.f("ck_market_requirement_valid_forward")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_requirement")),
        sa.UniqueConstraint(
            "market",
            "code",
            "hs_prefix",
            "valid_from",
            name=op.f("uq_market_requirement_market_code_hs_prefix_valid_from"),
        ),
    )
    op.create_table(
        "export_permission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("authority", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("registration_no", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("commodity", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("hs_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("protocol", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("registry_url", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "claimed",
                "verified",
                "refused",
                "withdrawn",
                name="permissionstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("entered_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("verified_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verification", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("refusal", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "market ~ '^[A-Z]{2}$'", name=op.f("ck_export_permission_market_is_country")
        ),
        sa.CheckConstraint(
            "status <> 'refused' OR refusal IS NOT NULL",
            name=op.f("ck_export_permission_refusal_has_reason"),
        ),
        sa.CheckConstraint(
            "status <> 'verified' OR (verified_by IS NOT NULL AND verified_at IS NOT NULL AND verification IS NOT NULL)",
            name=op.f("ck_export_permission_verified_by_somebody"),
        ),
        sa.CheckConstraint(
            "cardinality(hs_codes) > 0", name=op.f("ck_export_permission_covers_something")
        ),
        sa.CheckConstraint(
            "valid_to >= valid_from", name=op.f("ck_export_permission_valid_forward")
        ),
        sa.CheckConstraint(
            "verified_by <> entered_by", name=op.f("ck_export_permission_verified_by_another")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_export_permission_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_export_permission_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_permission")),
    )
    op.create_index(
        op.f("ix_export_permission_document_id"), "export_permission", ["document_id"], unique=False
    )
    op.create_index(
        op.f("ix_export_permission_org_id"), "export_permission", ["org_id"], unique=False
    )
    op.create_index(
        "uq_export_permission_number",
        "export_permission",
        ["org_id", "market", "authority", "registration_no", "valid_to"],
        unique=True,
        postgresql_where=sa.text("status IN ('claimed', 'verified')"),
    )
    op.create_table(
        "product_label",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("entered_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_product_label_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_product_label_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_product_label_product_id_product"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_label")),
    )
    op.create_index(
        op.f("ix_product_label_document_id"), "product_label", ["document_id"], unique=False
    )
    op.create_index(
        "ix_product_label_product",
        "product_label",
        ["product_id", "market", "language"],
        unique=False,
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE product_label, export_permission, market_requirement")
