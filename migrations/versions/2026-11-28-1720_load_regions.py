"""Countries that are served become data: their hours, money and registers, and whose excise it is.

The CHECK that allowed two schemes of identifiers gives way to one that allows the form of any.
Excise stays unique by code and day, whatever the country: code before this loads it by that key.

Revision ID: 0118
Revises: 0120
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0118"
down_revision: str | Sequence[str] | None = "0120"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

POLICIES = """
ALTER TABLE region ENABLE ROW LEVEL SECURITY;
ALTER TABLE region FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON region FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON region TO kerben_worker USING (true) WITH CHECK (true);
"""
OLD_SCHEMES, NEW_SCHEMES = "identifierscheme_valid", "identifier_scheme_form"
SERVED = """
INSERT INTO region (id, created_at, updated_at, country, time_zone, currency, identifier_schemes,
  source, reviewed)
VALUES (uuidv7(), now(), now(), 'KG', 'Asia/Bishkek', 'KGS', '[]',
  'IANA time zone database; ISO 4217', false),
 (uuidv7(), now(), now(), 'CN', 'Asia/Shanghai', 'CNY', '[]',
  'IANA time zone database; ISO 4217', false)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "region",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("country", text(length=2), nullable=False),
        sa.Column("time_zone", text(length=60), nullable=False),
        sa.Column("currency", text(length=3), nullable=False),
        sa.Column(
            "identifier_schemes",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=False,
        ),
        sa.Column("source", text(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_region_country_of_two_letters")),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_region_currency_of_three_letters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("country", name=op.f("uq_region_country")),
    )
    op.execute(SERVED)
    op.execute(POLICIES)
    op.drop_constraint(op.f(f"ck_organisation_{OLD_SCHEMES}"), "organisation")
    op.create_check_constraint(
        op.f(f"ck_organisation_{NEW_SCHEMES}"),
        "organisation",
        "identifier_scheme ~ '^[A-Z]{2}-[A-Z0-9]{2,20}$'",
    )
    country = sa.Column("country", text(length=2), nullable=False, server_default="KG")
    op.add_column("excise_rate", country)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM excise_rate WHERE country <> 'KG'")
    op.drop_column("excise_rate", "country")
    op.drop_constraint(op.f(f"ck_organisation_{NEW_SCHEMES}"), "organisation")
    op.create_check_constraint(
        op.f(f"ck_organisation_{OLD_SCHEMES}"),
        "organisation",
        "identifier_scheme IN ('CN-USCC', 'KG-INN')",
    )
    op.drop_table("region")
