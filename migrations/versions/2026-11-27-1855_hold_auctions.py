"""Reverse auctions of lots and the log of their prices.

Revision ID: 0020
Revises: 0019
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0020"
down_revision: str | Sequence[str] | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())"
COMPETES = """EXISTS (SELECT FROM bid b
  WHERE b.tender_id = auction.tender_id AND b.supplier_id = kerben_org()
    AND b.opened_at IS NOT NULL)"""
OWN_BID = "EXISTS (SELECT FROM bid b WHERE b.id = bid_id AND b.supplier_id = kerben_org())"
POLICIES = f"""
ALTER TABLE auction ENABLE ROW LEVEL SECURITY;
ALTER TABLE auction FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON auction TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON auction FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON auction FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY buyer_update ON auction FOR UPDATE TO kerben_app USING ({OWN_TENDER});
-- A price may move the end on.
CREATE POLICY bidder_update ON auction FOR UPDATE TO kerben_app
  USING ({COMPETES}) WITH CHECK (status = 'planned' AND {COMPETES});

ALTER TABLE auction_price ENABLE ROW LEVEL SECURITY;
ALTER TABLE auction_price FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON auction_price TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON auction_price FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON auction_price FOR INSERT TO kerben_app WITH CHECK ({OWN_BID});
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auction_price
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- What was announced stays as it was announced.
CREATE FUNCTION kerben_keep_auction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.tender_id, NEW.lot_id, NEW.currency, NEW.step_amount, NEW.pause_seconds, NEW.initial,
      NEW.starts_at, NEW.announced_end)
     IS DISTINCT FROM
     (OLD.tender_id, OLD.lot_id, OLD.currency, OLD.step_amount, OLD.pause_seconds, OLD.initial,
      OLD.starts_at, OLD.announced_end) THEN
    RAISE EXCEPTION 'the terms of an auction are never altered: cancel it';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_auction BEFORE UPDATE ON auction
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_auction();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tender", sa.Column("auction_step_bp", sa.Integer(), nullable=True))
    op.create_table(
        "auction",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "complete",
                "cancelled",
                name="auctionstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("step_amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("pause_seconds", sa.Integer(), nullable=False),
        sa.Column("initial", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancellation_reason", sa.String(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("announced_end > starts_at", name=op.f("ck_auction_period_forward")),
        sa.CheckConstraint("ends_at >= announced_end", name=op.f("ck_auction_end_only_moves_on")),
        sa.CheckConstraint("step_amount > 0", name=op.f("ck_auction_step_positive")),
        sa.CheckConstraint("pause_seconds > 0", name=op.f("ck_auction_pause_positive")),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancellation_reason IS NOT NULL)",
            name=op.f("ck_auction_cancelled_has_reason"),
        ),
        sa.ForeignKeyConstraint(["tender_id"], ["tender.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["lot_id"], ["tender_lot.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_auction_tender_id"), "auction", ["tender_id"])
    op.create_index(
        "uq_auction_lot",
        "auction",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.create_table(
        "auction_price",
        *_common(),
        sa.Column("auction_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_auction_price_amount_positive")),
        sa.ForeignKeyConstraint(["auction_id"], ["auction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("auction_id", "number"),
    )
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("auction_price")
    op.drop_table("auction")
    op.execute("DROP FUNCTION kerben_keep_auction()")
    op.drop_column("tender", "auction_step_bp")


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
