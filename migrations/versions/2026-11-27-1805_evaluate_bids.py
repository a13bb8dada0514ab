"""Evaluations: by what lots are ranked, the commission, its decisions and minutes, and the files.

A score sheet that was submitted, an evaluation that was completed, minutes and approvals stay as
they are, whoever writes.

Revision ID: 0013
Revises: 0012
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())"
DRAFT = OWN_TENDER[:-1] + " AND t.published_at IS NULL)"
SEEN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id)"
OF_BUYER = (
    "commission_member",
    "score_sheet",
    "evaluation_score",
    "disqualification",
    "preference_decision",
    "evaluation_minutes",
    "minutes_approval",
)
TABLES = ("award_terms", "evaluation", "price_justification", *OF_BUYER)
KEPT = (
    "commission_member",
    "score_sheet",
    "evaluation_score",
    "disqualification",
    "preference_decision",
    "price_justification",
    "evaluation",
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
BUYER = f"""
CREATE POLICY app_read ON {{table}} FOR SELECT TO kerben_app USING ({OWN_TENDER});
CREATE POLICY app_insert ON {{table}} FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON {{table}} FOR UPDATE TO kerben_app USING ({OWN_TENDER});
"""
KEEP = """
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
POLICIES = f"""
-- The terms of evaluation are published with the tender and are fixed from then on.
CREATE POLICY app_read ON award_terms FOR SELECT TO kerben_app USING ({SEEN_TENDER});
CREATE POLICY app_insert ON award_terms FOR INSERT TO kerben_app WITH CHECK ({DRAFT});
CREATE POLICY app_update ON award_terms FOR UPDATE TO kerben_app USING ({DRAFT});

CREATE POLICY app_read ON evaluation FOR SELECT TO kerben_app USING ({OWN_TENDER});
CREATE POLICY app_insert ON evaluation FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON evaluation FOR UPDATE TO kerben_app USING ({OWN_TENDER});

CREATE POLICY app_read ON price_justification FOR SELECT TO kerben_app
  USING ({OWN_TENDER} OR supplier_id = kerben_org());
CREATE POLICY app_insert ON price_justification FOR INSERT TO kerben_app
  WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON price_justification FOR UPDATE TO kerben_app
  USING ({OWN_TENDER} OR supplier_id = kerben_org());

-- Both sides write the trail of an opened bid and of a question about a price: whoever sees the
-- row sees its trail (an entry follows from the one before it).
CREATE POLICY opened_bid ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'bid:%' THEN EXISTS (
    SELECT FROM bid b WHERE b.id = substr(stream, 5)::uuid AND b.opened_at IS NOT NULL
  ) ELSE false END);
CREATE POLICY price_justification ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'price_justification:%' THEN EXISTS (
    SELECT FROM price_justification j WHERE j.id = substr(stream, 21)::uuid
  ) ELSE false END);

CREATE FUNCTION kerben_keep_sheet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.submitted_at IS NOT NULL THEN
    RAISE EXCEPTION 'a submitted score sheet is never altered';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_sheet BEFORE UPDATE ON score_sheet
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_sheet();
CREATE FUNCTION kerben_keep_score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM score_sheet s WHERE s.id = NEW.sheet_id AND s.submitted_at IS NOT NULL)
  THEN
    RAISE EXCEPTION 'the scores of a submitted sheet are never altered';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_score BEFORE INSERT OR UPDATE ON evaluation_score
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_score();
CREATE FUNCTION kerben_keep_evaluation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'superseded' OR (OLD.status = 'completed' AND NEW.status <> 'superseded')
    OR (NEW.file, NEW.sha256, NEW.lot_id, NEW.number, NEW.proposed_by)
     IS DISTINCT FROM (OLD.file, OLD.sha256, OLD.lot_id, OLD.number, OLD.proposed_by)
  THEN
    RAISE EXCEPTION 'an evaluation is never altered: propose another';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_evaluation BEFORE UPDATE ON evaluation
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_evaluation();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evaluation_minutes
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON minutes_approval
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    for table in OF_BUYER:
        op.execute(BUYER.format(table=table))
    for table in KEPT:
        op.execute(KEEP.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY opened_bid ON audit_entry")
    op.execute("DROP POLICY price_justification ON audit_entry")
    op.execute(f"DROP TABLE {', '.join(TABLES)}")
    for name in ("sheet", "score", "evaluation"):
        op.execute(f"DROP FUNCTION kerben_keep_{name}()")


def _create_tables() -> None:
    op.create_table(
        "award_terms",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("vat_mode", _state("vatmode_valid", "net", "gross"), nullable=False),
        sa.Column("lots", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_award_terms_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_terms")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_award_terms_tender_id")),
    )
    op.create_table(
        "commission_member",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "role", _state("commissionrole_valid", "chair", "member", "secretary"), nullable=False
        ),
        sa.Column(
            "status",
            _state("commissionmemberstatus_valid", "appointed", "cleared", "excluded"),
            nullable=False,
        ),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conflict", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'appointed') = (declared_at IS NULL)",
            name=op.f("ck_commission_member_declared_has_time"),
        ),
        sa.CheckConstraint(
            "status <> 'excluded' OR conflict IS NOT NULL",
            name=op.f("ck_commission_member_excluded_has_conflict"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["api_client.id"],
            name=op.f("fk_commission_member_client_id_api_client"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_commission_member_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commission_member")),
        sa.UniqueConstraint(
            "tender_id", "client_id", name=op.f("uq_commission_member_tender_id_client_id")
        ),
    )
    op.create_table(
        "evaluation_minutes",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("signature", sqlmodel.sql.sqltypes.AutoString(length=88), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_evaluation_minutes_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_minutes")),
        sa.UniqueConstraint(
            "tender_id", "number", name=op.f("uq_evaluation_minutes_tender_id_number")
        ),
    )
    op.create_table(
        "disqualification",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)",
            name=op.f("ck_disqualification_revoked_names_actor"),
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_disqualification_bid_id_bid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_disqualification_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_disqualification_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disqualification")),
    )
    op.create_index(
        op.f("ix_disqualification_tender_id"), "disqualification", ["tender_id"], unique=False
    )
    op.create_index(
        "uq_disqualification_live",
        "disqualification",
        ["lot_id", "bid_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "evaluation",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            _state("evaluationstatus_valid", "draft", "superseded", "completed"),
            nullable=False,
        ),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("completed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(completed_at IS NULL) = (completed_by IS NULL)"
            " AND (status = 'superseded' OR (status = 'completed') = (completed_at IS NOT NULL))",
            name=op.f("ck_evaluation_completed_has_actor"),
        ),
        sa.CheckConstraint("completed_by <> proposed_by", name=op.f("ck_evaluation_four_eyes")),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_evaluation_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_evaluation_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint("lot_id", "number", name=op.f("uq_evaluation_lot_id_number")),
    )
    op.create_index(op.f("ix_evaluation_tender_id"), "evaluation", ["tender_id"], unique=False)
    op.create_index(
        "uq_evaluation_completed",
        "evaluation",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("status = 'completed'"),
    )
    op.create_index(
        "uq_evaluation_draft",
        "evaluation",
        ["lot_id"],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    )
    op.create_table(
        "minutes_approval",
        *_common(),
        sa.Column("minutes_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("signature", sqlmodel.sql.sqltypes.AutoString(length=88), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["commission_member.id"],
            name=op.f("fk_minutes_approval_member_id_commission_member"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["minutes_id"],
            ["evaluation_minutes.id"],
            name=op.f("fk_minutes_approval_minutes_id_evaluation_minutes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_minutes_approval_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_minutes_approval")),
        sa.UniqueConstraint(
            "minutes_id", "member_id", name=op.f("uq_minutes_approval_minutes_id_member_id")
        ),
    )
    op.create_index(
        op.f("ix_minutes_approval_tender_id"), "minutes_approval", ["tender_id"], unique=False
    )
    op.create_table(
        "preference_decision",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["bid_id"],
            ["bid.id"],
            name=op.f("fk_preference_decision_bid_id_bid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_preference_decision_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_preference_decision_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference_decision")),
        sa.UniqueConstraint("lot_id", "bid_id", name=op.f("uq_preference_decision_lot_id_bid_id")),
    )
    op.create_index(
        op.f("ix_preference_decision_tender_id"), "preference_decision", ["tender_id"], unique=False
    )
    op.create_table(
        "price_justification",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("justificationstatus_valid", "requested", "answered", "accepted", "rejected"),
            nullable=False,
        ),
        sa.Column("question", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(length=20000), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('accepted', 'rejected')) = (decided_at IS NOT NULL AND decided_by IS NOT NULL AND decision IS NOT NULL)",
            name=op.f("ck_price_justification_decided_has_reason"),
        ),
        sa.CheckConstraint(
            "status <> 'answered' OR (answer IS NOT NULL AND answered_at IS NOT NULL)",
            name=op.f("ck_price_justification_answered_has_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"],
            ["bid.id"],
            name=op.f("fk_price_justification_bid_id_bid"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_price_justification_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_price_justification_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_price_justification_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_justification")),
        sa.UniqueConstraint("lot_id", "bid_id", name=op.f("uq_price_justification_lot_id_bid_id")),
    )
    op.create_index(
        op.f("ix_price_justification_supplier_id"),
        "price_justification",
        ["supplier_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_price_justification_tender_id"), "price_justification", ["tender_id"], unique=False
    )
    op.create_table(
        "score_sheet",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_score_sheet_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["commission_member.id"],
            name=op.f("fk_score_sheet_member_id_commission_member"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_score_sheet_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sheet")),
        sa.UniqueConstraint("member_id", "lot_id", name=op.f("uq_score_sheet_member_id_lot_id")),
    )
    op.create_table(
        "evaluation_score",
        *_common(),
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("points", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("rationale", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.CheckConstraint(
            "points BETWEEN 0 AND 100", name=op.f("ck_evaluation_score_points_in_bounds")
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_evaluation_score_bid_id_bid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"],
            ["score_sheet.id"],
            name=op.f("fk_evaluation_score_sheet_id_score_sheet"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_evaluation_score_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_score")),
        sa.UniqueConstraint(
            "sheet_id",
            "bid_id",
            "criterion_id",
            name=op.f("uq_evaluation_score_sheet_id_bid_id_criterion_id"),
        ),
    )
    op.create_index(
        op.f("ix_evaluation_score_tender_id"), "evaluation_score", ["tender_id"], unique=False
    )


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _state(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
