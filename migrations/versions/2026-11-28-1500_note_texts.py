"""What is known of translated texts of products, and the languages that markets want.

Revision ID: 0106
Revises: 0105
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0106"
down_revision: str | Sequence[str] | None = "0105"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

POLICIES = """
ALTER TABLE product_text ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_text FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON product_text TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY visible ON product_text FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM product WHERE product.id = product_id));
CREATE POLICY worker ON product_text TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE market_language ENABLE ROW LEVEL SECURITY;
ALTER TABLE market_language FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON market_language FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON market_language TO kerben_worker USING (true) WITH CHECK (true);
"""


def _field() -> sa.Enum:
    return sa.Enum(
        "names",
        "descriptions",
        name="textfield_valid",
        native_enum=False,
        create_constraint=True,
        length=32,
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "product_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("field", _field(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("text_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("source_language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("source_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("engine", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("engine_version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("coverage", sa.Numeric(precision=4, scale=3), nullable=True),
        sa.Column("reviewed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_product_text_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_product_text_product_id_product"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_text")),
        sa.UniqueConstraint(
            "product_id",
            "field",
            "language",
            name=op.f("uq_product_text_product_id_field_language"),
        ),
    )
    op.create_index(op.f("ix_product_text_org_id"), "product_text", ["org_id"], unique=False)
    op.create_table(
        "market_language",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("field", _field(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_market_language_valid_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_language")),
        sa.UniqueConstraint(
            "market",
            "field",
            "language",
            "valid_from",
            name=op.f("uq_market_language_market_field_language_valid_from"),
        ),
    )
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("market_language")
    op.drop_index(op.f("ix_product_text_org_id"), table_name="product_text")
    op.drop_table("product_text")
