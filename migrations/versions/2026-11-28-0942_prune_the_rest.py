"""What grows without end can be pruned: bodies of messages, counters of rates, fired deadlines,
uses of what is deprecated. The operator sees endpoints that are in trouble.

Revision ID: 0079
Revises: 0078
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0079"
down_revision: str | Sequence[str] | None = "0078"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FIXED = "id, created_at, source_id, org_id, external_id, verified_by, media_type, headers, sha256"
# The bytes of a message go after their time and are never altered: a worker may take them away
# once it has worked them, and nothing else.
BODIES = f"""
ALTER TABLE intake_message ALTER COLUMN body DROP NOT NULL;
GRANT UPDATE (body) ON intake_message TO kerben_worker;
DROP TRIGGER keep_content ON intake_message;
CREATE TRIGGER keep_content BEFORE UPDATE OF {FIXED}, received_at ON intake_message
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_body BEFORE UPDATE OF body ON intake_message FOR EACH ROW
  WHEN (NEW.body IS NOT NULL OR OLD.worked_at IS NULL) EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_body_from_others BEFORE UPDATE OF body ON intake_message FOR EACH STATEMENT
  WHEN (NOT pg_has_role(current_user, 'kerben_worker', 'MEMBER'))
  EXECUTE FUNCTION kerben_refuse_change();
"""
WHOLE_AGAIN = f"""
DROP TRIGGER keep_body_from_others ON intake_message;
DROP TRIGGER keep_body ON intake_message;
DROP TRIGGER keep_content ON intake_message;
REVOKE UPDATE (body) ON intake_message FROM kerben_worker;
ALTER TABLE intake_message NO FORCE ROW LEVEL SECURITY;
UPDATE intake_message SET body = '' WHERE body IS NULL;
ALTER TABLE intake_message FORCE ROW LEVEL SECURITY;
ALTER TABLE intake_message ALTER COLUMN body SET NOT NULL;
CREATE TRIGGER keep_content BEFORE UPDATE OF {FIXED}, body, received_at ON intake_message
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
# As in 0038, with the moment of the last change. Without an index, so that a change moves no entry.
TAKE = """
CREATE OR REPLACE FUNCTION kerben_take_rate(
  wanted text, quota integer, seconds integer, amount integer)
RETURNS TABLE (taken boolean, previous integer, previous_ttl float8, hits integer, ttl float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
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
    UPDATE rate_bucket r SET slot = now_slot, hits = used, previous = before{touch}
      WHERE r.key = wanted;
  END IF;
  RETURN QUERY SELECT taken, before, rest, used, rest + seconds;
END $$;
"""
BUCKETS = """
CREATE POLICY by_name ON rate_bucket TO kerben_owner USING (true) WITH CHECK (true);
DROP POLICY app ON rate_bucket;
REVOKE ALL ON rate_bucket FROM kerben_app;
REVOKE ALL ON FUNCTION kerben_take_rate(text, integer, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kerben_take_rate(text, integer, integer, integer)
  TO kerben_app, kerben_worker;
"""
OPEN_BUCKETS = """
ALTER FUNCTION kerben_take_rate(text, integer, integer, integer) SECURITY INVOKER
  RESET search_path;
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_bucket TO kerben_app;
CREATE POLICY app ON rate_bucket TO kerben_app USING (true) WITH CHECK (true);
DROP POLICY by_name ON rate_bucket;
"""

OPERATOR = """
CREATE POLICY operator_read ON webhook_endpoint FOR SELECT TO kerben_app USING (kerben_operator());
CREATE POLICY operator_read ON webhook_delivery FOR SELECT TO kerben_app USING (kerben_operator());
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(BODIES)
    op.create_index(
        "ix_intake_message_worked_at",
        "intake_message",
        ["worked_at"],
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_index(
        "ix_deadline_fired_at",
        "deadline",
        ["fired_at"],
        postgresql_where=sa.text("fired_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_deprecated_use_last_used_at"), "deprecated_use", ["last_used_at"])
    op.add_column(
        "rate_bucket",
        sa.Column(
            "touched_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    )
    op.execute(TAKE.format(touch=", touched_at = clock_timestamp()"))
    op.execute(BUCKETS)
    op.execute(OPERATOR)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("webhook_endpoint", "webhook_delivery"):
        op.execute(f"DROP POLICY operator_read ON {table}")
    op.execute(TAKE.format(touch=""))
    op.execute(OPEN_BUCKETS)
    op.drop_column("rate_bucket", "touched_at")
    op.drop_index(op.f("ix_deprecated_use_last_used_at"), table_name="deprecated_use")
    op.drop_index("ix_deadline_fired_at", table_name="deadline")
    op.drop_index("ix_intake_message_worked_at", table_name="intake_message")
    op.execute(WHOLE_AGAIN)
