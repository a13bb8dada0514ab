"""Every supplier of a contract sends shipments under it, not its lead alone.

Revision ID: 0087
Revises: 0086
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0087"
down_revision: str | Sequence[str] | None = "0086"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

POLICY = """
DROP POLICY app_insert ON shipment;
CREATE POLICY app_insert ON shipment FOR INSERT TO kerben_app WITH CHECK ({made});
"""
MEMBER = (
    "EXISTS (SELECT FROM contract c WHERE c.id = contract_id AND c.buyer_id = shipment.buyer_id"
    " AND c.suppliers[1] = shipment.supplier_id AND kerben_org() = ANY(c.suppliers))"
)
LEAD = (
    "supplier_id = kerben_org() AND EXISTS (SELECT FROM contract c WHERE c.id = contract_id"
    " AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)))"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(POLICY.format(made=MEMBER))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(POLICY.format(made=LEAD))
