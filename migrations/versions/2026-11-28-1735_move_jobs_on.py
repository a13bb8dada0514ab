"""The tries of a job are counted since a step of it was last done.

Revision ID: 0146
Revises: 0116
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0146"
down_revision: str | Sequence[str] | None = "0116"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    step = sa.Column("attempts_at_step", sa.Integer(), server_default="0", nullable=False)
    op.add_column("job", step)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("job", "attempts_at_step")
