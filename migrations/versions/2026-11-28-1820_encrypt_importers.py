"""Tax numbers of importers encrypted, with a blind index.

What was stored in the clear stays readable until `kerben keys reencrypt` encrypts it; nothing is
written to `importer_tax_id` any more.

Revision ID: 0120
Revises: 0125
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0120"
down_revision: str | Sequence[str] | None = "0125"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_bid_lot_importer_tax_id_index"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("importer_tax_id_encrypted", "importer_tax_id_index"):
        op.add_column("bid_lot", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.create_index(
        INDEX,
        "bid_lot",
        ["importer_tax_id_index"],
        postgresql_where=sa.text("importer_tax_id_index IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(INDEX, "bid_lot")
    for name in ("importer_tax_id_index", "importer_tax_id_encrypted"):
        op.drop_column("bid_lot", name)
