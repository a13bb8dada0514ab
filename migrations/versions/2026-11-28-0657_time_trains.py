"""Hours of trains: a leg by rail, and the change of gauge and customs at Altynkol and Dostyk.

Unreviewed, as all shipped hours are. Those of the crossings are the average over all rail crossings
of CAREC's Corridor Performance Measurement and Monitoring of 2022 (40.6 h; its Corridor 1, on which
both lie, had 27.6 h in 2019 and 37.3 h in 2020), with a deviation of the logarithm of 0.8 as at roads.
Those of a leg lie between the speed without any delay (p50) and that with all of them, waits at
borders included (p90).

Revision ID: 0088
Revises: 0087
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "0088"
down_revision: str | Sequence[str] | None = "0087"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CROSSING = (
    "ADB CAREC CPMM 2022, rail: border-crossing time 40.6 h on average over all rail crossings; p50"
    " and p90 of a lognormal duration with sigma 0.8 (assumed) around it"
)
_LEG = (
    "ADB CAREC CPMM 2020, rail: 42.2 km/h without delay taken as p50, 16.8 km/h with all delays as"
    " p90, for ways 1.3 times the straight line (assumed)"
)
SEEDS = (
    ("crossing", "RAIL", "kz-altynkol", None, "29.48", "82.19", date(2022, 1, 1), _CROSSING),
    ("crossing", "RAIL", "kz-dostyk", None, "29.48", "82.19", date(2022, 1, 1), _CROSSING),
    ("leg", "RAIL", None, "100", "3.08", "7.74", date(2020, 1, 1), _LEG),
)
_NAMES = ("kind", "mode", "place_code", "per_km", "p50_hours", "p90_hours", "valid_from", "source")
_IDS = [UUID(int=0x019ABF00_0000_7000_8000_000000000100 + number) for number, _ in enumerate(SEEDS)]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_transit_seed_legs_have_mode"), "transit_seed", type_="check")
    op.create_check_constraint(
        op.f("ck_transit_seed_legs_have_mode"), "transit_seed", "kind <> 'leg' OR mode IS NOT NULL"
    )
    now = datetime.now(UTC)
    seeds = sa.table(
        "transit_seed",
        sa.column("id", sa.Uuid()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("updated_at", sa.DateTime(timezone=True)),
        *(sa.column(name) for name in ("kind", "mode", "place_code")),
        *(sa.column(name, sa.Numeric(12, 4)) for name in ("per_km", "p50_hours", "p90_hours")),
        sa.column("valid_from", sa.Date()),
        sa.column("source"),
        sa.column("reviewed", sa.Boolean()),
    )
    # As the owner, whom the policies bind as well.
    op.execute("ALTER TABLE transit_seed NO FORCE ROW LEVEL SECURITY")
    op.bulk_insert(
        seeds,
        [
            {
                "id": made,
                "created_at": now,
                "updated_at": now,
                **dict(zip(_NAMES, row, strict=True)),
                "reviewed": False,
            }
            for made, row in zip(_IDS, SEEDS, strict=True)
        ],
    )
    op.execute("ALTER TABLE transit_seed FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE transit_seed NO FORCE ROW LEVEL SECURITY")
    for made in _IDS:
        op.execute(f"DELETE FROM transit_seed WHERE id = '{made}'")
    op.execute("DELETE FROM transit_seed WHERE kind = 'crossing' AND mode IS NOT NULL")
    op.execute("ALTER TABLE transit_seed FORCE ROW LEVEL SECURITY")
    op.drop_constraint(op.f("ck_transit_seed_legs_have_mode"), "transit_seed", type_="check")
    op.create_check_constraint(
        op.f("ck_transit_seed_legs_have_mode"),
        "transit_seed",
        "(kind = 'leg') = (mode IS NOT NULL)",
    )
