"""Bytes of files that nothing needs any more may be let go, as those of old builds of feeds are.

Revision ID: 0166
Revises: 0163
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0166"
down_revision: str | Sequence[str] | None = "0163"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of a file only what scanners find changes, and where its bytes are: a worker lets them go, and who
# has the same ones again keeps them anew. Its owner cannot clear it.
KEEP = """
CREATE OR REPLACE FUNCTION kerben_keep_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found CONSTANT text[] :=
    '{scan_state,scanner,finding,scanned_at,version,updated_at,key,expunged_at}';
  moved CONSTANT text[] := '{version,updated_at,key,expunged_at}';
  expunged CONSTANT boolean := OLD.expunged_at IS NULL AND NEW.expunged_at IS NOT NULL;
  restored CONSTANT boolean := OLD.expunged_at IS NOT NULL AND NEW.expunged_at IS NULL;
BEGIN
  IF to_jsonb(NEW) - found <> to_jsonb(OLD) - found
      OR (OLD.key IS NOT NULL AND NEW.key IS DISTINCT FROM OLD.key AND NOT expunged)
      OR (expunged AND (OLD.key IS NULL OR NEW.key IS NOT NULL))
      OR (restored AND NEW.key IS NULL)
      OR (OLD.expunged_at IS NOT NULL AND NOT restored
        AND (NEW.key IS NOT NULL OR NEW.expunged_at <> OLD.expunged_at)) THEN
    RAISE EXCEPTION 'a file is never altered';
  END IF;
  IF expunged AND current_user = 'kerben_app' THEN
    RAISE EXCEPTION 'bytes are let go by a worker';
  END IF;
  IF current_user = 'kerben_app' AND NOT kerben_operator()
      AND NOT (OLD.scan_state = 'received' AND NEW.scan_state = 'skipped')
      AND NOT (restored AND to_jsonb(NEW) - moved = to_jsonb(OLD) - moved) THEN
    RAISE EXCEPTION 'a file is cleared by a scanner';
  END IF;
  RETURN NEW;
END $$;
"""
BEFORE = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM file WHERE expunged_at IS NOT NULL) THEN
    RAISE EXCEPTION 'bytes were let go, which this version of the tables cannot say';
  END IF;
END $$;
CREATE OR REPLACE FUNCTION kerben_keep_file() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("file", sa.Column("expunged_at", MOMENT, nullable=True))
    op.create_check_constraint(
        op.f("ck_file_expunged_without_key"), "file", "expunged_at IS NULL OR key IS NULL"
    )
    op.add_column("feed_build", sa.Column("expunged_at", MOMENT, nullable=True))
    op.create_index(
        "ix_feed_build_kept",
        "feed_build",
        ["feed_id", "number"],
        postgresql_where=sa.text("finished_at IS NOT NULL AND expunged_at IS NULL"),
    )
    op.execute(KEEP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE file NO FORCE ROW LEVEL SECURITY")
    op.execute(BEFORE)
    op.execute("ALTER TABLE file FORCE ROW LEVEL SECURITY")
    op.drop_index("ix_feed_build_kept", table_name="feed_build")
    op.drop_column("feed_build", "expunged_at")
    op.drop_constraint(op.f("ck_file_expunged_without_key"), "file")
    op.drop_column("file", "expunged_at")
