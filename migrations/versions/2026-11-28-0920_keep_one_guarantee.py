"""One model of guarantees: nothing uses `advance_guarantee` since 0069, and no release had it.

The guarantee of an advance is a `guarantee` and a `security` of its contract.

Revision ID: 0069
Revises: 0068
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0069"
down_revision: str | Sequence[str] | None = "0068"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
step = "contract"

SIDE = (
    "EXISTS (SELECT FROM contract c WHERE c.id = contract_id"
    " AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)))"
)
PROTECT = f"""
ALTER TABLE advance_guarantee ENABLE ROW LEVEL SECURITY;
ALTER TABLE advance_guarantee FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON advance_guarantee TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON advance_guarantee FOR SELECT TO kerben_app USING ({SIDE});
CREATE POLICY app_insert ON advance_guarantee FOR INSERT TO kerben_app
  WITH CHECK (submitted_by = kerben_org() AND {SIDE});
CREATE POLICY app_update ON advance_guarantee FOR UPDATE TO kerben_app USING ({SIDE});
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON advance_guarantee
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_decided BEFORE UPDATE ON advance_guarantee FOR EACH ROW
  WHEN (OLD.status <> 'submitted') EXECUTE FUNCTION kerben_keep_counted('the decision');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("advance_guarantee")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "advance_guarantee",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "accepted",
                "refused",
                name="advanceguaranteestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'submitted') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_advance_guarantee_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "status <> 'refused' OR reason IS NOT NULL",
            name=op.f("ck_advance_guarantee_refusal_has_reason"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_advance_guarantee_amount_positive")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_advance_guarantee_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_advance_guarantee_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["payment_milestone.id"],
            name=op.f("fk_advance_guarantee_milestone_id_payment_milestone"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"],
            ["organisation.id"],
            name=op.f("fk_advance_guarantee_submitted_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advance_guarantee")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_advance_guarantee_contract_id_number")
        ),
    )
    op.create_index(
        op.f("ix_advance_guarantee_milestone_id"),
        "advance_guarantee",
        ["milestone_id"],
        unique=False,
    )
    op.execute(PROTECT)
