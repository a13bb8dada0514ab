"""Other prices of offers: by Incoterms rule and place, and for one buyer alone.

Revision ID: 0105
Revises: 0104
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0105"
down_revision: str | Sequence[str] | None = "0104"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = ("EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF")
PROTECT = """
ALTER TABLE price_point ENABLE ROW LEVEL SECURITY;
ALTER TABLE price_point FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON price_point TO kerben_app
  USING (seller_id = kerben_org())
  WITH CHECK (seller_id = kerben_org() AND EXISTS (
    SELECT FROM offer o WHERE o.id = offer_id AND o.seller_id = kerben_org()));
-- With the offer, whose own policies apply inside EXISTS; a contract price is its buyer's alone,
-- not the operator's either.
CREATE POLICY visible ON price_point FOR SELECT TO kerben_app
  USING ((buyer_id IS NULL OR buyer_id = kerben_org())
    AND EXISTS (SELECT FROM offer o WHERE o.id = offer_id));
CREATE POLICY worker ON price_point TO kerben_worker USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "price_point",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column(
            "incoterm",
            sa.Enum(
                *RULES,
                name="incoterm_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_through", sa.Date(), nullable=True),
        sa.Column("tiers", JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "valid_through >= valid_from", name=op.f("ck_price_point_validity_ordered")
        ),
        sa.CheckConstraint("buyer_id <> seller_id", name=op.f("ck_price_point_of_another")),
        _refers("seller_id", "organisation", "RESTRICT"),
        _refers("offer_id", "offer", "CASCADE"),
        _refers("buyer_id", "organisation", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_point")),
        sa.UniqueConstraint(
            "offer_id",
            "buyer_id",
            "incoterm",
            "place_code",
            "valid_from",
            name="uq_price_point_of_a_day",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_price_point_buyer_id"), "price_point", ["buyer_id"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.drop_table("price_point")


def _refers(column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_price_point_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)
