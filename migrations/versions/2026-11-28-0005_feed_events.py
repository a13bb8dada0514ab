"""Events as organisations are told of them, in the order of commits.

Revision ID: 0036
Revises: 0035
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0036"
down_revision: str | Sequence[str] | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE event_envelope ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_envelope FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON event_envelope TO kerben_worker USING (true) WITH CHECK (true);
-- Its own and everybody's, in one comparison: an OR would be looked up by two ways of the index,
-- and a page would sort all that is after its cursor.
CREATE POLICY app_read ON event_envelope FOR SELECT TO kerben_app
  USING (coalesce(org_id, kerben_org()) = kerben_org());
-- Whoever acts tells the other side.
CREATE POLICY app_insert ON event_envelope FOR INSERT TO kerben_app WITH CHECK (true);
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON event_envelope
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- A counter tells nothing but how often something happened to an id.
ALTER TABLE event_counter ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_counter FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON event_counter TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app ON event_counter TO kerben_app USING (true) WITH CHECK (true);

ALTER TABLE event_horizon ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_horizon FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON event_horizon TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON event_horizon FOR SELECT TO kerben_app USING (true);
"""


def _base() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "event_envelope",
        *_base(),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("parties", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_envelope")),
    )
    op.create_index("ix_event_envelope_feed", "event_envelope", ["org_id", "xid", "id"])
    op.create_index(
        "ix_event_envelope_public",
        "event_envelope",
        ["xid", "id"],
        postgresql_where=sa.text("org_id IS NULL"),
    )
    op.create_index("ix_event_envelope_age", "event_envelope", ["xid"])
    op.create_index("ix_event_envelope_event_id", "event_envelope", ["event_id"])
    op.create_table(
        "event_counter",
        *_base(),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_counter")),
    )
    op.create_table(
        "event_horizon",
        *_base(),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_horizon")),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("event_horizon")
    op.drop_table("event_counter")
    op.drop_table("event_envelope")
