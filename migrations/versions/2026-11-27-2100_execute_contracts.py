"""Execution of contracts: schedules, order responses, performances, shipments, despatch, receipt.

Quantities conserve here: a despatched line adds to its row of the schedule, a received line to
both, and the constraints of the rows refuse what is too much. Only these triggers may count.

Revision ID: 0028
Revises: 0027
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0028"
down_revision: str | Sequence[str] | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = JSONB(none_as_null=True)
OF_CONTRACT = (
    "delivery_schedule",
    "delivery_schedule_row",
    "order_response",
    "order_response_line",
    "performance",
    "despatch_advice",
    "receipt",
)
OF_SHIPMENT = ("shipment_leg", "shipment_equipment", "package", "customs_declaration")
TABLES = (
    "delivery_schedule",
    "delivery_schedule_row",
    "order_response",
    "order_response_line",
    "performance",
    "shipment",
    *OF_SHIPMENT,
    "despatch_advice",
    "despatch_line",
    "receipt",
    "receipt_line",
)
APPEND_ONLY = (
    "order_response",
    "order_response_line",
    "performance",
    "receipt",
    "receipt_line",
)
AUTHOR = {
    "delivery_schedule": "proposed_by",
    "order_response": "org_id",
    "despatch_advice": "issued_by",
    "receipt": "issued_by",
}
FUNCTIONS = (
    "kerben_count_despatched",
    "kerben_uncount_despatched",
    "kerben_count_received",
    "kerben_keep_counted",
)
SIDE = (
    "EXISTS (SELECT FROM contract c WHERE c.id = contract_id"
    " AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)))"
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
READ_WRITE = """
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING ({seen});
CREATE POLICY app_insert ON {table} FOR INSERT TO kerben_app WITH CHECK ({made});
"""
UPDATE = "CREATE POLICY app_update ON {table} FOR UPDATE TO kerben_app USING ({seen});"
FROZEN = """
CREATE TRIGGER append_only BEFORE UPDATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
TRIGGERS = """
CREATE FUNCTION kerben_count_despatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE delivery_schedule_row r SET despatched_quantity = despatched_quantity + NEW.quantity
    FROM despatch_advice a
    WHERE r.id = NEW.schedule_row_id AND r.withdrawn_at IS NULL
      AND a.id = NEW.advice_id AND a.contract_id = r.contract_id AND a.cancelled_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the row is not in force in the contract of the advice'
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_despatched AFTER INSERT ON despatch_line
  FOR EACH ROW EXECUTE FUNCTION kerben_count_despatched();

-- A cancelled advice gives its quantities back; one of which something was received stands.
CREATE FUNCTION kerben_uncount_despatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM receipt WHERE advice_id = NEW.id) THEN
    RAISE EXCEPTION 'goods of the advice were received' USING ERRCODE = 'check_violation';
  END IF;
  UPDATE delivery_schedule_row r SET despatched_quantity = despatched_quantity - l.quantity
    FROM despatch_line l WHERE l.advice_id = NEW.id AND r.id = l.schedule_row_id;
  RETURN NULL;
END $$;
CREATE TRIGGER uncount_despatched AFTER UPDATE OF cancelled_at ON despatch_advice
  FOR EACH ROW WHEN (OLD.cancelled_at IS NULL AND NEW.cancelled_at IS NOT NULL)
  EXECUTE FUNCTION kerben_uncount_despatched();

-- The advice's lock makes a receipt and the cancellation of its advice wait for each other.
CREATE FUNCTION kerben_count_received() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM despatch_advice a JOIN receipt t ON t.advice_id = a.id
    WHERE t.id = NEW.receipt_id AND a.cancelled_at IS NULL FOR SHARE OF a;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the despatch advice is cancelled' USING ERRCODE = 'foreign_key_violation';
  END IF;
  UPDATE despatch_line l SET received_quantity = l.received_quantity + NEW.received_quantity,
      short_quantity = l.short_quantity + NEW.short_quantity
    FROM receipt t
    WHERE l.id = NEW.despatch_line_id AND l.schedule_row_id = NEW.schedule_row_id
      AND t.id = NEW.receipt_id AND l.advice_id = t.advice_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the line is not of the advice' USING ERRCODE = 'foreign_key_violation';
  END IF;
  UPDATE delivery_schedule_row SET received_quantity = received_quantity + NEW.received_quantity
    WHERE id = NEW.schedule_row_id;
  RETURN NULL;
END $$;
CREATE TRIGGER count_received AFTER INSERT ON receipt_line
  FOR EACH ROW EXECUTE FUNCTION kerben_count_received();

CREATE FUNCTION kerben_keep_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is frozen or counted by triggers', TG_ARGV[0], TG_TABLE_NAME;
END $$;
CREATE TRIGGER keep_counted BEFORE UPDATE ON delivery_schedule_row FOR EACH ROW
  WHEN (pg_trigger_depth() = 0 AND (OLD.despatched_quantity, OLD.received_quantity)
    IS DISTINCT FROM (NEW.despatched_quantity, NEW.received_quantity))
  EXECUTE FUNCTION kerben_keep_counted('a quantity');
CREATE TRIGGER begin_at_zero BEFORE INSERT ON delivery_schedule_row FOR EACH ROW
  WHEN (NEW.despatched_quantity <> 0 OR NEW.received_quantity <> 0)
  EXECUTE FUNCTION kerben_keep_counted('a quantity');
CREATE TRIGGER keep_counted BEFORE UPDATE ON despatch_line FOR EACH ROW
  WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION kerben_keep_counted('a line');
CREATE TRIGGER begin_at_zero BEFORE INSERT ON despatch_line FOR EACH ROW
  WHEN (NEW.received_quantity <> 0 OR NEW.short_quantity <> 0)
  EXECUTE FUNCTION kerben_keep_counted('a quantity');
CREATE TRIGGER keep_rows_proposed BEFORE UPDATE ON delivery_schedule FOR EACH ROW
  WHEN ((OLD.rows, OLD.contract_id, OLD.number) IS DISTINCT FROM
    (NEW.rows, NEW.contract_id, NEW.number))
  EXECUTE FUNCTION kerben_keep_counted('the proposal');
CREATE TRIGGER keep_cancelled BEFORE UPDATE ON despatch_advice FOR EACH ROW
  WHEN (OLD.cancelled_at IS NOT NULL AND OLD.cancelled_at IS DISTINCT FROM NEW.cancelled_at)
  EXECUTE FUNCTION kerben_keep_counted('the cancellation');
"""
TRAIL = """
CREATE POLICY shipment_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'shipment:%' THEN EXISTS (
    SELECT FROM shipment s WHERE s.id = substr(stream, 10)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    for table in APPEND_ONLY:
        op.execute(FROZEN.format(table=table))
    for table in OF_CONTRACT:
        _open(
            table, SIDE, f"{AUTHOR[table]} = kerben_org() AND {SIDE}" if table in AUTHOR else SIDE
        )
    own = f"(buyer_id = kerben_org() OR supplier_id = kerben_org() OR {SIDE})"
    _open("shipment", own, f"supplier_id = kerben_org() AND {SIDE}")
    for table in OF_SHIPMENT:
        _open(table, "EXISTS (SELECT FROM shipment s WHERE s.id = shipment_id)")
    _open("despatch_line", "EXISTS (SELECT FROM despatch_advice a WHERE a.id = advice_id)")
    _open("receipt_line", "EXISTS (SELECT FROM receipt t WHERE t.id = receipt_id)")
    # The driver itself: alembic takes a percent sign for a parameter.
    driver = op.get_bind().connection.cursor()
    driver.execute(TRIGGERS)
    driver.execute(TRAIL)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY shipment_trail ON audit_entry")
    for table in TABLES[::-1]:
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")


def _open(table: str, seen: str, made: str | None = None) -> None:
    op.execute(READ_WRITE.format(table=table, seen=seen, made=made or seen))
    if table not in APPEND_ONLY:
        op.execute(UPDATE.format(table=table, seen=seen))


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_tables() -> None:
    op.create_table(
        "delivery_schedule",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "agreed",
                "countered",
                "rejected",
                "withdrawn",
                "superseded",
                name="schedulestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("rows", JSON, nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('agreed', 'superseded')) = (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name=op.f("ck_delivery_schedule_agreed_has_time"),
        ),
        sa.CheckConstraint(
            "agreed_by <> proposed_by", name=op.f("ck_delivery_schedule_agreed_by_the_other")
        ),
        sa.ForeignKeyConstraint(
            ["agreed_by"],
            ["organisation.id"],
            name=op.f("fk_delivery_schedule_agreed_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["contract_change.id"],
            name=op.f("fk_delivery_schedule_change_id_contract_change"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_delivery_schedule_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"],
            ["organisation.id"],
            name=op.f("fk_delivery_schedule_proposed_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_schedule")),
        sa.UniqueConstraint("change_id", name=op.f("uq_delivery_schedule_change_id")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_delivery_schedule_contract_id_number")
        ),
    )
    op.create_index(
        "uq_delivery_schedule_agreed",
        "delivery_schedule",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("status = 'agreed'"),
    )
    op.create_index(
        "uq_delivery_schedule_open",
        "delivery_schedule",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed' AND change_id IS NULL"),
    )
    op.create_table(
        "delivery_schedule_row",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("unit_code", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("ready_by", sa.Date(), nullable=True),
        sa.Column("ship_by", sa.Date(), nullable=True),
        sa.Column("deliver_by", sa.Date(), nullable=True),
        sa.Column("place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("delivery_address", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("tolerance_pct", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column(
            "incoterm",
            sa.Enum(
                "EXW",
                "FCA",
                "CPT",
                "CIP",
                "DAP",
                "DPU",
                "DDP",
                "FAS",
                "FOB",
                "CFR",
                "CIF",
                name="incoterm_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("incoterm_version", sqlmodel.sql.sqltypes.AutoString(length=4), nullable=True),
        sa.Column("named_place", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column(
            "contractual_event",
            sa.Enum(
                "ship_by",
                "deliver_by",
                name="contractualevent_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("despatched_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("received_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(incoterm IS NULL) = (incoterm_version IS NULL)",
            name=op.f("ck_delivery_schedule_row_incoterm_dated"),
        ),
        sa.CheckConstraint(
            "despatched_quantity BETWEEN 0 AND quantity * (100 + tolerance_pct) / 100",
            name=op.f("ck_delivery_schedule_row_despatched_within_ordered"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_delivery_schedule_row_quantity_positive")),
        sa.CheckConstraint(
            "received_quantity BETWEEN 0 AND despatched_quantity",
            name=op.f("ck_delivery_schedule_row_received_within_despatched"),
        ),
        sa.CheckConstraint(
            "ship_by >= ready_by AND deliver_by >= ship_by AND deliver_by >= ready_by",
            name=op.f("ck_delivery_schedule_row_dates_forward"),
        ),
        sa.CheckConstraint(
            "tolerance_pct BETWEEN 0 AND 100",
            name=op.f("ck_delivery_schedule_row_tolerance_in_bounds"),
        ),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR despatched_quantity = 0",
            name=op.f("ck_delivery_schedule_row_withdrawn_is_untouched"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_delivery_schedule_row_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["tender_item.id"],
            name=op.f("fk_delivery_schedule_row_item_id_tender_item"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["delivery_schedule.id"],
            name=op.f("fk_delivery_schedule_row_schedule_id_delivery_schedule"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_schedule_row")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_delivery_schedule_row_contract_id_number")
        ),
    )
    op.create_index(
        op.f("ix_delivery_schedule_row_item_id"), "delivery_schedule_row", ["item_id"], unique=False
    )
    op.create_index(
        op.f("ix_delivery_schedule_row_schedule_id"),
        "delivery_schedule_row",
        ["schedule_id"],
        unique=False,
    )
    op.create_table(
        "order_response",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_order_response_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_order_response_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["delivery_schedule.id"],
            name=op.f("fk_order_response_schedule_id_delivery_schedule"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_response")),
        sa.UniqueConstraint("schedule_id", name=op.f("uq_order_response_schedule_id")),
    )
    op.create_index(
        op.f("ix_order_response_contract_id"), "order_response", ["contract_id"], unique=False
    )
    op.create_table(
        "order_response_line",
        *_common(),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column(
            "response",
            sa.Enum(
                "accept",
                "reject",
                "change",
                name="lineresponse_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("change", JSON, nullable=True),
        sa.CheckConstraint(
            "(response = 'change') = (change IS NOT NULL)",
            name=op.f("ck_order_response_line_change_says_what"),
        ),
        sa.CheckConstraint(
            "response = 'accept' OR reason IS NOT NULL",
            name=op.f("ck_order_response_line_refusal_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_order_response_line_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["order_response.id"],
            name=op.f("fk_order_response_line_response_id_order_response"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_response_line")),
        sa.UniqueConstraint(
            "response_id", "row_number", name=op.f("uq_order_response_line_response_id_row_number")
        ),
    )
    op.create_table(
        "performance",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_row_id", sa.Uuid(), nullable=False),
        sa.Column(
            "event",
            sa.Enum(
                "ready",
                "handed_over",
                "arrived",
                "received",
                name="performanceevent_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("retracts_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_performance_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_performance_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["retracts_id"],
            ["performance.id"],
            name=op.f("fk_performance_retracts_id_performance"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_row_id"],
            ["delivery_schedule_row.id"],
            name=op.f("fk_performance_schedule_row_id_delivery_schedule_row"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance")),
        sa.UniqueConstraint("retracts_id", name=op.f("uq_performance_retracts_id")),
        sa.UniqueConstraint(
            "schedule_row_id",
            "event",
            "source",
            name=op.f("uq_performance_schedule_row_id_event_source"),
        ),
    )
    op.create_index(
        "ix_performance_contract_id", "performance", ["contract_id", "occurred_at"], unique=False
    )
    op.create_table(
        "shipment",
        *_common(),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("consignor", JSON, nullable=False),
        sa.Column("consignee", JSON, nullable=False),
        sa.Column("notify_party", JSON, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_shipment_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_shipment_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_shipment_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("supplier_id", "number", name=op.f("uq_shipment_supplier_id_number")),
    )
    op.create_index(op.f("ix_shipment_buyer_id"), "shipment", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_shipment_contract_id"), "shipment", ["contract_id"], unique=False)
    op.create_table(
        "shipment_leg",
        *_common(),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "ROAD",
                "RAIL",
                "AIR",
                "VESSEL",
                "BARGE",
                name="transportmode_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("to_place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("crossing_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("carrier", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.Column(
            "document_type",
            sa.Enum(
                "CMR",
                "SMGS",
                "AWB",
                "BL",
                "TIR",
                name="transportdocumenttype_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("document_number", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=True),
        sa.CheckConstraint(
            "(document_type IS NULL) = (document_number IS NULL)",
            name=op.f("ck_shipment_leg_document_numbered"),
        ),
        sa.CheckConstraint(
            "from_place_code <> to_place_code", name=op.f("ck_shipment_leg_goes_somewhere")
        ),
        sa.CheckConstraint("seq > 0", name=op.f("ck_shipment_leg_seq_positive")),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_shipment_leg_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_leg")),
        sa.UniqueConstraint("shipment_id", "seq", name=op.f("uq_shipment_leg_shipment_id_seq")),
    )
    op.create_index(
        op.f("ix_shipment_leg_crossing_code"), "shipment_leg", ["crossing_code"], unique=False
    )
    op.create_index(
        op.f("ix_shipment_leg_document_number"), "shipment_leg", ["document_number"], unique=False
    )
    op.create_table(
        "shipment_equipment",
        *_common(),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("leg_id", sa.Uuid(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "CN",
                "TE",
                "RR",
                "SW",
                "UL",
                name="equipmenttype_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("seals", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["leg_id"],
            ["shipment_leg.id"],
            name=op.f("fk_shipment_equipment_leg_id_shipment_leg"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_shipment_equipment_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_equipment")),
        sa.UniqueConstraint("leg_id", "number", name=op.f("uq_shipment_equipment_leg_id_number")),
    )
    op.create_index(
        op.f("ix_shipment_equipment_number"), "shipment_equipment", ["number"], unique=False
    )
    op.create_index(
        op.f("ix_shipment_equipment_shipment_id"),
        "shipment_equipment",
        ["shipment_id"],
        unique=False,
    )
    op.create_table(
        "package",
        *_common(),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("sscc", sqlmodel.sql.sqltypes.AutoString(length=18), nullable=True),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("marks", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("gross_weight", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("net_weight", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("volume", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.CheckConstraint("gross_weight > 0", name=op.f("ck_package_weight_positive")),
        sa.CheckConstraint(
            "net_weight > 0 AND net_weight <= gross_weight",
            name=op.f("ck_package_net_within_gross"),
        ),
        sa.CheckConstraint("volume > 0", name=op.f("ck_package_volume_positive")),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_package_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
        sa.UniqueConstraint("shipment_id", "sscc", name=op.f("uq_package_shipment_id_sscc")),
    )
    op.create_index(op.f("ix_package_sscc"), "package", ["sscc"], unique=False)
    op.create_table(
        "customs_declaration",
        *_common(),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "export",
                "transit",
                "import",
                name="declarationkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("procedure", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "released_at >= registered_at",
            name=op.f("ck_customs_declaration_released_after_registered"),
        ),
        sa.ForeignKeyConstraint(
            ["declared_by"],
            ["organisation.id"],
            name=op.f("fk_customs_declaration_declared_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_customs_declaration_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customs_declaration")),
        sa.UniqueConstraint(
            "shipment_id",
            "country",
            "number",
            name=op.f("uq_customs_declaration_shipment_id_country_number"),
        ),
    )
    op.create_table(
        "despatch_advice",
        *_common(),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("despatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "cancellation_reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancellation_reason IS NULL)",
            name=op.f("ck_despatch_advice_cancelled_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_despatch_advice_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["issued_by"],
            ["organisation.id"],
            name=op.f("fk_despatch_advice_issued_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_despatch_advice_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_despatch_advice")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_despatch_advice_contract_id_number")
        ),
    )
    op.create_index(
        op.f("ix_despatch_advice_shipment_id"), "despatch_advice", ["shipment_id"], unique=False
    )
    op.create_index(
        "uq_despatch_advice_live",
        "despatch_advice",
        ["shipment_id"],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_table(
        "despatch_line",
        *_common(),
        sa.Column("advice_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_row_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("received_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("short_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_despatch_line_quantity_positive")),
        sa.CheckConstraint(
            "received_quantity >= 0 AND short_quantity >= 0 AND received_quantity + short_quantity <= quantity",
            name=op.f("ck_despatch_line_received_within_despatched"),
        ),
        sa.ForeignKeyConstraint(
            ["advice_id"],
            ["despatch_advice.id"],
            name=op.f("fk_despatch_line_advice_id_despatch_advice"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_row_id"],
            ["delivery_schedule_row.id"],
            name=op.f("fk_despatch_line_schedule_row_id_delivery_schedule_row"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_despatch_line")),
        sa.UniqueConstraint("advice_id", "number", name=op.f("uq_despatch_line_advice_id_number")),
        sa.UniqueConstraint(
            "advice_id", "schedule_row_id", name=op.f("uq_despatch_line_advice_id_schedule_row_id")
        ),
    )
    op.create_index(
        op.f("ix_despatch_line_schedule_row_id"), "despatch_line", ["schedule_row_id"], unique=False
    )
    op.create_table(
        "receipt",
        *_common(),
        sa.Column("advice_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=35), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("evidence", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["advice_id"],
            ["despatch_advice.id"],
            name=op.f("fk_receipt_advice_id_despatch_advice"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_receipt_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["issued_by"],
            ["organisation.id"],
            name=op.f("fk_receipt_issued_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_receipt_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_receipt_contract_id_number")),
    )
    op.create_index(op.f("ix_receipt_advice_id"), "receipt", ["advice_id"], unique=False)
    op.create_index(op.f("ix_receipt_shipment_id"), "receipt", ["shipment_id"], unique=False)
    op.create_table(
        "receipt_line",
        *_common(),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("despatch_line_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_row_id", sa.Uuid(), nullable=False),
        sa.Column("received_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("short_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("damaged_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.CheckConstraint(
            "damaged_quantity BETWEEN 0 AND received_quantity",
            name=op.f("ck_receipt_line_damaged_within_received"),
        ),
        sa.CheckConstraint(
            "received_quantity >= 0 AND short_quantity >= 0 AND received_quantity + short_quantity > 0",
            name=op.f("ck_receipt_line_says_something"),
        ),
        sa.ForeignKeyConstraint(
            ["despatch_line_id"],
            ["despatch_line.id"],
            name=op.f("fk_receipt_line_despatch_line_id_despatch_line"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"],
            ["receipt.id"],
            name=op.f("fk_receipt_line_receipt_id_receipt"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_row_id"],
            ["delivery_schedule_row.id"],
            name=op.f("fk_receipt_line_schedule_row_id_delivery_schedule_row"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_line")),
        sa.UniqueConstraint(
            "receipt_id",
            "despatch_line_id",
            name=op.f("uq_receipt_line_receipt_id_despatch_line_id"),
        ),
    )
    op.create_index(
        op.f("ix_receipt_line_despatch_line_id"), "receipt_line", ["despatch_line_id"], unique=False
    )
    op.create_index(
        op.f("ix_receipt_line_schedule_row_id"), "receipt_line", ["schedule_row_id"], unique=False
    )
