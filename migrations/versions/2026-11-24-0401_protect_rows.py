"""Row-level security, append-only audit, and the notices that wake relay and clock.

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATEMENTS = Path(__file__).with_suffix(".sql")
UNPROTECT = """
DO $$
DECLARE row record;
BEGIN
  FOR row IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP POLICY %I ON %I', row.policyname, row.tablename);
    EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', row.tablename);
    EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', row.tablename);
  END LOOP;
  DROP FUNCTION kerben_notify() CASCADE;
  DROP FUNCTION kerben_refuse_change() CASCADE;
  DROP SEQUENCE tender_number_seq;
  DROP FUNCTION kerben_org() CASCADE;
  DROP FUNCTION kerben_operator() CASCADE;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Through the bare cursor: SQLAlchemy and the driver take colons and percents for parameters.
    op.get_bind().connection.cursor().execute(STATEMENTS.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(UNPROTECT)
