"""Samples that buyers ask sellers for.

Revision ID: 0130
Revises: 0129
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0130"
down_revision: str | Sequence[str] | None = "0129"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = "'agreed', 'offered', 'received', 'requested', 'shipped'"
PROTECT = """
ALTER TABLE sample ENABLE ROW LEVEL SECURITY;
ALTER TABLE sample FORCE ROW LEVEL SECURITY;
-- Both sides, and no one else: not the operator either.
CREATE POLICY sides ON sample TO kerben_app
  USING (kerben_org() IN (buyer_id, seller_id)) WITH CHECK (kerben_org() IN (buyer_id, seller_id));
-- A buyer asks for what it sees; what it has asked for it may go on with when that is hidden.
CREATE POLICY asked ON sample AS RESTRICTIVE FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org() AND EXISTS (
    SELECT FROM offer o WHERE o.id = offer_id AND o.seller_id = sample.seller_id));
CREATE POLICY worker ON sample TO kerben_worker USING (true) WITH CHECK (true);
REVOKE DELETE ON sample FROM kerben_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "sample",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("unit_code", _text(3), nullable=False),
        sa.Column("place_code", _text(40), nullable=False),
        sa.Column("purpose", _text(2000), nullable=True),
        sa.Column(
            "status",
            _one_of(
                "samplestatus_valid",
                "requested",
                "offered",
                "declined",
                "agreed",
                "cancelled",
                "lapsed",
                "shipped",
                "received",
                "accepted",
                "rejected",
            ),
            nullable=False,
        ),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", _text(3), nullable=True),
        sa.Column("credited_on_order", sa.Boolean(), nullable=False),
        sa.Column(
            "carriage_paid_by", _one_of("carriagepayer_valid", "buyer", "seller"), nullable=True
        ),
        sa.Column("ship_by", sa.Date(), nullable=True),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("carrier", _text(100), nullable=True),
        sa.Column("tracking_number", _text(100), nullable=True),
        sa.Column("reason", _text(2000), nullable=True),
        sa.Column("credit_reference", _text(100), nullable=True),
        sa.Column("credited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _check("of_another", "buyer_id <> seller_id"),
        _check("quantity_positive", "quantity > 0"),
        _check("price_positive", "price > 0"),
        _check("price_in_a_currency", "(price IS NULL) = (currency IS NULL)"),
        _check("something_to_credit", "NOT credited_on_order OR price IS NOT NULL"),
        _check(
            "credited_as_agreed",
            "(credited_at IS NULL) = (credit_reference IS NULL)"
            " AND (credited_at IS NULL OR credited_on_order)",
        ),
        _refers("buyer_id", "organisation"),
        _refers("seller_id", "organisation"),
        _refers("offer_id", "offer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
    )
    for column in ("buyer_id", "seller_id", "offer_id", "status"):
        op.create_index(op.f(f"ix_sample_{column}"), "sample", [column])
    op.create_index(
        "uq_sample_open",
        "sample",
        ["buyer_id", "offer_id"],
        unique=True,
        postgresql_where=sa.text(f"status IN ({OPEN})"),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("sample")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_sample_{name}"))


def _refers(column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_sample_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="RESTRICT")
