"""Due days of contracts are published: whoever acts publishes those of all contracts of a process.

Revision ID: 0033
Revises: 0032
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0033"
down_revision: str | Sequence[str] | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("delivery_schedule_row", "performance")
READ = """
CREATE POLICY publisher_read ON {table} FOR SELECT TO kerben_app
  USING (kerben_publisher() AND EXISTS (SELECT FROM contract c WHERE c.id = contract_id
    AND c.status IN ('active', 'terminated')));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(READ.format(table=table))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(f"DROP POLICY publisher_read ON {table}")
