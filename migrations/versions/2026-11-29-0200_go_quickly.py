"""Test tenders that do not wait: their quick modes, frozen with the rest at publication.

Revision ID: 0163
Revises: 0158
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "0163"
down_revision: str | Sequence[str] | None = "0158"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FREEZE = """
CREATE TRIGGER keep_quick BEFORE UPDATE OF quick ON tender
  FOR EACH ROW WHEN (OLD.published_at IS NOT NULL AND OLD.quick IS DISTINCT FROM NEW.quick)
  EXECUTE FUNCTION kerben_keep_frozen()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "tender", sa.Column("quick", ARRAY(sa.Text()), nullable=False, server_default="{}")
    )
    op.create_check_constraint(
        op.f("ck_tender_quick_in_tests"),
        "tender",
        "quick = '{}' OR (mode = 'test' AND quick <@ ARRAY['no_auction', 'fast_forward'])",
    )
    op.execute(FREEZE)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_quick ON tender")
    op.drop_column("tender", "quick")
