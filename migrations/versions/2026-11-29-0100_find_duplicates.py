"""Products that are likely the same, and the goods that products of several sellers are.

Revision ID: 0150
Revises: 0154
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0150"
down_revision: str | Sequence[str] | None = "0154"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE master_product ENABLE ROW LEVEL SECURITY;
ALTER TABLE master_product FORCE ROW LEVEL SECURITY;
CREATE POLICY readable ON master_product FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY operator ON master_product TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
CREATE POLICY worker ON master_product TO kerben_worker USING (true) WITH CHECK (true);
REVOKE DELETE ON master_product FROM kerben_app;

ALTER TABLE product_duplicate ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_duplicate FORCE ROW LEVEL SECURITY;
-- A seller knows of its own products; that others sell the same is the operator's to know.
CREATE POLICY own ON product_duplicate TO kerben_app
  USING (first_org_id = kerben_org() AND second_org_id = kerben_org())
  WITH CHECK (first_org_id = kerben_org() AND second_org_id = kerben_org());
CREATE POLICY owned ON product_duplicate AS RESTRICTIVE FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM product p WHERE p.id = first_id AND p.org_id = first_org_id)
    AND EXISTS (SELECT FROM product p WHERE p.id = second_id AND p.org_id = second_org_id));
CREATE POLICY operator_read ON product_duplicate FOR SELECT TO kerben_app
  USING (kerben_operator());
CREATE POLICY operator_update ON product_duplicate FOR UPDATE TO kerben_app
  USING (kerben_operator());
CREATE POLICY worker ON product_duplicate TO kerben_worker USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "master_product",
        *_base(),
        sa.Column("names", JSONB(), nullable=False),
        sa.Column("gtin", _text(14), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_master_product")),
        sa.UniqueConstraint("gtin", name=op.f("uq_master_product_gtin")),
    )
    op.create_table(
        "product_duplicate",
        *_base(),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("first_org_id", sa.Uuid(), nullable=False),
        sa.Column("second_org_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Numeric(4, 3), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "found",
                "dismissed",
                "proposed",
                name="duplicatestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("judged_by", _text(80), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_product_duplicate_ordered")),
        sa.CheckConstraint(
            "(judged_by IS NULL) = (judged_at IS NULL)",
            name=op.f("ck_product_duplicate_judged_by_somebody"),
        ),
        _refers("first_id", "product", "CASCADE"),
        _refers("second_id", "product", "CASCADE"),
        _refers("first_org_id", "organisation", "RESTRICT"),
        _refers("second_org_id", "organisation", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_duplicate")),
        sa.UniqueConstraint(
            "first_id", "second_id", name=op.f("uq_product_duplicate_first_id_second_id")
        ),
    )
    op.create_index("ix_product_duplicate_second_id", "product_duplicate", ["second_id"])
    op.create_index(
        "ix_product_duplicate_first_org_id", "product_duplicate", ["first_org_id", "second_org_id"]
    )
    op.create_index(op.f("ix_product_duplicate_status"), "product_duplicate", ["status"])
    op.execute(PROTECT)
    op.add_column("product", sa.Column("master_product_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_product_master_product_id_master_product"),
        "product",
        "master_product",
        ["master_product_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_index("ix_product_master_product_id", "product", ["master_product_id"])
    op.create_index(
        "ix_product_mpn", "product", ["mpn"], postgresql_where=sa.text("mpn IS NOT NULL")
    )
    op.create_index(
        "ix_product_image_picture_hash",
        "product_image",
        ["picture_hash"],
        postgresql_using="hnsw",
        postgresql_ops={"picture_hash": "bit_hamming_ops"},
        postgresql_where=sa.text("picture_hash IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_product_image_picture_hash", "product_image")
    op.drop_index("ix_product_mpn", "product")
    op.drop_column("product", "master_product_id")
    op.drop_table("product_duplicate")
    op.drop_table("master_product")


def _base() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _refers(column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_product_duplicate_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)
