"""Candidates qualify and are invited for single lots, and at most so many.

Revision ID: 0090
Revises: 0089
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0090"
down_revision: str | Sequence[str] | None = "0089"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEPT = "findings", "decision", "decided_by", "decided_at", "announced_at", "standstill_end"
LOTS = "lots", "shortlisted"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "submission_terms",
        sa.Column("shortlist", postgresql.JSONB(none_as_null=True), nullable=True),
    )
    for name in (*LOTS, "invited_lots"):
        op.add_column("qualification", sa.Column(name, sa.ARRAY(sa.Uuid()), nullable=True))
    _keep(*KEPT, *LOTS)


def downgrade() -> None:
    _keep(*KEPT)
    for name in ("invited_lots", *LOTS):
        op.drop_column("qualification", name)
    op.drop_column("submission_terms", "shortlist")


def _keep(*names: str) -> None:
    """What of a qualification is never altered once it was announced."""
    old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("OLD", "NEW"))
    op.execute(
        "CREATE OR REPLACE TRIGGER keep_announced BEFORE UPDATE ON qualification FOR EACH ROW"
        f" WHEN (OLD.announced_at IS NOT NULL AND ({old}) IS DISTINCT FROM ({new}))"
        " EXECUTE FUNCTION kerben_keep_qualification()"
    )
