"""Images of products, and the copies of them that buyers are given.

Revision ID: 0102
Revises: 0101
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from pgvector.sqlalchemy import BIT
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0102"
down_revision: str | Sequence[str] | None = "0101"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSALS = ("image_unreadable", "image_too_many_pixels", "image_too_small", "image_quarantined")
PROTECT = """
ALTER TABLE product_image ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_image FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON product_image TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
-- Others while they see the product, whose own policies apply inside EXISTS.
CREATE POLICY visible ON product_image FOR SELECT TO kerben_app
  USING (kerben_operator()
    OR (status = 'ready' AND EXISTS (SELECT FROM product p WHERE p.id = product_id)));
CREATE POLICY worker ON product_image TO kerben_worker USING (true) WITH CHECK (true);

-- Copies are made by workers and read with their image.
ALTER TABLE product_rendition ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_rendition FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON product_rendition FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM product_image i WHERE i.id = image_id));
CREATE POLICY worker ON product_rendition TO kerben_worker USING (true) WITH CHECK (true);

-- What was uploaded stays its owner's: a camera notes where it was.
CREATE POLICY of_rendition ON file FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM product_rendition r WHERE r.file_id = file.id));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "product_image",
        *_kept(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            _one_of("imagestatus_valid", "received", "ready", "refused"),
            nullable=False,
        ),
        sa.Column("refusal", _one_of("refusal_valid", *REFUSALS), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("picture_hash", BIT(64), nullable=True),
        sa.Column("alt_texts", JSONB(), nullable=False),
        sa.Column("alt_texts_origin", JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'ready') <= (width > 0 AND height > 0 AND picture_hash IS NOT NULL)",
            name=op.f("ck_product_image_ready_is_read"),
        ),
        sa.CheckConstraint(
            "(status = 'refused') = (refusal IS NOT NULL)",
            name=op.f("ck_product_image_refused_for_a_reason"),
        ),
        _refers("product_image", "org_id", "organisation", "RESTRICT"),
        _refers("product_image", "product_id", "product", "CASCADE"),
        _refers("product_image", "file_id", "file", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_image")),
        sa.UniqueConstraint(
            "product_id", "file_id", name=op.f("uq_product_image_product_id_file_id")
        ),
    )
    op.create_index(op.f("ix_product_image_file_id"), "product_image", ["file_id"])
    op.create_table(
        "product_rendition",
        *_kept(),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("name", _one_of("rendition_valid", "small", "large"), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "width > 0 AND height > 0", name=op.f("ck_product_rendition_size_positive")
        ),
        _refers("product_rendition", "image_id", "product_image", "CASCADE"),
        _refers("product_rendition", "file_id", "file", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_rendition")),
        sa.UniqueConstraint("image_id", "name", name=op.f("uq_product_rendition_image_id_name")),
    )
    op.create_index(op.f("ix_product_rendition_file_id"), "product_rendition", ["file_id"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY of_rendition ON file")
    op.drop_table("product_rendition")
    op.drop_table("product_image")


def _kept() -> list[sa.Column[object]]:
    moments = [
        sa.Column(name, sa.DateTime(timezone=True), nullable=False)
        for name in ("created_at", "updated_at")
    ]
    return [sa.Column("id", sa.Uuid(), nullable=False), *moments]


def _refers(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
