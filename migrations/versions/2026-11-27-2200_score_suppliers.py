"""Scorecards of suppliers, what they say of them, and rules of buyers about them.

Every number of the first policy is a proposal: half a year of half-life and shrinkage by a Beta prior
are those of the design, the rest is for the operator to review.

Revision ID: 0034
Revises: 0032
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0034"
down_revision: str | Sequence[str] | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "scorecard_policy",
    "scorecard",
    "scorecard_figure",
    "scorecard_fact",
    "scorecard_annotation",
    "supplier_performance",
    "performance_rule",
)
FIRST = {
    "id": UUID(int=0x019ABF00_0000_7000_8000_000000001000),
    "valid_from": date(2020, 1, 1),
    "min_count": 5,
    "prior_good": 2,
    "prior_bad": 2,
    "half_life_days": 180,
    "window_days": 730,
    "response_days": 5,
    "acknowledgement_days": 5,
    "weights": {
        "on_time_delivery": 35,
        "acceptance": 30,
        "invitation_response": 5,
        "order_acknowledgement": 10,
        "disputes_not_lost": 10,
        "documents_complete": 10,
    },
    "source": "Proposal: half-life and shrinkage as designed, the other numbers are not reviewed",
    "reviewed": False,
}
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
# A supplier reads its own, every buyer those of all suppliers; competitors see nothing.
SEEN = """
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app
  USING ({supplier} = kerben_org() OR kerben_operator() OR kerben_reviewer()
    OR EXISTS (SELECT FROM organisation o WHERE o.id = kerben_org() AND 'buyer' = ANY(o.roles)));
"""
POLICIES = """
CREATE POLICY app_read ON scorecard_policy FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON scorecard_policy FOR INSERT TO kerben_app
  WITH CHECK (kerben_operator());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scorecard_policy
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY app_insert ON scorecard_annotation FOR INSERT TO kerben_app
  WITH CHECK (supplier_id = kerben_org());
CREATE POLICY app_update ON scorecard_annotation FOR UPDATE TO kerben_app
  USING (supplier_id = kerben_org() OR kerben_reviewer());
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON scorecard_annotation
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE FUNCTION kerben_keep_annotation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was said of a fact is final';
END $$;
CREATE TRIGGER keep_said BEFORE UPDATE ON scorecard_annotation FOR EACH ROW
  WHEN (OLD.status <> 'appealed' OR (OLD.supplier_id, OLD.metric, OLD.fact, OLD.kind, OLD.text,
    OLD.actor) IS DISTINCT FROM (NEW.supplier_id, NEW.metric, NEW.fact, NEW.kind, NEW.text,
    NEW.actor))
  EXECUTE FUNCTION kerben_keep_annotation();
CREATE POLICY owner ON performance_rule TO kerben_app
  USING (buyer_id = kerben_org()) WITH CHECK (buyer_id = kerben_org());
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    now = datetime.now(UTC)
    # As the owner, whom the policies bind as well: entered before they are there.
    columns = {"weights": postgresql.JSONB(), "valid_from": sa.Date(), "id": sa.Uuid()}
    op.bulk_insert(
        sa.table(
            "scorecard_policy",
            sa.column("created_at", sa.DateTime(timezone=True)),
            sa.column("updated_at", sa.DateTime(timezone=True)),
            *(sa.column(name, columns.get(name)) for name in FIRST),
        ),
        [{**FIRST, "created_at": now, "updated_at": now}],
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
        if table not in ("scorecard_policy", "performance_rule"):
            supplier = "seller_id" if table == "supplier_performance" else "supplier_id"
            op.execute(SEEN.format(table=table, supplier=supplier))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_keep_annotation()")


def _create_tables() -> None:
    op.create_table(
        "scorecard_policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("min_count", sa.Integer(), nullable=False),
        sa.Column("prior_good", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("prior_bad", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("half_life_days", sa.Integer(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("response_days", sa.Integer(), nullable=False),
        sa.Column("acknowledgement_days", sa.Integer(), nullable=False),
        sa.Column("weights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "half_life_days BETWEEN 30 AND 3650",
            name=op.f("ck_scorecard_policy_half_life_in_bounds"),
        ),
        sa.CheckConstraint(
            "min_count BETWEEN 1 AND 100", name=op.f("ck_scorecard_policy_min_count_in_bounds")
        ),
        sa.CheckConstraint(
            "prior_good > 0 AND prior_good <= 100 AND prior_bad > 0 AND prior_bad <= 100",
            name=op.f("ck_scorecard_policy_prior_in_bounds"),
        ),
        sa.CheckConstraint(
            "response_days BETWEEN 1 AND 90 AND acknowledgement_days BETWEEN 1 AND 90",
            name=op.f("ck_scorecard_policy_answers_in_bounds"),
        ),
        sa.CheckConstraint(
            "window_days BETWEEN 90 AND 3650", name=op.f("ck_scorecard_policy_window_in_bounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_policy")),
        sa.UniqueConstraint("valid_from", name=op.f("uq_scorecard_policy_valid_from")),
    )
    op.create_table(
        "scorecard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("overall", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("algorithm_version", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("overall BETWEEN 0 AND 1", name=op.f("ck_scorecard_overall_is_share")),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["scorecard_policy.id"],
            name=op.f("fk_scorecard_policy_id_scorecard_policy"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_scorecard_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard")),
        sa.UniqueConstraint("supplier_id", name=op.f("uq_scorecard_supplier_id")),
    )
    op.create_table(
        "scorecard_figure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scorecard_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "metric",
            sa.Enum(
                "on_time_delivery",
                "days_late",
                "acceptance",
                "invitation_response",
                "order_acknowledgement",
                "disputes_not_lost",
                "documents_complete",
                name="metric_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("numerator", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("denominator", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("window_from", sa.Date(), nullable=False),
        sa.Column("window_to", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("ci_low", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("ci_high", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.CheckConstraint(
            "n >= 0 AND denominator >= 0", name=op.f("ck_scorecard_figure_counts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["scorecard_id"],
            ["scorecard.id"],
            name=op.f("fk_scorecard_figure_scorecard_id_scorecard"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_scorecard_figure_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_figure")),
        sa.UniqueConstraint(
            "scorecard_id", "metric", name=op.f("uq_scorecard_figure_scorecard_id_metric")
        ),
    )
    op.create_table(
        "scorecard_fact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scorecard_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "metric",
            sa.Enum(
                "on_time_delivery",
                "days_late",
                "acceptance",
                "invitation_response",
                "order_acknowledgement",
                "disputes_not_lost",
                "documents_complete",
                name="metric_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("fact", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("good", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("weight", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("evidence", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scorecard_id"],
            ["scorecard.id"],
            name=op.f("fk_scorecard_fact_scorecard_id_scorecard"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_scorecard_fact_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_fact")),
        sa.UniqueConstraint(
            "scorecard_id",
            "metric",
            "fact",
            name=op.f("uq_scorecard_fact_scorecard_id_metric_fact"),
        ),
    )
    op.create_table(
        "scorecard_annotation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "metric",
            sa.Enum(
                "on_time_delivery",
                "days_late",
                "acceptance",
                "invitation_response",
                "order_acknowledgement",
                "disputes_not_lost",
                "documents_complete",
                name="metric_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("fact", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "remark",
                "appeal",
                name="annotationkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "noted",
                "appealed",
                "upheld",
                "refused",
                "withdrawn",
                name="annotationstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'remark') = (status = 'noted')",
            name=op.f("ck_scorecard_annotation_remarks_are_noted"),
        ),
        sa.CheckConstraint(
            "(status IN ('upheld', 'refused')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_scorecard_annotation_decided_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_scorecard_annotation_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_annotation")),
    )
    op.create_index(
        op.f("ix_scorecard_annotation_supplier_id"),
        "scorecard_annotation",
        ["supplier_id"],
        unique=False,
    )
    op.create_index(
        "uq_scorecard_annotation_appealed",
        "scorecard_annotation",
        ["supplier_id", "metric", "fact"],
        unique=True,
        postgresql_where=sa.text("status IN ('appealed', 'upheld')"),
    )
    op.create_table(
        "supplier_performance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("overall", sa.Numeric(precision=7, scale=6), nullable=True),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["organisation.id"],
            name=op.f("fk_supplier_performance_seller_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_performance")),
        sa.UniqueConstraint("seller_id", name=op.f("uq_supplier_performance_seller_id")),
    )
    op.create_table(
        "performance_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "act",
            sa.Enum(
                "invitation",
                "award",
                name="act_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "metric",
            sa.Enum(
                "on_time_delivery",
                "days_late",
                "acceptance",
                "invitation_response",
                "order_acknowledgement",
                "disputes_not_lost",
                "documents_complete",
                name="metric_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("warn_below", sa.Numeric(precision=7, scale=6), nullable=True),
        sa.Column("prevent_below", sa.Numeric(precision=7, scale=6), nullable=True),
        sa.CheckConstraint("metric <> 'days_late'", name=op.f("ck_performance_rule_of_a_share")),
        sa.CheckConstraint(
            "prevent_below <= warn_below", name=op.f("ck_performance_rule_warns_before_it_prevents")
        ),
        sa.CheckConstraint(
            "warn_below BETWEEN 0 AND 1 AND prevent_below BETWEEN 0 AND 1",
            name=op.f("ck_performance_rule_shares"),
        ),
        sa.CheckConstraint(
            "warn_below IS NOT NULL OR prevent_below IS NOT NULL",
            name=op.f("ck_performance_rule_says_something"),
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_performance_rule_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_rule")),
        sa.UniqueConstraint(
            "buyer_id",
            "act",
            "metric",
            name=op.f("uq_performance_rule_buyer_id_act_metric"),
            postgresql_nulls_not_distinct=True,
        ),
    )
