"""Requests for quotation, quotes and every version of them; matching knows kinds of requests.

Revision ID: 0140
Revises: 0131
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0140"
down_revision: str | Sequence[str] | None = "0131"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = ("EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF")
TABLES = ("rfq", "rfq_item", "rfq_invitation", "rfq_amendment", "quote", "quote_version")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
POLICIES = """
-- A published request is for every seller, or for the invited alone: an invitation counts only if
-- it is the buyer's.
CREATE POLICY owner ON rfq TO kerben_app
  USING (buyer_id = kerben_org()) WITH CHECK (buyer_id = kerben_org());
CREATE POLICY seller_read ON rfq FOR SELECT TO kerben_app
  USING (published_at IS NOT NULL AND kerben_org() IS NOT NULL AND (audience = 'open'
    OR EXISTS (SELECT FROM rfq_invitation i WHERE i.rfq_id = rfq.id
      AND i.buyer_id = rfq.buyer_id AND i.seller_id = kerben_org())));

CREATE POLICY owner ON rfq_item TO kerben_app
  USING (EXISTS (SELECT FROM rfq r WHERE r.id = rfq_id AND r.buyer_id = kerben_org()))
  WITH CHECK (EXISTS (SELECT FROM rfq r WHERE r.id = rfq_id AND r.buyer_id = kerben_org()));
CREATE POLICY seller_read ON rfq_item FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM rfq r WHERE r.id = rfq_id));

CREATE POLICY visible ON rfq_invitation FOR SELECT TO kerben_app
  USING (kerben_org() IN (buyer_id, seller_id));
CREATE POLICY enter ON rfq_invitation FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org());

CREATE POLICY visible ON rfq_amendment FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM rfq r WHERE r.id = rfq_id));
CREATE POLICY enter ON rfq_amendment FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM rfq r WHERE r.id = rfq_id AND r.buyer_id = kerben_org()));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rfq_amendment
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- A quote is seen by who gave it and by who got it: no other seller, and not the operator.
CREATE POLICY visible ON quote FOR SELECT TO kerben_app
  USING (kerben_org() IN (buyer_id, seller_id));
CREATE POLICY enter ON quote FOR INSERT TO kerben_app
  WITH CHECK (seller_id = kerben_org() AND EXISTS (
    SELECT FROM rfq r WHERE r.id = rfq_id AND r.buyer_id = quote.buyer_id));
CREATE POLICY move ON quote FOR UPDATE TO kerben_app
  USING (seller_id = kerben_org()) WITH CHECK (seller_id = kerben_org());

CREATE POLICY visible ON quote_version FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM quote q WHERE q.id = quote_id));
CREATE POLICY enter ON quote_version FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM quote q WHERE q.id = quote_id AND q.seller_id = kerben_org()));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quote_version
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "demand_item",
        sa.Column(
            "kind",
            _state("requestkind_valid", "tender", "rfq"),
            server_default="tender",
            nullable=False,
        ),
    )
    op.create_table(
        "rfq",
        *_common(),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("rfqstatus_valid", "draft", "published", "closed", "cancelled"),
            nullable=False,
        ),
        sa.Column("audience", _state("audience_valid", "open", "invited"), nullable=False),
        sa.Column("title", JSONB(none_as_null=True), nullable=False),
        sa.Column("description", JSONB(none_as_null=True), nullable=False),
        _text("currency", 3, nullable=False),
        _text("destination_place_code", 40, nullable=False),
        sa.Column("incoterm", _state("incoterm_valid", *RULES), nullable=True),
        sa.Column("deliver_by", sa.Date(), nullable=False),
        _text("payment_terms", 500),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        _text("cancellation_reason", 5000),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'cancelled') OR published_at IS NOT NULL",
            name=op.f("ck_rfq_published_has_time"),
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancellation_reason IS NOT NULL)",
            name=op.f("ck_rfq_cancelled_has_reason"),
        ),
        _refers("rfq", "buyer_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfq")),
    )
    op.create_index(op.f("ix_rfq_buyer_id"), "rfq", ["buyer_id"])
    op.create_table(
        "rfq_item",
        *_common(),
        sa.Column("rfq_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("description", JSONB(none_as_null=True), nullable=False),
        sa.Column("specification", JSONB(none_as_null=True), nullable=False),
        sa.Column("quantities", sa.ARRAY(sa.Numeric(20, 6)), nullable=False),
        _text("unit_code", 3, nullable=False),
        _text("cpv_code", 10),
        _text("hs_code", 6),
        _text("tnved_code", 10),
        sa.Column("target_price", sa.Numeric(20, 6), nullable=True),
        sa.Column("attributes", JSONB(none_as_null=True), nullable=False),
        sa.Column("gross_weight_kg", sa.Numeric(20, 6), nullable=True),
        sa.Column("volume_m3", sa.Numeric(20, 6), nullable=True),
        sa.Column("packages", sa.Numeric(20, 6), nullable=True),
        sa.CheckConstraint("cardinality(quantities) > 0", name=op.f("ck_rfq_item_asks_for_some")),
        _refers("rfq_item", "rfq_id", "rfq", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfq_item")),
    )
    op.create_index(op.f("ix_rfq_item_rfq_id"), "rfq_item", ["rfq_id"])
    op.create_table(
        "rfq_invitation",
        *_common(),
        sa.Column("rfq_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        _refers("rfq_invitation", "rfq_id", "rfq", "CASCADE"),
        _refers("rfq_invitation", "buyer_id", "organisation"),
        _refers("rfq_invitation", "seller_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfq_invitation")),
        sa.UniqueConstraint("rfq_id", "seller_id", name=op.f("uq_rfq_invitation_rfq_id_seller_id")),
    )
    op.create_index(op.f("ix_rfq_invitation_seller_id"), "rfq_invitation", ["seller_id"])
    op.create_table(
        "rfq_amendment",
        *_common(),
        sa.Column("rfq_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("reason", 5000, nullable=False),
        sa.Column("changes", JSONB(none_as_null=True), nullable=False),
        _text("actor", 80, nullable=False),
        sa.Column("amended_at", sa.DateTime(timezone=True), nullable=False),
        _refers("rfq_amendment", "rfq_id", "rfq"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfq_amendment")),
        sa.UniqueConstraint("rfq_id", "number", name=op.f("uq_rfq_amendment_rfq_id_number")),
    )
    op.create_table(
        "quote",
        *_common(),
        sa.Column("rfq_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("quotestatus_valid", "submitted", "withdrawn", "expired"),
            nullable=False,
        ),
        _text("number", 100, nullable=False),
        _text("currency", 3, nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(none_as_null=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("buyer_id <> seller_id", name=op.f("ck_quote_of_another")),
        _refers("quote", "rfq_id", "rfq"),
        _refers("quote", "buyer_id", "organisation"),
        _refers("quote", "seller_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
    )
    for column in ("rfq_id", "buyer_id", "seller_id"):
        op.create_index(op.f(f"ix_quote_{column}"), "quote", [column])
    op.create_index(
        "uq_quote_standing",
        "quote",
        ["rfq_id", "seller_id"],
        unique=True,
        postgresql_where=sa.text("status = 'submitted'"),
    )
    op.create_table(
        "quote_version",
        *_common(),
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", JSONB(none_as_null=True), nullable=False),
        _text("actor", 80, nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        _refers("quote_version", "quote_id", "quote"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_version")),
        sa.UniqueConstraint("quote_id", "number", name=op.f("uq_quote_version_quote_id_number")),
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Policies of one table name another.
    op.execute(f"DROP TABLE {', '.join(reversed(TABLES))} CASCADE")
    op.execute("DELETE FROM demand_item WHERE kind = 'rfq'")
    op.drop_column("demand_item", "kind")


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _text(name: str, length: int, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=nullable)


def _state(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _refers(
    table: str, column: str, other: str, ondelete: str = "RESTRICT"
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)
