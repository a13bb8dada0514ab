"""Limits of rates with the plan of each organisation; who still calls what is deprecated.

Revision ID: 0042
Revises: 0041
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0042"
down_revision: str | Sequence[str] | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A bucket is looked for before anybody is authenticated, so its policy knows no organisation; its
# key names one by an id that says nothing.
PROTECT = """
ALTER TABLE rate_bucket ENABLE ROW LEVEL SECURITY;
ALTER TABLE rate_bucket FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON rate_bucket TO kerben_app USING (true) WITH CHECK (true);
CREATE POLICY worker ON rate_bucket TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE rate_bucket SET (fillfactor = 50);

ALTER TABLE deprecated_use ENABLE ROW LEVEL SECURITY;
ALTER TABLE deprecated_use FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON deprecated_use TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY worker ON deprecated_use TO kerben_worker USING (true) WITH CHECK (true);
"""
# The sliding-window counter: of the window before counts the share that the last `seconds` still
# reach into. With an amount of 0 it only looks. `ttl` counts as the library `limits` does.
TAKE = """
CREATE FUNCTION kerben_take_rate(wanted text, quota integer, seconds integer, amount integer)
RETURNS TABLE (taken boolean, previous integer, previous_ttl float8, hits integer, ttl float8)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  moment float8 := extract(epoch FROM clock_timestamp());
  now_slot bigint := floor(moment / seconds);
  rest float8 := seconds - (moment - now_slot * seconds);
  b rate_bucket;
  before integer := 0;
  used integer := 0;
BEGIN
  LOOP
    IF amount > 0 THEN
      SELECT * INTO b FROM rate_bucket r WHERE r.key = wanted FOR UPDATE;
    ELSE
      SELECT * INTO b FROM rate_bucket r WHERE r.key = wanted;
    END IF;
    EXIT WHEN FOUND OR amount = 0;
    INSERT INTO rate_bucket (key, slot, hits, previous) VALUES (wanted, now_slot, 0, 0)
      ON CONFLICT DO NOTHING;
  END LOOP;
  IF b.slot = now_slot THEN
    before := b.previous;
    used := b.hits;
  ELSIF b.slot = now_slot - 1 THEN
    before := b.hits;
  END IF;
  taken := floor(before * rest / seconds) + used + amount <= quota;
  IF taken AND amount > 0 THEN
    used := used + amount;
    UPDATE rate_bucket r SET slot = now_slot, hits = used, previous = before WHERE r.key = wanted;
  END IF;
  RETURN QUERY SELECT taken, before, rest, used, rest + seconds;
END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "rate_bucket",
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_bucket")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "deprecated_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("operation", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_deprecated_use_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["api_client.id"],
            name=op.f("fk_deprecated_use_client_id_api_client"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deprecated_use")),
        sa.UniqueConstraint(
            "client_id",
            "operation",
            "day",
            name=op.f("uq_deprecated_use_client_id_operation_day"),
        ),
    )
    op.create_index(op.f("ix_deprecated_use_org_id"), "deprecated_use", ["org_id"], unique=False)
    op.add_column(
        "organisation",
        sa.Column("rate_plan", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
    )
    op.execute(PROTECT)
    op.execute(TAKE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION kerben_take_rate")
    op.drop_column("organisation", "rate_plan")
    op.drop_table("deprecated_use")
    op.drop_table("rate_bucket")
