"""The register of unreliable suppliers, in place of two columns of the organisation.

What the columns said becomes entries: the day from which they counted was not kept, so that they
count from the last change of the organisation on.

Revision ID: 0014
Revises: 0013
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP = """
INSERT INTO debarment_record (id, created_at, updated_at, organisation_id, status, ground, reason,
  valid_from, valid_through, source_act, decided_by, decided_at, version)
SELECT gen_random_uuid(), now(), now(), id, 'active', 'other',
  'Entered before the register was kept',
  least(debarred_until, (updated_at AT TIME ZONE 'Asia/Bishkek')::date), debarred_until,
  coalesce(debarment_source, 'Not recorded'), id, updated_at, 1
FROM organisation WHERE debarred_until IS NOT NULL
"""
RESTORE = """
UPDATE organisation o SET debarred_until = d.until, debarment_source = d.act
FROM (SELECT DISTINCT ON (organisation_id) organisation_id, valid_through AS until, source_act AS act
      FROM debarment_record WHERE status = 'active'
      ORDER BY organisation_id, valid_through DESC) AS d
WHERE d.organisation_id = o.id
"""
# Entries are public, without credentials too. Who may decide sees and writes every row.
PROTECT = """
CREATE FUNCTION kerben_reviewer() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(current_setting('kerben.reviewer', true), '') = 'on' $$;
ALTER TABLE debarment_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE debarment_record FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON debarment_record FOR SELECT TO kerben_app
  USING (status IN ('active', 'lifted') OR organisation_id = kerben_org()
    OR proposed_by = kerben_org() OR kerben_operator() OR kerben_reviewer());
CREATE POLICY app_insert ON debarment_record FOR INSERT TO kerben_app
  WITH CHECK (kerben_operator() OR kerben_reviewer()
    OR (status = 'proposed' AND kerben_org() IN (proposed_by, organisation_id)));
CREATE POLICY app_update ON debarment_record FOR UPDATE TO kerben_app
  USING (kerben_operator() OR kerben_reviewer());
CREATE POLICY worker ON debarment_record TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON debarment_record
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
-- Whoever sees an entry of the register sees its trail, and can add to it.
CREATE POLICY debarment_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'debarment:%' THEN EXISTS (
    SELECT FROM debarment_record d WHERE d.id = substr(stream, 11)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "debarment_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("debarmentstatus", "proposed", "active", "rejected", "lifted"),
            nullable=False,
        ),
        sa.Column(
            "ground",
            _state(
                "debarmentground",
                "refusal_to_sign",
                "breach_of_contract",
                "false_information",
                "collusion",
                "other",
            ),
            nullable=False,
        ),
        sa.Column("reason", _text(5000), nullable=False),
        sa.Column("origin", _text(80), nullable=True),
        sa.Column("ocid", _text(40), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_through", sa.Date(), nullable=True),
        sa.Column("source_act", _text(300), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection", _text(5000), nullable=True),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.Column("lift_reason", _text(5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "valid_through >= valid_from", name=op.f("ck_debarment_record_period_forward")
        ),
        sa.CheckConstraint(
            "status NOT IN ('active', 'lifted') OR (valid_from IS NOT NULL"
            " AND valid_through IS NOT NULL AND source_act IS NOT NULL"
            " AND decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_debarment_record_decided_by_an_act"),
        ),
        sa.CheckConstraint(
            "(status = 'lifted') = (lifted_on IS NOT NULL AND lift_reason IS NOT NULL)",
            name=op.f("ck_debarment_record_lifted_has_reason"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [name],
                ["organisation.id"],
                name=op.f(f"fk_debarment_record_{name}_organisation"),
                ondelete="RESTRICT",
            )
            for name in ("organisation_id", "proposed_by", "decided_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debarment_record")),
        sa.UniqueConstraint(
            "origin", "organisation_id", name=op.f("uq_debarment_record_origin_organisation_id")
        ),
    )
    op.create_index(
        "ix_debarment_record_counts",
        "debarment_record",
        ["organisation_id", "status", "valid_through"],
    )
    op.create_index(op.f("ix_debarment_record_proposed_by"), "debarment_record", ["proposed_by"])
    op.execute("ALTER TABLE organisation NO FORCE ROW LEVEL SECURITY")
    op.execute(KEEP)
    op.execute("ALTER TABLE organisation FORCE ROW LEVEL SECURITY")
    op.drop_column("organisation", "debarred_until")
    op.drop_column("organisation", "debarment_source")
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("organisation", sa.Column("debarred_until", sa.Date(), nullable=True))
    op.add_column("organisation", sa.Column("debarment_source", _text(300), nullable=True))
    for table in ("debarment_record", "organisation"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(RESTORE)
    op.execute("ALTER TABLE organisation FORCE ROW LEVEL SECURITY")
    op.execute("DROP POLICY debarment_trail ON audit_entry")
    op.drop_table("debarment_record")
    op.execute("DROP FUNCTION kerben_reviewer()")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _state(name: str, *values: str) -> sa.Enum:
    return sa.Enum(
        *values, name=f"{name}_valid", native_enum=False, create_constraint=True, length=32
    )
