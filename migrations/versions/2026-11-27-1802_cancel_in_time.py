"""Cancellations of tenders and lots, which wait for the end of the time to complain about them.

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE tender_cancellation ENABLE ROW LEVEL SECURITY;
ALTER TABLE tender_cancellation FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_cancellation FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM tender t WHERE t.id = tender_id));
CREATE POLICY app_insert ON tender_cancellation FOR INSERT TO kerben_app WITH CHECK (EXISTS (
  SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY app_update ON tender_cancellation FOR UPDATE TO kerben_app USING (EXISTS (
  SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY worker ON tender_cancellation TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON tender_cancellation
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tender_cancellation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "active",
                "withdrawn",
                "lapsed",
                name="cancellationstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason_type",
            sa.Enum(
                "noDemand",
                "unFixable",
                "forceMajeure",
                "expensesCut",
                "other",
                name="cancellationreason_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("complaint_period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (ended_at IS NULL)",
            name=op.f("ck_tender_cancellation_pending_has_not_ended"),
        ),
        sa.CheckConstraint(
            "status = 'active' OR complaint_period_end IS NOT NULL",
            name=op.f("ck_tender_cancellation_waits_for_a_period"),
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_tender_cancellation_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_cancellation")),
    )
    op.create_index(
        op.f("ix_tender_cancellation_tender_id"), "tender_cancellation", ["tender_id"], unique=False
    )
    op.create_index(
        "uq_tender_cancellation_pending",
        "tender_cancellation",
        ["tender_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("tender_cancellation")
