"""Contracts: awards in them, signatures, changes.

Revision ID: 0019
Revises: 0018
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("contract", "contract_award", "contract_signature", "contract_change")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
SEEN = "EXISTS (SELECT FROM contract c WHERE c.id = contract_id)"
SIDE = (
    "EXISTS (SELECT FROM contract c WHERE c.id = contract_id"
    " AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)))"
)
POLICIES = f"""
-- A contract is its sides' own until it is signed, and public afterwards.
CREATE POLICY app_read ON contract FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org() OR kerben_org() = ANY(suppliers)
    OR (status IN ('active', 'terminated') AND kerben_org() IS NOT NULL));
CREATE POLICY app_insert ON contract FOR INSERT TO kerben_app WITH CHECK (buyer_id = kerben_org());
CREATE POLICY app_update ON contract FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org() OR kerben_org() = ANY(suppliers));
-- What is signed stays as it was signed.
CREATE FUNCTION kerben_keep_contract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the document of a contract is frozen';
END $$;
CREATE TRIGGER keep_document BEFORE UPDATE ON contract FOR EACH ROW
  WHEN (OLD.document IS NOT NULL AND (OLD.document, OLD.sha256, OLD.original_amount)
    IS DISTINCT FROM (NEW.document, NEW.sha256, NEW.original_amount))
  EXECUTE FUNCTION kerben_keep_contract();

CREATE POLICY app_read ON contract_award FOR SELECT TO kerben_app USING ({SEEN});
CREATE POLICY app_insert ON contract_award FOR INSERT TO kerben_app WITH CHECK ({SIDE});
CREATE POLICY app_update ON contract_award FOR UPDATE TO kerben_app USING ({SIDE});

CREATE POLICY app_read ON contract_signature FOR SELECT TO kerben_app USING ({SEEN});
CREATE POLICY app_insert ON contract_signature FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND {SIDE});
CREATE TRIGGER append_only BEFORE UPDATE ON contract_signature
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON contract_change FOR SELECT TO kerben_app USING ({SEEN});
CREATE POLICY app_insert ON contract_change FOR INSERT TO kerben_app
  WITH CHECK (proposed_by = kerben_org() AND {SIDE});
CREATE POLICY app_update ON contract_change FOR UPDATE TO kerben_app USING ({SIDE});

-- Whoever sees a contract sees its trail, and can add to it.
CREATE POLICY contract_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'contract:%' THEN EXISTS (
    SELECT FROM contract c WHERE c.id = substr(stream, 10)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    # The driver itself: alembic takes the percent sign of LIKE for a parameter.
    op.get_bind().connection.cursor().execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY contract_trail ON audit_entry")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_keep_contract()")


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_tables() -> None:
    op.create_table(
        "contract",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("ocid", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("suppliers", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "pending_signature",
                "active",
                "terminated",
                "cancelled",
                name="contractstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("original_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("value_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("value_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("performance_security", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("terminated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "termination_reason",
            sa.Enum(
                "completed",
                "breach",
                "mutual",
                name="terminationreason_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "termination_details", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True
        ),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "cancellation_reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_reason IS NOT NULL)",
            name=op.f("ck_contract_cancelled_has_reason"),
        ),
        sa.CheckConstraint(
            "(status = 'terminated') = (terminated_at IS NOT NULL AND termination_reason IS NOT NULL)",
            name=op.f("ck_contract_terminated_has_reason"),
        ),
        sa.CheckConstraint(
            "(status IN ('active', 'terminated')) = (signed_at IS NOT NULL)",
            name=op.f("ck_contract_signed_has_time"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'cancelled') OR document IS NOT NULL",
            name=op.f("ck_contract_offered_has_document"),
        ),
        sa.CheckConstraint(
            "(document IS NULL) = (sha256 IS NULL)", name=op.f("ck_contract_document_has_hash")
        ),
        sa.CheckConstraint("cardinality(suppliers) > 0", name=op.f("ck_contract_has_supplier")),
        sa.CheckConstraint("value_amount > 0", name=op.f("ck_contract_value_positive")),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_contract_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_contract_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_buyer_id"), "contract", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_contract_tender_id"), "contract", ["tender_id"], unique=False)
    op.create_table(
        "contract_change",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "active",
                name="changestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "rationale_type",
            sa.Enum(
                "volumeCuts",
                "itemPriceVariation",
                "qualityImprovement",
                "priceReduction",
                "durationExtension",
                "taxRate",
                "thirdParty",
                "additionalProcurement",
                name="rationaletype_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rationale", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("value_delta", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'active') = (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name=op.f("ck_contract_change_active_is_agreed"),
        ),
        sa.CheckConstraint(
            "agreed_by <> proposed_by", name=op.f("ck_contract_change_agreed_by_the_other")
        ),
        sa.ForeignKeyConstraint(
            ["agreed_by"],
            ["organisation.id"],
            name=op.f("fk_contract_change_agreed_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_change_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"],
            ["organisation.id"],
            name=op.f("fk_contract_change_proposed_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_change")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_contract_change_contract_id_number")
        ),
    )
    op.create_table(
        "contract_signature",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum(
                "buyer",
                "supplier",
                name="side_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "click_to_sign",
                "cms",
                name="signaturemethod_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("signer", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("certificate_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_signature_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_contract_signature_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_signature")),
        sa.UniqueConstraint(
            "contract_id", "side", name=op.f("uq_contract_signature_contract_id_side")
        ),
    )
    op.create_table(
        "contract_award",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["award_id"],
            ["award.id"],
            name=op.f("fk_contract_award_award_id_award"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_award_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_award")),
        sa.UniqueConstraint(
            "contract_id", "award_id", name=op.f("uq_contract_award_contract_id_award_id")
        ),
    )
    op.create_index(
        "uq_contract_award_live",
        "contract_award",
        ["award_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
