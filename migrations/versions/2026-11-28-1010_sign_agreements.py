"""Papers of framework agreements, who signed them, and signed PDFs.

Revision ID: 0083
Revises: 0082
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0083"
down_revision: str | Sequence[str] | None = "0082"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CALLS_OFF = """(kerben_org() = ANY(buyers) OR EXISTS (SELECT FROM tender t
    WHERE t.id = kerben_process() AND t.framework_id = framework_agreement.tender_id))"""
PROTECT = f"""
ALTER TABLE framework_signature ENABLE ROW LEVEL SECURITY;
ALTER TABLE framework_signature FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON framework_signature TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON framework_signature FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON framework_signature FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND EXISTS (SELECT FROM framework_agreement a
    WHERE a.id = agreement_id AND (a.buyer_id = kerben_org() OR EXISTS (
      SELECT FROM framework_supplier s
      WHERE s.agreement_id = a.id AND s.suppliers[1] = kerben_org()))));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON framework_signature
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- A supplier that signs writes when the last signature came.
DROP POLICY app_update ON framework_agreement;
CREATE POLICY app_update ON framework_agreement FOR UPDATE TO kerben_app
  USING ({CALLS_OFF} OR tender_id = kerben_process());
CREATE FUNCTION kerben_keep_framework_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the document of a framework agreement is frozen';
END $$;
CREATE TRIGGER keep_document BEFORE UPDATE ON framework_agreement FOR EACH ROW
  WHEN ((OLD.document IS NOT NULL AND (OLD.document, OLD.sha256)
      IS DISTINCT FROM (NEW.document, NEW.sha256))
    OR (OLD.signed_at IS NOT NULL AND NEW.signed_at IS DISTINCT FROM OLD.signed_at))
  EXECUTE FUNCTION kerben_keep_framework_document();
"""
METHODS = ("click_to_sign", "cms", "pades")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("framework_agreement", sa.Column("document", sa.LargeBinary(), nullable=True))
    op.add_column(
        "framework_agreement",
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
    )
    op.add_column(
        "framework_agreement", sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "framework_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                *METHODS,
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
            ["agreement_id"],
            ["framework_agreement.id"],
            name=op.f("fk_framework_signature_agreement_id_framework_agreement"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_framework_signature_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_framework_signature")),
        sa.UniqueConstraint(
            "agreement_id", "org_id", name=op.f("uq_framework_signature_agreement_id_org_id")
        ),
    )
    op.execute(PROTECT)
    _take_methods(*METHODS)


def downgrade() -> None:
    _take_methods(*METHODS[:-1])
    op.execute("DROP TRIGGER keep_document ON framework_agreement")
    op.execute("DROP FUNCTION kerben_keep_framework_document()")
    op.execute("DROP POLICY app_update ON framework_agreement")
    op.execute(
        "CREATE POLICY app_update ON framework_agreement FOR UPDATE TO kerben_app"
        f" USING {CALLS_OFF}"
    )
    op.drop_table("framework_signature")
    for column in ("document", "sha256", "signed_at"):
        op.drop_column("framework_agreement", column)


def _take_methods(*methods: str) -> None:
    named = ", ".join(f"'{each}'" for each in methods)
    constraint = "ck_contract_signature_signaturemethod_valid"
    op.execute(
        f"ALTER TABLE contract_signature DROP CONSTRAINT {constraint},"
        f" ADD CONSTRAINT {constraint} CHECK (method IN ({named}))"
    )
