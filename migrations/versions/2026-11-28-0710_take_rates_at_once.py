"""All limits of a request taken by one call.

Revision ID: 0081
Revises: 0080
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0081"
down_revision: str | Sequence[str] | None = "0080"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TAKE = """
CREATE FUNCTION kerben_take_rates(wanted text[], quotas integer[], seconds integer[])
RETURNS TABLE (taken boolean, previous integer, previous_ttl float8, hits integer, ttl float8)
LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(wanted) LOOP
    SELECT * INTO taken, previous, previous_ttl, hits, ttl
      FROM kerben_take_rate(wanted[i], quotas[i], seconds[i], 1);
    RETURN NEXT;
    EXIT WHEN NOT taken;
  END LOOP;
END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TAKE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION kerben_take_rates(text[], integer[], integer[])")
