"""Endpoints of webhooks, their secrets, messages, deliveries and attempts.

Revision ID: 0037
Revises: 0036
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0037"
down_revision: str | Sequence[str] | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "webhook_endpoint",
    "webhook_secret",
    "webhook_message",
    "webhook_delivery",
    "webhook_attempt",
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING (org_id = kerben_org());
"""
# What was attempted is written by the workers alone. The API's role deletes nothing but secrets.
POLICIES = """
CREATE POLICY app_insert ON webhook_endpoint FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON webhook_endpoint FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY app_insert ON webhook_secret FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON webhook_secret FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY app_delete ON webhook_secret FOR DELETE TO kerben_app USING (org_id = kerben_org());
CREATE POLICY app_insert ON webhook_message FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON webhook_message FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY app_insert ON webhook_delivery FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON webhook_delivery FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON webhook_attempt FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "scheme",
            sa.Enum(
                "v1",
                "v1a",
                name="signaturescheme_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "ordering",
            sa.Enum(
                "best_effort",
                "fifo",
                name="ordering_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("max_in_flight", sa.Integer(), nullable=False),
        sa.Column("rate_per_second", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "enabled",
                "disabled",
                "deleted",
                name="endpointstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "disabled_reason",
            sa.Enum(
                "owner",
                "failing",
                "gone",
                name="disabledreason_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("recover_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'disabled') = (disabled_at IS NOT NULL AND disabled_reason IS NOT NULL)",
            name=op.f("ck_webhook_endpoint_disabled_has_reason"),
        ),
        sa.CheckConstraint(
            "max_in_flight BETWEEN 1 AND 50", name=op.f("ck_webhook_endpoint_max_in_flight_bounded")
        ),
        sa.CheckConstraint(
            "rate_per_second BETWEEN 1 AND 1000", name=op.f("ck_webhook_endpoint_rate_bounded")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_endpoint_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(
        "ix_webhook_endpoint_live",
        "webhook_endpoint",
        ["org_id"],
        unique=False,
        postgresql_where=sa.text("status = 'enabled'"),
    )
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("webhook_id", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("event_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("expunged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_message_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
        sa.UniqueConstraint("org_id", "event_id", name=op.f("uq_webhook_message_org_id_event_id")),
    )
    op.create_index(
        "ix_webhook_message_content",
        "webhook_message",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "succeeded",
                "failed",
                "cancelled",
                name="deliverystatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("last_status_code", sa.Integer(), nullable=True),
        sa.Column(
            "last_error",
            sa.Enum(
                "blocked",
                "dns",
                "tcp",
                "tls",
                "timeout",
                "http",
                name="attempterror_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (next_attempt_at IS NOT NULL)",
            name=op.f("ck_webhook_delivery_pending_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
            name=op.f("fk_webhook_delivery_endpoint_id_webhook_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_message.id"],
            name=op.f("fk_webhook_delivery_message_id_webhook_message"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_delivery_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint(
            "endpoint_id", "message_id", name=op.f("uq_webhook_delivery_endpoint_id_message_id")
        ),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        op.f("ix_webhook_delivery_message_id"), "webhook_delivery", ["message_id"], unique=False
    )
    op.create_index(
        op.f("ix_webhook_delivery_org_id"), "webhook_delivery", ["org_id"], unique=False
    )
    op.create_index(
        "ix_webhook_delivery_unfinished",
        "webhook_delivery",
        ["endpoint_id", "resource_id", "position"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'failed')"),
    )
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scheme",
            sa.Enum(
                "v1",
                "v1a",
                name="signaturescheme_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("encrypted", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("public_key", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
            name=op.f("fk_webhook_secret_endpoint_id_webhook_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_secret_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secret")),
    )
    op.create_index(
        "ix_webhook_secret_current",
        "webhook_secret",
        ["endpoint_id"],
        unique=True,
        postgresql_where=sa.text("expires_at IS NULL"),
    )
    op.create_index(
        op.f("ix_webhook_secret_endpoint_id"), "webhook_secret", ["endpoint_id"], unique=False
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column(
            "error",
            sa.Enum(
                "blocked",
                "dns",
                "tcp",
                "tls",
                "timeout",
                "http",
                name="attempterror_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("response", sqlmodel.sql.sqltypes.AutoString(length=20000), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_delivery.id"],
            name=op.f("fk_webhook_attempt_delivery_id_webhook_delivery"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoint.id"],
            name=op.f("fk_webhook_attempt_endpoint_id_webhook_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_attempt_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
        sa.UniqueConstraint(
            "delivery_id", "number", name=op.f("uq_webhook_attempt_delivery_id_number")
        ),
    )
    op.create_index(
        "ix_webhook_attempt_content",
        "webhook_attempt",
        ["id"],
        unique=False,
        postgresql_where=sa.text("response IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_webhook_attempt_endpoint_id"), "webhook_attempt", ["endpoint_id"], unique=False
    )
    op.create_index("ix_webhook_attempt_listed", "webhook_attempt", ["org_id", "id"], unique=False)
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("webhook_attempt", "webhook_secret", "webhook_delivery", "webhook_message"):
        op.drop_table(table)
    op.drop_table("webhook_endpoint")
