"""Plans of suppliers, subscriptions to them, what is used of quotas, alerts that were sent.

Everybody begins with the plan `free`, which costs nothing and limits nothing.

Revision ID: 0071
Revises: 0069
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0071"
down_revision: str | Sequence[str] | None = "0069"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator_read ON {table} FOR SELECT TO kerben_app USING (kerben_operator());
"""
TABLES = (
    "supplier_plan",
    "plan_subscription",
    "plan_charge",
    "plan_price",
    "plan_usage",
    "match_alert",
)
POLICIES = """
CREATE POLICY public_read ON supplier_plan FOR SELECT TO kerben_app USING (true);
CREATE POLICY operator_add ON supplier_plan FOR INSERT TO kerben_app
  WITH CHECK (kerben_operator());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON supplier_plan
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY owner ON plan_subscription TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON plan_subscription
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY owner_read ON plan_charge FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY owner_add ON plan_charge FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON plan_charge
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY owner ON plan_usage TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY seller_read ON match_alert FOR SELECT TO kerben_app
  USING (seller_id = kerben_org());
"""
FREE = """
INSERT INTO supplier_plan (id, created_at, updated_at, code, valid_from, names, monthly_fees,
  trial_days, payment_days, grace_days, offered, source, added_by)
VALUES (gen_random_uuid(), now(), now(), 'free', '2020-01-01',
  '{"ky": "Акысыз", "ru": "Бесплатный", "en": "Free", "zh": "免费"}', '{}',
  0, 14, 7, true, 'The plan that every installation begins with', 'system:migration')
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "supplier_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "names", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "monthly_fees",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=False,
        ),
        sa.Column("bids", sa.Integer(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=True),
        sa.Column("listings", sa.Integer(), nullable=True),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("added_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.CheckConstraint(
            "code <> 'free' OR monthly_fees = '{}'::jsonb",
            name=op.f("ck_supplier_plan_free_is_free"),
        ),
        sa.CheckConstraint(
            "code <> 'free' OR offered", name=op.f("ck_supplier_plan_free_is_offered")
        ),
        sa.CheckConstraint(
            "bids >= 0 AND alerts >= 0 AND listings >= 0",
            name=op.f("ck_supplier_plan_quotas_not_negative"),
        ),
        sa.CheckConstraint(
            "payment_days >= 0 AND grace_days >= 0 AND payment_days + grace_days <= 27",
            name=op.f("ck_supplier_plan_settled_within_period"),
        ),
        sa.CheckConstraint(
            "trial_days BETWEEN 0 AND 90", name=op.f("ck_supplier_plan_trial_in_bounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_plan")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_supplier_plan_code_valid_from")),
    )
    op.create_table(
        "match_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("best_rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["organisation.id"],
            name=op.f("fk_match_alert_seller_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_alert")),
        sa.UniqueConstraint(
            "seller_id", "tender_id", name=op.f("uq_match_alert_seller_id_tender_id")
        ),
    )
    op.create_index(op.f("ix_match_alert_tender_id"), "match_alert", ["tender_id"], unique=False)
    op.create_table(
        "plan_price",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["supplier_plan.id"],
            name=op.f("fk_plan_price_plan_id_supplier_plan"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_price")),
        sa.UniqueConstraint("external_id", name=op.f("uq_plan_price_external_id")),
        sa.UniqueConstraint("plan_id", "currency", name=op.f("uq_plan_price_plan_id_currency")),
    )
    op.create_table(
        "plan_subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("plan", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("next_plan", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("fee", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "rail",
            sa.Enum(
                "stripe",
                "bank_transfer",
                "guarantee",
                name="railname_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "trialing",
                "active",
                "past_due",
                "paused",
                "canceled",
                name="subscriptionstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "rail IN ('stripe', 'bank_transfer')", name=op.f("ck_plan_subscription_rail_collects")
        ),
        sa.CheckConstraint("fee >= 0", name=op.f("ck_plan_subscription_fee_not_negative")),
        sa.CheckConstraint(
            "period_end > period_start", name=op.f("ck_plan_subscription_period_forward")
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_plan_subscription_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["supplier_plan.id"],
            name=op.f("fk_plan_subscription_plan_id_supplier_plan"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_subscription")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_plan_subscription_provider_id")),
    )
    op.create_index(
        op.f("ix_plan_subscription_customer_id"), "plan_subscription", ["customer_id"], unique=False
    )
    op.create_index(
        "ix_plan_subscription_org_id", "plan_subscription", ["org_id", "id"], unique=False
    )
    op.create_index(
        "uq_plan_subscription_living",
        "plan_subscription",
        ["org_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'canceled'"),
    )
    op.create_table(
        "plan_usage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column(
            "quota",
            sa.Enum(
                "bids",
                "alerts",
                "listings",
                name="quota_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used > 0", name=op.f("ck_plan_usage_used_positive")),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_plan_usage_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_usage")),
        sa.UniqueConstraint(
            "org_id", "quota", "month", name=op.f("uq_plan_usage_org_id_quota_month")
        ),
    )
    op.create_table(
        "plan_charge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fee_invoice_id", sa.Uuid(), nullable=True),
        sa.Column("collection_id", sa.Uuid(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_plan_charge_amount_positive")),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_plan_charge_collection_id_collection"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["fee_invoice_id"],
            ["fee_invoice.id"],
            name=op.f("fk_plan_charge_fee_invoice_id_fee_invoice"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_plan_charge_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["supplier_plan.id"],
            name=op.f("fk_plan_charge_plan_id_supplier_plan"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["plan_subscription.id"],
            name=op.f("fk_plan_charge_subscription_id_plan_subscription"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_charge")),
        sa.UniqueConstraint("collection_id", name=op.f("uq_plan_charge_collection_id")),
        sa.UniqueConstraint("fee_invoice_id", name=op.f("uq_plan_charge_fee_invoice_id")),
        sa.UniqueConstraint(
            "subscription_id", "key", name=op.f("uq_plan_charge_subscription_id_key")
        ),
    )
    op.create_index(
        "ix_plan_charge_unpaid",
        "plan_charge",
        ["org_id"],
        unique=False,
        postgresql_where=sa.text("paid_at IS NULL"),
    )
    op.execute(FREE)
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(
        "ix_plan_charge_unpaid",
        table_name="plan_charge",
        postgresql_where=sa.text("paid_at IS NULL"),
    )
    op.drop_table("plan_charge")
    op.drop_table("plan_usage")
    op.drop_index(
        "uq_plan_subscription_living",
        table_name="plan_subscription",
        postgresql_where=sa.text("status <> 'canceled'"),
    )
    op.drop_index("ix_plan_subscription_org_id", table_name="plan_subscription")
    op.drop_index(op.f("ix_plan_subscription_customer_id"), table_name="plan_subscription")
    op.drop_table("plan_subscription")
    op.drop_table("plan_price")
    op.drop_index(op.f("ix_match_alert_tender_id"), table_name="match_alert")
    op.drop_table("match_alert")
    op.drop_table("supplier_plan")
