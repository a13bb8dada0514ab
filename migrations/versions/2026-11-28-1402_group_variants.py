"""Groups of products that differ along axes.

Revision ID: 0104
Revises: 0103
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0104"
down_revision: str | Sequence[str] | None = "0103"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE product_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_group FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON product_group TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
-- Others while they see one of its products, whose own policies apply inside EXISTS.
CREATE POLICY visible ON product_group FOR SELECT TO kerben_app
  USING (kerben_operator() OR EXISTS (
    SELECT FROM product p WHERE p.group_id = product_group.id));
CREATE POLICY worker ON product_group TO kerben_worker USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "product_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("names", JSONB(), nullable=False),
        sa.Column("names_origin", JSONB(), nullable=False),
        sa.Column("axes", ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_product_group_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_group")),
    )
    op.create_index(op.f("ix_product_group_org_id"), "product_group", ["org_id"])
    op.add_column("product", sa.Column("group_id", sa.Uuid(), nullable=True))
    op.add_column("product", sa.Column("variant", JSONB(), nullable=True))
    op.create_foreign_key(
        op.f("fk_product_group_id_product_group"),
        "product",
        "product_group",
        ["group_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_unique_constraint(
        op.f("uq_product_group_id_variant"), "product", ["group_id", "variant"]
    )
    op.create_check_constraint(
        op.f("ck_product_variant_of_a_group"),
        "product",
        "(group_id IS NULL) = (variant IS NULL)",
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Its policy names a column of product.
    op.execute("DROP POLICY visible ON product_group")
    op.drop_constraint(op.f("ck_product_variant_of_a_group"), "product")
    op.drop_constraint(op.f("uq_product_group_id_variant"), "product")
    op.drop_column("product", "variant")
    op.drop_column("product", "group_id")
    op.drop_table("product_group")
