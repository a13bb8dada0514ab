"""Changes of products that are proposed, and looked through by somebody else.

Revision ID: 0131
Revises: 0130
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0131"
down_revision: str | Sequence[str] | None = "0130"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE product_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE product_change FORCE ROW LEVEL SECURITY;
CREATE POLICY sides ON product_change TO kerben_app
  USING (kerben_org() IN (org_id, proposer_id)) WITH CHECK (kerben_org() IN (org_id, proposer_id));
-- Of a product that the proposer sees, whose own policies apply inside EXISTS.
CREATE POLICY proposed ON product_change AS RESTRICTIVE FOR INSERT TO kerben_app
  WITH CHECK (proposer_id = kerben_org() AND EXISTS (
    SELECT FROM product p WHERE p.id = product_id AND p.org_id = product_change.org_id));
-- The owner alone decides.
CREATE POLICY decided ON product_change AS RESTRICTIVE FOR UPDATE TO kerben_app
  USING (true) WITH CHECK (status NOT IN ('approved', 'rejected') OR org_id = kerben_org());
CREATE POLICY worker ON product_change TO kerben_worker USING (true) WITH CHECK (true);
REVOKE DELETE ON product_change FROM kerben_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "product_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("proposer_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("product_version", sa.Integer(), nullable=False),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.Column("reviewed_fields", ARRAY(sa.Text()), nullable=False),
        sa.Column("cause", _text(2000), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "approved",
                "rejected",
                "withdrawn",
                "superseded",
                name="productchangestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("proposed_by", _text(80), nullable=False),
        sa.Column("reviewed_by", _text(80), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", _text(2000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("reviewed_by <> proposed_by", name=op.f("ck_product_change_four_eyes")),
        sa.CheckConstraint(
            "(status IN ('approved', 'rejected')) = (reviewed_by IS NOT NULL)"
            " AND (reviewed_by IS NULL) = (reviewed_at IS NULL)",
            name=op.f("ck_product_change_decided_by_somebody"),
        ),
        _refers("org_id", "organisation"),
        _refers("proposer_id", "organisation"),
        _refers("product_id", "product"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_change")),
    )
    for column in ("org_id", "proposer_id", "product_id"):
        op.create_index(op.f(f"ix_product_change_{column}"), "product_change", [column])
    op.create_index(
        "uq_product_change_open",
        "product_change",
        ["product_id", "proposer_id"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("product_change")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _refers(column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_product_change_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="RESTRICT")
