"""Stock of offers by place as facts, the capacity of makers and what they have promised of it.

Revision ID: 0128
Revises: 0132
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0128"
down_revision: str | Sequence[str] | None = "0132"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("capacity_promise", "production_capacity", "stock_movement", "stock_level")
FUNCTIONS = ("kerben_fold_stock()", "kerben_free_stock(uuid)", "kerben_promised(uuid)")
PROTECT = """
ALTER TABLE stock_level ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_level FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON stock_level TO kerben_app
  USING (seller_id = kerben_org())
  WITH CHECK (seller_id = kerben_org() AND EXISTS (
    SELECT FROM offer o WHERE o.id = offer_id AND o.seller_id = kerben_org()));
CREATE POLICY by_name ON stock_level TO kerben_owner USING (true) WITH CHECK (true);
CREATE POLICY worker ON stock_level TO kerben_worker USING (true) WITH CHECK (true);
-- The balance is the database's: nobody begins with one, and nobody writes it.
REVOKE INSERT, UPDATE, DELETE ON stock_level FROM kerben_app, kerben_worker;
GRANT INSERT (id, created_at, updated_at, seller_id, offer_id, place_code, backorders,
  available_from, version) ON stock_level TO kerben_app, kerben_worker;
GRANT UPDATE (updated_at, backorders, available_from, version) ON stock_level
  TO kerben_app, kerben_worker;

ALTER TABLE stock_movement ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_movement FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON stock_movement TO kerben_app
  USING (seller_id = kerben_org())
  WITH CHECK (seller_id = kerben_org() AND EXISTS (
    SELECT FROM stock_level l WHERE l.id = level_id AND l.seller_id = kerben_org()));
CREATE POLICY by_name ON stock_movement TO kerben_owner USING (true);
CREATE POLICY worker ON stock_movement TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_movement
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON stock_movement FROM kerben_app, kerben_worker;

CREATE FUNCTION kerben_fold_stock() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public AS $$
DECLARE backorders_taken boolean;
BEGIN
  UPDATE stock_level SET on_hand = on_hand + NEW.on_hand_change,
      reserved = reserved + NEW.reserved_change, movements = movements + 1,
      counted_at = CASE NEW.kind WHEN 'counted' THEN NEW.occurred_at ELSE counted_at END
    WHERE id = NEW.level_id
    RETURNING on_hand, reserved, movements, backorders
    INTO NEW.on_hand_after, NEW.reserved_after, NEW.sequence, backorders_taken;
  IF NOT backorders_taken AND NEW.reserved_after > NEW.on_hand_after
    AND (NEW.kind = 'reserved' OR (NEW.kind = 'shipped' AND NEW.reserved_change = 0)) THEN
    RAISE EXCEPTION 'more is taken than is there' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.kind = 'counted' AND NEW.on_hand_after <> NEW.quantity THEN
    RAISE EXCEPTION 'a count is what is there' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.reservation_id IS NOT NULL AND coalesce((
      SELECT r.quantity + coalesce((SELECT sum(m.reserved_change) FROM stock_movement m
        WHERE m.reservation_id = r.id), 0) + NEW.reserved_change < 0
      FROM stock_movement r
      WHERE r.id = NEW.reservation_id AND r.level_id = NEW.level_id AND r.kind = 'reserved'), true)
  THEN
    RAISE EXCEPTION 'more than was reserved' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fold BEFORE INSERT ON stock_movement
  FOR EACH ROW EXECUTE FUNCTION kerben_fold_stock();

ALTER TABLE production_capacity ENABLE ROW LEVEL SECURITY;
ALTER TABLE production_capacity FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON production_capacity TO kerben_app
  USING (org_id = kerben_org())
  WITH CHECK (org_id = kerben_org() AND EXISTS (
    SELECT FROM product p WHERE p.id = product_id AND p.org_id = kerben_org()));
-- With the product, whose own policies apply inside EXISTS.
CREATE POLICY visible ON production_capacity FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM product p WHERE p.id = product_id));
CREATE POLICY worker ON production_capacity TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE capacity_promise ENABLE ROW LEVEL SECURITY;
ALTER TABLE capacity_promise FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON capacity_promise TO kerben_app
  USING (org_id = kerben_org())
  WITH CHECK (org_id = kerben_org() AND EXISTS (
    SELECT FROM product p WHERE p.id = product_id AND p.org_id = kerben_org()));
CREATE POLICY by_name ON capacity_promise TO kerben_owner USING (true);
CREATE POLICY worker ON capacity_promise TO kerben_worker USING (true) WITH CHECK (true);
REVOKE DELETE ON capacity_promise FROM kerben_app, kerben_worker;

-- What a buyer's date is computed from, by the id of what the buyer sees: no place, no reference,
-- no buyer of somebody else's units.
CREATE FUNCTION kerben_free_stock(wanted uuid) RETURNS TABLE (quantity numeric, available_from date)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public ROWS 5 AS $$
  SELECT sum(greatest(l.on_hand - l.reserved, 0)), l.available_from FROM stock_level l
  WHERE l.offer_id = wanted GROUP BY l.available_from ORDER BY l.available_from NULLS FIRST
$$;
CREATE FUNCTION kerben_promised(wanted uuid) RETURNS TABLE (quantity numeric, due_on date)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public ROWS 20 AS $$
  SELECT sum(p.quantity), p.due_on FROM capacity_promise p
  WHERE p.product_id = wanted AND p.closed_at IS NULL GROUP BY p.due_on ORDER BY p.due_on
$$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "stock_level",
        *_kept(),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("place_code", _text(40), nullable=False),
        _quantity("on_hand", default="0"),
        _quantity("reserved", default="0"),
        sa.Column("movements", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("backorders", sa.Boolean(), nullable=False),
        sa.Column("available_from", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _check("stock_level", "reserved_not_negative", "reserved >= 0"),
        _check("stock_level", "on_hand_not_negative", "on_hand >= 0 OR backorders"),
        _refers("stock_level", "seller_id", "organisation"),
        _refers("stock_level", "offer_id", "offer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_level")),
        sa.UniqueConstraint(
            "offer_id", "place_code", name=op.f("uq_stock_level_offer_id_place_code")
        ),
    )
    op.create_index(op.f("ix_stock_level_seller_id"), "stock_level", ["seller_id"])
    op.create_table(
        "stock_movement",
        *_kept(),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("level_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            _one_of("movementkind_valid", "counted", "received", "reserved", "released", "shipped"),
            nullable=False,
        ),
        _quantity("quantity"),
        _quantity("on_hand_change"),
        _quantity("reserved_change"),
        sa.Column("reservation_id", sa.Uuid(), nullable=True),
        sa.Column("reference", _text(100), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", _text(80), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False, server_default="0"),
        _quantity("on_hand_after", default="0"),
        _quantity("reserved_after", default="0"),
        _check(
            "stock_movement",
            "changes_of_kind",
            "CASE kind WHEN 'counted' THEN reserved_change = 0"
            " WHEN 'received' THEN on_hand_change = quantity AND reserved_change = 0"
            " WHEN 'reserved' THEN on_hand_change = 0 AND reserved_change = quantity"
            " WHEN 'released' THEN on_hand_change = 0 AND reserved_change = -quantity"
            " ELSE on_hand_change = -quantity AND reserved_change IN (0, -quantity) END",
        ),
        _check(
            "stock_movement",
            "quantity_positive",
            "quantity > 0 OR (quantity = 0 AND kind = 'counted')",
        ),
        _check(
            "stock_movement",
            "of_a_reservation",
            "(reservation_id IS NOT NULL) = (reserved_change < 0)",
        ),
        _refers("stock_movement", "seller_id", "organisation"),
        _refers("stock_movement", "level_id", "stock_level"),
        _refers("stock_movement", "reservation_id", "stock_movement"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
        sa.UniqueConstraint(
            "seller_id", "reference", name=op.f("uq_stock_movement_seller_id_reference")
        ),
        sa.UniqueConstraint(
            "level_id", "sequence", name=op.f("uq_stock_movement_level_id_sequence")
        ),
    )
    op.create_index(
        "ix_stock_movement_reservation_id",
        "stock_movement",
        ["reservation_id"],
        postgresql_where=sa.text("reservation_id IS NOT NULL"),
    )
    op.create_table(
        "production_capacity",
        *_kept(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        _quantity("quantity"),
        sa.Column("unit_code", _text(3), nullable=False),
        sa.Column("period", _one_of("capacityperiod_valid", "week", "month"), nullable=False),
        sa.Column("lead_days", sa.Integer(), nullable=False),
        sa.Column("calendar", _text(40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_through", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _check("production_capacity", "quantity_positive", "quantity > 0"),
        _check("production_capacity", "lead_days_not_negative", "lead_days >= 0"),
        _check("production_capacity", "validity_ordered", "valid_through >= valid_from"),
        _refers("production_capacity", "org_id", "organisation"),
        _refers("production_capacity", "product_id", "product"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_capacity")),
        sa.UniqueConstraint("product_id", name=op.f("uq_production_capacity_product_id")),
    )
    op.create_index(op.f("ix_production_capacity_org_id"), "production_capacity", ["org_id"])
    op.create_table(
        "capacity_promise",
        *_kept(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        _quantity("quantity"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reference", _text(100), nullable=False),
        sa.Column("actor", _text(80), nullable=False),
        sa.Column("closing", _one_of("closing_valid", "fulfilled", "cancelled"), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _check("capacity_promise", "quantity_positive", "quantity > 0"),
        _check(
            "capacity_promise", "closed_for_a_reason", "(closed_at IS NULL) = (closing IS NULL)"
        ),
        _refers("capacity_promise", "org_id", "organisation"),
        _refers("capacity_promise", "product_id", "product"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_promise")),
        sa.UniqueConstraint(
            "org_id",
            "product_id",
            "reference",
            name=op.f("uq_capacity_promise_org_id_product_id_reference"),
        ),
    )
    op.create_index(op.f("ix_capacity_promise_product_id"), "capacity_promise", ["product_id"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")


def _kept() -> list[sa.Column[object]]:
    moments = [
        sa.Column(name, sa.DateTime(timezone=True), nullable=False)
        for name in ("created_at", "updated_at")
    ]
    return [sa.Column("id", sa.Uuid(), nullable=False), *moments]


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _quantity(name: str, *, default: str | None = None) -> sa.Column[object]:
    return sa.Column(
        name, sa.Numeric(precision=20, scale=6), nullable=False, server_default=default
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="RESTRICT")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
