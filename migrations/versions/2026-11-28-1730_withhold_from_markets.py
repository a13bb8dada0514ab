"""How products stand to markets.

Revision ID: 0138
Revises: 0137
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0138"
down_revision: str | Sequence[str] | None = "0137"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# That a product is ready for a market is seen there by everybody; what it lacks, by its owner. The
# first review is due at once.
PROTECT = """
ALTER TABLE market_standing ENABLE ROW LEVEL SECURITY;
ALTER TABLE market_standing FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON market_standing TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY owner_read ON market_standing FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY ready_read ON market_standing FOR SELECT TO kerben_app USING (ready);

ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, due_at)
  SELECT gen_random_uuid(), now(), now(), 'market_standing.review_due',
    '00000000-0000-0000-0000-000000000002', now();
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
"""
GIVE_BACK = """
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
DELETE FROM deadline WHERE kind = 'market_standing.review_due';
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
DROP TABLE market_standing;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "market_standing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column(
            "missing", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.CheckConstraint(
            "market ~ '^[A-Z]{2}$'", name=op.f("ck_market_standing_market_is_country")
        ),
        sa.CheckConstraint(
            "NOT ready OR missing = '[]'::jsonb",
            name=op.f("ck_market_standing_ready_lacks_nothing"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_market_standing_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_market_standing_product_id_product"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_standing")),
        sa.UniqueConstraint(
            "product_id", "market", name=op.f("uq_market_standing_product_id_market")
        ),
    )
    op.create_index(op.f("ix_market_standing_org_id"), "market_standing", ["org_id"], unique=False)
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(GIVE_BACK)
