"""What a unit of an offer weighs and takes; answers to schedules that split a row.

Revision ID: 0051
Revises: 0050
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0051"
down_revision: str | Sequence[str] | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MEASURES = ("gross_weight_kg", "volume_m3", "packages")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in MEASURES:
        op.add_column("offer", sa.Column(name, sa.Numeric(precision=20, scale=6), nullable=True))
    op.create_check_constraint(
        op.f("ck_offer_measures_positive"),
        "offer",
        " AND ".join(f"{name} > 0" for name in MEASURES),
    )
    rows = sa.Column("split", postgresql.JSONB(), nullable=False, server_default="[]")
    op.add_column("order_response_line", rows)
    op.alter_column("order_response_line", "split", server_default=None)
    op.create_check_constraint(
        op.f("ck_order_response_line_split_of_change"),
        "order_response_line",
        "response = 'change' OR split = '[]'",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("order_response_line", "split")
    for name in MEASURES:
        op.drop_column("offer", name)
