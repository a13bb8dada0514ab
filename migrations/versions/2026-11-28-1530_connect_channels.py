"""Sellers' connections to channels, their listings there, and what comes back.

Revision ID: 0132
Revises: 0139
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0132"
down_revision: str | Sequence[str] | None = "0139"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("channel_connection", "channel_listing", "channel_order", "channel_inquiry")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY owner_read ON {table} FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
POLICIES = """
CREATE POLICY owner_add ON channel_connection FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE POLICY owner_update ON channel_connection FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());

-- Orders and inquiries are written by workers alone. A partner reads and answers what was offered
-- to it.
CREATE POLICY owner_add ON channel_listing FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND EXISTS (
    SELECT FROM channel_connection c WHERE c.id = connection_id AND c.org_id = kerben_org()));
CREATE POLICY owner_update ON channel_listing FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY partner_read ON channel_listing FOR SELECT TO kerben_app
  USING (partner_id = kerben_org() AND external_id IS NOT NULL);
CREATE POLICY partner_update ON channel_listing FOR UPDATE TO kerben_app
  USING (partner_id = kerben_org() AND external_id IS NOT NULL)
  WITH CHECK (partner_id = kerben_org() AND external_id IS NOT NULL
    AND status IN ('live', 'rejected'));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "channel_connection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column(
            "settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "status",
            sa.Enum(
                "authorising",
                "connected",
                "unauthorised",
                "disconnected",
                name="connectionstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        sa.Column("credentials_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("polled_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "market ~ '^[A-Z]{2}$'", name=op.f("ck_channel_connection_market_is_country")
        ),
        sa.CheckConstraint(
            "status <> 'disconnected' OR credentials IS NULL",
            name=op.f("ck_channel_connection_forgets_credentials"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_channel_connection_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["organisation.id"],
            name=op.f("fk_channel_connection_partner_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_connection")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_channel_connection_org_id_name")),
    )
    op.create_index(
        op.f("ix_channel_connection_partner_id"), "channel_connection", ["partner_id"], unique=False
    )
    op.create_table(
        "channel_listing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column(
            "target",
            sa.Enum(
                "live",
                "paused",
                "withdrawn",
                name="listingtarget_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "submitted",
                "live",
                "rejected",
                "paused",
                "withdrawn",
                "failed",
                name="listingstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("category", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("keywords", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.Column("stock", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column(
            "sent", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "refused", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "faults", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("intent", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("ready_until", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_channel_listing_attempts_counted")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_channel_listing_stock_not_negative")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["channel_connection.id"],
            name=op.f("fk_channel_listing_connection_id_channel_connection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offer.id"],
            name=op.f("fk_channel_listing_offer_id_offer"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_channel_listing_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["organisation.id"],
            name=op.f("fk_channel_listing_partner_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_listing")),
        sa.UniqueConstraint(
            "connection_id", "offer_id", name=op.f("uq_channel_listing_connection_id_offer_id")
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_channel_listing_reference")),
    )
    op.create_index(
        op.f("ix_channel_listing_offer_id"), "channel_listing", ["offer_id"], unique=False
    )
    op.create_index(
        "ix_channel_listing_org_id_id", "channel_listing", ["org_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_channel_listing_partner_id"), "channel_listing", ["partner_id"], unique=False
    )
    op.create_table(
        "channel_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "unpaid",
                "paid",
                "shipped",
                "completed",
                "closed",
                "disputed",
                "unknown",
                name="orderstate_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("buyer_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column(
            "lines", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "raw", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["channel_connection.id"],
            name=op.f("fk_channel_order_connection_id_channel_connection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_channel_order_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_order")),
        sa.UniqueConstraint(
            "connection_id", "external_id", name=op.f("uq_channel_order_connection_id_external_id")
        ),
    )
    op.create_index("ix_channel_order_org_id_id", "channel_order", ["org_id", "id"], unique=False)
    op.create_table(
        "channel_inquiry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "raw", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["channel_connection.id"],
            name=op.f("fk_channel_inquiry_connection_id_channel_connection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_channel_inquiry_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_inquiry")),
        sa.UniqueConstraint(
            "connection_id",
            "external_id",
            name=op.f("uq_channel_inquiry_connection_id_external_id"),
        ),
    )
    op.create_index(
        "ix_channel_inquiry_org_id_id", "channel_inquiry", ["org_id", "id"], unique=False
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE channel_inquiry, channel_order, channel_listing, channel_connection")
