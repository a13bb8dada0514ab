"""Organisations are verified by evidence that lapses by itself; suspensions are kept and appealed.

Revision ID: 0099
Revises: 0097
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0099"
down_revision: str | Sequence[str] | None = "0097"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATUSES = ("submitted", "verified", "suspended", "terminated")
NEW_STATUSES = ("draft", "under_review", "restricted")
REJECTIONS = (
    "unreadable",
    "expired",
    "wrong_party",
    "wrong_kind",
    "incomplete",
    "not_authentic",
    "other",
)
TABLES = ("attestation", "suspension", "suspension_appeal", "evidence")
PROTECT = """
REVOKE DELETE, TRUNCATE ON {table} FROM kerben_app, kerben_worker;
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY operator ON {table} TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
"""
POLICIES = """
CREATE POLICY app_read ON attestation FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY own ON suspension FOR SELECT TO kerben_app USING (organisation_id = kerben_org());
CREATE POLICY own ON suspension_appeal FOR SELECT TO kerben_app
  USING (organisation_id = kerben_org());
CREATE POLICY filed ON suspension_appeal FOR INSERT TO kerben_app WITH CHECK (
  organisation_id = kerben_org() AND status = 'filed' AND EXISTS (
    SELECT FROM suspension s WHERE s.id = suspension_id AND s.organisation_id = kerben_org()
      AND s.suspended_by = suspension_appeal.suspended_by AND s.ended_at IS NULL));
CREATE POLICY own ON evidence FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY handed_in ON evidence FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND status = 'submitted');
CREATE POLICY taken_back ON evidence FOR UPDATE TO kerben_app
  USING (org_id = kerben_org())
  WITH CHECK (org_id = kerben_org() AND status IN ('submitted', 'withdrawn'));
"""
ADOPT = """
ALTER TABLE organisation NO FORCE ROW LEVEL SECURITY;
ALTER TABLE suspension NO FORCE ROW LEVEL SECURITY;
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
INSERT INTO suspension (id, created_at, updated_at, organisation_id, status_before, reason,
    suspended_by, version)
  SELECT gen_random_uuid(), now(), now(), id, 'verified', 'See the audit log', 'unknown', 1
  FROM organisation WHERE status = 'suspended';
INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, org_id, due_at)
  SELECT gen_random_uuid(), now(), now(), 'organisation.level_lapsed', id, id,
    (verified_through + 1)::timestamp AT TIME ZONE 'Asia/Bishkek'
  FROM organisation WHERE verification_level > 0;
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
ALTER TABLE suspension FORCE ROW LEVEL SECURITY;
ALTER TABLE organisation FORCE ROW LEVEL SECURITY;
"""
FORGET = """
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
DELETE FROM deadline WHERE kind IN ('organisation.level_lapsed', 'evidence.notice_due');
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "organisation",
        sa.Column(
            "verified_through",
            sa.Date(),
            server_default=sa.text("CURRENT_DATE + 365"),
            nullable=False,
        ),
    )
    _take_statuses((*STATUSES, *NEW_STATUSES))
    op.create_table(
        "attestation",
        *_row(),
        _organisation("attestation", "organisation_id"),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_through", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_through >= valid_from", name=op.f("ck_attestation_period_forward")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
    )
    op.create_index(op.f("ix_attestation_organisation_id"), "attestation", ["organisation_id"])
    op.create_table(
        "suspension",
        *_row(),
        _organisation("suspension", "organisation_id"),
        sa.Column(
            "status_before",
            _one_of("organisationstatus", (*STATUSES, *NEW_STATUSES)),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=5000), nullable=False),
        sa.Column("suspended_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.Column("end_reason", sa.String(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)",
            name=op.f("ck_suspension_ended_by_somebody"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    op.create_index(op.f("ix_suspension_organisation_id"), "suspension", ["organisation_id"])
    op.create_index(
        "uq_suspension_in_force",
        "suspension",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "suspension_appeal",
        *_row(),
        _reference("suspension_appeal", "suspension_id", "suspension"),
        _organisation("suspension_appeal", "organisation_id"),
        sa.Column(
            "status",
            _one_of("appealstatus", ("filed", "upheld", "dismissed", "lapsed")),
            nullable=False,
        ),
        sa.Column("statement", sa.String(length=5000), nullable=False),
        sa.Column("filed_by", sa.String(length=80), nullable=False),
        sa.Column("suspended_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "decided_by <> suspended_by", name=op.f("ck_suspension_appeal_four_eyes")
        ),
        sa.CheckConstraint(
            "status NOT IN ('upheld', 'dismissed')"
            " OR (decided_by IS NOT NULL AND decided_at IS NOT NULL AND decision IS NOT NULL)",
            name=op.f("ck_suspension_appeal_decided_with_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension_appeal")),
    )
    for column in ("suspension_id", "organisation_id"):
        op.create_index(op.f(f"ix_suspension_appeal_{column}"), "suspension_appeal", [column])
    op.create_index(
        "uq_suspension_appeal_open",
        "suspension_appeal",
        ["suspension_id"],
        unique=True,
        postgresql_where=sa.text("status = 'filed'"),
    )
    _create_evidence()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)
    op.execute(ADOPT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(FORGET)
    for table in reversed(TABLES):
        op.drop_table(table)
    _take_statuses(STATUSES)
    op.drop_column("organisation", "verified_through")


def _create_evidence() -> None:
    op.create_table(
        "evidence",
        *_row(),
        _organisation("evidence", "org_id"),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "status",
            _one_of(
                "evidencestatus", ("submitted", "accepted", "rejected", "withdrawn", "revoked")
            ),
            nullable=False,
        ),
        _reference("evidence", "file_id", "file"),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("holder_name", sa.String(length=300), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=True),
        sa.Column("issued_by", sa.String(length=300), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_through", sa.Date(), nullable=True),
        sa.Column("uploaded_by", sa.String(length=80), nullable=False),
        sa.Column("reviewed_by", sa.String(length=80), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection", _one_of("rejectioncode", REJECTIONS), nullable=True),
        sa.Column("reason", sa.String(length=5000), nullable=True),
        _reference("evidence", "attestation_id", "attestation", nullable=True),
        sa.Column("told", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("reviewed_by <> uploaded_by", name=op.f("ck_evidence_four_eyes")),
        sa.CheckConstraint(
            "status NOT IN ('accepted', 'rejected', 'revoked')"
            " OR (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL)",
            name=op.f("ck_evidence_reviewed_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status IN ('accepted', 'revoked')) = (attestation_id IS NOT NULL)",
            name=op.f("ck_evidence_accepted_is_attested"),
        ),
        sa.CheckConstraint("valid_through >= valid_from", name=op.f("ck_evidence_period_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("attestation_id", name=op.f("uq_evidence_attestation_id")),
    )
    op.create_index(op.f("ix_evidence_org_id"), "evidence", ["org_id"])
    op.create_index(op.f("ix_evidence_file_id"), "evidence", ["file_id"])
    op.create_index("ix_evidence_queue", "evidence", ["status", "id"])


def _take_statuses(statuses: Sequence[str]) -> None:
    named = ", ".join(f"'{each}'" for each in statuses)
    constraint = "ck_organisation_organisationstatus_valid"
    op.execute(
        f"ALTER TABLE organisation DROP CONSTRAINT {constraint},"
        f" ADD CONSTRAINT {constraint} CHECK (status IN ({named}))"
    )


def _row() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _reference(
    table: str, column: str, target: str, *, nullable: bool = False
) -> sa.Column[object]:
    key = sa.ForeignKey(
        f"{target}.id", name=op.f(f"fk_{table}_{column}_{target}"), ondelete="RESTRICT"
    )
    return sa.Column(column, sa.Uuid(), key, nullable=nullable)


def _organisation(table: str, column: str) -> sa.Column[object]:
    return _reference(table, column, "organisation")


def _one_of(name: str, values: Sequence[str]) -> sa.Enum:
    return sa.Enum(
        *values, name=f"{name}_valid", native_enum=False, create_constraint=True, length=32
    )
