"""Contracts are given up by both sides.

Revision ID: 0089
Revises: 0088
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0089"
down_revision: str | Sequence[str] | None = "0088"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "contract",
        sa.Column(
            "termination_proposal", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True
        ),
    )
    op.add_column(
        "contract", sa.Column("termination_proposed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_check_constraint(
        op.f("ck_contract_termination_proposal_has_time"),
        "contract",
        "(termination_proposal IS NULL) = (termination_proposed_at IS NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_contract_termination_proposal_has_time"), "contract")
    for column in ("termination_proposal", "termination_proposed_at"):
        op.drop_column("contract", column)
