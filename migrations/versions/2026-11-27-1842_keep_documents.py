"""Documents by their SHA-256, and which of them belong to a tender.

Revision ID: 0017
Revises: 0016
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE tender_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE tender_document FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_document FOR SELECT TO kerben_app USING (EXISTS (
  SELECT FROM tender t
  WHERE t.id = tender_id AND (confidentiality = 'public' OR t.buyer_id = kerben_org())));
CREATE POLICY app_insert ON tender_document FOR INSERT TO kerben_app WITH CHECK (EXISTS (
  SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY app_update ON tender_document FOR UPDATE TO kerben_app USING (EXISTS (
  SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY worker ON tender_document TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE document ENABLE ROW LEVEL SECURITY;
ALTER TABLE document FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON document FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY operator_read ON document FOR SELECT TO kerben_app USING (kerben_operator());
CREATE POLICY of_tender ON document FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM tender_document d WHERE d.document_id = document.id));
CREATE POLICY app_insert ON document FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org());
CREATE POLICY operator_update ON document FOR UPDATE TO kerben_app USING (kerben_operator());
CREATE POLICY worker ON document TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE document_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_chunk FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON document_chunk FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM document d WHERE d.id = document_id));
CREATE POLICY app_insert ON document_chunk FOR INSERT TO kerben_app WITH CHECK (EXISTS (
  SELECT FROM document d WHERE d.id = document_id AND d.org_id = kerben_org()));
CREATE POLICY worker ON document_chunk TO kerben_worker USING (true) WITH CHECK (true);

-- The bytes stay as they came; of a file only the scanner's finding changes, of a version only
-- that a later one stands in its place.
CREATE FUNCTION kerben_keep_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - '{scan_state,scanned_at,version,updated_at,replaced_at}'::text[]
     <> to_jsonb(OLD) - '{scan_state,scanned_at,version,updated_at,replaced_at}'::text[] THEN
    RAISE EXCEPTION 'a document is never altered: add another version';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_document BEFORE UPDATE ON document
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_document();
CREATE TRIGGER keep_version BEFORE UPDATE ON tender_document
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_document();
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON document
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON tender_document
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_bytes BEFORE UPDATE OR DELETE OR TRUNCATE ON document_chunk
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("format", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column(
            "scan_state",
            sa.Enum(
                "pending",
                "clean",
                "infected",
                name="scanstate_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_document_size_positive")),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_document_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("org_id", "sha256", name=op.f("uq_document_org_id_sha256")),
    )
    op.create_index(op.f("ix_document_sha256"), "document", ["sha256"], unique=False)
    op.create_table(
        "document_chunk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_document_chunk_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_chunk")),
        sa.UniqueConstraint("document_id", "seq", name=op.f("uq_document_chunk_document_id_seq")),
    )
    op.create_table(
        "tender_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("document_type", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column(
            "confidentiality",
            sa.Enum(
                "public",
                "buyerOnly",
                name="confidentiality_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("lot_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_tender_document_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_tender_document_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_document")),
        sa.UniqueConstraint("series", "number", name=op.f("uq_tender_document_series_number")),
    )
    op.create_index(
        op.f("ix_tender_document_document_id"), "tender_document", ["document_id"], unique=False
    )
    op.create_index(
        op.f("ix_tender_document_tender_id"), "tender_document", ["tender_id"], unique=False
    )
    op.create_index(
        "uq_tender_document_current",
        "tender_document",
        ["series"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY of_tender ON document")
    op.drop_table("tender_document")
    op.drop_table("document_chunk")
    op.drop_table("document")
    op.execute("DROP FUNCTION kerben_keep_document()")
