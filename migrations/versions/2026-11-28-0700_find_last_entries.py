"""The last entry of an audit stream and the answer to a key, each locked and read by one call.

Revision ID: 0080
Revises: 0079
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0080"
down_revision: str | Sequence[str] | None = "0079"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A volatile function reads with a new snapshot in each of its statements: what another writer
# committed while this one waited is seen, as it would be by two statements of the client.
FIND = """
CREATE FUNCTION kerben_last_entry(wanted text) RETURNS TABLE (seq integer, hash text)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(wanted, 11));
  RETURN QUERY SELECT e.seq, e.hash::text FROM audit_entry e
    WHERE e.stream = wanted ORDER BY e.seq DESC LIMIT 1;
END $$;
"""
BEGIN = """
CREATE FUNCTION kerben_idempotency(lock text, org uuid, who text, what text, given text)
RETURNS TABLE (free boolean, id uuid, body_hash text, status integer, body bytea, headers jsonb,
  expires_at timestamptz)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  r idempotency_record;
BEGIN
  free := pg_try_advisory_xact_lock(hashtextextended(lock, 7));
  IF free THEN
    SELECT * INTO r FROM idempotency_record i
      WHERE i.org_id = org AND i.principal = who AND i.operation = what AND i.key = given;
  END IF;
  RETURN QUERY SELECT free, r.id, r.body_hash::text, r.status, r.body, r.headers, r.expires_at;
END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(FIND)
    op.execute(BEGIN)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION kerben_idempotency(text, uuid, text, text, text)")
    op.execute("DROP FUNCTION kerben_last_entry(text)")
