"""The zone of the days of a published tender, beside the policy that it is frozen with.

Revision ID: 0158
Revises: 0157
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0158"
down_revision: str | Sequence[str] | None = "0157"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ADOPT = """
ALTER TABLE tender NO FORCE ROW LEVEL SECURITY;
UPDATE tender SET zone = coalesce(policy ->> 'time_zone', 'Asia/Bishkek') WHERE policy IS NOT NULL;
ALTER TABLE tender FORCE ROW LEVEL SECURITY;
CREATE TRIGGER keep_frozen_zone BEFORE UPDATE OF zone ON tender
  FOR EACH ROW WHEN (OLD.published_at IS NOT NULL AND OLD.zone IS DISTINCT FROM NEW.zone)
  EXECUTE FUNCTION kerben_keep_frozen();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tender", sa.Column("zone", sa.String(length=60), nullable=True))
    op.execute(ADOPT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER keep_frozen_zone ON tender")
    op.drop_column("tender", "zone")
