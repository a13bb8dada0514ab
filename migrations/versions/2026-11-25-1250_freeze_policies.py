"""Policy sets and work calendars, the rules frozen into a tender, and the sandbox's clock.

Tenders that are older were drafted as open ones; a published one of them has no frozen rules, so
that it can be closed or cancelled but not amended.

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REGIMES = ("state", "state_enterprise", "generic")
PROTECT = """
ALTER TABLE work_calendar_year ENABLE ROW LEVEL SECURITY;
ALTER TABLE work_calendar_year FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON work_calendar_year FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON work_calendar_year TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE work_calendar_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE work_calendar_day FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON work_calendar_day FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON work_calendar_day TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE policy_set ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_set FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON policy_set FOR SELECT TO kerben_app USING (true);
CREATE POLICY operator_insert ON policy_set FOR INSERT TO kerben_app
  WITH CHECK (kerben_operator());
CREATE POLICY operator_update ON policy_set FOR UPDATE TO kerben_app USING (kerben_operator());
CREATE POLICY worker ON policy_set TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE clock_shift ENABLE ROW LEVEL SECURITY;
ALTER TABLE clock_shift FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON clock_shift FOR SELECT TO kerben_app USING (true);
CREATE POLICY operator_insert ON clock_shift FOR INSERT TO kerben_app
  WITH CHECK (kerben_operator());
CREATE POLICY worker ON clock_shift TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER wake_clock AFTER INSERT ON clock_shift
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_notify('kerben_deadline');

-- What was law stays readable: only the end of a set is ever written again.
CREATE FUNCTION kerben_keep_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'valid_to' - 'updated_at' <> to_jsonb(OLD) - 'valid_to' - 'updated_at' THEN
    RAISE EXCEPTION 'a policy set is never altered: enter another';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_policy BEFORE UPDATE ON policy_set
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_policy();
CREATE TRIGGER keep_policy_rows BEFORE DELETE OR TRUNCATE ON policy_set
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- The rules that a tender was published under are frozen.
CREATE FUNCTION kerben_keep_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the rules of a published tender are frozen';
END $$;
CREATE TRIGGER keep_frozen BEFORE UPDATE OF policy, policy_set_id, mode, accelerator ON tender
  FOR EACH ROW WHEN (OLD.published_at IS NOT NULL AND (
    OLD.policy IS DISTINCT FROM NEW.policy OR OLD.policy_set_id IS DISTINCT FROM NEW.policy_set_id
    OR OLD.mode IS DISTINCT FROM NEW.mode OR OLD.accelerator IS DISTINCT FROM NEW.accelerator))
  EXECUTE FUNCTION kerben_keep_frozen();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    op.add_column("organisation", sa.Column("procurement_regime", _regime(), nullable=True))
    columns: tuple[sa.Column[object], ...] = (
        sa.Column("mode", _mode(), nullable=False, server_default="live"),
        sa.Column("accelerator", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("procedure", sa.String(length=40), nullable=False, server_default="open"),
        sa.Column("procurement_method_ground", sa.String(length=60), nullable=True),
        sa.Column("policy_set_id", sa.Uuid(), nullable=True),
        sa.Column("policy", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("clarification_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complaint_period_end", sa.DateTime(timezone=True), nullable=True),
    )
    for column in columns:
        op.add_column("tender", column)
    for name in ("mode", "accelerator", "procedure"):
        op.alter_column("tender", name, server_default=None)
    op.create_foreign_key(
        op.f("fk_tender_policy_set_id_policy_set"),
        "tender",
        "policy_set",
        ["policy_set_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_tender_accelerated_in_tests"),
        "tender",
        "accelerator = 1 OR (mode = 'test' AND accelerator BETWEEN 1 AND 86400)",
    )
    op.create_check_constraint(
        op.f("ck_tender_policy_names_its_set"),
        "tender",
        "(policy IS NULL) = (policy_set_id IS NULL)",
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER keep_frozen ON tender")
    for name in (
        "complaint_period_end",
        "clarification_until",
        "policy",
        "policy_set_id",
        "procurement_method_ground",
        "procedure",
        "accelerator",
        "mode",
    ):
        op.drop_column("tender", name)
    op.drop_column("organisation", "procurement_regime")
    for table in ("clock_shift", "policy_set", "work_calendar_day", "work_calendar_year"):
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_keep_frozen(), kerben_keep_policy()")


def _create_tables() -> None:
    op.create_table(
        "work_calendar_year",
        *_common(),
        sa.Column("calendar", sa.String(length=3), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("weekend", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("calendar", "year"),
    )
    op.create_table(
        "work_calendar_day",
        *_common(),
        sa.Column("calendar", sa.String(length=3), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("names", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "extract(year from day) = year", name=op.f("ck_work_calendar_day_day_in_year")
        ),
        sa.ForeignKeyConstraint(
            ["calendar", "year"], ["work_calendar_year.calendar", "work_calendar_year.year"]
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("calendar", "day"),
    )
    op.create_table(
        "policy_set",
        *_common(),
        sa.Column("jurisdiction", sa.String(length=3), nullable=False),
        sa.Column("regime", _regime(), nullable=False),
        sa.Column("procedure", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("title", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("codes", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("sources", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("legal_source", sa.String(length=1000), nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_policy_set_valid_forward")),
        postgresql.ExcludeConstraint(
            (sa.column("jurisdiction"), "="),
            (sa.column("regime"), "="),
            (sa.column("procedure"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_policy_set_in_force",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "clock_shift",
        *_common(),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "seconds BETWEEN 1 AND 31622400", name=op.f("ck_clock_shift_seconds_in_bounds")
        ),
        sa.PrimaryKeyConstraint("id"),
    )


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _regime() -> sa.Enum:
    return sa.Enum(
        *REGIMES,
        name="procurementregime_valid",
        native_enum=False,
        create_constraint=True,
        length=32,
    )


def _mode() -> sa.Enum:
    return sa.Enum(
        "live",
        "test",
        name="tendermode_valid",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
