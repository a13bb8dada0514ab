"""Files: bytes go to the store, rows say what is known of them.

What documents there are becomes files whose bytes are still in `document_chunk`, until
`kerben files move` has put them into the store.

Revision ID: 0048
Revises: 0046
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0048"
down_revision: str | Sequence[str] | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FORMATS = (
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
    "image/jpeg",
    "image/png",
    "text/csv",
    "text/plain",
)
STATES = ("received", "scanning", "clean", "quarantined", "skipped")
ADOPT = """
ALTER TABLE document NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
INSERT INTO file (id, created_at, updated_at, org_id, sha256, size, media_type, scan_state,
    scanner, scanned_at, version)
  SELECT id, created_at, updated_at, org_id, sha256, size, format,
    CASE scan_state WHEN 'pending' THEN 'skipped' WHEN 'infected' THEN 'quarantined'
      ELSE scan_state END,
    CASE WHEN scan_state <> 'pending' THEN 'operator' END, scanned_at, version
  FROM document;
UPDATE document SET file_id = id;
ALTER TABLE document FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER;
"""
PROTECT = """
ALTER TABLE file ENABLE ROW LEVEL SECURITY;
ALTER TABLE file FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON file FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY operator_read ON file FOR SELECT TO kerben_app USING (kerben_operator());
CREATE POLICY of_document ON file FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM document d WHERE d.file_id = file.id));
CREATE POLICY app_insert ON file FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON file FOR UPDATE TO kerben_app
  USING (org_id = kerben_org() OR kerben_operator());
CREATE POLICY worker ON file TO kerben_worker USING (true) WITH CHECK (true);

-- Of a file only what scanners find changes, and once where its bytes are. Its owner cannot clear it.
CREATE FUNCTION kerben_keep_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found CONSTANT text[] := '{scan_state,scanner,finding,scanned_at,version,updated_at,key}';
BEGIN
  IF to_jsonb(NEW) - found <> to_jsonb(OLD) - found
      OR (OLD.key IS NOT NULL AND NEW.key IS DISTINCT FROM OLD.key) THEN
    RAISE EXCEPTION 'a file is never altered';
  END IF;
  IF current_user = 'kerben_app' AND NOT kerben_operator()
      AND NOT (OLD.scan_state = 'received' AND NEW.scan_state = 'skipped') THEN
    RAISE EXCEPTION 'a file is cleared by a scanner';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_file BEFORE UPDATE ON file
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_file();
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON file
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- Nothing is added to the old place; a piece of it goes when its file is in the store.
DROP POLICY operator_update ON document;
DROP POLICY app_insert ON document_chunk;
DROP TRIGGER keep_bytes ON document_chunk;
CREATE TRIGGER keep_bytes BEFORE UPDATE OR TRUNCATE ON document_chunk
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY moved ON document_chunk AS RESTRICTIVE FOR DELETE TO kerben_worker
  USING (EXISTS (SELECT FROM document d JOIN file f ON f.id = d.file_id
    WHERE d.id = document_id AND f.key IS NOT NULL));

ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, due_at)
  SELECT gen_random_uuid(), now(), now(), 'file.sweep_due',
    '00000000-0000-0000-0000-000000000001', now();
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
"""
GIVE_BACK = """
ALTER TABLE file NO FORCE ROW LEVEL SECURITY;
DO $$ BEGIN
  IF EXISTS (SELECT FROM file WHERE key IS NOT NULL) THEN
    RAISE EXCEPTION 'bytes are in the file store, which this version of the tables cannot name';
  END IF;
END $$;
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
DELETE FROM deadline WHERE kind = 'file.sweep_due';
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
DROP POLICY moved ON document_chunk;
DROP TRIGGER keep_bytes ON document_chunk;
CREATE TRIGGER keep_bytes BEFORE UPDATE OR DELETE OR TRUNCATE ON document_chunk
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY app_insert ON document_chunk FOR INSERT TO kerben_app WITH CHECK (EXISTS (
  SELECT FROM document d WHERE d.id = document_id AND d.org_id = kerben_org()));
CREATE POLICY operator_update ON document FOR UPDATE TO kerben_app USING (kerben_operator());
ALTER TABLE document NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
UPDATE document d SET version = f.version, scanned_at = f.scanned_at,
    scan_state = CASE f.scan_state WHEN 'clean' THEN 'clean' WHEN 'quarantined' THEN 'infected'
      ELSE 'pending' END
  FROM file f WHERE f.id = d.file_id;
ALTER TABLE document FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", _one_of("documentformat_valid", FORMATS), nullable=False),
        sa.Column("scan_state", _one_of("scanstate_valid", STATES), nullable=False),
        sa.Column("scanner", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("finding", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_file_size_positive")),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_file_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("org_id", "sha256", name=op.f("uq_file_org_id_sha256")),
        sa.UniqueConstraint("id", "sha256", name=op.f("uq_file_id_sha256")),
        sa.UniqueConstraint("key", name=op.f("uq_file_key")),
    )
    op.create_index(op.f("ix_file_scan_state"), "file", ["scan_state"])
    op.add_column("document", sa.Column("file_id", sa.Uuid(), nullable=True))
    op.execute(ADOPT)
    op.alter_column("document", "file_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_document_file_id_sha256_file"),
        "document",
        "file",
        ["file_id", "sha256"],
        ["id", "sha256"],
        ondelete="RESTRICT",
    )
    op.create_unique_constraint(op.f("uq_document_file_id"), "document", ["file_id"])
    for column in ("scan_state", "scanned_at", "version"):
        op.drop_column("document", column)
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    states = _one_of("scanstate_valid", ("pending", "clean", "infected"))
    op.add_column(
        "document", sa.Column("scan_state", states, nullable=False, server_default="pending")
    )
    op.add_column("document", sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "document", sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    )
    op.execute(GIVE_BACK)
    op.alter_column("document", "scan_state", server_default=None)
    op.alter_column("document", "version", server_default=None)
    op.execute("DROP POLICY of_document ON file")
    op.drop_column("document", "file_id")
    op.drop_table("file")
    op.execute("DROP FUNCTION kerben_keep_file()")


def _one_of(name: str, values: Sequence[str]) -> sa.Enum:
    return sa.Enum(
        *values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=max(32, *map(len, values)),
    )
