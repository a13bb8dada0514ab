"""What a row of a delivery schedule agrees otherwise than by its Incoterm.

Rows that are there on the Incoterm of the winning bid take what the bid agreed.

Revision ID: 0157
Revises: 0151
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0157"
down_revision: str | Sequence[str] | None = "0151"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


READ = ("tender_item", "award", "contract_award", "bid_lot")
ADOPT = """
UPDATE delivery_schedule_row r
SET deviations = b.deviations
FROM tender_item i
JOIN award a ON a.lot_id = i.lot_id
JOIN contract_award c ON c.award_id = a.id
JOIN bid_lot b ON b.bid_id = a.bid_id AND b.lot_id = a.lot_id
WHERE i.id = r.item_id AND c.contract_id = r.contract_id
  AND b.incoterm = r.incoterm AND b.deviations <> '{}'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    deviations = sa.Column(
        "deviations", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"
    )
    op.add_column("delivery_schedule_row", deviations)
    for table in ("delivery_schedule_row", *READ):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(ADOPT)
    for table in ("delivery_schedule_row", *READ):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("delivery_schedule_row", "deviations")
