"""OCDS releases that no role can change, records, and what was imported from other publishers.

Revision ID: 0018
Revises: 0017
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "ocds_release",
    "ocds_record",
    "ocds_schema",
    "foreign_release",
    "foreign_record",
    "red_flag",
)
# Publishing is part of the act of whoever acts, who may not be the buyer: the publisher of open
# data (opendata/ocds/publishing.py) sets kerben.publisher for the last statements of a transaction.
PROTECT = """
CREATE FUNCTION kerben_publisher() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('kerben.publisher', true), '') = 'on' $$;
CREATE SEQUENCE ocds_release_position_seq OWNED BY ocds_release.position;
ALTER TABLE ocds_release ALTER COLUMN position SET DEFAULT nextval('ocds_release_position_seq');
GRANT USAGE ON SEQUENCE ocds_release_position_seq TO kerben_app, kerben_worker;
CREATE POLICY publisher_insert ON ocds_release FOR INSERT TO kerben_app
  WITH CHECK (kerben_publisher());
CREATE POLICY worker_insert ON ocds_release FOR INSERT TO kerben_worker WITH CHECK (true);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ocds_release
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ocds_release FROM kerben_app, kerben_worker;
CREATE POLICY publisher_insert ON ocds_record FOR INSERT TO kerben_app
  WITH CHECK (kerben_publisher());
CREATE POLICY publisher_update ON ocds_record FOR UPDATE TO kerben_app
  USING (kerben_publisher()) WITH CHECK (kerben_publisher());
CREATE POLICY worker ON ocds_record TO kerben_worker USING (true) WITH CHECK (true);
REVOKE DELETE, TRUNCATE ON ocds_record FROM kerben_app, kerben_worker;
CREATE POLICY worker ON ocds_schema TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY worker ON foreign_release TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY worker ON foreign_record TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY worker ON red_flag TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY publisher_read ON organisation FOR SELECT TO kerben_app USING (kerben_publisher());
CREATE POLICY publisher_read ON tender FOR SELECT TO kerben_app
  USING (published_at IS NOT NULL AND kerben_publisher());
-- What indicators ask: every process as its releases come to, ours and others'.
CREATE VIEW compiled_release WITH (security_invoker = true) AS
  SELECT 'kerben' AS source, ocid, compiled AS release FROM ocds_record
  UNION ALL
  SELECT source, ocid, compiled FROM foreign_record;
GRANT SELECT ON compiled_release TO kerben_app, kerben_worker;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "ocds_release",
        *_common(),
        sa.Column("ocid", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.String(length=60), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("etag", sa.String(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _xid(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("release_id"),
        sa.UniqueConstraint("ocid", "number"),
    )
    op.create_index("ix_ocds_release_feed", "ocds_release", ["xid", "position"])
    op.create_table(
        "ocds_record",
        *_common(),
        sa.Column("ocid", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compiled", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("etag", sa.String(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _xid(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ocid"),
    )
    op.create_index("ix_ocds_record_feed", "ocds_record", ["xid", "ocid"])
    op.create_index("ix_ocds_record_date", "ocds_record", ["date"])
    op.create_table(
        "ocds_schema",
        *_common(),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "foreign_release",
        *_common(),
        *_source(),
        sa.Column("release_id", sa.String(length=200), nullable=False),
        sa.Column("date", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "ocid", "release_id"),
    )
    op.create_table(
        "foreign_record",
        *_common(),
        *_source(),
        sa.Column("compiled", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "ocid"),
    )
    op.create_table(
        "red_flag",
        *_common(),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        *_source(),
        sa.Column("evidence", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("indicator", "source", "ocid"),
    )
    op.create_index("ix_red_flag_ocid", "red_flag", ["ocid"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY readers ON {table} FOR SELECT TO kerben_app USING (true)")
    op.execute("CREATE POLICY worker_read ON ocds_release FOR SELECT TO kerben_worker USING (true)")
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP VIEW compiled_release")
    op.execute("DROP POLICY publisher_read ON tender")
    op.execute("DROP POLICY publisher_read ON organisation")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_publisher()")


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _source() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("ocid", sa.String(length=100), nullable=False),
    )


def _xid() -> sa.Column[object]:
    return sa.Column(
        "xid",
        sa.BigInteger(),
        nullable=False,
        server_default=sa.text("pg_current_xact_id()::text::bigint"),
    )
