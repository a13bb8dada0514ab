"""Annual procurement plans; lots name a line of them, and direct purchases what they take of a year.

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE procurement_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE procurement_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON procurement_plan FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org() OR (published_at IS NOT NULL AND kerben_org() IS NOT NULL));
CREATE POLICY app_insert ON procurement_plan FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org());
CREATE POLICY app_update ON procurement_plan FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org()) WITH CHECK (buyer_id = kerben_org());
CREATE POLICY worker ON procurement_plan TO kerben_worker USING (true) WITH CHECK (true);

-- Lines are written with their plan; those of a published one stay as they are.
ALTER TABLE procurement_plan_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE procurement_plan_item FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON procurement_plan_item FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM procurement_plan p WHERE p.id = plan_id));
CREATE POLICY app_insert ON procurement_plan_item FOR INSERT TO kerben_app WITH CHECK (EXISTS (
  SELECT FROM procurement_plan p WHERE p.id = plan_id AND p.buyer_id = kerben_org()));
CREATE POLICY app_delete ON procurement_plan_item FOR DELETE TO kerben_app USING (EXISTS (
  SELECT FROM procurement_plan p
  WHERE p.id = plan_id AND p.buyer_id = kerben_org() AND p.published_at IS NULL));
CREATE POLICY worker ON procurement_plan_item TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_lines BEFORE UPDATE ON procurement_plan_item
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "procurement_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("title", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                name="planstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)",
            name=op.f("ck_procurement_plan_published_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_procurement_plan_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procurement_plan")),
        sa.UniqueConstraint("buyer_id", "year", name=op.f("uq_procurement_plan_buyer_id_year")),
    )
    op.create_table(
        "procurement_plan_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column(
            "classification_scheme", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False
        ),
        sa.Column("classification_id", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("budget_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("budget_source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "budget_amount > 0", name=op.f("ck_procurement_plan_item_budget_positive")
        ),
        sa.CheckConstraint(
            "period_end >= period_start", name=op.f("ck_procurement_plan_item_period_forward")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["procurement_plan.id"],
            name=op.f("fk_procurement_plan_item_plan_id_procurement_plan"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procurement_plan_item")),
        sa.UniqueConstraint(
            "plan_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_procurement_plan_item_plan_id_position"),
        ),
    )
    op.add_column("tender", sa.Column("direct_year", sa.Integer(), nullable=True))
    op.add_column("tender", sa.Column("direct_amount", sa.Numeric(20, 6), nullable=True))
    op.add_column("tender_lot", sa.Column("plan_item_id", sa.Uuid(), nullable=True))
    op.add_column("tender_lot", sa.Column("plan_amount", sa.Numeric(20, 6), nullable=True))
    op.create_foreign_key(
        op.f("fk_tender_lot_plan_item_id_procurement_plan_item"),
        "tender_lot",
        "procurement_plan_item",
        ["plan_item_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(op.f("ix_tender_lot_plan_item_id"), "tender_lot", ["plan_item_id"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("tender", "direct_amount")
    op.drop_column("tender", "direct_year")
    op.drop_column("tender_lot", "plan_amount")
    op.drop_column("tender_lot", "plan_item_id")
    op.drop_table("procurement_plan_item")
    op.drop_table("procurement_plan")
