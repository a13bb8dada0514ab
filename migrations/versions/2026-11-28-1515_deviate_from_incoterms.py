"""What a bid agrees otherwise than by its Incoterm, and who declares the export.

Revision ID: 0112
Revises: 0108
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0112"
down_revision: str | Sequence[str] | None = "0108"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EXPORTER = "fk_bid_lot_exporter_of_record_id_organisation"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    deviations = sa.Column(
        "deviations", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"
    )
    op.add_column("bid_lot", deviations)
    op.add_column("bid_lot", sa.Column("exporter_of_record_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        EXPORTER,
        "bid_lot",
        "organisation",
        ["exporter_of_record_id"],
        ["id"],
        ondelete="RESTRICT",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(EXPORTER, "bid_lot")
    op.drop_column("bid_lot", "exporter_of_record_id")
    op.drop_column("bid_lot", "deviations")
