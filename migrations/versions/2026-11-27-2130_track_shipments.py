"""Sources of tracking, what they sent, events of shipments and what could not be read.

Events and messages are append-only twice: the roles may not change them, and a trigger refuses it.

Revision ID: 0030
Revises: 0029
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0030"
down_revision: str | Sequence[str] | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("tracking_source", "tracking_message", "tracking_event", "tracking_fault")
APPEND_ONLY = TABLES[1:]
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
FREEZE = """
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM kerben_app, kerben_worker;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
SEEN = "EXISTS (SELECT FROM shipment s WHERE s.id = shipment_id)"
POLICIES = f"""
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON tracking_source
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY owner ON tracking_source TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
-- A webhook comes without credentials: it names its source, and its signature proves it.
CREATE POLICY named ON tracking_source FOR SELECT TO kerben_app
  USING (id::text = current_setting('kerben.tracking_source', true));

CREATE POLICY app_read ON tracking_message FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY app_insert ON tracking_message FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());

-- Both sides of a shipment see what anybody told of it.
CREATE POLICY app_read ON tracking_event FOR SELECT TO kerben_app USING ({SEEN});
CREATE POLICY app_insert ON tracking_event FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND {SEEN});

CREATE POLICY app_read ON tracking_fault FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY app_insert ON tracking_fault FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    for table in APPEND_ONLY:
        op.execute(FREEZE.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("tracking_fault", "tracking_event", "tracking_message", "tracking_source"):
        op.drop_table(table)


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_tables() -> None:
    op.create_table(
        "tracking_source",
        *_common(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "api",
                "track17",
                "aftership",
                "dcsa",
                "epcis",
                name="sourcekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(length=50), nullable=True),
        sa.Column("future_tolerance_seconds", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'api') = (secret IS NULL)", name=op.f("ck_tracking_source_secret_by_kind")
        ),
        sa.CheckConstraint(
            "future_tolerance_seconds BETWEEN 0 AND 86400",
            name=op.f("ck_tracking_source_tolerance_bounded"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_tracking_source_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_source")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_tracking_source_org_id_name")),
    )
    op.create_table(
        "tracking_message",
        *_common(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("signature", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_tracking_message_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["tracking_source.id"],
            name=op.f("fk_tracking_message_source_id_tracking_source"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_message")),
        sa.UniqueConstraint(
            "source_id", "sha256", name=op.f("uq_tracking_message_source_id_sha256")
        ),
    )
    op.create_index(
        op.f("ix_tracking_message_org_id"), "tracking_message", ["org_id"], unique=False
    )
    op.create_table(
        "tracking_event",
        *_common(),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column(
            "event_type",
            sa.Enum(
                "SHIPMENT",
                "TRANSPORT",
                "EQUIPMENT",
                name="eventtype_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "classifier",
            sa.Enum(
                "PLN",
                "EST",
                "ACT",
                "REQ",
                name="classifier_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "milestone",
            sa.Enum(
                "goods_ready",
                "picked_up",
                "loaded",
                "export_cleared",
                "departed",
                "in_transit",
                "arrived",
                "at_border",
                "border_crossed",
                "import_customs_open",
                "customs_info_needed",
                "import_released",
                "customs_refused",
                "delayed",
                "damaged",
                "out_for_delivery",
                "lost",
                "partially_delivered",
                "delivered",
                "accepted_subject_to_inspection",
                "accepted",
                "rejected",
                name="milestone_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("source_code", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("rec24_code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=True),
        sa.Column("dcsa_code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=True),
        sa.Column("biz_step", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("disposition", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("event_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "event_timezone_offset", sqlmodel.sql.sqltypes.AutoString(length=6), nullable=False
        ),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("place_text", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column(
            "facility_type",
            sa.Enum(
                "BORD",
                "CLOC",
                "COFS",
                "COYA",
                "DEPO",
                "INTE",
                "OFFD",
                "POTE",
                "RAMP",
                "WAYP",
                name="facilitytype_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("leg_seq", sa.Integer(), nullable=True),
        sa.Column("delay_reason", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column(
            "publisher_role",
            sa.Enum(
                "buyer",
                "supplier",
                name="side_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("raw_payload_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("retracts_event_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("confidence", sa.Numeric(precision=4, scale=3), nullable=True),
        sa.CheckConstraint(
            "confidence BETWEEN 0 AND 1", name=op.f("ck_tracking_event_confidence_is_share")
        ),
        sa.CheckConstraint("leg_seq > 0", name=op.f("ck_tracking_event_leg_positive")),
        sa.CheckConstraint(
            "retracts_event_id IS NULL OR milestone IS NULL",
            name=op.f("ck_tracking_event_retraction_tells_nothing"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["tracking_message.id"],
            name=op.f("fk_tracking_event_message_id_tracking_message"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_tracking_event_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["place_code"], ["place.code"], name=op.f("fk_tracking_event_place_code_place")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_tracking_event_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["tracking_source.id"],
            name=op.f("fk_tracking_event_source_id_tracking_source"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_event")),
        sa.UniqueConstraint(
            "source_id", "event_id", name=op.f("uq_tracking_event_source_id_event_id")
        ),
    )
    op.create_index(
        "ix_tracking_event_shipment", "tracking_event", ["shipment_id", "event_time"], unique=False
    )
    op.create_table(
        "tracking_fault",
        *_common(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("pointer", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["tracking_message.id"],
            name=op.f("fk_tracking_fault_message_id_tracking_message"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_tracking_fault_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_fault")),
    )
    op.create_index(
        "ix_tracking_fault_message", "tracking_fault", ["message_id", "job_id", "row"], unique=False
    )
