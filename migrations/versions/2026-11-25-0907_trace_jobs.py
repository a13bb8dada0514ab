"""Traces of events and jobs, and an index to count the jobs given up.

Revision ID: 0003
Revises: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("outbox_event", sa.Column("traceparent", sa.String(length=55), nullable=True))
    op.add_column("job", sa.Column("traceparents", postgresql.ARRAY(sa.Text()), nullable=True))
    # Not CONCURRENTLY: that waits for every older transaction, and another process that waits for
    # our lock to migrate is one.
    op.create_index(
        "ix_job_failed", "job", ["name"], postgresql_where=sa.text("failed_at IS NOT NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_job_failed", table_name="job")
    op.drop_column("job", "traceparents")
    op.drop_column("outbox_event", "traceparent")
