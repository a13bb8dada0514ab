"""One log over all audit entries, with signed heads; audit tables that no role can change.

Entries written before have neither `position` nor `xid`: they come first in the log, by `seq`.

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Defaults are set after the columns are added, so that no row is written anew. Safe to run again
# after the index, which is built outside a transaction, was interrupted.
ORDER = """
CREATE SEQUENCE IF NOT EXISTS audit_entry_position_seq;
ALTER TABLE audit_entry ADD COLUMN IF NOT EXISTS position bigint;
ALTER TABLE audit_entry ADD COLUMN IF NOT EXISTS xid bigint;
ALTER TABLE audit_entry
  ALTER COLUMN position SET DEFAULT nextval('audit_entry_position_seq'),
  ALTER COLUMN xid SET DEFAULT pg_current_xact_id()::text::bigint;
ALTER SEQUENCE audit_entry_position_seq OWNED BY audit_entry.position;
"""
LOG = ("audit_leaf", "audit_node", "audit_head", "signing_key")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON {table} FOR SELECT TO kerben_app, kerben_worker USING (true);
CREATE POLICY worker_insert ON {table} FOR INSERT TO kerben_worker WITH CHECK (true);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM kerben_app;
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM kerben_worker;
"""
# Set for one transaction, after the service has found that the caller may know of the stream.
AUDITOR = """
CREATE POLICY auditor_read ON audit_entry FOR SELECT TO kerben_app
  USING (coalesce(current_setting('kerben.auditor', true), '') = 'on');
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM kerben_app, kerben_worker;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(ORDER)
    with op.get_context().autocommit_block():
        run = op.get_bind().exec_driver_sql
        run("DROP INDEX CONCURRENTLY IF EXISTS ix_audit_entry_xid")
        run("CREATE INDEX CONCURRENTLY ix_audit_entry_xid ON audit_entry (xid)")
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "audit_leaf",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_audit_leaf")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_leaf_entry_id")),
    )
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("node_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "node_index", name=op.f("pk_audit_node")),
    )
    op.create_table(
        "audit_head",
        *_common(),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("signature", sqlmodel.sql.sqltypes.AutoString(length=88), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        sa.UniqueConstraint("number", name=op.f("uq_audit_head_number")),
    )
    op.create_table(
        "signing_key",
        *_common(),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("public_key", sqlmodel.sql.sqltypes.AutoString(length=44), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("key_id", name=op.f("uq_signing_key_key_id")),
    )
    for table in LOG:
        op.execute(PROTECT.format(table=table))
    op.execute(AUDITOR)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("GRANT UPDATE, DELETE ON audit_entry TO kerben_app, kerben_worker")
    op.execute("DROP POLICY auditor_read ON audit_entry")
    for table in LOG[::-1]:
        op.drop_table(table)
    op.drop_index("ix_audit_entry_xid", table_name="audit_entry")
    op.execute("ALTER TABLE audit_entry DROP COLUMN position, DROP COLUMN xid")


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
