"""Jobs wait in lanes, one of each organisation in each queue, and those that are done can be found.

Revision ID: 0041
Revises: 0040
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0041"
down_revision: str | Sequence[str] | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = sa.text("done_at IS NULL AND failed_at IS NULL")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    lane = sqlmodel.sql.sqltypes.AutoString(length=80)
    op.add_column("job", sa.Column("lane", lane, server_default="", nullable=False))
    op.create_index("ix_job_lane", "job", ["lane", "run_at"], postgresql_where=OPEN)
    op.create_index(
        "ix_job_done", "job", ["done_at"], postgresql_where=sa.text("done_at IS NOT NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_job_done", table_name="job")
    op.drop_index("ix_job_lane", table_name="job")
    op.drop_column("job", "lane")
