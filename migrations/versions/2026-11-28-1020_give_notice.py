"""Suppliers end contracts after notice.

Revision ID: 0084
Revises: 0083
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0084"
down_revision: str | Sequence[str] | None = "0083"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GROUNDS = ("late_payment", "refusal_to_accept", "buyer_breach", "force_majeure")
REASONS = ("completed", "breach", "mutual")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "contract",
        sa.Column(
            "notice_ground",
            sa.Enum(
                *GROUNDS,
                name="terminationground_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.add_column(
        "contract",
        sa.Column("notice_details", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
    )
    op.add_column(
        "contract", sa.Column("notice_ends_at", sa.DateTime(timezone=True), nullable=True)
    )
    _take_reasons(*REASONS, "force_majeure")


def downgrade() -> None:
    _take_reasons(*REASONS)
    for column in ("notice_ground", "notice_details", "notice_ends_at"):
        op.drop_column("contract", column)


def _take_reasons(*reasons: str) -> None:
    named = ", ".join(f"'{each}'" for each in reasons)
    constraint = "ck_contract_terminationreason_valid"
    op.execute(
        f"ALTER TABLE contract DROP CONSTRAINT {constraint},"
        f" ADD CONSTRAINT {constraint} CHECK (termination_reason IN ({named}))"
    )
