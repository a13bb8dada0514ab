"""Orders made from quotes; contracts that rest on them, and are their sides' own.

Revision ID: 0147
Revises: 0123
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0147"
down_revision: str | Sequence[str] | None = "0123"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = ("EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF")
RFQ = ("draft", "published", "closed", "cancelled")
QUOTE = ("submitted", "withdrawn", "expired")
ORDER = ("draft", "placed", "confirmed", "refused", "lapsed", "cancelled")
TABLES = ("purchase_order", "purchase_order_line")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
PUBLIC_ONCE_SIGNED = """
-- Of an order, its sides alone read it, the commission that decides their disputes and the operator
-- who moves their money.
ALTER POLICY app_read ON contract
  USING (buyer_id = kerben_org() OR kerben_org() = ANY(suppliers)
    OR (status IN ('active', 'terminated') AND kerben_org() IS NOT NULL {of_tender}));
"""
OF_TENDER = "AND (tender_id IS NOT NULL OR kerben_reviewer() OR kerben_operator())"
POLICIES = """
-- The seller knows of an order once it is placed; whoever else quoted never does.
CREATE POLICY app_read ON purchase_order FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org() OR (seller_id = kerben_org() AND placed_at IS NOT NULL));
CREATE POLICY app_insert ON purchase_order FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org() AND EXISTS (SELECT FROM quote q WHERE q.id = quote_id
    AND q.rfq_id = purchase_order.rfq_id AND q.buyer_id = kerben_org()
    AND q.seller_id = purchase_order.seller_id));
CREATE POLICY app_update ON purchase_order FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org() OR (seller_id = kerben_org() AND placed_at IS NOT NULL));
CREATE POLICY app_read ON purchase_order_line FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM purchase_order o WHERE o.id = order_id));
CREATE POLICY app_insert ON purchase_order_line FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (SELECT FROM purchase_order o WHERE o.id = order_id
    AND o.buyer_id = kerben_org() AND o.status = 'draft'));

-- What was ordered stays as it was drafted: another order takes its place.
CREATE FUNCTION kerben_keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what is ordered is frozen';
END $$;
CREATE TRIGGER keep_order BEFORE UPDATE ON purchase_order FOR EACH ROW
  WHEN ((OLD.rfq_id, OLD.quote_id, OLD.quote_version, OLD.buyer_id, OLD.seller_id, OLD.total,
    OLD.currency, OLD.incoterm, OLD.place_code, OLD.destination_place_code,
    OLD.deliver_by, OLD.payment_terms, OLD.valid_until, OLD.policy, OLD.drafted_by)
    IS DISTINCT FROM (NEW.rfq_id, NEW.quote_id, NEW.quote_version, NEW.buyer_id, NEW.seller_id,
    NEW.total, NEW.currency, NEW.incoterm, NEW.place_code, NEW.destination_place_code,
    NEW.deliver_by, NEW.payment_terms, NEW.valid_until, NEW.policy, NEW.drafted_by))
  EXECUTE FUNCTION kerben_keep_order();

-- A buyer moves a quote by ordering from it; what the quote says is its seller's alone.
CREATE POLICY take ON quote FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org()) WITH CHECK (buyer_id = kerben_org());
CREATE FUNCTION kerben_keep_quote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF kerben_org() IS NOT NULL AND kerben_org() <> OLD.seller_id THEN
    RAISE EXCEPTION 'a quote is its seller''s' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_quote BEFORE UPDATE ON quote FOR EACH ROW
  WHEN ((OLD.rfq_id, OLD.buyer_id, OLD.seller_id, OLD.number, OLD.currency, OLD.valid_until,
    OLD.answers, OLD.content) IS DISTINCT FROM (NEW.rfq_id, NEW.buyer_id, NEW.seller_id, NEW.number,
    NEW.currency, NEW.valid_until, NEW.answers, NEW.content))
  EXECUTE FUNCTION kerben_keep_quote();

-- Whoever sees an order, or a quote, sees its trail and can add to it.
CREATE POLICY quote_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'quote:%' THEN EXISTS (
    SELECT FROM quote q WHERE q.id = substr(stream, 7)::uuid) ELSE false END);
CREATE POLICY order_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'purchase_order:%' THEN EXISTS (
    SELECT FROM purchase_order o WHERE o.id = substr(stream, 16)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _take_states("rfq", "rfqstatus", *RFQ, "ordered")
    _take_states("quote", "quotestatus", *QUOTE, "ordered", "declined", "passed_over")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    _let_contracts_rest_on_orders()
    _let_rows_be_of_orders()
    op.execute(PUBLIC_ONCE_SIGNED.format(of_tender=OF_TENDER))
    # The driver itself: alembic takes the percent sign of LIKE for a parameter.
    op.get_bind().connection.cursor().execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("order_trail", "quote_trail"):
        op.execute(f"DROP POLICY {name} ON audit_entry")
    op.execute("DROP POLICY take ON quote")
    op.execute("DROP TRIGGER keep_quote ON quote")
    op.execute(PUBLIC_ONCE_SIGNED.format(of_tender=""))
    op.drop_constraint("ck_delivery_schedule_row_item_is_line", "delivery_schedule_row")
    for column in ("tender_item_id", "order_line_id"):
        op.drop_column("delivery_schedule_row", column)
    op.create_foreign_key(
        "fk_delivery_schedule_row_item_id_tender_item",
        "delivery_schedule_row",
        "tender_item",
        ["item_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    for name in ("one_origin", "process_of_tender"):
        op.drop_constraint(f"ck_contract_{name}", "contract")
    op.drop_column("contract", "order_id")
    for column in ("tender_id", "ocid"):
        op.alter_column("contract", column, nullable=False)
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_keep_order(), kerben_keep_quote()")
    _take_states("quote", "quotestatus", *QUOTE)
    _take_states("rfq", "rfqstatus", *RFQ)


def _let_contracts_rest_on_orders() -> None:
    op.alter_column("contract", "tender_id", nullable=True)
    op.alter_column("contract", "ocid", nullable=True)
    op.add_column("contract", sa.Column("order_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_contract_order_id_purchase_order"),
        "contract",
        "purchase_order",
        ["order_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_unique_constraint(op.f("uq_contract_order_id"), "contract", ["order_id"])
    op.create_check_constraint(
        op.f("ck_contract_one_origin"), "contract", "num_nonnulls(tender_id, order_id) = 1"
    )
    op.create_check_constraint(
        op.f("ck_contract_process_of_tender"), "contract", "(tender_id IS NULL) = (ocid IS NULL)"
    )


def _let_rows_be_of_orders() -> None:
    """`item_id` keeps its meaning for whoever writes it alone; what it names is told by the others."""
    table = "delivery_schedule_row"
    op.drop_constraint("fk_delivery_schedule_row_item_id_tender_item", table, type_="foreignkey")
    op.add_column(table, sa.Column("order_line_id", sa.Uuid(), nullable=True))
    op.add_column(
        table,
        sa.Column(
            "tender_item_id",
            sa.Uuid(),
            sa.Computed("CASE WHEN order_line_id IS NULL THEN item_id END", persisted=True),
            nullable=True,
        ),
    )
    for column, other in (
        ("order_line_id", "purchase_order_line"),
        ("tender_item_id", "tender_item"),
    ):
        name = op.f(f"fk_{table}_{column}_{other}")
        op.create_foreign_key(name, table, other, [column], ["id"], ondelete="RESTRICT")
    op.create_check_constraint(op.f(f"ck_{table}_item_is_line"), table, "order_line_id = item_id")


def _create_tables() -> None:
    op.create_table(
        "purchase_order",
        *_common(),
        sa.Column("rfq_id", sa.Uuid(), nullable=False),
        sa.Column("rfq_revision", sa.Integer(), nullable=False),
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("quote_version", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("status", _state("purchaseorderstatus_valid", *ORDER), nullable=False),
        sa.Column("total", sa.Numeric(20, 6), nullable=False),
        _text("currency", 3, nullable=False),
        sa.Column("incoterm", _state("incoterm_valid", *RULES), nullable=False),
        _text("place_code", 40, nullable=False),
        _text("destination_place_code", 40, nullable=False),
        sa.Column("deliver_by", sa.Date(), nullable=False),
        _text("payment_terms", 500),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_set_id", sa.Uuid(), nullable=False),
        sa.Column("policy", JSONB(none_as_null=True), nullable=False),
        _text("note", 5000),
        _text("drafted_by", 80, nullable=False),
        _text("placed_by", 80),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        _text("closing_reason", 5000),
        sa.Column("version", sa.Integer(), nullable=False),
        *_checks(
            "purchase_order",
            total_positive="total > 0",
            of_another="buyer_id <> seller_id",
            placed_has_time="status = 'draft' OR placed_at IS NOT NULL OR closed_at IS NOT NULL",
            placed_by_somebody="(placed_at IS NULL) = (placed_by IS NULL)",
            closed_has_reason="(status IN ('refused', 'lapsed', 'cancelled')) ="
            " (closed_at IS NOT NULL AND closing_reason IS NOT NULL)",
            confirmed_has_time="status <> 'confirmed' OR confirmed_at IS NOT NULL",
        ),
        _refers("purchase_order", "rfq_id", "rfq"),
        _refers("purchase_order", "quote_id", "quote"),
        _refers("purchase_order", "buyer_id", "organisation"),
        _refers("purchase_order", "seller_id", "organisation"),
        _refers("purchase_order", "policy_set_id", "policy_set"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_order")),
    )
    for column in ("quote_id", "buyer_id", "seller_id"):
        op.create_index(op.f(f"ix_purchase_order_{column}"), "purchase_order", [column])
    op.create_index(
        "uq_purchase_order_live",
        "purchase_order",
        ["rfq_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('placed', 'confirmed')"),
    )
    op.create_table(
        "purchase_order_line",
        *_common(),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rfq_item_id", sa.Uuid(), nullable=True),
        sa.Column("description", JSONB(none_as_null=True), nullable=False),
        sa.Column("specification", JSONB(none_as_null=True), nullable=False),
        sa.Column("alternative", JSONB(none_as_null=True), nullable=True),
        _text("sku", 100),
        sa.Column("quantity", sa.Numeric(20, 6), nullable=False),
        _text("unit_code", 3, nullable=False),
        sa.Column("unit_price", sa.Numeric(20, 6), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        _text("origin", 2),
        _text("hs_code", 6),
        _text("tnved_code", 10),
        *_checks(
            "purchase_order_line",
            in_bounds="quantity > 0 AND unit_price > 0 AND amount > 0",
        ),
        _refers("purchase_order_line", "order_id", "purchase_order"),
        _refers("purchase_order_line", "rfq_item_id", "rfq_item", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_order_line")),
        sa.UniqueConstraint(
            "order_id", "place", name=op.f("uq_purchase_order_line_order_id_place")
        ),
    )
    op.create_index(
        op.f("ix_purchase_order_line_rfq_item_id"), "purchase_order_line", ["rfq_item_id"]
    )


def _take_states(table: str, name: str, *states: str) -> None:
    named = ", ".join(f"'{each}'" for each in states)
    constraint = f"ck_{table}_{name}_valid"
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT {constraint},"
        f" ADD CONSTRAINT {constraint} CHECK (status IN ({named}))"
    )


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


def _checks(table: str, **rules: str) -> tuple[sa.CheckConstraint, ...]:
    return tuple(
        sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()
    )


def _refers(
    table: str, column: str, other: str, ondelete: str = "RESTRICT"
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)
