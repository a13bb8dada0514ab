"""Duties and VAT of other countries on goods of the Kyrgyz Republic.

Revision ID: 0139
Revises: 0138
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0139"
down_revision: str | Sequence[str] | None = "0138"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE destination_tariff ENABLE ROW LEVEL SECURITY;
ALTER TABLE destination_tariff FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON destination_tariff TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY readers ON destination_tariff FOR SELECT TO kerben_app USING (true);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "destination_tariff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("hs_code", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
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
        sa.Column("vat_rate", sa.Numeric(precision=12, scale=8), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'specific' OR ad_valorem IS NOT NULL)"
            " AND (kind = 'ad_valorem' OR specific_amount IS NOT NULL)",
            name=op.f("ck_destination_tariff_kind_has_rates"),
        ),
        sa.CheckConstraint(
            "(specific_amount IS NULL) = (specific_currency IS NULL OR specific_unit IS NULL)",
            name=op.f("ck_destination_tariff_specific_complete"),
        ),
        sa.CheckConstraint(
            "ad_valorem >= 0 AND specific_amount >= 0",
            name=op.f("ck_destination_tariff_rates_not_negative"),
        ),
        sa.CheckConstraint(
            "country ~ '^[A-Z]{2}$'", name=op.f("ck_destination_tariff_country_code")
        ),
        sa.CheckConstraint(
            "hs_code ~ '^([0-9]{6}|[0-9]{8}|[0-9]{10})$'",
            name=op.f("ck_destination_tariff_code_of_digits"),
        ),
        sa.CheckConstraint(
            "valid_to > valid_from", name=op.f("ck_destination_tariff_valid_forward")
        ),
        sa.CheckConstraint(
            "vat_rate >= 0 AND vat_rate < 1", name=op.f("ck_destination_tariff_vat_rate_fraction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destination_tariff")),
        sa.UniqueConstraint(
            "country",
            "hs_code",
            "valid_from",
            name=op.f("uq_destination_tariff_country_hs_code_valid_from"),
        ),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE destination_tariff")
