"""Weight, measures, packages and declared hazards of products.

Revision ID: 0103
Revises: 0102
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0103"
down_revision: str | Sequence[str] | None = "0102"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MEASURES = ("net_weight_kg", "length_mm", "width_mm", "height_mm")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in MEASURES:
        op.add_column("product", sa.Column(name, sa.Numeric(20, 6), nullable=True))
    op.add_column("product", sa.Column("pack_levels", JSONB(), nullable=False, server_default="[]"))
    for name, length in (("un_number", 4), ("hazard_class", 3)):
        kind = sqlmodel.sql.sqltypes.AutoString(length=length)
        op.add_column("product", sa.Column(name, kind, nullable=True))
    op.create_check_constraint(
        op.f("ck_product_hazard_whole"),
        "product",
        "(un_number IS NULL) = (hazard_class IS NULL)",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_product_hazard_whole"), "product")
    for name in ("hazard_class", "un_number", "pack_levels", *reversed(MEASURES)):
        op.drop_column("product", name)
