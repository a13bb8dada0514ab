"""A role for reading what is published, and no way for the API to change events that are emitted.

Revision ID: 0046
Revises: 0045
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0046"
down_revision: str | Sequence[str] | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

READABLE = (
    # What is published.
    "public_document",
    "ocds_release",
    "ocds_record",
    "ocds_schema",
    "foreign_release",
    "foreign_record",
    "red_flag",
    # Reference data, the same for everybody.
    "classification_scheme",
    "classification",
    "unit",
    "place",
    "certificate_scheme",
    "fx_rate",
    "work_calendar_year",
    "work_calendar_day",
    "policy_set",
    "transit_seed",
    "crossing",
    "transport_route",
    "rate_charge",
    "tariff_rate",
    "trade_remedy",
    "excise_rate",
    "import_parameter",
    "scorecard_policy",
)

REQUIRE_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kerben_reporting') THEN
    RAISE EXCEPTION 'the role kerben_reporting is missing'
      USING HINT = 'Run migrations/roles.sql as a superuser, then migrate again.';
  END IF;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(REQUIRE_ROLE)
    for table in READABLE:
        op.execute(f"GRANT SELECT ON {table} TO kerben_reporting")
        op.execute(
            f"CREATE POLICY reporting ON {table} FOR SELECT TO kerben_reporting USING (true)"
        )
    # Only the relay, of the workers' role, marks an event as dispatched.
    op.execute("DROP POLICY app_update ON outbox_event")
    op.execute("DROP POLICY app_delete ON outbox_event")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in READABLE:
        op.execute(f"DROP POLICY reporting ON {table}")
        op.execute(f"REVOKE SELECT ON {table} FROM kerben_reporting")
    op.execute("CREATE POLICY app_update ON outbox_event FOR UPDATE TO kerben_app USING (true)")
    op.execute("CREATE POLICY app_delete ON outbox_event FOR DELETE TO kerben_app USING (true)")
