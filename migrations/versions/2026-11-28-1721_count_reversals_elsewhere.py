"""What was reversed in Stripe's dashboard counts for what a supplier owes.

Revision ID: 0123
Revises: 0122
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0123"
down_revision: str | Sequence[str] | None = "0122"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "reversed_elsewhere"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    column = sa.Column(NAME, sa.Numeric(20, 6), server_default=sa.text("0"), nullable=False)
    op.add_column("payment_recovery", column)
    op.create_check_constraint(
        op.f(f"ck_payment_recovery_{NAME}_within_recovered"),
        "payment_recovery",
        f"{NAME} BETWEEN 0 AND recovered",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f(f"ck_payment_recovery_{NAME}_within_recovered"), "payment_recovery")
    op.drop_column("payment_recovery", NAME)
