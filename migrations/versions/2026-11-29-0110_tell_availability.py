"""Whether an offer can be delivered now, for everybody who sees it: no quantity and no place.

Revision ID: 0151
Revises: 0150
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0151"
down_revision: str | Sequence[str] | None = "0150"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TELL = """
CREATE FUNCTION kerben_stock_state(wanted uuid, needed numeric, today date) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT CASE
    WHEN count(*) = 0 THEN NULL
    WHEN coalesce(sum(greatest(on_hand - reserved, 0))
      FILTER (WHERE available_from IS NULL OR available_from <= today), 0) >= needed
      THEN 'in_stock'
    WHEN bool_or(backorders OR (available_from > today AND on_hand > reserved)) THEN 'backorder'
    ELSE 'out_of_stock' END
  FROM stock_level WHERE offer_id = wanted
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TELL)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION kerben_stock_state(uuid, numeric, date)")
