"""How long legs and crossings take: published hours, and what is observed.

Every hour below is unreviewed: the averages are those of the CAREC Corridor Performance Measurement
and Monitoring (ADB) for Kyrgyz roads; where only an average is published, its p50 and p90 are those
of a lognormal duration with a deviation of the logarithm of 0.8 (crossings) or 0.35 (roads).

Revision ID: 0031
Revises: 0030
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0031"
down_revision: str | Sequence[str] | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CAREC = "ADB CAREC CPMM 2022, Kyrgyz Republic, road: "
_SPREAD = "; p50 and p90 of a lognormal duration with sigma 0.8 around the average"
SEEDS: tuple[tuple[object, ...], ...] = (
    # kind, mode, place, from, to, per km, p50, p90, source
    (
        "crossing",
        None,
        "kg-torugart",
        "KG",
        "CN",
        None,
        "25.8",
        "50.1",
        _CAREC + "Torugart outbound averaged 25.8 h (2021) and 50.1 h (2022), taken as p50 and p90",
    ),
    (
        "crossing",
        None,
        None,
        "CN",
        "KG",
        None,
        "2.32",
        "6.48",
        _CAREC + "inbound average over all crossings 3.2 h" + _SPREAD,
    ),
    (
        "crossing",
        None,
        None,
        None,
        None,
        None,
        "2.03",
        "5.67",
        _CAREC + "border clearance 2.8 h on average" + _SPREAD,
    ),
    (
        "leg",
        "ROAD",
        None,
        None,
        None,
        "100",
        "4.91",
        "7.68",
        _CAREC + "26.5 km/h, for ways 1.3 times the straight line (assumed); sigma 0.35 (assumed)",
    ),
)
POLICIES = """
ALTER TABLE transit_seed ENABLE ROW LEVEL SECURITY;
ALTER TABLE transit_seed FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON transit_seed TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON transit_seed FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);

-- Hours are for everybody to learn from; whose shipment took them is for nobody.
ALTER TABLE transit_observation ENABLE ROW LEVEL SECURITY;
ALTER TABLE transit_observation FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON transit_observation TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON transit_observation FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL);
REVOKE ALL ON transit_observation FROM kerben_app;
GRANT SELECT (segment, hours, observed_at) ON transit_observation TO kerben_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    now = datetime.now(UTC)
    # As the owner, whom the policies bind as well: entered before they are there.
    op.bulk_insert(
        sa.table(
            "transit_seed",
            sa.column("id", sa.Uuid()),
            sa.column("created_at", sa.DateTime(timezone=True)),
            sa.column("updated_at", sa.DateTime(timezone=True)),
            *(sa.column(name) for name in ("kind", "mode", "place_code")),
            *(sa.column(name) for name in ("from_country", "to_country")),
            *(sa.column(name, sa.Numeric(12, 4)) for name in ("per_km", "p50_hours", "p90_hours")),
            sa.column("valid_from", sa.Date()),
            sa.column("source"),
            sa.column("reviewed", sa.Boolean()),
        ),
        [
            {
                "id": UUID(int=0x019ABF00_0000_7000_8000_000000000000 + number),
                "created_at": now,
                "updated_at": now,
                **dict(zip(_NAMES, row, strict=True)),
                "valid_from": date(2022, 1, 1),
                "reviewed": False,
            }
            for number, row in enumerate(SEEDS)
        ],
    )
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("transit_observation")
    op.drop_table("transit_seed")


_NAMES = (
    "kind",
    "mode",
    "place_code",
    "from_country",
    "to_country",
    "per_km",
    "p50_hours",
    "p90_hours",
    "source",
)


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_tables() -> None:
    op.create_table(
        "transit_seed",
        *_common(),
        sa.Column(
            "kind",
            sa.Enum(
                "leg",
                "crossing",
                name="segmentkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
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
            nullable=True,
        ),
        sa.Column("place_code", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("from_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("to_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("per_km", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("p50_hours", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("p90_hours", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'leg') = (mode IS NOT NULL)", name=op.f("ck_transit_seed_legs_have_mode")
        ),
        sa.CheckConstraint(
            "(kind = 'leg') = (per_km IS NOT NULL)", name=op.f("ck_transit_seed_legs_by_distance")
        ),
        sa.CheckConstraint(
            "p50_hours > 0 AND p90_hours >= p50_hours", name=op.f("ck_transit_seed_hours_ordered")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transit_seed")),
    )
    op.create_index(
        "ix_transit_seed_lookup", "transit_seed", ["kind", "mode", "place_code"], unique=False
    )
    op.create_table(
        "transit_observation",
        *_common(),
        sa.Column("segment", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("hours", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("leg_seq", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours > 0", name=op.f("ck_transit_observation_hours_positive")),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
            name=op.f("fk_transit_observation_shipment_id_shipment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transit_observation")),
        sa.UniqueConstraint(
            "shipment_id",
            "leg_seq",
            "segment",
            name=op.f("uq_transit_observation_shipment_id_leg_seq_segment"),
        ),
    )
    op.create_index(
        "ix_transit_observation_segment",
        "transit_observation",
        ["segment", "observed_at"],
        unique=False,
    )
