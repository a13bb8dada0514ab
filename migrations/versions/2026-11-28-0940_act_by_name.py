"""Shared rows are changed by functions that are told which: deadlines of no organisation, counters
of events, failures to log in.

Revision ID: 0077
Revises: 0075
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0077"
down_revision: str | Sequence[str] | None = "0075"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# They run as the owner of the tables, whom forced row-level security binds as well.
OWNER = "CREATE POLICY by_name ON {table} TO kerben_owner USING (true) WITH CHECK (true);"
TABLES = ("deadline", "event_counter", "login_throttle")
FUNCTIONS = {
    # A deadline that is there is moved and fires again, unless it is to be kept.
    "kerben_arm(uuid[], text[], uuid[], timestamptz[], boolean)": """
CREATE FUNCTION kerben_arm(ids uuid[], kinds text[], resources uuid[], moments timestamptz[],
  keep boolean) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
  INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, due_at)
  SELECT g.id, now(), now(), g.kind, g.resource_id, g.due_at
  FROM unnest(ids, kinds, resources, moments) AS g(id, kind, resource_id, due_at)
  ORDER BY g.resource_id, g.kind
  ON CONFLICT (resource_id, kind) DO UPDATE
    SET due_at = excluded.due_at, fired_at = NULL, updated_at = excluded.updated_at
    WHERE deadline.org_id IS NULL AND NOT keep
$$;
""",
    "kerben_disarm(text[], uuid[])": """
CREATE FUNCTION kerben_disarm(kinds text[], resources uuid[]) RETURNS void LANGUAGE sql
  SECURITY DEFINER SET search_path = public AS $$
  DELETE FROM deadline d USING unnest(kinds, resources) AS g(kind, resource_id)
  WHERE d.kind = g.kind AND d.resource_id = g.resource_id AND d.org_id IS NULL
$$;
""",
    "kerben_count_events(uuid[], bigint[])": """
CREATE FUNCTION kerben_count_events(resources uuid[], added bigint[])
  RETURNS TABLE (resource_id uuid, last bigint) LANGUAGE sql SECURITY DEFINER
  SET search_path = public ROWS 10 AS $$
  INSERT INTO event_counter AS c (id, created_at, updated_at, last)
  SELECT g.id, now(), now(), g.added FROM unnest(resources, added) AS g(id, added)
  WHERE g.added > 0 ORDER BY g.id
  ON CONFLICT (id) DO UPDATE SET last = c.last + excluded.last, updated_at = now()
  RETURNING c.id, c.last
$$;
""",
    # Subjects are keyed hashes: only who knows the account or the address can name one.
    "kerben_throttled(text[])": """
CREATE FUNCTION kerben_throttled(subjects text[])
  RETURNS TABLE (subject text, failures integer, last_failed_at timestamptz) LANGUAGE sql
  SECURITY DEFINER SET search_path = public ROWS 3 AS $$
  SELECT t.subject, t.failures, t.last_failed_at FROM login_throttle t
  WHERE t.subject = ANY(subjects) ORDER BY t.subject FOR UPDATE
$$;
""",
    "kerben_throttle(uuid[], text[], timestamptz)": """
CREATE FUNCTION kerben_throttle(ids uuid[], subjects text[], moment timestamptz) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
  INSERT INTO login_throttle AS t (id, created_at, updated_at, subject, failures, last_failed_at)
  SELECT g.id, moment, moment, g.subject, 1, moment
  FROM unnest(ids, subjects) AS g(id, subject) ORDER BY g.subject
  ON CONFLICT (subject) DO UPDATE SET failures = t.failures + 1,
    last_failed_at = excluded.last_failed_at, updated_at = excluded.updated_at
$$;
""",
    "kerben_unthrottle(text[], text)": """
CREATE FUNCTION kerben_unthrottle(forgotten text[], lessened text) RETURNS void LANGUAGE sql
  SECURITY DEFINER SET search_path = public AS $$
  DELETE FROM login_throttle WHERE subject = ANY(forgotten);
  UPDATE login_throttle SET failures = failures - 1 WHERE subject = lessened AND failures > 0;
$$;
""",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(OWNER.format(table=table))
    for signature, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO kerben_app, kerben_worker")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    for table in TABLES:
        op.execute(f"DROP POLICY by_name ON {table}")
