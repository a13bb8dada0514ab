"""Delivery terms of a bid in full: its place by code, and what is stated separately in the price.

Revision ID: 0027
Revises: 0026
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0027"
down_revision: str | Sequence[str] | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TEXTS = {
    "place_code": 40,
    "importer_of_record": 500,
    "importer_tax_id": 20,
    "vat_recovered_by": 20,
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, length in _TEXTS.items():
        text = sqlmodel.sql.sqltypes.AutoString(length=length)
        op.add_column("bid_lot", sa.Column(name, text, nullable=True))
    op.add_column("bid_lot", sa.Column("is_seller_premises", sa.Boolean(), nullable=True))
    stated = sa.Column(
        "stated_charges",
        postgresql.JSONB(none_as_null=True),
        nullable=False,
        server_default=sa.text("'[]'::jsonb"),
    )
    op.add_column("bid_lot", stated)
    op.alter_column("bid_lot", "stated_charges", server_default=None)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("stated_charges", "is_seller_premises", *_TEXTS):
        op.drop_column("bid_lot", name)
