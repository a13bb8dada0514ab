"""Crossings, routes, rate cards, tariffs, numbers of import; landed costs that were computed.

Revision ID: 0026
Revises: 0025
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0026"
down_revision: str | Sequence[str] | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFERENCE = (
    "crossing",
    "transport_route",
    "rate_charge",
    "tariff_rate",
    "trade_remedy",
    "excise_rate",
    "import_parameter",
)
TABLES = (*REFERENCE, "landed_cost_terms", "landed_cost_estimate")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
READERS = "CREATE POLICY readers ON {table} FOR SELECT TO kerben_app USING (true);"
SEEN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id)"
OWN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())"
POLICIES = f"""
CREATE POLICY app_read ON landed_cost_terms FOR SELECT TO kerben_app USING ({SEEN_TENDER});
CREATE POLICY app_insert ON landed_cost_terms FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON landed_cost_terms FOR UPDATE TO kerben_app USING ({OWN_TENDER});

CREATE POLICY app_read ON landed_cost_estimate FOR SELECT TO kerben_app
  USING (org_id = kerben_org());
CREATE POLICY app_insert ON landed_cost_estimate FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON landed_cost_estimate
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    for table in REFERENCE:
        op.execute(READERS.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (
        "landed_cost_estimate",
        "landed_cost_terms",
        "import_parameter",
        "excise_rate",
        "trade_remedy",
        "tariff_rate",
        "rate_charge",
        "transport_route",
        "crossing",
    ):
        op.drop_table(table)


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_tables() -> None:
    op.create_table(
        "excise_rate",
        *_common(),
        sa.Column("tnved_code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("ad_valorem", sa.Numeric(precision=12, scale=8), nullable=True),
        sa.Column("specific_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("specific_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("specific_unit", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "tnved_code ~ '^[0-9]{10}$'", name=op.f("ck_excise_rate_code_of_ten_digits")
        ),
        sa.CheckConstraint(
            "(specific_amount IS NULL) = (specific_currency IS NULL OR specific_unit IS NULL)",
            name=op.f("ck_excise_rate_specific_complete"),
        ),
        sa.CheckConstraint(
            "ad_valorem >= 0 AND specific_amount >= 0",
            name=op.f("ck_excise_rate_rates_not_negative"),
        ),
        sa.CheckConstraint(
            "ad_valorem IS NOT NULL OR specific_amount IS NOT NULL",
            name=op.f("ck_excise_rate_has_a_rate"),
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_excise_rate_valid_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excise_rate")),
        sa.UniqueConstraint(
            "tnved_code", "valid_from", name=op.f("uq_excise_rate_tnved_code_valid_from")
        ),
    )
    op.create_table(
        "import_parameter",
        *_common(),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column(
            "code",
            sa.Enum(
                "customs_fee_rate",
                "customs_fee_min",
                "customs_fee_max",
                "import_vat_rate",
                "vat_base_includes_fee",
                "insurance_rate",
                "insurance_coverage",
                "fx_max_age_days",
                "freight_share",
                name="parametercode_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.Numeric(precision=20, scale=8), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_import_parameter_valid_forward")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_import_parameter_value_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_parameter")),
        sa.UniqueConstraint(
            "country",
            "code",
            "valid_from",
            name=op.f("uq_import_parameter_country_code_valid_from"),
        ),
    )
    op.create_table(
        "tariff_rate",
        *_common(),
        sa.Column("tnved_code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ad_valorem",
                "specific",
                "combined_max",
                "combined_sum",
                name="dutykind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ad_valorem", sa.Numeric(precision=12, scale=8), nullable=True),
        sa.Column("specific_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("specific_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("specific_unit", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'specific' OR ad_valorem IS NOT NULL) AND (kind = 'ad_valorem' OR specific_amount IS NOT NULL)",
            name=op.f("ck_tariff_rate_kind_has_rates"),
        ),
        sa.CheckConstraint(
            "tnved_code ~ '^[0-9]{10}$'", name=op.f("ck_tariff_rate_code_of_ten_digits")
        ),
        sa.CheckConstraint(
            "(specific_amount IS NULL) = (specific_currency IS NULL OR specific_unit IS NULL)",
            name=op.f("ck_tariff_rate_specific_complete"),
        ),
        sa.CheckConstraint(
            "ad_valorem >= 0 AND specific_amount >= 0",
            name=op.f("ck_tariff_rate_rates_not_negative"),
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_tariff_rate_valid_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_rate")),
        sa.UniqueConstraint(
            "tnved_code", "valid_from", name=op.f("uq_tariff_rate_tnved_code_valid_from")
        ),
    )
    op.create_table(
        "trade_remedy",
        *_common(),
        sa.Column("tnved_code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "anti_dumping",
                "safeguard",
                "countervailing",
                name="remedykind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("origin", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("producer", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("rate", sa.Numeric(precision=12, scale=8), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "tnved_code ~ '^[0-9]{10}$'", name=op.f("ck_trade_remedy_code_of_ten_digits")
        ),
        sa.CheckConstraint("rate >= 0", name=op.f("ck_trade_remedy_rate_not_negative")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_trade_remedy_valid_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trade_remedy")),
        sa.UniqueConstraint(
            "tnved_code",
            "origin",
            "producer",
            "kind",
            "valid_from",
            name=op.f("uq_trade_remedy_tnved_code_origin_producer_kind_valid_from"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "crossing",
        *_common(),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("un_locode", sqlmodel.sql.sqltypes.AutoString(length=5), nullable=True),
        sa.Column("from_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("to_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
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
        sa.Column("union_border", sa.Boolean(), nullable=False),
        sa.Column(
            "names", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place_code"],
            ["place.code"],
            name=op.f("fk_crossing_place_code_place"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing")),
        sa.UniqueConstraint("code", name=op.f("uq_crossing_code")),
    )
    op.create_table(
        "landed_cost_terms",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("fx_source", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("routes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "goods", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_landed_cost_terms_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landed_cost_terms")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_landed_cost_terms_tender_id")),
    )
    op.create_table(
        "transport_route",
        *_common(),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("crossing_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
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
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "names", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("capacity_kg", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("capacity_m3", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "capacity_kg > 0 AND capacity_m3 > 0", name=op.f("ck_transport_route_capacity_positive")
        ),
        sa.CheckConstraint("cardinality(places) >= 2", name=op.f("ck_transport_route_has_ends")),
        sa.ForeignKeyConstraint(
            ["crossing_code"],
            ["crossing.code"],
            name=op.f("fk_transport_route_crossing_code_crossing"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transport_route")),
        sa.UniqueConstraint("code", name=op.f("uq_transport_route_code")),
    )
    op.create_table(
        "rate_charge",
        *_common(),
        sa.Column("route_code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("card", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "loading",
                "carriage",
                "handling",
                "export_clearance",
                "transit",
                "import_clearance",
                "unloading",
                "payment",
                name="chargekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "segment",
            sa.Enum(
                "pre_border",
                "post_border",
                "local",
                name="segment_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_place", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("to_place", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column(
            "basis",
            sa.Enum(
                "shipment",
                "vehicle",
                "kilogram",
                "cubic_metre",
                "package",
                name="basis_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column(
            "driver",
            sa.Enum(
                "weight",
                "volume",
                "value",
                "package",
                "line",
                name="driver_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_rate_charge_amount_not_negative")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_rate_charge_valid_forward")),
        sa.ForeignKeyConstraint(
            ["route_code"],
            ["transport_route.code"],
            name=op.f("fk_rate_charge_route_code_transport_route"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_charge")),
        sa.UniqueConstraint(
            "route_code",
            "code",
            "valid_from",
            name=op.f("uq_rate_charge_route_code_code_valid_from"),
        ),
    )
    op.create_table(
        "landed_cost_estimate",
        *_common(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum(
                "free",
                "offer",
                "bid",
                name="estimatesubject_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("bid_id", sa.Uuid(), nullable=True),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("incoterm", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("route_code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("customs_value", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("total_gross", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("total_net", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("inputs_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.CheckConstraint(
            "(subject = 'bid') = (bid_id IS NOT NULL AND lot_id IS NOT NULL)",
            name=op.f("ck_landed_cost_estimate_bid_named"),
        ),
        sa.CheckConstraint(
            "(subject = 'offer') = (offer_id IS NOT NULL)",
            name=op.f("ck_landed_cost_estimate_offer_named"),
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"],
            ["bid.id"],
            name=op.f("fk_landed_cost_estimate_bid_id_bid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_landed_cost_estimate_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offer.id"],
            name=op.f("fk_landed_cost_estimate_offer_id_offer"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_landed_cost_estimate_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_landed_cost_estimate")),
    )
    op.create_index(
        op.f("ix_landed_cost_estimate_org_id"), "landed_cost_estimate", ["org_id"], unique=False
    )
