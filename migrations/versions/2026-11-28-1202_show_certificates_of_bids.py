"""A buyer sees the certificates that its lots ask for of those whose bids are opened.

Revision ID: 0101
Revises: 0100
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0101"
down_revision: str | Sequence[str] | None = "0100"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SHOW = """
CREATE POLICY of_bid ON certificate FOR SELECT TO kerben_app USING (EXISTS (
  SELECT FROM bid b
  JOIN tender t ON t.id = b.tender_id AND t.buyer_id = kerben_org()
  JOIN bid_lot bl ON bl.bid_id = b.id
  JOIN tender_lot l ON l.id = bl.lot_id AND certificate.scheme = ANY (l.required_certificates)
  WHERE b.opened_at IS NOT NULL AND (b.supplier_id = certificate.org_id OR EXISTS (
    SELECT FROM bid_tenderer m
    WHERE m.bid_id = b.id AND m.organisation_id = certificate.org_id))));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(SHOW)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY of_bid ON certificate")
