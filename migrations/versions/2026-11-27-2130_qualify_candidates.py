"""Prequalification: applications of candidates, and what is decided about them.

Revision ID: 0021
Revises: 0020
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0021"
down_revision: str | Sequence[str] | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STAGES = """
ALTER TABLE tender DROP CONSTRAINT ck_tender_tenderstage_valid;
ALTER TABLE tender DROP CONSTRAINT ck_tender_status_fits_details;
ALTER TABLE tender ADD CONSTRAINT ck_tender_tenderstage_valid CHECK (status_details IN
  ('draft', 'planned', {active}, 'contractSigned', 'unsuccessful', 'cancelled'));
ALTER TABLE tender ADD CONSTRAINT ck_tender_status_fits_details CHECK (
  (status = 'draft' AND status_details IN ('draft'))
  OR (status = 'planned' AND status_details IN ('planned'))
  OR (status = 'active' AND status_details IN ({active}))
  OR (status = 'cancelled' AND status_details IN ('cancelled'))
  OR (status = 'unsuccessful' AND status_details IN ('unsuccessful'))
  OR (status = 'complete' AND status_details IN ('contractSigned')));
"""
ACTIVE = (
    "'published', 'changed', 'suspended', 'autoProlonged', 'bidOpeningPending',"
    " 'firstPackagePending', 'firstPackageEvaluated', 'secondPackageOpened', 'bidsOpened',"
    " 'evaluationComplete', 'evaluationResultsPending', 'contractSignPending'"
)
PREQUALIFYING = "'prequalification', 'qualificationPending', 'prequalificationStandstill'"
OWN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())"
REVEALED = """kerben_org() IS NOT NULL AND EXISTS (
    SELECT FROM tender t WHERE t.id = tender_id AND t.published_at IS NOT NULL
    AND (t.status <> 'active' OR t.status_details IN ('firstPackageEvaluated',
        'secondPackageOpened', 'bidsOpened', 'evaluationComplete', 'evaluationResultsPending',
        'contractSignPending')
      OR t.policy -> 'parameters' ->> 'hide_bidder_names' = 'false'))"""
TABLES = ("submission", "submission_tenderer", "qualification")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
POLICIES = f"""
-- Nobody but its supplier knows of an application before the time to apply has ended; then the
-- buyer, and everybody once the rules of the tender let candidates be known.
CREATE POLICY owner_read ON submission FOR SELECT TO kerben_app USING (supplier_id = kerben_org());
CREATE POLICY owner_insert ON submission FOR INSERT TO kerben_app
  WITH CHECK (supplier_id = kerben_org());
CREATE POLICY owner_update ON submission FOR UPDATE TO kerben_app
  USING (supplier_id = kerben_org() AND opened_at IS NULL);
CREATE POLICY buyer_read ON submission FOR SELECT TO kerben_app
  USING (opened_at IS NOT NULL AND {OWN_TENDER});
CREATE POLICY revealed_read ON submission FOR SELECT TO kerben_app
  USING (opened_at IS NOT NULL AND {REVEALED});

CREATE POLICY owner_read ON submission_tenderer FOR SELECT TO kerben_app
  USING (kerben_org() IN (lead_id, organisation_id));
CREATE POLICY owner_insert ON submission_tenderer FOR INSERT TO kerben_app
  WITH CHECK (lead_id = kerben_org());
CREATE POLICY owner_update ON submission_tenderer FOR UPDATE TO kerben_app
  USING (kerben_org() IN (lead_id, organisation_id));
CREATE POLICY opened_read ON submission_tenderer FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM submission s WHERE s.id = submission_id AND s.opened_at IS NOT NULL));

CREATE POLICY buyer_read ON qualification FOR SELECT TO kerben_app
  USING (buyer_id = kerben_org());
CREATE POLICY process_read ON qualification FOR SELECT TO kerben_app
  USING (tender_id = kerben_process());
CREATE POLICY candidate_read ON qualification FOR SELECT TO kerben_app
  USING (announced_at IS NOT NULL AND supplier_id = kerben_org());
CREATE POLICY revealed_read ON qualification FOR SELECT TO kerben_app
  USING (announced_at IS NOT NULL AND {REVEALED});
CREATE POLICY app_insert ON qualification FOR INSERT TO kerben_app
  WITH CHECK ((buyer_id = kerben_org() AND {OWN_TENDER}) OR tender_id = kerben_process());
CREATE POLICY app_update ON qualification FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org() OR tender_id = kerben_process());

-- What was announced stays as it was announced.
CREATE FUNCTION kerben_keep_qualification() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was announced of a qualification is never altered';
END $$;
CREATE TRIGGER keep_announced BEFORE UPDATE ON qualification FOR EACH ROW
  WHEN (OLD.announced_at IS NOT NULL AND (OLD.findings, OLD.decision, OLD.decided_by,
      OLD.decided_at, OLD.announced_at, OLD.standstill_end)
    IS DISTINCT FROM (NEW.findings, NEW.decision, NEW.decided_by,
      NEW.decided_at, NEW.announced_at, NEW.standstill_end))
  EXECUTE FUNCTION kerben_keep_qualification();

-- Whoever sees a qualification sees its trail.
CREATE POLICY qualification_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'qualification:%' THEN EXISTS (
    SELECT FROM qualification q WHERE q.id = substr(stream, 15)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(STAGES.format(active=f"{PREQUALIFYING}, {ACTIVE}"))
    for name in ("prequalification_period_end", "prequalification_standstill_end"):
        op.add_column("tender", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("tender", sa.Column("unsuccessful_reason", sa.String(length=60), nullable=True))
    op.create_check_constraint(
        op.f("ck_tender_prequalified_before_bids"),
        "tender",
        "tender_period_end > prequalification_period_end",
    )
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    # The driver itself: alembic takes the percent sign of LIKE for a parameter.
    op.get_bind().connection.cursor().execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY qualification_trail ON audit_entry")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_keep_qualification()")
    op.drop_constraint(op.f("ck_tender_prequalified_before_bids"), "tender")
    for name in (
        "prequalification_period_end",
        "prequalification_standstill_end",
        "unsuccessful_reason",
    ):
        op.drop_column("tender", name)
    op.execute(STAGES.format(active=ACTIVE))


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _state(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    cascade = target == "submission" and table == "submission_tenderer"
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete="CASCADE" if cascade else "RESTRICT",
    )


def _create_tables() -> None:
    json = postgresql.JSONB(none_as_null=True)
    op.create_table(
        "submission",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("submissionstatus_valid", "pending", "withdrawn", "lapsed"),
            nullable=False,
        ),
        _moment("received_at", nullable=False),
        sa.Column("amendment", sa.Integer(), nullable=False),
        sa.Column("requirement_responses", json, nullable=False),
        sa.Column("documents", json, nullable=False),
        _moment("withdrawn_at"),
        _moment("opened_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL)",
            name=op.f("ck_submission_withdrawn_has_time"),
        ),
        sa.CheckConstraint(
            "opened_at IS NULL OR status = 'pending'", name=op.f("ck_submission_opened_is_live")
        ),
        _refers("submission", "tender_id", "tender"),
        _refers("submission", "supplier_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    op.create_index(op.f("ix_submission_supplier_id"), "submission", ["supplier_id"])
    op.create_index(
        "uq_submission_live",
        "submission",
        ["tender_id", "supplier_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "submission_tenderer",
        *_common(),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("role", _state("tendererrole_valid", "lead", "member"), nullable=False),
        _moment("accepted_at"),
        _moment("released_at"),
        _refers("submission_tenderer", "submission_id", "submission"),
        _refers("submission_tenderer", "tender_id", "tender"),
        _refers("submission_tenderer", "lead_id", "organisation"),
        _refers("submission_tenderer", "organisation_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_tenderer")),
        sa.UniqueConstraint(
            "submission_id",
            "organisation_id",
            name=op.f("uq_submission_tenderer_submission_id_organisation_id"),
        ),
    )
    op.create_index(
        op.f("ix_submission_tenderer_organisation_id"), "submission_tenderer", ["organisation_id"]
    )
    op.create_index(
        "uq_submission_tenderer_once",
        "submission_tenderer",
        ["tender_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NOT NULL AND released_at IS NULL"),
    )
    op.create_table(
        "qualification",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("qualificationstatus_valid", "pending", "active", "unsuccessful", "cancelled"),
            nullable=False,
        ),
        sa.Column("findings", json, nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=True),
        sa.Column("proposal", sa.String(length=5000), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        _moment("decided_at"),
        sa.Column("decision", sa.String(length=5000), nullable=True),
        _moment("announced_at"),
        _moment("standstill_end"),
        _moment("invited_at"),
        _moment("cancelled_at"),
        sa.Column(
            "cancellation_cause",
            _state("qualificationcause_valid", "complaint", "correction", "debarment"),
            nullable=True,
        ),
        sa.Column("cancellation_reason", sa.String(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_qualification_four_eyes")),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL) AND (status = 'pending'"
            " OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL))",
            name=op.f("ck_qualification_decided_by_two"),
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_cause IS NOT NULL)",
            name=op.f("ck_qualification_cancelled_has_cause"),
        ),
        sa.CheckConstraint(
            "(announced_at IS NULL) = (standstill_end IS NULL)"
            " AND standstill_end >= announced_at AND (announced_at IS NULL OR status <> 'pending')",
            name=op.f("ck_qualification_announced_is_decided"),
        ),
        sa.CheckConstraint(
            "invited_at IS NULL OR (status = 'active' AND announced_at IS NOT NULL)",
            name=op.f("ck_qualification_invited_is_qualified"),
        ),
        _refers("qualification", "tender_id", "tender"),
        _refers("qualification", "submission_id", "submission"),
        _refers("qualification", "supplier_id", "organisation"),
        _refers("qualification", "buyer_id", "organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification")),
    )
    for column in ("tender_id", "supplier_id", "buyer_id"):
        op.create_index(op.f(f"ix_qualification_{column}"), "qualification", [column])
    op.create_index(
        "uq_qualification_live",
        "qualification",
        ["submission_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
