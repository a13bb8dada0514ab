"""Awards with their standstill, and complaints with what follows from their decisions.

Revision ID: 0015
Revises: 0014
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CAUSE = """
ALTER TABLE tender_amendment DROP CONSTRAINT ck_tender_amendment_amendmentcause_valid;
ALTER TABLE tender_amendment ADD CONSTRAINT ck_tender_amendment_amendmentcause_valid
  CHECK (cause IN ({causes}));
"""
CAUSES = "'buyer', 'lateAnswer', 'suspension', 'autoProlongation'"
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
TABLES = ("award", "complaint", "complaint_post", "complaint_decision", "complaint_effect")
POLICIES = """
-- kerben.process is the tender whose procedure the transaction may write to: set for one transaction
-- by the service, after it has found that the caller has a part in it (service/parties.py).
CREATE FUNCTION kerben_process() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('kerben.process', true), '')::uuid $$;
CREATE POLICY process_update ON tender FOR UPDATE TO kerben_app USING (id = kerben_process());
CREATE POLICY process_update ON tender_lot FOR UPDATE TO kerben_app
  USING (tender_id = kerben_process());
CREATE POLICY process_insert ON tender_amendment FOR INSERT TO kerben_app
  WITH CHECK (tender_id = kerben_process());
CREATE POLICY process_read ON evaluation FOR SELECT TO kerben_app
  USING (tender_id = kerben_process());
CREATE POLICY process_update ON evaluation FOR UPDATE TO kerben_app
  USING (tender_id = kerben_process());
CREATE POLICY process ON deadline TO kerben_app
  USING (resource_id = kerben_process()) WITH CHECK (resource_id = kerben_process());

-- Awards are public; the buyer writes them, and who takes part in the procedure.
CREATE POLICY app_read ON award FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON award FOR INSERT TO kerben_app
  WITH CHECK (buyer_id = kerben_org() OR tender_id = kerben_process());
CREATE POLICY app_update ON award FOR UPDATE TO kerben_app
  USING (buyer_id = kerben_org() OR tender_id = kerben_process());
CREATE FUNCTION kerben_keep_standstill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a standstill is computed once';
END $$;
CREATE TRIGGER keep_standstill BEFORE UPDATE ON award FOR EACH ROW
  WHEN (OLD.decided_at IS NOT NULL AND (OLD.standstill_start, OLD.standstill_end)
    IS DISTINCT FROM (NEW.standstill_start, NEW.standstill_end))
  EXECUTE FUNCTION kerben_keep_standstill();
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON award
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

-- A draft, and what was never handed in, is its author's alone.
CREATE POLICY app_read ON complaint FOR SELECT TO kerben_app
  USING (complainant_id = kerben_org()
    OR (status NOT IN ('draft', 'mistaken') AND kerben_org() IS NOT NULL));
CREATE POLICY app_insert ON complaint FOR INSERT TO kerben_app
  WITH CHECK (complainant_id = kerben_org());
CREATE POLICY app_update ON complaint FOR UPDATE TO kerben_app
  USING (complainant_id = kerben_org() OR (status NOT IN ('draft', 'mistaken')
    AND (buyer_id = kerben_org() OR kerben_reviewer())));
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON complaint
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON complaint_post FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM complaint c WHERE c.id = complaint_id
    AND kerben_org() IN (c.complainant_id, c.buyer_id, c.reviewer_id)));
CREATE POLICY app_insert ON complaint_post FOR INSERT TO kerben_app
  WITH CHECK (author_id = kerben_org());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON complaint_post
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON complaint_decision FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM complaint c WHERE c.id = complaint_id));
CREATE POLICY app_insert ON complaint_decision FOR INSERT TO kerben_app
  WITH CHECK (decided_by = kerben_org());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON complaint_decision
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON complaint_effect FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM complaint c WHERE c.id = complaint_id));
CREATE POLICY app_insert ON complaint_effect FOR INSERT TO kerben_app WITH CHECK (kerben_reviewer());
CREATE POLICY app_update ON complaint_effect FOR UPDATE TO kerben_app
  USING (kerben_reviewer() OR EXISTS (
    SELECT FROM complaint c WHERE c.id = complaint_id AND c.buyer_id = kerben_org()));

-- Whoever sees an award or a complaint sees its trail, and can add to it.
CREATE POLICY award_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'award:%' THEN EXISTS (
    SELECT FROM award a WHERE a.id = substr(stream, 7)::uuid) ELSE false END);
CREATE POLICY complaint_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'complaint:%' THEN EXISTS (
    SELECT FROM complaint c WHERE c.id = substr(stream, 11)::uuid) ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(CAUSE.format(causes=f"{CAUSES}, 'complaint'"))
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    # The driver itself: alembic takes the percent signs of LIKE for parameters.
    op.get_bind().connection.cursor().execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for policy, table in (
        ("award_trail", "audit_entry"),
        ("complaint_trail", "audit_entry"),
        ("process", "deadline"),
        ("process_update", "evaluation"),
        ("process_read", "evaluation"),
        ("process_insert", "tender_amendment"),
        ("process_update", "tender_lot"),
        ("process_update", "tender"),
    ):
        op.execute(f"DROP POLICY {policy} ON {table}")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.execute("DROP FUNCTION kerben_process(), kerben_keep_standstill()")
    # More time after a complaint has no word of its own before: it held the tender up.
    op.execute("ALTER TABLE tender_amendment NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER")
    op.execute("UPDATE tender_amendment SET cause = 'suspension' WHERE cause = 'complaint'")
    op.execute("ALTER TABLE tender_amendment FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER")
    op.execute(CAUSE.format(causes=CAUSES))


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _create_tables() -> None:
    op.create_table(
        "award",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("suppliers", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "active",
                "unsuccessful",
                "cancelled",
                name="awardstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("value_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("value_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("proposal", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("standstill_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("standstill_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("standstill_rule", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "cancellation_cause",
            sa.Enum(
                "complaint",
                "refusal",
                name="cancellationcause_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "cancellation_reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True
        ),
        sa.Column("bid_returned", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_cause IS NOT NULL)",
            name=op.f("ck_award_cancelled_has_cause"),
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL) AND (status = 'pending' OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL))",
            name=op.f("ck_award_decided_by_two"),
        ),
        sa.CheckConstraint(
            "status = 'cancelled' OR NOT bid_returned", name=op.f("ck_award_returned_if_cancelled")
        ),
        sa.CheckConstraint(
            "(standstill_start IS NULL) = (standstill_end IS NULL) AND standstill_end >= standstill_start",
            name=op.f("ck_award_standstill_whole"),
        ),
        sa.CheckConstraint("cardinality(suppliers) > 0", name=op.f("ck_award_has_supplier")),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_award_four_eyes")),
        sa.CheckConstraint("value_amount > 0", name=op.f("ck_award_value_positive")),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_award_bid_id_bid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_award_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_award_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_award_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
    )
    op.create_index(op.f("ix_award_bid_id"), "award", ["bid_id"], unique=False)
    op.create_index(op.f("ix_award_buyer_id"), "award", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_award_tender_id"), "award", ["tender_id"], unique=False)
    op.create_index(
        "uq_award_active",
        "award",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "uq_award_bid",
        "award",
        ["lot_id", "bid_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.create_table(
        "complaint",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("complainant_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=True),
        sa.Column(
            "target",
            sa.Enum(
                "tender",
                "lot",
                "award",
                "cancellation",
                name="complainttarget_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "pending",
                "mistaken",
                "accepted",
                "invalid",
                "declined",
                "satisfied",
                "stopped",
                "resolved",
                name="complaintstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("title", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("description", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("remedy", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fee_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("fee_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("fee_reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(target = 'award') = (award_id IS NOT NULL)", name=op.f("ck_complaint_award_named")
        ),
        sa.CheckConstraint(
            "(target = 'lot') <= (lot_id IS NOT NULL)", name=op.f("ck_complaint_lot_named")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'mistaken') OR fee_amount IS NULL OR fee_reference IS NOT NULL",
            name=op.f("ck_complaint_fee_paid"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'mistaken') OR submitted_at IS NOT NULL",
            name=op.f("ck_complaint_submitted_has_time"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('accepted', 'declined', 'satisfied', 'stopped', 'resolved', 'invalid') OR reviewer_id IS NOT NULL",
            name=op.f("ck_complaint_reviewed_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["award_id"],
            ["award.id"],
            name=op.f("fk_complaint_award_id_award"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["organisation.id"],
            name=op.f("fk_complaint_buyer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["complainant_id"],
            ["organisation.id"],
            name=op.f("fk_complaint_complainant_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_complaint_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["organisation.id"],
            name=op.f("fk_complaint_reviewer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_complaint_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
    )
    op.create_index(op.f("ix_complaint_award_id"), "complaint", ["award_id"], unique=False)
    op.create_index(op.f("ix_complaint_buyer_id"), "complaint", ["buyer_id"], unique=False)
    op.create_index(
        op.f("ix_complaint_complainant_id"), "complaint", ["complainant_id"], unique=False
    )
    op.create_index(
        "ix_complaint_open",
        "complaint",
        ["tender_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'accepted', 'satisfied')"),
    )
    op.create_index(op.f("ix_complaint_reviewer_id"), "complaint", ["reviewer_id"], unique=False)
    op.create_index(op.f("ix_complaint_tender_id"), "complaint", ["tender_id"], unique=False)
    op.create_table(
        "complaint_decision",
        *_common(),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "draft",
                "pending",
                "mistaken",
                "accepted",
                "invalid",
                "declined",
                "satisfied",
                "stopped",
                "resolved",
                name="complaintstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rationale", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaint.id"],
            name=op.f("fk_complaint_decision_complaint_id_complaint"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["organisation.id"],
            name=op.f("fk_complaint_decision_decided_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_decision")),
        sa.UniqueConstraint(
            "complaint_id", "outcome", name=op.f("uq_complaint_decision_complaint_id_outcome")
        ),
    )
    op.create_table(
        "complaint_effect",
        *_common(),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "cancel_award",
                "repeat_evaluation",
                "amend_terms",
                "extend_period",
                "cancel_tender",
                "no_effect",
                name="effectkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "(executed_at IS NULL) = (result IS NULL)",
            name=op.f("ck_complaint_effect_executed_has_result"),
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaint.id"],
            name=op.f("fk_complaint_effect_complaint_id_complaint"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_effect")),
        sa.UniqueConstraint(
            "complaint_id", "kind", name=op.f("uq_complaint_effect_complaint_id_kind")
        ),
    )
    op.create_table(
        "complaint_post",
        *_common(),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["organisation.id"],
            name=op.f("fk_complaint_post_author_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaint.id"],
            name=op.f("fk_complaint_post_complaint_id_complaint"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"],
            ["organisation.id"],
            name=op.f("fk_complaint_post_recipient_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_post")),
        sa.UniqueConstraint(
            "complaint_id", "number", name=op.f("uq_complaint_post_complaint_id_number")
        ),
    )
