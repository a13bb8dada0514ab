"""Landed costs that are computed anew, and what they came to.

Revision ID: 0050
Revises: 0048
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0050"
down_revision: str | Sequence[str] | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("landed_cost_following", "landed_cost_actual")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY app_insert ON {table} FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org());
"""
POLICIES = """
CREATE POLICY app_update ON landed_cost_following FOR UPDATE TO kerben_app
  USING (org_id = kerben_org());
CREATE POLICY app_delete ON landed_cost_following FOR DELETE TO kerben_app
  USING (org_id = kerben_org());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON landed_cost_actual
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
_PREVIOUS = "landed_cost_estimate_previous_id"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("landed_cost_estimate", sa.Column("previous_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f(f"uq_{_PREVIOUS}"), "landed_cost_estimate", ["previous_id"])
    op.create_foreign_key(
        op.f(f"fk_{_PREVIOUS}_landed_cost_estimate"),
        "landed_cost_estimate",
        "landed_cost_estimate",
        ["previous_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_table(
        "landed_cost_following",
        *_common(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("latest_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _refers("landed_cost_following", "latest_id", "landed_cost_estimate"),
        _refers("landed_cost_following", "org_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landed_cost_following")),
        sa.UniqueConstraint("latest_id", name=op.f("uq_landed_cost_following_latest_id")),
    )
    op.create_index(
        op.f("ix_landed_cost_following_org_id"), "landed_cost_following", ["org_id"], unique=False
    )
    op.create_table(
        "landed_cost_actual",
        *_common(),
        sa.Column("estimate_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column(
            "figure",
            sa.Enum(
                "goods",
                "charge",
                "insurance",
                "customs_value",
                "fee",
                "duty",
                "remedies",
                "excise",
                "vat",
                name="figure_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("charge", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("rate", sa.Numeric(precision=20, scale=10), nullable=False),
        sa.Column("rate_source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "supplier_invoice",
                "carrier_invoice",
                "customs_declaration",
                "insurance_policy",
                "other",
                name="actualsource_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("document_number", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("declaration_id", sa.Uuid(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_landed_cost_actual_amount_not_negative")),
        sa.CheckConstraint("rate > 0", name=op.f("ck_landed_cost_actual_rate_positive")),
        sa.CheckConstraint(
            "(figure = 'charge') = (charge IS NOT NULL)",
            name=op.f("ck_landed_cost_actual_charge_named"),
        ),
        _refers("landed_cost_actual", "estimate_id", "landed_cost_estimate"),
        _refers("landed_cost_actual", "org_id", "organisation"),
        _refers("landed_cost_actual", "invoice_id", "invoice"),
        _refers("landed_cost_actual", "declaration_id", "customs_declaration"),
        _refers("landed_cost_actual", "replaces_id", "landed_cost_actual"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landed_cost_actual")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_landed_cost_actual_replaces_id")),
    )
    op.create_index(
        op.f("ix_landed_cost_actual_estimate_id"),
        "landed_cost_actual",
        ["estimate_id"],
        unique=False,
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("landed_cost_estimate", "previous_id")


def _common() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete="RESTRICT"
    )
